"""The web process: many threads, one pool. Under ASGI a connection may not outlive its request."""

import warnings

from moderado.config.settings.base import *
from moderado.config.settings.base import DATABASES, ENV
from moderado.core.pool import PooledConnection

# WhiteNoise hands its files over as iterators. They are small and read in a thread: nobody waits.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous")


DATABASES["default"]["CONN_MAX_AGE"] = 0
DATABASES["default"]["OPTIONS"] |= {
    "pool": {
        "connection_class": PooledConnection,
        "min_size": 2,
        "max_size": ENV.db_pool_size,
        "timeout": 2,
        "max_lifetime": 1800,
        # The pool's pauses between tries double without end. It rather gives up, and tries anew
        # for whoever asks next: a server that is back is used at once, however long it was away.
        "reconnect_timeout": 2,
    },
    "options": "-c lock_timeout=2s -c statement_timeout=5s "
    "-c idle_in_transaction_session_timeout=5s -c client_connection_check_interval=2s",
}
