"""When to run what: each job is safe at any time, twice at once, or halfway."""

from celery import shared_task
from django.db import connection
from django.utils import timezone

from integration import closing, listings, outbox, webhooks

THREADS = 4
DELIVERING = 7_201_001  # any number that nobody else locks


@shared_task
def deliver_due_payments() -> int:
    # One at a time: a nudge for each page would take every process of the workers for itself. The
    # lock is the connection's, so that it ends with a process that is killed.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [DELIVERING])
        if not cursor.fetchone()[0]:
            return 0
        try:
            return outbox.deliver_due(now=timezone.now(), limit=500, threads=THREADS)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [DELIVERING])


@shared_task
def resolve_unknown_payments() -> int:
    """Judge the claims of dead processes, make due again what may be sent again."""
    now = timezone.now()
    return outbox.judge_old_claims(now) + outbox.resend_unknown(now)


@shared_task
def finish_closing_visits() -> int:
    return closing.finish_closing(timezone.now())


@shared_task
def close_drained_listings() -> int:
    return listings.close_drained(timezone.now())


@shared_task
def refresh_listings() -> int:
    return listings.refresh_listings(timezone.now())


@shared_task
def forget_old_webhook_events() -> int:
    return webhooks.forget_old_events(timezone.now())
