"""How far the work of a pool is; many pools take as many queries as one."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from django.db.models import Avg, Count, F, Q, QuerySet, Sum

from integration.enums import PaymentState
from integration.models import Payment
from labeling.enums import AssignmentStatus, TaskKind
from labeling.models import Answer, Pool, Session, Task

Rows = Iterable[Mapping[str, Any]]

GOLDEN_SHOWN: Final = 200

_ON_THE_WAY: Final = frozenset({PaymentState.DUE, PaymentState.SENDING, PaymentState.HELD})
_STUCK: Final = frozenset({PaymentState.UNKNOWN, PaymentState.PARKED})


@dataclass(slots=True)
class Progress:
    """Numbers of one pool; answers are those to ordinary tasks, money is USD.

    ``wanted`` counts the places of tasks with a finite overlap; ``filled`` how many of those are
    answered, ``given`` all answers; ``out`` answers that are being worked on now. ``quality`` is
    the share of right answers to golden and training tasks, 0 to 1, None before the first.
    """

    tasks: int = 0
    scored_tasks: int = 0
    wanted: int = 0
    filled: int = 0
    given: int = 0
    out: int = 0
    pages: int = 0
    skipped_pages: int = 0
    performers: int = 0
    earned: Decimal = field(default_factory=Decimal)
    quality: Decimal | None = None
    paid: Decimal = field(default_factory=Decimal)
    on_the_way: Decimal = field(default_factory=Decimal)
    stuck: Decimal = field(default_factory=Decimal)

    @property
    def percent(self) -> int:
        """Whole percent of the places filled; 100 only when all are."""
        return self.filled * 100 // self.wanted if self.wanted else 0


def count_progress(pools: Collection[Pool]) -> dict[int, Progress]:
    """Return each pool's numbers by its id, with five queries, six where overlap has no limit."""
    progress: defaultdict[int, Progress] = defaultdict(Progress)
    ids = [pool.pk for pool in pools]
    out = _count_out(ids)
    rows = list(_of_tasks(ids))
    unlimited = _count_unlimited([row["pool_id"] for row in rows if row["unlimited"]])
    for row in rows:
        one = progress[row["pool_id"]]
        one.tasks, one.scored_tasks = row["ordinary"], row["scored"]
        one.out = out.get(row["pool_id"], (0, 0))[0]
        one.wanted = row["wanted"] or 0
        one.filled = (row["issued"] or 0) - out.get(row["pool_id"], (0, 0))[1]
        one.given = one.filled + unlimited.get(row["pool_id"], 0)
    for row in _of_sessions(ids):
        one = progress[row["pool_id"]]
        one.pages, one.skipped_pages = row["pages"], row["skipped"]
        one.performers, one.earned = row["performers"], row["money"]
        if row["scored"]:
            one.quality = row["right"] / row["scored"]
    for row in _of_payments(ids):
        one = progress[row["report__listing__pool"]]
        state = PaymentState(row["state"])
        if state in _ON_THE_WAY:
            one.on_the_way += row["total"]
        elif state in _STUCK:
            one.stuck += row["total"]
        elif state != PaymentState.GIVEN_UP:
            one.paid += row["total"]
    return {pk: progress[pk] for pk in ids}


def _of_tasks(ids: list[int]) -> Rows:
    ordinary = Q(kind=TaskKind.ORDINARY)
    return (
        Task.objects.filter(pool_id__in=ids)
        .values("pool_id")
        .annotate(
            ordinary=Count("id", filter=ordinary),
            scored=Count("id", filter=~ordinary),
            wanted=Sum("overlap", filter=ordinary),
            unlimited=Count("id", filter=ordinary & Q(overlap__isnull=True)),
            issued=Sum("issued", filter=ordinary & Q(overlap__isnull=False)),
        )
    )


def _count_unlimited(ids: list[int]) -> dict[int, int]:
    """Answers given to tasks without a limit, whose places nobody counts."""
    if not ids:
        return {}
    rows = (
        Answer.objects.filter(
            pool_id__in=ids,
            kind=TaskKind.ORDINARY,
            task__overlap__isnull=True,
            is_given_back=False,
            output_values__isnull=False,
        )
        .values("pool_id")
        .annotate(places=Count("id"))
    )
    return {row["pool_id"]: row["places"] for row in rows}


def _count_out(ids: list[int]) -> dict[int, tuple[int, int]]:
    """Answers being worked on: all, and those to tasks with a finite overlap."""
    rows = (
        Answer.objects.filter(
            assignment__status=AssignmentStatus.ACTIVE,
            kind=TaskKind.ORDINARY,
            is_given_back=False,
            pool_id__in=ids,
        )
        .values("pool_id")
        .annotate(places=Count("id"), finite=Count("id", filter=Q(task__overlap__isnull=False)))
    )
    return {row["pool_id"]: (row["places"], row["finite"]) for row in rows}


def _of_sessions(ids: list[int]) -> Rows:
    return (
        Session.objects.filter(pool_id__in=ids)
        .values("pool_id")
        .annotate(
            pages=Sum("pages_submitted"),
            skipped=Sum("pages_skipped"),
            money=Sum("earned"),
            scored=Sum("scored_weight"),
            right=Sum("right_weight"),
            performers=Count("performer_id", distinct=True, filter=Q(pages_submitted__gt=0)),
        )
    )


def _of_payments(ids: list[int]) -> Rows:
    return (
        Payment.objects.filter(report__listing__pool__in=ids)
        .values("report__listing__pool", "state")
        .annotate(total=Sum("amount"))
    )


def list_scored_tasks(pool: Pool) -> QuerySet[Task]:
    """Return golden and training tasks, the least often answered right first.

    Each has ``answers_count`` and ``right_share``, 0 to 1, None where nobody answered yet.
    """
    scored = Q(answers__score__isnull=False)
    return (
        pool.tasks.exclude(kind=TaskKind.ORDINARY)
        .annotate(
            answers_count=Count("answers", filter=scored),
            right_share=Avg("answers__score", filter=scored),
        )
        .order_by(F("right_share").asc(nulls_last=True), "position")[:GOLDEN_SHOWN]
    )
