"""What goes wrong only when two things happen within a moment: each test failed before."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from integration.enums import VisitStatus
from integration.models import Payment, Visit, WorkReport
from labeling import assignments, leases, overlap, sessions
from labeling.assignments import Turn
from labeling.enums import AssignmentStatus
from labeling.errors import StateConflictError
from labeling.integrity import find_broken
from labeling.models import Assignment, Pool, Session, Task
from tests.labeling.conftest import BROWSER, NOON, tasks_of
from tests.labeling.test_races import assert_all_checks_hold, at_once, look, submit
from tests.labeling.test_sessions import arrive

pytestmark = pytest.mark.django_db(transaction=True)

MakePool = Callable[..., Pool]
Start = Callable[..., Session]


def skip(session: Session, turn: Turn) -> Turn:
    assert turn.page is not None
    return assignments.skip(session.pk, turn.page.id, reason="", browser_key=BROWSER, now=NOON)


def test_skips_at_the_end_of_a_pool_do_not_wait_for_each_other(
    make_pool: MakePool, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(6):
        pool = make_pool(real=4, overlap=4)
        working = [start(pool) for _ in range(4)]
        for position, session in enumerate(working):
            Session.objects.filter(pk=session.pk).update(cursor=position - 1)
        turns = [look(session) for session in working]

        at_once(
            *[
                lambda one=one, turn=turn: skip(one, turn)
                for one, turn in zip(working, turns, strict=True)
            ]
        )
    assert "deadlock" not in caplog.text
    assert_all_checks_hold()


def test_a_limit_set_while_a_page_is_chosen_is_kept(make_pool: MakePool, start: Start) -> None:
    pool = make_pool(real=1, overlap=None)
    task = tasks_of(pool)[0]
    locked = threading.Event()

    def set_limit() -> bool:
        with transaction.atomic():
            overlap.change_overlap(task, 1)
            locked.set()
            time.sleep(0.5)
        return False

    def choose() -> bool:
        locked.wait(5)
        return look(start(pool)).page is not None

    at_once(set_limit, choose)
    look(start(pool))

    assert Task.objects.get().issued <= 1
    assert_all_checks_hold()


def test_one_page_that_can_not_be_given_back_keeps_no_other(
    make_pool: MakePool, start: Start
) -> None:
    poor, other = start(make_pool(real=1)), start(make_pool(real=1))
    look(poor)
    look(other)
    Task.objects.filter(pool=poor.pool).update(issued=0)
    Assignment.objects.filter(session=poor).update(expires_at=NOON)

    leases.expire_leases(now=NOON + timedelta(hours=1))

    statuses = dict(Assignment.objects.values_list("session_id", "status"))
    assert statuses == {poor.pk: AssignmentStatus.ACTIVE, other.pk: AssignmentStatus.EXPIRED}


def test_a_submit_while_start_is_pressed_again_goes_into_the_newer_visit(
    make_pool: MakePool,
) -> None:
    pool = make_pool(real=3)
    session = arrive(pool, "a1")
    turn = look(session)
    arrived = threading.Event()

    def press_start() -> bool:
        with transaction.atomic():
            arrive(pool, "a2")
            arrived.set()
            time.sleep(0.5)
        return False

    def submit_page() -> bool:
        arrived.wait(5)
        return submit(session, turn).page is not None

    assert at_once(press_start, submit_page) == [False, True]
    assert WorkReport.objects.get().visit.assignment_id == "a2"


def test_the_sweep_sees_that_somebody_has_just_come_back(make_pool: MakePool) -> None:
    pool = make_pool(real=3)
    session = arrive(pool, "a1")
    later = NOON + timedelta(hours=2)
    is_back = threading.Event()

    def come_back() -> int:
        with transaction.atomic():
            assignments.look(session.pk, browser_key=BROWSER, now=later)
            is_back.set()
            time.sleep(0.5)
        return 0

    def sweep() -> int:
        is_back.wait(5)
        return sessions.close_ended_visits(now=later)

    assert at_once(come_back, sweep) == [0, 0]
    assert Visit.objects.get().status == VisitStatus.OPEN


def test_a_page_is_not_short_because_others_are_choosing(make_pool: MakePool, start: Start) -> None:
    pool = make_pool(real=4, overlap=2, real_tasks_count=4)
    session = start(pool)
    locked = threading.Event()
    busy = [task.pk for task in tasks_of(pool)[:2]]

    def choose_slowly() -> int:
        with transaction.atomic():
            list(Task.objects.select_for_update(no_key=True).filter(pk__in=busy))
            locked.set()
            time.sleep(0.5)
        return 0

    def take_page() -> int:
        locked.wait(5)
        page = look(session).page
        return len(page.tasks) if page else 0

    assert at_once(choose_slowly, take_page) == [0, 4]


def test_nobody_is_let_in_for_less_than_a_page(make_pool: MakePool) -> None:
    pool = make_pool(
        real=9, overlap=9, reward_per_assignment=Decimal("0.10"), budget_cap=Decimal("0.15")
    )

    session = arrive(pool, "a1", "p1")
    assert look(session).page is not None

    with pytest.raises(sessions.NoWorkError):
        arrive(pool, "a2", "p2")
    assert Visit.objects.count() == 1


def test_first_answer_of_a_training_task_stays_the_first(make_pool: MakePool) -> None:
    pool = make_pool(training=1, real_tasks_count=0, training_tasks_count=1)
    session = arrive(pool, "a1")
    page = look(session).page
    assert page is not None
    check: dict[str, Any] = {
        "task_id": UUID(page.tasks[0]["id"]),
        "browser_key": BROWSER,
        "now": NOON,
    }
    assignments.check_training(session.pk, page.id, output_values={"label": "no"}, **check)
    assignments.finish(session.pk, browser_key=BROWSER, now=NOON)

    again = arrive(pool, "a2")
    submit(again, look(again))

    assert WorkReport.objects.exclude(quality=None).get().quality == 0


def test_surplus_golden_answers_do_not_count_twice(make_pool: MakePool, start: Start) -> None:
    pool = make_pool(real=3, golden=1, golden_tasks_count=1, lease_seconds=60)
    session = start(pool)
    late = look(session)
    later = NOON + timedelta(minutes=5)
    leases.expire_leases(now=later)
    second = assignments.look(session.pk, browser_key=BROWSER, now=later)

    submit(session, late, now=later)
    submit(session, second, now=later)

    session.refresh_from_db()
    assert session.scored_weight == 1
    assert sum(report.golden_tasks_count for report in WorkReport.objects.all()) == 1


def test_rejected_work_frees_its_budget(make_pool: MakePool, start: Start) -> None:
    pool = make_pool(real=3, auto_accept_solutions=False, budget_cap=Decimal("0.02"))
    session = start(pool)
    submit(session, look(session))
    page = Assignment.objects.get()

    assignments.reject_assignment(page, public_comment="All say yes.", now=NOON)

    assert Payment.objects.get(reason=f"assignment:{page.pk}").state == "given_up"
    assert look(start(pool)).page is not None
    assert [lines for _, lines in find_broken() if lines] == []


def test_pages_of_a_pool_without_skipping_stay(make_pool: MakePool, start: Start) -> None:
    session = start(make_pool(real=3, max_skips_in_row=0))
    turn = look(session)

    with pytest.raises(StateConflictError):
        skip(session, turn)


def test_long_reviews_of_one_pool_hide_no_overdue_page_of_another(
    make_pool: MakePool, start: Start
) -> None:
    for days, ago in ((21, 5), (1, 3)):
        pool = make_pool(real=1, auto_accept_solutions=False, auto_accept_period_day=days)
        session = start(pool)
        submit(session, look(session))
        Assignment.objects.filter(pool=pool).update(submitted_at=NOON - timedelta(days=ago))

    assert assignments.accept_overdue(now=NOON, limit=1) == 1
