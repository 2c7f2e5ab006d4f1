"""Each check sees rows that break it, named; the rows are broken by SQL, past the guards."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from integration.models import Payment
from labeling import assignments
from labeling.integrity import CHECKS
from labeling.models import Answer, Assignment, Pool, Session, Task
from labeling.submissions import Submission
from tests.factories import (
    AttemptFactory,
    PartnerKeyFactory,
    ProjectFactory,
    WorkReportFactory,
)
from tests.labeling.conftest import BROWSER, NOON

MakePool = Callable[..., Pool]
Start = Callable[..., Session]


@pytest.fixture
def worked(make_pool: MakePool, start: Start) -> Session:
    """A session with one page submitted and one out, in a pool with a budget."""
    pool = make_pool(real=4, golden=2, golden_tasks_count=1, overlap=2, budget_cap=Decimal("5"))
    session = start(pool)
    page = assignments.look(session.pk, browser_key=BROWSER, now=NOON).page
    assert page is not None
    values = {UUID(task["id"]): {"label": "yes"} for task in page.tasks}
    assignments.submit(session.pk, page.id, Submission(values, {}), browser_key=BROWSER, now=NOON)
    return session


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # ALTER TABLE waits for no check
        for statement in statements:
            cursor.execute(statement)


def broken() -> dict[str, list[str]]:
    return {check.name: lines for check in CHECKS if (lines := check.broken())}


def test_nothing_is_broken_by_ordinary_work(worked: Session) -> None:
    out = StringIO()

    call_command("check_integrity", stdout=out)

    assert out.getvalue().count("ok  ") == len(CHECKS)


def test_command_fails_and_names_the_rows(worked: Session) -> None:
    run("UPDATE labeling_session SET pages_submitted = 7")
    out = StringIO()

    with pytest.raises(CommandError):
        call_command("check_integrity", stdout=out)

    assert f"session {worked.pk}: pages 7 and 0" in out.getvalue()


def test_two_answers_of_one_performer_to_a_task(worked: Session) -> None:
    answer = Answer.objects.filter(kind="ordinary", output_values__isnull=False).get()
    run(
        "DROP INDEX answer_once",
        f"UPDATE labeling_task SET issued = issued + 1 WHERE id = '{answer.task_id}'",
        f"""INSERT INTO labeling_answer (assignment_id, task_id, pool_id, performer_id, kind,
            position, round, is_given_back, is_skipped, is_surplus)
            SELECT assignment_id, task_id, pool_id, performer_id, kind, 9, round, false, false,
            false FROM labeling_answer WHERE id = {answer.pk}""",
    )

    assert broken() == {
        "answers-once": [f"performer {answer.performer_id} has task {answer.task_id} 2 times"]
    }


def test_more_answers_than_the_overlap(worked: Session) -> None:
    answer = Answer.objects.filter(kind="ordinary", output_values__isnull=False).get()
    run(
        "ALTER TABLE labeling_task DROP CONSTRAINT task_issued_within_overlap",
        f"UPDATE labeling_task SET overlap = 0 WHERE id = '{answer.task_id}'",
    )

    assert broken() == {"overlap": [f"task {answer.task_id}: overlap 0, answers not given back 1"]}


def test_work_without_a_payment_and_a_payment_without_work(worked: Session) -> None:
    payment = Payment.objects.get()
    run(f"UPDATE integration_payment SET reason = 'assignment:lost' WHERE id = {payment.pk}")

    page = Assignment.objects.get(submitted_at__isnull=False)
    assert broken() == {
        "work-is-owed": [
            f"assignment {page.pk} (ACCEPTED) has no payment",
            f"payment {payment.pk} is for a page that was not worked on (assignment:lost)",
        ]
    }


def test_payment_that_is_not_what_was_promised(worked: Session) -> None:
    run("UPDATE integration_payment SET amount = 1")

    payment = Payment.objects.get()
    assert broken() == {
        "paid-as-promised": [f"payment {payment.pk}: 1.0000, its page promised 0.0200"]
    }


def test_payment_applied_twice_and_without_its_bytes(worked: Session) -> None:
    payment = Payment.objects.get()
    AttemptFactory(payment=payment, number=1, outcome="applied")
    AttemptFactory(payment=payment, number=2, outcome="applied")

    found = broken()["applied-once"]

    assert found[0] == f"payment {payment.pk} was applied 2 times"
    assert f"payment {payment.pk} is due, but an attempt was applied" in found
    assert f"work report {payment.report.pk} was tried without its bytes being kept" in found


def test_report_tried_after_the_close_of_its_visit(worked: Session) -> None:
    late = Payment.objects.get().report
    close = WorkReportFactory(visit=worked.visit, close_session=True, body="{}")
    AttemptFactory(payment=close.payment, started_at=NOON)
    AttemptFactory(payment=late.payment, started_at=NOON + timedelta(seconds=1))

    assert broken()["close-is-last"] == [
        f"report {late.pk} of visit {worked.visit_id} was tried after its close"
    ]


def test_feedback_about_a_golden_task(worked: Session) -> None:
    golden = Answer.objects.filter(kind="golden", output_values__isnull=False).get()
    run(
        f"""UPDATE labeling_assignment SET feedback = '{{"{golden.task_id}": {{}}}}'
        WHERE id = '{golden.assignment_id}'""",
        """UPDATE integration_workreport SET custom_log = '{"scores": [1]}'""",
    )

    report = Payment.objects.get().report
    assert broken() == {
        "nothing-golden-goes-out": [
            f"assignment {golden.assignment_id}: its feedback speaks of a golden task",
            f"work report {report.pk}: its log holds scores",
        ]
    }


def test_budget_passed_and_miscounted(worked: Session) -> None:
    pool = worked.pool
    run(
        "ALTER TABLE labeling_pool DROP CONSTRAINT pool_budget_kept",
        "UPDATE labeling_pool SET budget_cap = 0.03",
    )

    found = broken()["budget"]

    assert found == [f"pool {pool.pk}: 0.0400 of 0.0300"]


def test_answer_that_the_version_does_not_allow(worked: Session) -> None:
    answer = Answer.objects.filter(kind="ordinary", output_values__isnull=False).get()
    Answer.objects.filter(pk=answer.pk).update(output_values={"label": "perhaps"})

    found = broken()

    assert list(found) == ["answers-fit"]
    assert found["answers-fit"][0].startswith(f"answer {answer.pk}: output_values.label")


def test_counters_that_a_recount_contradicts(worked: Session) -> None:
    task = Task.objects.filter(kind="ordinary", issued=0).first()
    assert task is not None
    run(f"UPDATE labeling_task SET issued = 1 WHERE id = '{task.pk}'")

    assert broken() == {"counters": [f"task {task.pk}: issued 1, recounted 0"]}


def test_tokens_in_the_clear_and_assignment_ids_in_logs(worked: Session) -> None:
    account = worked.visit.account
    assert account is not None
    partner = PartnerKeyFactory()
    run(
        "UPDATE integration_tolokaaccount SET token = 'plain'",
        "UPDATE integration_partnerkey SET secret = 'plain'",
        f"""UPDATE integration_workreport
        SET custom_log = '{{"page": "{worked.visit.assignment_id}"}}'""",
    )

    report = Payment.objects.get().report
    assert broken() == {
        "secrets-are-sealed": [
            f"account {account.pk}: its token is not encrypted",
            f"partner key {partner.pk}: its secret is not encrypted",
            f"work report {report.pk}: its log holds an assignment id",
        ]
    }


def test_rows_of_two_owners(worked: Session) -> None:
    pool = worked.pool
    stranger = ProjectFactory()
    run(f"UPDATE labeling_pool SET project_id = {stranger.pk}")

    payment = Payment.objects.get()
    assert broken() == {
        "owners": [
            f"pool {pool.pk} and its listing {pool.listing_id} have different owners",
            f"pool {pool.pk} has a version of another project",
            f"payment {payment.pk} and its page have different owners",
        ]
    }
