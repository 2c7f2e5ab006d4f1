"""Celery: the application, the timetable, and how the broker is spoken to."""

import logging.config
import os
from typing import Any

from celery import Celery, signals
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelplatform.settings")

# A job is a nudge: what it would have done is found by a sweep. So whoever publishes one gives up
# at once where the broker is gone or hangs, and no performer waits for it.
PUBLISHING = {
    "max_retries": 0,
    "connect_retries_timeout": 0.2,
    "socket_connect_timeout": 0.2,
    "socket_timeout": 0.2,
    "retry_on_timeout": False,
}
# A worker has time. An unacknowledged job comes back after the visibility timeout, which is longer
# than the time limit of a job (CELERY_TASK_TIME_LIMIT).
CONSUMING = {"socket_connect_timeout": 5, "socket_timeout": 30, "socket_keepalive": True}
VISIBILITY_TIMEOUT_S = 1800

app = Celery("labelplatform")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.broker_transport_options = {"visibility_timeout": VISIBILITY_TIMEOUT_S, **PUBLISHING}
app.conf.task_publish_retry = False
app.autodiscover_tasks(related_name="jobs")

# How often each sweep runs, in seconds. Each finds what nudges have missed.
TIMETABLE = {
    "integration.jobs.deliver_due_payments": 10,
    "integration.jobs.resolve_unknown_payments": 10,
    "integration.jobs.finish_closing_visits": 10,
    "integration.jobs.close_drained_listings": 15,
    "integration.jobs.refresh_listings": 15,
    "integration.jobs.forget_old_webhook_events": 3600,
    "labeling.jobs.expire_leases": 5,
    "labeling.jobs.close_ended_visits": 10,
    "labeling.jobs.sweep_pools": 10,
    "labeling.jobs.accept_overdue": 600,
    "labeling.jobs.sweep_attachments": 3600,
}
app.conf.beat_schedule = {
    # A beat's nudge is worth nothing once the next one is there.
    name: {"task": name, "schedule": seconds, "options": {"expires": seconds}}
    for name, seconds in TIMETABLE.items()
}


@signals.setup_logging.connect
def configure_logs(**_: object) -> None:
    """Log as the settings say; Celery would add handlers of its own."""
    logging.config.dictConfig(settings.LOGGING)


@signals.celeryd_init.connect
def configure_worker(conf: Any, **_: object) -> None:
    """Give a worker's connections the patience that a publisher must not have."""
    conf.broker_transport_options = {"visibility_timeout": VISIBILITY_TIMEOUT_S, **CONSUMING}
