"""Numbers that rows and the broker say when asked: what waits, what is stuck, who is at work."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import redis
from django.conf import settings
from django.db.models import Count, Min
from django.utils import timezone

from integration.enums import PaymentState, VisitStatus
from integration.models import Listing, Payment, TolokaAccount, Visit
from labeling.enums import AssignmentStatus, PoolStatus
from labeling.models import Assignment, Pool

ENDED = (PaymentState.SENT, PaymentState.SETTLED, PaymentState.GIVEN_UP)


@dataclass(frozen=True)
class Sample:
    """One number: ``name`` and ``help`` of the metric it belongs to, and which one it is."""

    name: str
    help: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


def count_waiting_jobs() -> Iterable[Sample]:
    """How many jobs wait in the broker for a worker."""
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    try:
        waiting = client.llen("celery")
    finally:
        client.close()
    yield Sample("jobs_waiting", "Jobs in the broker that no worker has taken.", float(waiting))


def count_payments() -> Iterable[Sample]:
    """How many payments have not ended, by state, and how long the oldest that is due waits."""
    help_ = "Payments that are not sent, settled or given up."
    waiting = Payment.objects.exclude(state__in=ENDED)
    counts = dict(waiting.order_by().values_list("state").annotate(Count("pk")))
    for state in PaymentState.values:
        if state not in ENDED:
            yield Sample("payments", help_, counts.get(state, 0), {"state": state})
    oldest = Payment.objects.filter(state=PaymentState.DUE).aggregate(at=Min("due_at"))["at"]
    now = timezone.now()
    age_s = (now - oldest).total_seconds() if oldest and oldest < now else 0
    yield Sample("payment_due_seconds", "How long the oldest payment that is due waits.", age_s)


def count_work() -> Iterable[Sample]:
    """Who is at work now, and in how many pools."""
    visits = Visit.objects.filter(status=VisitStatus.OPEN).count()
    yield Sample("visits_open", "Performers' visits that are open.", visits)
    pages = Assignment.objects.filter(status=AssignmentStatus.ACTIVE).count()
    yield Sample("pages_out", "Pages that performers have and have not submitted.", pages)
    pools = Pool.objects.filter(status=PoolStatus.OPEN).count()
    yield Sample("pools_open", "Pools that give out pages.", pools)


def count_troubles() -> Iterable[Sample]:
    """What waits for a person at Toloka's side."""
    paused = TolokaAccount.objects.filter(paused_at__isnull=False, is_active=True).count()
    yield Sample("accounts_paused", "Toloka accounts that are paused.", paused)
    failed = Listing.objects.exclude(last_error="").count()
    yield Sample("listings_failed", "Cards whose last step in Toloka failed.", failed)


# Asked at each scrape, in this order. A function here makes a few queries that an index answers;
# it needs no lock and no cache.
SOURCES: list[Callable[[], Iterable[Sample]]] = [
    count_waiting_jobs,
    count_payments,
    count_work,
    count_troubles,
]
