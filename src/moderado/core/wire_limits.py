"""Limits of what crosses a connection: each is defined here and nowhere else.

Code, error texts and generated documents take them from this module, which every layer may import.
"""

KIB = 1024

MAX_FRAME_BYTES = 64 * KIB  # of a client's frame; a longer one closes the connection with 1009
MAX_BODY_BYTES = MAX_FRAME_BYTES  # of a request's JSON: REST takes what a socket takes

# Of a request, before anything reads it. The first matching beginning of the path counts.
MAX_HEAD_BYTES = 32 * KIB  # request line and headers
MAX_HEADERS = 100
MAX_JUDGE_BODY_BYTES = 512 * KIB  # 32 texts of 4,000 characters, four bytes each
BODY_LIMITS = (
    ("/v1/", MAX_JUDGE_BODY_BYTES),
    ("/v1alpha1/", MAX_JUDGE_BODY_BYTES),
    ("/api/chat/", MAX_BODY_BYTES),  # messages
    ("/api/moderation/", MAX_BODY_BYTES),  # notes
    ("/admin/", 4 * MAX_BODY_BYTES),
    ("", 16 * KIB),  # credentials, names, forms
)
MIN_CHUNK_BYTES = 16  # of a chunked body, on average
MAX_PIPELINED = 8  # requests that wait for the answer to an earlier one
HEAD_SECONDS = 10  # from the first byte of a request, and of a connection to its first byte
BODY_SECONDS = 20  # after the headers
# A response must be read at this rate. A client that reads nothing is cut off.
MIN_READ_BYTES = 20 * KIB
READ_SECONDS = 20
# A refused client may still be sending. What it sends is discarded for a while, or it would get a
# reset instead of the response (RFC 9112, section 9.6) or of the close frame.
LINGER_BYTES = 4096 * KIB
MAX_UNREAD_BYTES = 64 * 1024 * KIB  # of all responses of a process that clients did not read yet

# Of a request to the judge.
MAX_JUDGED_TEXTS = 128
MAX_JUDGED_CHARACTERS = 131_072  # of all its texts

MAX_CLIENT_ID = 64  # characters
MAX_CURSOR = 256  # characters of a cursor that a client sends back
MAX_PENDING_IDS = 100  # in one `sync`
MAX_ROOMS = 128  # that one socket may subscribe to

# Control frames (ping, pong, close) and fragments of one client, which cost as much as a message;
# beyond it the connection closes with 4029.
CONTROL_FRAMES_PER_SECOND = 50
CONTROL_FRAMES_BURST = 512

AUTHENTICATION_SECONDS = 10  # for the first frame of a socket opened without credentials
HEARTBEAT_SECONDS = 25  # after which a client that received nothing should send a ping

# What may wait for a client that reads too slowly; beyond it the connection closes with 4008.
MAX_OUTBOX_FRAMES = 256
MAX_OUTBOX_BYTES = 1024 * KIB
# From here on the client's own frames are not read.
CONGESTED_FRAMES = 64
CONGESTED_BYTES = 256 * KIB
# From here on changes of its rooms are left to its next `sync`; the rest is for answers.
LAGGING_FRAMES = MAX_OUTBOX_FRAMES * 3 // 4
LAGGING_BYTES = MAX_OUTBOX_BYTES * 3 // 4
STALL_SECONDS = 15  # without any progress of a client for which something waits, before 4008
MAX_PAGE_BYTES = 256 * KIB  # of the messages in the answer to one `sync`

# Lines of a room that a hub writes to its sockets without yielding to the event loop. A batch must
# fit into an empty outbox, or a client that reads in time would be closed as too slow.
MAX_BATCH_LINES = 32
MAX_BATCH_BYTES = 128 * KIB
