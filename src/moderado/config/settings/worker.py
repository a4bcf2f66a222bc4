"""The Celery worker: one connection a process, kept. A pool would be built anew for every task."""

from moderado.config.settings.base import *
from moderado.config.settings.base import DATABASES

DATABASES["default"]["CONN_MAX_AGE"] = 600
# A worker that the network cut off in its transaction gives its rows and rooms back after 8 s:
# no judging inside of one may pause for longer, and remote providers are asked outside of any.
# Its statements are planned once a connection: while a table is small they would be planned to
# read it whole, and still do when it has grown; and anew each time, if their values looked telling.
DATABASES["default"]["OPTIONS"] |= {
    "options": "-c lock_timeout=5s -c statement_timeout=30s "
    "-c idle_in_transaction_session_timeout=8s -c client_connection_check_interval=2s "
    "-c enable_seqscan=off -c enable_sort=off -c jit=off -c plan_cache_mode=force_generic_plan",
}
