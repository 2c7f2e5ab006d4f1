"""Which page of tasks a performer gets next, and how a page goes back."""

import logging
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from django.db import OperationalError, transaction
from django.db.models import F
from psycopg.errors import DeadlockDetected

from integration.money import money
from labeling import budget, statements, supply
from labeling.clocks import DEADLINE_MARGIN
from labeling.enums import AssignmentStatus, PoolStatus, TaskKind, WaitReason
from labeling.ids import make_id
from labeling.models import Answer, Assignment, Pool, Session, Task
from labeling.statements import ChosenTask

logger = logging.getLogger(__name__)

TRIES = 3

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Page:
    """A page that is out: what the performer is shown, without hidden fields or solutions."""

    id: UUID
    reward: Decimal
    expires_at: datetime
    tasks: list[dict[str, Any]]


@dataclass(slots=True)
class Spending:
    """What giving a page changes on the session's row; the caller writes it with his own."""

    cursor: int
    money_drawn: Decimal
    money_used: Decimal
    pages_given: int = 0


class PlaceGoneError(Exception):
    """A place was taken between choosing and giving: roll back and do it all again.

    It can happen to golden tasks of a finite overlap, whose rows are not locked by choosing, and
    to a performer who is here through two visits at once.
    """


class TasksBusyError(Exception):
    """Others are just choosing among the tasks that are left: roll back and wait for them.

    The wait begins with a transaction of its own: one that held tasks while it waits for others
    could meet another that does the same.
    """


def in_transaction(step: Callable[[bool], Result]) -> Result:
    """Run ``step`` in a transaction, again from the start where tasks were gone or busy.

    ``step`` is told whether to wait for tasks that others are choosing. The whole transaction is
    repeated, and no savepoint is set, as that would cost every page two statements for what
    happens at the end of a pool.
    """
    patiently = False
    for _try in range(TRIES - 1):
        try:
            with transaction.atomic():
                return step(patiently)
        except TasksBusyError:
            patiently = True
        except PlaceGoneError:
            continue
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected):
                raise
            logger.warning("a deadlock over tasks; trying again")
    with transaction.atomic():
        return step(True)


def give_page(
    session: Session,
    spending: Spending,
    *,
    hidden: frozenset[str],
    now: datetime,
    patiently: bool,
) -> Page | WaitReason:
    """Give ``session`` its next page, or say why there is none.

    Call it in a step of :func:`in_transaction` that holds the session's row; ``spending`` starts
    as that row stands and is changed here, for the caller to write back.
    """
    reason = find_stop(session.pool, deadline=session.visit.deadline, now=now)
    if reason:
        return reason
    chosen = _choose(session, spending.cursor, patiently=patiently)
    counts = Counter(TaskKind(task.kind) for task in chosen)
    is_page = supply.makes_page(session.pool, counts)
    if is_page and (patiently or counts[TaskKind.ORDINARY] == session.pool.real_tasks_count):
        return _give(session, spending, chosen, hidden=hidden, now=now)
    performer = session.performer
    lack = supply.explain_lack(session.pool, performer.pk, performer.external_id)
    if not patiently and lack.ordinary_left > counts[TaskKind.ORDINARY]:
        raise TasksBusyError
    if is_page:
        return _give(session, spending, chosen, hidden=hidden, now=now)
    return lack.reason


def find_stop(pool: Pool, *, deadline: datetime, now: datetime) -> WaitReason | None:
    """Return why nobody gets a page of this pool now, whatever tasks there are."""
    if pool.status != PoolStatus.OPEN:
        return WaitReason.POOL_COMPLETE if pool.complete_since else WaitReason.POOL_CLOSED
    if now + timedelta(seconds=pool.assignment_max_duration_seconds) > deadline - DEADLINE_MARGIN:
        return WaitReason.DEADLINE
    return None


def _choose(session: Session, cursor: int, *, patiently: bool) -> list[ChosenTask]:
    pool = session.pool
    return statements.choose_page(
        {
            "pool": pool.pk,
            "performer": session.performer_id,
            "external_id": session.performer.external_id,
            "cursor": cursor,
            "real": pool.real_tasks_count,
            "golden": pool.golden_tasks_count,
            "training": pool.training_tasks_count,
            "golden_repeats": pool.golden_repeats,
            "training_repeats": pool.training_repeats,
        },
        patiently=patiently,
    )


