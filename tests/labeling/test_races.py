"""What several people, or one with several windows, do at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import pytest
from django.db import connection

from integration.models import Payment, WorkReport
from labeling import assignments, leases
from labeling.assignments import Turn
from labeling.enums import AssignmentStatus
from labeling.errors import LeaseLostError
from labeling.integrity import find_broken
from labeling.models import Answer, Assignment, Pool, Session, Task
from labeling.submissions import Submission
from tests.labeling.conftest import BROWSER, NOON

pytestmark = pytest.mark.django_db(transaction=True)

MakePool = Callable[..., Pool]
Start = Callable[..., Session]
Result = TypeVar("Result")


def at_once(*calls: Callable[[], Result]) -> list[Result]:
    """Run every call in a thread with a connection of its own, all starting together."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], Result]) -> Result:
        connection.ensure_connection()
        gate.wait()
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result() for future in [threads.submit(run, call) for call in calls]]


def look(session: Session) -> Turn:
    return assignments.look(session.pk, browser_key=BROWSER, now=NOON)


def submit(session: Session, turn: Turn, **moment: Any) -> Turn:
    assert turn.page is not None
    values = {UUID(task["id"]): {"label": "yes"} for task in turn.page.tasks}
    return assignments.submit(
        session.pk,
        turn.page.id,
        Submission(values, {}),
        **{"browser_key": BROWSER, "now": NOON, **moment},
    )


def assert_all_checks_hold() -> None:
    assert [(check.name, lines) for check, lines in find_broken() if lines] == []


def test_same_page_submitted_twice_at_once_is_paid_once(make_pool: MakePool, start: Start) -> None:
    session = start(make_pool(real=6))
    turn = look(session)

    turns = at_once(*[lambda: submit(session, turn)] * 4)

    assert sorted(one.is_repeat for one in turns) == [False, True, True, True]
    assert len({one.page.id for one in turns if one.page}) == 1
    assert Payment.objects.count() == 1
    assert_all_checks_hold()


def test_two_tabs_get_the_same_page(make_pool: MakePool, start: Start) -> None:
    session = start(make_pool(real=6))

    turns = at_once(*[lambda: look(session)] * 4)

    assert len({one.page.id for one in turns if one.page}) == 1
    assert Assignment.objects.count() == 1
    assert_all_checks_hold()


@pytest.mark.parametrize("places", [1, 2, 4])
def test_the_last_places_of_a_task_go_to_as_many_performers_at_once(
    make_pool: MakePool, start: Start, places: int
) -> None:
    for _ in range(8):
        pool = make_pool(real=1, overlap=places)
        sessions = [start(pool) for _ in range(6)]

        turns = at_once(*[lambda one=one: look(one) for one in sessions])

        assert sum(turn.page is not None for turn in turns) == places
        assert Task.objects.get(pool=pool).issued == places
    assert_all_checks_hold()


def test_a_golden_task_with_one_place_is_given_once(make_pool: MakePool, start: Start) -> None:
    pool = make_pool(golden=1, real_tasks_count=0, golden_tasks_count=1)
    Task.objects.update(overlap=1)
    sessions = [start(pool) for _ in range(4)]

    turns = at_once(*[lambda one=one: look(one) for one in sessions])

    assert sum(turn.page is not None for turn in turns) == 1
    assert_all_checks_hold()


def test_many_performers_drain_a_pool_exactly(make_pool: MakePool, start: Start) -> None:
    pool = make_pool(real=23, golden=3, overlap=3, real_tasks_count=2, golden_tasks_count=1,
                     golden_repeats=20)  # fmt: skip
    sessions = [start(pool) for _ in range(8)]

    def work(session: Session) -> None:
        turn = look(session)
        for _ in range(60):
            if turn.page is None and (turn.reason != "none_free_now"):
                return
            turn = submit(session, turn) if turn.page else look(session)

    at_once(*[lambda one=one: work(one) for one in sessions])

    answered = Answer.objects.filter(kind="ordinary", output_values__isnull=False)
    assert answered.count() == 23 * 3
    assert_all_checks_hold()


def test_the_budget_is_never_passed_by_one_page(make_pool: MakePool, start: Start) -> None:
    pool = make_pool(
        real=60, overlap=6, reward_per_assignment=Decimal("0.07"), budget_cap=Decimal("1.50")
    )
    sessions = [start(pool) for _ in range(6)]

    def work(session: Session) -> None:
        turn = look(session)
        while turn.page:
            turn = submit(session, turn)

    at_once(*[lambda one=one: work(one) for one in sessions])

    owed = sum(payment.amount for payment in Payment.objects.all())
    assert owed == Decimal("1.47")
    assert_all_checks_hold()


def test_a_lease_that_runs_out_while_its_page_is_submitted_has_one_winner(
    make_pool: MakePool, start: Start
) -> None:
    pool = make_pool(real=1)
    session, other = start(pool), start(pool)
    turn = look(session)
    later = NOON + timedelta(hours=1)

    def late_submit() -> str:
        try:
            return "taken" if not submit(session, turn, now=later).is_repeat else "repeat"
        except LeaseLostError:
            return "lost"

    def expire_and_give() -> str:
        leases.expire_leases(now=later)
        page = assignments.look(other.pk, browser_key=BROWSER, now=later).page
        return "given" if page else "none"

    outcomes = at_once(late_submit, expire_and_give)

    assert outcomes in (["taken", "none"], ["lost", "given"])
    assert_all_checks_hold()


def test_finish_and_submit_at_once_leave_one_close_after_the_work(
    make_pool: MakePool, start: Start
) -> None:
    session = start(make_pool(real=6))
    turn = look(session)

    def finish() -> str:
        assignments.finish(session.pk, browser_key=BROWSER, now=NOON)
        return "finished"

    def submit_page() -> str:
        try:
            submit(session, turn)
        except LeaseLostError:
            return "lost"
        return "taken"

    at_once(finish, submit_page)

    reports = list(WorkReport.objects.order_by("pk"))
    assert [report.close_session for report in reports][-1:] == [True]
    assert sum(report.close_session for report in reports) == 1
    assert not Assignment.objects.filter(status=AssignmentStatus.ACTIVE).exists()
    assert_all_checks_hold()
