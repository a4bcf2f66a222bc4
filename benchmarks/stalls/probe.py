"""Asks for /livez on new connections until standard input ends; prints the seconds as JSON.

`python -m benchmarks.stalls.probe PORT`. It is a process of its own, so that what it measures is
the server and not the attack.
"""

import json
import select
import socket
import sys
import time

INTERVAL = 0.01  # seconds between two requests
TIMEOUT = 30.0  # seconds
ADDRESS = "127.0.0.2"  # not the attacker's, whose number of connections is limited
REQUEST = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


def ask(port: int) -> float:
    """Return the seconds until the process has answered 200; TIMEOUT if it did not."""
    began = time.monotonic()
    try:
        with socket.create_connection(
            ("127.0.0.1", port), timeout=TIMEOUT, source_address=(ADDRESS, 0)
        ) as connection:
            connection.sendall(REQUEST)
            is_alive = connection.recv(1024).startswith(b"HTTP/1.1 200")
    except OSError:
        is_alive = False
    return time.monotonic() - began if is_alive else TIMEOUT


def main(port: int) -> None:
    samples = []
    while not select.select([sys.stdin], [], [], INTERVAL)[0]:
        samples.append(ask(port))
    print(json.dumps(samples))


if __name__ == "__main__":
    main(int(sys.argv[1]))
