"""The life of a page."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integration.enums import PaymentState
from integration.models import Payment, Visit, WorkReport
from labeling import assignments, leases
from labeling.assignments import Turn
from labeling.enums import AssignmentStatus, TaskKind, WaitReason
from labeling.errors import InvalidInputError, LeaseLostError, StateConflictError
from labeling.models import Answer, Assignment, Pool, Session, Task
from labeling.serving import Page
from labeling.sessions import NotYoursError, TakenOverError
from labeling.submissions import Submission
from tests.labeling.conftest import BROWSER, NOON, tasks_of

MakePool = Callable[..., Pool]
Start = Callable[..., Session]


def look(session: Session, **moment: Any) -> Turn:
    return assignments.look(session.pk, browser_key=BROWSER, **{"now": NOON, **moment})


def page_of(session: Session) -> Page:
    page = look(session).page
    assert page is not None
    return page


def all_labels(page: Page, label: str = "yes") -> dict[UUID, Mapping[str, Any]]:
    return {UUID(task["id"]): {"label": label} for task in page.tasks}


def submit(
    session: Session,
    page: Page,
    values: Mapping[UUID, Mapping[str, Any]] | None = None,
    **more: Any,
) -> Turn:
    submission = Submission(dict(values or all_labels(page)), more.pop("telemetry", {}))
    return assignments.submit(
        session.pk, page.id, submission, **{"browser_key": BROWSER, "now": NOON, **more}
    )


def test_submit_takes_answers_owes_pay_and_gives_the_next_page(
    make_pool: MakePool, start: Start
) -> None:
    session = start(make_pool(real=2))
    page = page_of(session)

    turn = submit(session, page, now=NOON + timedelta(seconds=42))

    assert turn.page is not None
    assert turn.page.id != page.id
    assignment = Assignment.objects.get(pk=page.id)
    assert assignment.status == AssignmentStatus.ACCEPTED
    assert [answer.output_values for answer in assignment.answers.all()] == [{"label": "yes"}]
    payment = Payment.objects.get()
    assert (payment.reason, payment.amount, payment.state) == (
        f"assignment:{page.id}",
        Decimal("0.02"),
        PaymentState.DUE,
    )
    report = WorkReport.objects.get()
    assert report.end_time - report.start_time == timedelta(seconds=42)
    assert (report.real_tasks_count, report.golden_tasks_count, report.quality) == (1, 0, None)
    session.refresh_from_db()
    assert (session.pages_submitted, session.tasks_submitted, session.earned) == (
        1,
        1,
        Decimal("0.02"),
    )


def test_repeated_submit_changes_nothing_and_answers_with_the_page_that_is_out(
    make_pool: MakePool, start: Start
) -> None:
    session = start(make_pool(real=2))
    page = page_of(session)
    first = submit(session, page)

    again = submit(session, page, all_labels(page, "no"))

    assert first.page is not None
    assert again.page is not None
    assert again.is_repeat
    assert again.page.id == first.page.id
    assert Payment.objects.count() == 1
    assert Answer.objects.get(assignment_id=page.id).output_values == {"label": "yes"}


def test_last_submit_closes_the_visit_on_its_own_report(make_pool: MakePool, start: Start) -> None:
    session = start(make_pool(real=1))

    turn = submit(session, page_of(session))

    assert (turn.page, turn.reason) == (None, WaitReason.POOL_COMPLETE)
    assert WorkReport.objects.get().close_session
    visit = Visit.objects.get()
    assert (visit.status, visit.stop_reason) == ("closing", "pool_complete")


@pytest.mark.parametrize(
    ("values", "place", "code"),
    [
        ({"label": "maybe"}, "{task}.label", "UNKNOWN_ENUM_VALUE"),
        ({}, "{task}.label", "VALUE_REQUIRED"),
        ({"label": "yes", "other": 1}, "{task}.other", "VALUE_NOT_ALLOWED"),
    ],
)
def test_answers_that_do_not_fit_are_refused_with_their_place(
    make_pool: MakePool, start: Start, values: dict[str, Any], place: str, code: str
) -> None:
    session = start(make_pool(real=1))
    page = page_of(session)
    task = UUID(page.tasks[0]["id"])

    with pytest.raises(InvalidInputError) as refusal:
        submit(session, page, {task: values})

    found = {key: entry["code"] for key, entry in refusal.value.payload.items()}
    assert found == {place.format(task=task): code}
    assert Assignment.objects.get().status == AssignmentStatus.ACTIVE
    assert not Payment.objects.exists()


def test_every_task_of_the_page_must_be_answered_and_no_other(
    make_pool: MakePool, start: Start
) -> None:
    pool = make_pool(real=2)
    session = start(pool)
    page = page_of(session)
    stranger = tasks_of(pool)[1]

    with pytest.raises(InvalidInputError) as refusal:
        submit(session, page, {stranger.pk: {"label": "yes"}})

    assert {key: entry["code"] for key, entry in refusal.value.payload.items()} == {
        str(stranger.pk): "VALUE_NOT_ALLOWED",
        page.tasks[0]["id"]: "VALUE_REQUIRED",
    }


def test_golden_and_first_training_answers_make_the_quality(
    make_pool: MakePool, start: Start
) -> None:
    pool = make_pool(real=1, golden=1, training=1, golden_tasks_count=1, training_tasks_count=1)
    session = start(pool)
    page = page_of(session)
    training = Task.objects.get(kind=TaskKind.TRAINING)
    check: dict[str, Any] = {
        "task_id": training.pk, "browser_key": BROWSER, "now": NOON,
    }  # fmt: skip
    wrong = assignments.check_training(session.pk, page.id, output_values={"label": "no"}, **check)
    right = assignments.check_training(session.pk, page.id, output_values={"label": "yes"}, **check)

    turn = submit(session, page)

    assert (wrong, right) == ((False, "Look at the last word."), (True, ""))
    assert turn.feedback == {str(training.pk): {"correct": True}}
    assert WorkReport.objects.get().quality == Decimal("0.5")
    answer = Answer.objects.get(task=training)
    assert (answer.first_values, answer.output_values, answer.score) == (
        {"label": "no"},
        {"label": "yes"},
        Decimal(0),
    )


def test_golden_answers_can_not_be_asked_about(make_pool: MakePool, start: Start) -> None:
    session = start(make_pool(real=1, golden=1, golden_tasks_count=1))
    page = page_of(session)

    for task in page.tasks:
        with pytest.raises(StateConflictError):
            assignments.check_training(
                session.pk,
                page.id,
                task_id=UUID(task["id"]),
                output_values={"label": "yes"},
                browser_key=BROWSER,
                now=NOON,
            )


def test_skip_gives_back_reports_no_pay_and_ends_after_too_many(
    make_pool: MakePool, start: Start
) -> None:
    session = start(make_pool(real=3, max_skips_in_row=2))
    first = page_of(session)

    turn = assignments.skip(session.pk, first.id, reason="dark", browser_key=BROWSER, now=NOON)
    assert turn.page is not None
    end = assignments.skip(session.pk, turn.page.id, reason="", browser_key=BROWSER, now=NOON)

    assert end.reason == WaitReason.SKIPS
    reports = WorkReport.objects.order_by("pk").values_list(
        "skipped", "payment__amount", "real_tasks_count", "close_session"
    )
    assert list(reports) == [
        (True, Decimal(0), 0, False),
        (True, Decimal(0), 0, True),
    ]
    assert [task.issued for task in tasks_of(session.pool)] == [0, 0, 0]


def test_repeated_skip_returns_the_page_that_is_out(make_pool: MakePool, start: Start) -> None:
    session = start(make_pool(real=3))
    first = page_of(session)
    skip: dict[str, Any] = {"reason": "", "browser_key": BROWSER, "now": NOON}

    turn = assignments.skip(session.pk, first.id, **skip)
    again = assignments.skip(session.pk, first.id, **skip)

    assert turn.page is not None
    assert again.page is not None
    assert (again.page.id, again.is_repeat) == (turn.page.id, True)
    assert WorkReport.objects.count() == 1


def test_heartbeat_extends_the_lease_up_to_the_last_moment(
    make_pool: MakePool, start: Start
) -> None:
    session = start(make_pool(real=1))
    page = page_of(session)

    def beat(minutes: int) -> Any:
        lease = leases.keep_alive(
            session.pk,
            page.id,
            drafts={page.tasks[0]["id"]: {"label": "no"}},
            problems=[],
            browser_key=BROWSER,
            now=NOON + timedelta(minutes=minutes),
        )
        return lease.expires_at

    assert beat(5) == NOON + timedelta(minutes=15)
    assert beat(25) == NOON + timedelta(minutes=30)
    assert look(session).drafts == {page.tasks[0]["id"]: {"label": "no"}}


def test_lease_runs_out_after_its_grace_and_the_task_goes_to_another(
    make_pool: MakePool, start: Start
) -> None:
    pool = make_pool(real=1)
    session = start(pool)
    page = page_of(session)

    in_grace = leases.expire_leases(now=page.expires_at + timedelta(seconds=29))
    after = leases.expire_leases(now=page.expires_at + timedelta(seconds=31))

    assert (in_grace, after) == (0, 1)
    assert page_of(start(pool)).tasks == page.tasks
    session.refresh_from_db()
    assert session.money_used == 0


def test_late_submit_is_paid_in_full_while_a_task_has_room(
    make_pool: MakePool, start: Start
) -> None:
    pool = make_pool(real=2, real_tasks_count=2)
    session, other = start(pool), start(pool)
    late = page_of(session)
    leases.expire_leases(now=NOON + timedelta(hours=1))
    Task.objects.filter(pk=late.tasks[0]["id"]).update(overlap=0)

    turn = submit(session, late, now=NOON + timedelta(hours=1))

    page = Assignment.objects.get(pk=late.id)
    assert (page.status, page.is_late) == (AssignmentStatus.ACCEPTED, True)
    assert Payment.objects.get().amount == Decimal("0.02")
    surplus = dict(page.answers.values_list("task_id", "is_surplus"))
    assert surplus == {
        UUID(late.tasks[0]["id"]): True,
        UUID(late.tasks[1]["id"]): False,
    }
    assert turn.reason == WaitReason.POOL_COMPLETE
    assert look(other).page is None


def test_late_submit_is_told_when_everything_went_to_others(
    make_pool: MakePool, start: Start
) -> None:
    pool = make_pool(real=1)
    session = start(pool)
    late = page_of(session)
    leases.expire_leases(now=NOON + timedelta(hours=1))
    other = start(pool)
    submit(other, page_of(other))

    with pytest.raises(LeaseLostError):
        submit(session, late, now=NOON + timedelta(hours=1))

    assert Answer.objects.filter(is_surplus=True).count() == 0
    assert Payment.objects.count() == 1


def test_reviewed_work_is_held_until_it_is_accepted(make_pool: MakePool, start: Start) -> None:
    session = start(make_pool(real=2, auto_accept_solutions=False))
    page = page_of(session)
    submit(session, page)
    held = Payment.objects.get().state

    assignments.accept_assignment(Assignment.objects.get(pk=page.id), now=NOON)

    assert held == PaymentState.HELD
    assert Payment.objects.get().state == PaymentState.DUE
    with pytest.raises(StateConflictError):
        assignments.accept_assignment(Assignment.objects.get(pk=page.id), now=NOON)


def test_rejected_work_is_not_paid_and_tells_why(make_pool: MakePool, start: Start) -> None:
    session = start(make_pool(real=2, auto_accept_solutions=False))
    page = page_of(session)
    submit(session, page)
    assignment = Assignment.objects.get(pk=page.id)

    with pytest.raises(StateConflictError):
        assignments.reject_assignment(assignment, public_comment=" ", now=NOON)
    assignments.reject_assignment(assignment, public_comment="All answers say yes.", now=NOON)

    assert Payment.objects.get().state == PaymentState.GIVEN_UP
    assignment.refresh_from_db()
    assert (assignment.status, assignment.public_comment) == (
        AssignmentStatus.REJECTED,
        "All answers say yes.",
    )


def test_work_nobody_reviews_is_accepted_in_time(make_pool: MakePool, start: Start) -> None:
    session = start(make_pool(real=2, auto_accept_solutions=False, auto_accept_period_day=2))
    submit(session, page_of(session))

    early = assignments.accept_overdue(now=NOON + timedelta(hours=47))
    late = assignments.accept_overdue(now=NOON + timedelta(hours=49))

    assert (early, late) == (0, 1)
    assert Payment.objects.get().state == PaymentState.DUE


def test_finish_gives_the_page_back_and_closes_once(make_pool: MakePool, start: Start) -> None:
    session = start(make_pool(real=2, budget_cap=Decimal("1")))
    page_of(session)

    turns = [assignments.finish(session.pk, browser_key=BROWSER, now=NOON) for _ in range(2)]

    assert [turn.reason for turn in turns] == [WaitReason.FINISHED] * 2
    assert [task.issued for task in tasks_of(session.pool)] == [0, 0]
    report = WorkReport.objects.get()
    assert (report.close_session, report.skipped, report.payment.reason) == (
        True,
        True,
        f"close:{session.visit_id}",
    )
    assert Pool.objects.get().budget_drawn == 0


def test_other_browsers_are_told_apart(make_pool: MakePool, start: Start) -> None:
    session = start(make_pool(real=1))

    with pytest.raises(TakenOverError):
        assignments.look(session.pk, browser_key="c" * 64, now=NOON)
    with pytest.raises(NotYoursError):
        assignments.look(session.pk, browser_key=None, now=NOON)


def test_pages_of_others_do_not_exist(make_pool: MakePool, start: Start) -> None:
    pool = make_pool(real=2)
    mine, other = start(pool), start(pool)
    page = page_of(other)

    with pytest.raises(NotYoursError):
        submit(mine, page)


@pytest.mark.parametrize("size", [1, 10])
def test_submit_and_next_costs_eight_statements_whatever_the_size(
    make_pool: MakePool, start: Start, size: int
) -> None:
    pool = make_pool(
        real=size * 4, golden=4, training=4, real_tasks_count=size, golden_tasks_count=1,
        training_tasks_count=1,
    )  # fmt: skip
    session = start(pool)
    turn = submit(session, page_of(session))
    assert turn.page is not None

    with CaptureQueriesContext(connection) as queries:
        submit(session, turn.page)

    statements = [
        query["sql"]
        for query in queries.captured_queries
        if not query["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))
    ]
    assert len(statements) <= 8, "\n\n".join(statements)
