"""Celery's options, for workers and beat.

The broker carries hints only. Row locks and the sweep in `moderado.chat.services.screening` make
lost and repeated tasks harmless.
"""

from moderado.config.env import env

broker_url = env().broker
broker_transport = "moderado.config.celery_broker:Transport"
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
broker_transport_options = {
    "visibility_timeout": 120,  # seconds; longer than any task may run
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 25,
}
accept_content = ["json"]

task_acks_late = True
task_reject_on_worker_lost = True
task_ignore_result = True
task_time_limit = 30
task_soft_time_limit = 20

worker_prefetch_multiplier = 1
worker_max_tasks_per_child = 2000
# After a reconnect, the rows in PostgreSQL say what is pending: nothing needs to be restored.
worker_enable_prefetch_count_reduction = False
# A task continues when the broker is lost: ending it would leave paid calls without an answer
# and its messages under a lease. The repeated delivery is harmless.
worker_cancel_long_running_tasks_on_connection_loss = False
worker_soft_shutdown_timeout = 25
worker_enable_remote_control = False
worker_concurrency = env().worker_concurrency
worker_hijack_root_logger = False

# In memory: the entries are fixed, two beats are harmless, and Redis may be emptied (ADR 0006).
beat_scheduler = "celery.beat:Scheduler"
beat_max_loop_interval = 2
beat_schedule = {
    "sweep": {
        "task": "moderado.chat.tasks.sweep",
        "schedule": 2.0,  # seconds
        "options": {"expires": 10},
    },
    "screen_subjects": {
        "task": "moderado.moderation.tasks.screen_subjects",
        "schedule": 3.0,  # seconds; for names whose wake-up was lost
        "options": {"expires": 10},
    },
    "run_bulk_rulings": {
        "task": "moderado.enforcement.tasks.run_bulk_rulings",
        "schedule": 3.0,
        "options": {"expires": 10},
    },
    "backfill_rulings": {
        "task": "moderado.enforcement.tasks.backfill_rulings",
        "schedule": 60.0,  # seconds; one query once nothing is left
        "options": {"expires": 50},
    },
    "remind_of_appeals": {
        "task": "moderado.enforcement.tasks.remind_of_appeals",
        "schedule": 300.0,
        "options": {"expires": 60},
    },
    "send_notice_mails": {
        "task": "moderado.enforcement.tasks.send_notice_mails",
        "schedule": 3.0,  # seconds; a person waits for the code
        "options": {"expires": 10},
    },
    "settle_rulings": {
        "task": "moderado.enforcement.tasks.settle_rulings",
        "schedule": 2.0,
        "options": {"expires": 10},
    },
    "expire_sanctions": {
        "task": "moderado.enforcement.tasks.expire_sanctions",
        "schedule": 5.0,  # seconds; they stop binding at their end, whatever beat does
        "options": {"expires": 10},
    },
    "give_strikes": {
        "task": "moderado.enforcement.tasks.give_strikes",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "close_cases_of_deleted_rooms": {
        "task": "moderado.chat.tasks.close_cases_of_deleted_rooms",
        "schedule": 120.0,  # seconds; for those that were left open
        "options": {"expires": 100},
    },
    "run_shadows": {
        "task": "moderado.moderation.tasks.run_shadows",
        "schedule": 5.0,  # seconds
        "options": {"expires": 10},
    },
    "run_evaluations": {
        "task": "moderado.moderation.tasks.run_evaluations",
        "schedule": 15.0,  # seconds; for evaluations whose wake-up was lost
        "options": {"expires": 30},
    },
    "run_erasures": {
        "task": "moderado.chat.tasks.run_erasures",
        "schedule": 5.0,  # seconds; for those that became due
        "options": {"expires": 10},
    },
    "run_exports": {
        "task": "moderado.chat.tasks.run_exports",
        "schedule": 15.0,  # seconds; for exports whose wake-up was lost
        "options": {"expires": 30},
    },
    "run_purges": {
        "task": "moderado.chat.tasks.run_purges",
        "schedule": 15.0,  # seconds; for purges whose wake-up was lost or whose worker died
        "options": {"expires": 30},
    },
    "run_retention": {
        "task": "moderado.chat.tasks.run_retention",
        "schedule": 10.0,  # seconds; a run that is open is continued
        "options": {"expires": 20},
    },
    "keep_terms": {
        "task": "moderado.enforcement.tasks.keep_terms",
        "schedule": 600.0,  # seconds; begins a run of the retention each day
        "options": {"expires": 500},
    },
    "seal_access_records": {
        "task": "moderado.enforcement.tasks.seal_access_records",
        "schedule": 60.0,  # seconds
        "options": {"expires": 50},
    },
    "seal_log": {
        "task": "moderado.moderation.tasks.seal_log",
        "schedule": 60.0,  # seconds
        "options": {"expires": 50},
    },
    "delete_expired_sessions": {
        "task": "moderado.accounts.tasks.delete_expired_sessions",
        "schedule": 3600.0,  # seconds
        "options": {"expires": 600},
    },
}
