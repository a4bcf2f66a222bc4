"""Settings of web processes: many threads, one pool, no connection kept after a request."""

import warnings

from moderado.config.settings.base import *
from moderado.config.settings.base import DATABASES, ENV
from moderado.core.pool import PooledConnection

# WhiteNoise serves files as sync iterators. They are small and read in a thread.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous")


DATABASES["default"]["CONN_MAX_AGE"] = 0
DB_CALL_LIMITS: dict[str, float] = {}  # fields of `realtime.infra.db_calls.Limits`; {}: defaults
DATABASES["default"]["OPTIONS"] |= {
    "pool": {
        "connection_class": PooledConnection,
        "min_size": 2,
        "max_size": ENV.db_pool_size,
        "timeout": 2,
        "max_lifetime": 1800,
        # The pool doubles its pause between attempts without limit. It gives up early instead, and
        # tries again for the next caller: a restored server is used at once.
        "reconnect_timeout": 2,
    },
    "options": "-c lock_timeout=2s -c statement_timeout=5s "
    "-c idle_in_transaction_session_timeout=5s -c client_connection_check_interval=2s",
}
