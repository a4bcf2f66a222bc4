"""Examples of frames for the AsyncAPI document."""

import msgspec

from moderado.chat.examples import CURSOR, OWN_CHANGES
from moderado.realtime.wire import protocol

EXAMPLES: dict[type[msgspec.Struct], msgspec.Struct] = {
    type(frame): frame
    for frame in (
        protocol.SyncMe(after=CURSOR),
        protocol.SyncedMe(**msgspec.structs.asdict(OWN_CHANGES)),
    )
}
