"""What runs beside the requests. Every job may run at any time, twice, or halfway."""

from celery import shared_task
from django.utils import timezone

from labeling import assignments, attachments, leases, pools, sessions


@shared_task
def expire_leases() -> int:
    """Give back pages whose time ran out."""
    return leases.expire_leases(now=timezone.now())


@shared_task
def close_ended_visits() -> int:
    """Close visits that are idle, out of time, or stopped."""
    return sessions.close_ended_visits(now=timezone.now())


@shared_task
def accept_overdue() -> int:
    """Accept work that nobody has reviewed in time."""
    return assignments.accept_overdue(now=timezone.now())


@shared_task
def sweep_pools() -> int:
    """Complete and expire pools."""
    now = timezone.now()
    return pools.complete_pools(now=now) + pools.expire_pools(now=now)


@shared_task
def sweep_attachments() -> int:
    """Drop files that no answer ever named."""
    return attachments.sweep_unbound(now=timezone.now())
