"""A server that accepts connections and never answers."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class SilentServer:
    """`connections` counts those that were accepted."""

    port: int
    connections: int = 0

    @property
    def redis_url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


@contextmanager
def silent_server() -> Iterator[SilentServer]:
    """Listen on the loopback until the block ends."""
    accepted: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        server = SilentServer(port=listener.getsockname()[1])

        def accept() -> None:
            while True:
                connection, _ = listener.accept()
                if is_over.is_set():
                    connection.close()
                    return
                server.connections += 1
                accepted.append(connection)

        is_over = threading.Event()
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield server
        finally:
            is_over.set()
            socket.create_connection(("127.0.0.1", server.port)).close()  # ends accept()
            thread.join()
            for connection in accepted:
                connection.close()
