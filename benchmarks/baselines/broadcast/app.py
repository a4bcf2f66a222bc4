"""The minimum of a Python chat server: forward every frame to every socket of its room.

On its own: `uvicorn app:application`, then sockets at `ws://localhost:8000/<room>`.
"""

import json
from collections import defaultdict

rooms = defaultdict(set)


async def application(scope, receive, send):
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": '{"type": "connection_established"}'})
    listeners = rooms[scope["path"]]
    listeners.add(send)
    try:
        while (message := await receive())["type"] == "websocket.receive":
            text = json.dumps({"type": "chat_message", "message": json.loads(message["text"])})
            frame = {"type": "websocket.send", "text": text}
            for listener in list(listeners):
                await listener(frame)
    finally:
        listeners.discard(send)
