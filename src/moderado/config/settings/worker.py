"""Settings of Celery workers: one persistent connection each, and no pool."""

from moderado.config.settings.base import *
from moderado.config.settings.base import DATABASES, INSTALLED_APPS

DATABASES["default"]["CONN_MAX_AGE"] = 600
# A partitioned worker's transaction ends after 8 s and releases its row locks. No transaction may
# idle that long; remote providers are called outside of transactions (ADR 0026).
# The wait for a lock and the pause between two renewals are together shorter than a lease
# (`chat.services.remote`).
# Generic plans, made once for each connection. A plan made while a table was small must not scan
# it later (`enable_seqscan=off`, ADR 0028).
DATABASES["default"]["OPTIONS"] |= {
    "options": "-c lock_timeout=3s -c statement_timeout=30s "
    "-c idle_in_transaction_session_timeout=8s -c client_connection_check_interval=2s "
    "-c enable_seqscan=off -c enable_sort=off -c jit=off -c plan_cache_mode=force_generic_plan",
}

# Without discovery: workers show no admin pages.
INSTALLED_APPS = [
    app.replace("django.contrib.admin", "django.contrib.admin.apps.SimpleAdminConfig")
    for app in INSTALLED_APPS
]
