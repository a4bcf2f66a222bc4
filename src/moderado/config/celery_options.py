"""Celery's options, for workers and beat.

The broker carries hints only. Row locks and the sweep in `moderado.chat.services.screening` make
lost and repeated tasks harmless.
"""

from celery.schedules import schedule
from kombu import Queue

from moderado.config.celery_clocks import steady_now
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
    # By name, so that what beat enqueues comes first. Else messages that wait longer than they can
    # be judged would keep it waiting until it expires: sanctions would not end.
    "queue_order_strategy": "sorted",
}
task_default_queue = "celery"
PERIODIC_QUEUE = "beat"  # before `task_default_queue`, by name
task_queues = [Queue(PERIODIC_QUEUE), Queue(task_default_queue)]
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

# The tasks that beat enqueues: the seconds between two, and those after which one that still waits
# in the queue is dropped.
_PERIODIC: dict[str, tuple[float, int]] = {
    "chat.tasks.sweep": (2.0, 10),
    "chat.tasks.close_cases_of_deleted_rooms": (120.0, 100),  # those that were left open
    "chat.tasks.run_erasures": (5.0, 10),  # those that became due
    "chat.tasks.run_exports": (15.0, 30),  # a wake-up was lost
    "chat.tasks.run_purges": (15.0, 30),  # a wake-up was lost, or a worker died
    "chat.tasks.run_retention": (10.0, 20),  # a run that is open is continued
    "moderation.tasks.screen_subjects": (3.0, 10),  # a wake-up was lost
    "moderation.tasks.run_shadows": (5.0, 10),
    "moderation.tasks.run_evaluations": (15.0, 30),  # a wake-up was lost
    "moderation.tasks.seal_log": (60.0, 50),
    "enforcement.tasks.run_bulk_rulings": (3.0, 10),
    "enforcement.tasks.backfill_rulings": (60.0, 50),  # one query once nothing is left
    "enforcement.tasks.settle_rulings": (2.0, 10),
    "enforcement.tasks.expire_sanctions": (5.0, 10),  # sanctions end in time without it
    "enforcement.tasks.end_snoozes": (5.0, 10),  # lists show these cases without it
    "enforcement.tasks.give_strikes": (5.0, 10),
    "enforcement.tasks.remind_of_appeals": (300.0, 60),
    "enforcement.tasks.send_notice_mails": (3.0, 10),  # a person waits for the code
    "enforcement.tasks.keep_terms": (600.0, 500),  # begins a run of the retention each day
    "enforcement.tasks.seal_access_records": (60.0, 50),
    "accounts.tasks.delete_expired_sessions": (3600.0, 600),
}

# These judge texts, for seconds if many wait: ahead of others they would starve these.
_JUDGING = frozenset(
    {
        "chat.tasks.sweep",
        "moderation.tasks.screen_subjects",
        "moderation.tasks.run_shadows",
        "moderation.tasks.run_evaluations",
    }
)

# In memory: the entries are fixed, two beats are harmless, and Redis may be emptied (ADR 0006).
beat_scheduler = "celery.beat:Scheduler"
beat_max_loop_interval = 2
beat_schedule = {
    name: {
        "task": f"moderado.{name}",
        "schedule": schedule(seconds, nowfun=steady_now),
        "options": {
            "expires": expires,
            "queue": task_default_queue if name in _JUDGING else PERIODIC_QUEUE,
        },
    }
    for name, (seconds, expires) in _PERIODIC.items()
}
