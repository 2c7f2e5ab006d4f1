"""Money, while things break."""

import os
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from integration import closing, jobs, outbox
from integration.models import Attempt, Payment, Visit
from labeling import sessions
from labeling.integrity import find_broken
from labeling.models import Pool
from labelplatform import embedded
from tests.performers import HttpPerformer
from tests.programs import Programs
from tests.sandbox.running import RunningSandbox
from tests.stack import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

Publish = Callable[..., Pool]


def card_of(pool: Pool) -> str:
    assert pool.listing is not None
    return pool.listing.toloka_pool_id


def assert_all_checks_hold() -> None:
    assert [(check.name, lines) for check, lines in find_broken() if lines] == []


def test_worker_killed_after_toloka_applied_a_submit_pays_once(
    publish: Publish, sandbox: RunningSandbox, programs: Programs, broker: embedded.Place
) -> None:
    pool = publish(real=1)
    performer = HttpPerformer(sandbox, card_of(pool))
    worker = programs.start_worker()
    sandbox.fault("hang_after", delay_s=60)
    performer.press_start()

    assert performer.submit().status_code == 200
    wait_for(lambda: [one for one in sandbox.state()["submits"] if one["applied"]])
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    in_flight = list(Attempt.objects.values_list("outcome", flat=True))
    later = timezone.now() + timedelta(minutes=10)
    outbox.judge_old_claims(later)
    judged = Payment.objects.get().state
    outbox.resend_unknown(later + timedelta(minutes=1))
    outbox.deliver_due(now=later + timedelta(minutes=1), limit=10)

    assert in_flight == ["in_flight"]
    assert judged == "unknown"
    assert list(Attempt.objects.order_by("number").values_list("outcome", flat=True)) == [
        "unknown",
        "applied",
    ]
    state = sandbox.state()
    first, second = state["submits"]
    assert first["raw"] == second["raw"]
    assert (first["applied"], second["applied"], second["duplicate"]) == (True, False, True)
    assert state["rewards"] == {performer.user_id: Decimal("0.02")}
    assert_all_checks_hold()


def test_submits_answer_at_once_while_redis_is_gone_and_are_delivered_after(
    publish: Publish, sandbox: RunningSandbox, programs: Programs, broker: embedded.Place
) -> None:
    pool = publish(real=3)
    performer = HttpPerformer(sandbox, card_of(pool))
    performer.press_start()
    performer.submit()
    embedded.stop_redis(broker)

    seconds = []
    for _ in range(2):
        started = time.monotonic()
        assert performer.submit().status_code == 200
        seconds.append(time.monotonic() - started)
    states = list(Payment.objects.values_list("state", flat=True))
    embedded.start_redis(broker)
    programs.start_worker()
    jobs.deliver_due_payments.apply_async(retry=False)
    wait_for(lambda: not Payment.objects.exclude(state="sent").exists())

    assert max(seconds) < 1
    assert states == ["due", "due", "due"]
    bodies = [one["body"] for one in sandbox.state()["submits"]]
    assert [body["close_session"] for body in bodies] == [False, False, True]
    assert_all_checks_hold()


def test_flags_that_come_back_stop_the_visit(
    publish: Publish, sandbox: RunningSandbox, programs: Programs, broker: embedded.Place
) -> None:
    pool = publish(real=5)
    programs.start_worker()
    performer = HttpPerformer(sandbox, card_of(pool))
    performer.press_start()
    sandbox.ask("POST", "/control/performers", {"user_id": performer.user_id, "banned": True})

    performer.submit()
    wait_for(lambda: Visit.objects.get().stop_reason == "toloka_restriction")
    performer.submit()

    assert performer.page is None
    assert performer.state["reason"]["code"] == "stopped"
    wait_for(lambda: sandbox.state()["submits"][-1]["body"]["close_session"])
    assert_all_checks_hold()


@pytest.mark.parametrize("policy", ["resend", "hold"])
def test_unknown_outcomes_follow_the_policy_of_the_account(
    publish: Publish, sandbox: RunningSandbox, broker: embedded.Place, policy: str
) -> None:
    pool = publish(real=2, account={"ambiguous_outcome": policy})
    performer = HttpPerformer(sandbox, card_of(pool))
    performer.press_start()
    sandbox.fault("reset_after")
    performer.submit()

    later = timezone.now()
    for _ in range(3):
        outbox.deliver_due(now=later, limit=10)
        outbox.resend_unknown(later)
        later += timedelta(hours=1)

    payment = Payment.objects.get()
    submits = sandbox.state()["submits"]
    if policy == "hold":
        assert (payment.state, len(submits)) == ("unknown", 1)
    else:
        assert payment.state == "sent"
        assert [one["applied"] for one in submits] == [True, False]
    assert_all_checks_hold()


def test_close_waits_for_an_unknown_report_and_goes_before_the_deadline(
    publish: Publish, sandbox: RunningSandbox, broker: embedded.Place
) -> None:
    pool = publish(real=2, account={"ambiguous_outcome": "hold"})
    performer = HttpPerformer(sandbox, card_of(pool))
    performer.press_start()
    sandbox.fault("reset_after")
    performer.submit()
    now = timezone.now()
    outbox.deliver_due(now=now, limit=10)
    performer.finish()

    outbox.deliver_due(now=now + timedelta(minutes=1), limit=10)
    waiting = [one["body"]["close_session"] for one in sandbox.state()["submits"]]
    deadline = Visit.objects.get().deadline
    outbox.deliver_due(now=deadline - timedelta(seconds=60), limit=10)
    closing.finish_closing(deadline)

    assert waiting == [False]
    sent = [one["body"]["close_session"] for one in sandbox.state()["submits"]]
    assert sent == [False, True]
    assert Visit.objects.get().status == "closed"
    assert_all_checks_hold()


def test_idle_visit_is_closed_at_toloka(
    publish: Publish, sandbox: RunningSandbox, broker: embedded.Place
) -> None:
    pool = publish(real=2)
    performer = HttpPerformer(sandbox, card_of(pool))
    performer.press_start()

    later = timezone.now() + timedelta(hours=2)
    sessions.close_ended_visits(now=later)
    outbox.deliver_due(now=later, limit=10)

    (only,) = sandbox.state()["submits"]
    assert (only["body"]["close_session"], only["body"]["skipped"], only["body"]["reward"]) == (
        True,
        True,
        0,
    )
    assert "quality" not in only["body"]
    assert performer.press_start().status_code == 200
    assert_all_checks_hold()