def _give(
    session: Session,
    spending: Spending,
    chosen: list[ChosenTask],
    *,
    hidden: frozenset[str],
    now: datetime,
) -> Page | WaitReason:
    pool = session.pool
    reward = price_of(pool, chosen)
    if not draw_for(session, spending, reward):
        return WaitReason.BUDGET

    tasks = list(chosen)
    if pool.shuffle_tasks_in_task_suite:
        random.shuffle(tasks)
    page = Page(
        id=make_id(),
        reward=reward,
        expires_at=now + timedelta(seconds=pool.lease_seconds),
        tasks=[show_task(task.id, task.kind, task.input_values, hidden) for task in tasks],
    )
    given = statements.give_page(
        assignment_id=page.id,
        pool_id=pool.pk,
        session_id=session.pk,
        performer_id=session.performer_id,
        reward=reward,
        tasks=tasks,
        now=now,
        expires_at=page.expires_at,
        last_moment=now + timedelta(seconds=pool.assignment_max_duration_seconds),
    )
    if not given:
        raise PlaceGoneError
    spending.pages_given += 1
    ahead = [task.position for task in chosen if task.is_ahead]
    spending.cursor = max([spending.cursor, *ahead])
    return page


def draw_for(session: Session, spending: Spending, reward: Decimal) -> bool:
    """Set money for one page aside, drawn from the pool where the session has no more."""
    missing = spending.money_used + reward - spending.money_drawn
    if missing > 0:
        drawn = budget.draw_pages(session.pool, reward, missing)
        if drawn is None:
            return False
        spending.money_drawn += drawn
    spending.money_used += reward
    return True


def price_of(pool: Pool, chosen: list[ChosenTask]) -> Decimal:
    """What a page pays, USD: nothing for training tasks alone, its share where pro rata."""
    if all(task.kind == TaskKind.TRAINING for task in chosen):
        return Decimal(0)
    real = sum(task.kind == TaskKind.ORDINARY for task in chosen)
    if pool.pro_rata and pool.real_tasks_count and real < pool.real_tasks_count:
        return money(pool.reward_per_assignment * real / pool.real_tasks_count)
    return pool.reward_per_assignment


def show_task(
    task_id: UUID, kind: str, input_values: dict[str, Any], hidden: frozenset[str]
) -> dict[str, Any]:
    """Return what a performer may see of a task: golden ones look like ordinary ones."""
    return {
        "id": str(task_id),
        "kind": TaskKind.TRAINING if kind == TaskKind.TRAINING else TaskKind.ORDINARY,
        "input_values": {name: value for name, value in input_values.items() if name not in hidden},
    }


def take_page_back(
    assignment_id: UUID, *, status: AssignmentStatus, now: datetime, skip_reason: str = ""
) -> Assignment | None:
    """Return a page's tasks to the others; None where it was no longer out.

    ``status`` is SKIPPED (this performer does not get them again) or EXPIRED (he may). Call it
    in a transaction that holds the session's row.
    """
    stamp = "skipped_at" if status == AssignmentStatus.SKIPPED else "expired_at"
    moved = Assignment.objects.filter(pk=assignment_id, status=AssignmentStatus.ACTIVE).update(
        status=status, skip_reason=skip_reason, **{stamp: now}
    )
    if not moved:
        return None
    answers = Answer.objects.filter(assignment_id=assignment_id)
    answers.update(is_given_back=True, is_skipped=status == AssignmentStatus.SKIPPED)
    free_places(list(answers.values_list("task_id", flat=True)))
    return Assignment.objects.get(pk=assignment_id)


def free_places(task_ids: list[UUID]) -> None:
    """Give places of tasks back, their rows locked in one order so that nobody deadlocks."""
    rows = (
        Task.objects.filter(pk__in=task_ids, overlap__isnull=False)
        .order_by("pk")
        .select_for_update(no_key=True)
    )
    Task.objects.filter(pk__in=[row.pk for row in rows.only("pk")]).update(issued=F("issued") - 1)


def retake_places(answers: list[Answer]) -> list[Answer]:
    """Take back, for a late page, those of its tasks that still have room for this performer.

    Returns the answers that hold a place again; the others stay given back.
    """
    tasks = {
        task.pk: task
        for task in Task.objects.filter(pk__in=[answer.task_id for answer in answers])
        .order_by("pk")
        .select_for_update(no_key=True)
    }
    again = set(
        Answer.objects.filter(
            performer_id=answers[0].performer_id, task_id__in=tasks, is_given_back=False
        ).values_list("task_id", "round")
    )
    kept = []
    for answer in answers:
        task = tasks[answer.task_id]
        has_room = task.overlap is None or task.issued < task.overlap
        if has_room and (answer.task_id, answer.round) not in again:
            kept.append(answer)
    Task.objects.filter(pk__in=[answer.task_id for answer in kept], overlap__isnull=False).update(
        issued=F("issued") + 1
    )
    Answer.objects.filter(pk__in=[answer.pk for answer in kept]).update(is_given_back=False)
    return kept
