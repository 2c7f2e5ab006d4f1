from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from integration import accounts, outbox, payments
from integration.enums import (
    AmbiguousOutcome,
    AttemptOutcome,
    PaymentState,
    RestrictionMatch,
    StopReason,
    VisitStatus,
)
from integration.models import Attempt, Payment, TolokaAccount, Visit
from integration.outcomes import RESEND_AFTER_S
from tests.factories import UserFactory
from tests.integration.factories import (
    close,
    come_again,
    make_account,
    make_card,
    make_visit,
    outcomes_of,
    owe,
    report_of,
    state_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


def submits(sandbox):
    return sandbox.state()["submits"]


def sent_ids(sandbox):
    return [one["retry_id"] for one in submits(sandbox) if one["applied"]]


def ids_of(*owed):
    return [report_of(payment).retry_id for payment in owed]


def later(now, **delta):
    return now + timedelta(**delta)


def test_what_is_due_is_sent_in_order_with_every_field(sandbox, visit, now):
    first, second = owe(visit, "0.035", now=now), owe(visit, "0.02", now=now, quality=None)
    close(visit, now=now)

    made = outbox.deliver_due(now=now)

    bodies = [one["body"] for one in submits(sandbox)]
    assert made == 2
    assert bodies[0] == {
        "pool_id": int(visit.listing.toloka_pool_id),
        "user_id": visit.performer.external_id,
        "retry_id": report_of(first).retry_id,
        "reward": Decimal("0.035"),
        "quality": Decimal("0.5"),
        "close_session": False,
        "custom_log": '{"session":"s-1"}',
        "start_time": later(now, minutes=-1).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "end_time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "skipped": False,
        "golden_tasks_count": 1,
        "training_tasks_count": 0,
        "real_tasks_count": 3,
    }
    assert (bodies[1]["close_session"], "quality" in bodies[1]) == (True, False)
    attempt = Attempt.objects.get(payment=second)
    assert (attempt.outcome, attempt.http_status, attempt.number) == ("applied", 200, 1)
    assert "restriction_match" in attempt.answer
    assert [state_of(first), state_of(second)] == [PaymentState.SENT, PaymentState.SENT]


def test_nothing_is_sent_before_it_is_due(sandbox, visit, now):
    owe(visit, now=later(now, seconds=60))

    assert outbox.deliver_due(now=now) == 0
    assert submits(sandbox) == []


def test_no_more_than_the_limit_is_sent(sandbox, card, now):
    for _ in range(3):
        owe(make_visit(sandbox, card), now=now)

    assert outbox.deliver_due(now=now, limit=2) == 2
    assert len(submits(sandbox)) == 2


def test_a_later_report_does_not_pass_one_that_backs_off(sandbox, visit, now):
    sandbox.fault("429", retry_after="30")
    first, second = owe(visit, now=now), owe(visit, now=now)
    outbox.deliver_due(now=now)
    TolokaAccount.objects.update(wait_until=None)

    made = outbox.deliver_due(now=later(now, seconds=20))

    assert made == 0
    assert [state_of(first), state_of(second)] == [PaymentState.DUE, PaymentState.DUE]
    outbox.deliver_due(now=later(now, seconds=31))
    assert sent_ids(sandbox) == ids_of(first, second)


@pytest.mark.parametrize(
    "state", [PaymentState.HELD, PaymentState.PARKED, PaymentState.UNKNOWN, PaymentState.GIVEN_UP]
)
def test_what_waits_is_passed_over(sandbox, visit, now, state):
    waiting, next_one = owe(visit, now=now), owe(visit, now=now)
    Payment.objects.filter(pk=waiting.pk).update(state=state)

    outbox.deliver_due(now=now)

    assert sent_ids(sandbox) == ids_of(next_one)


def test_nothing_of_a_performer_goes_while_another_report_of_his_is_in_flight(sandbox, visit, now):
    flying, waiting = owe(visit, now=now), owe(visit, now=now)
    Payment.objects.filter(pk=flying.pk).update(state=PaymentState.SENDING, claimed_at=now)

    assert outbox.deliver_due(now=now) == 0
    assert state_of(waiting) == PaymentState.DUE


def test_another_performer_of_the_card_does_not_wait(sandbox, card, visit, now):
    flying = owe(visit, now=now)
    Payment.objects.filter(pk=flying.pk).update(state=PaymentState.SENDING, claimed_at=now)
    other = owe(make_visit(sandbox, card), now=now)

    outbox.deliver_due(now=now)

    assert sent_ids(sandbox) == ids_of(other)


# The close


def test_the_close_waits_for_a_report_that_may_still_be_sent(sandbox, visit, now):
    waiting = owe(visit, now=now)
    Payment.objects.filter(pk=waiting.pk).update(state=PaymentState.PARKED, attempts_count=1)
    close(visit, now=now)

    early = outbox.deliver_due(now=now)
    payments.send_again(waiting.pk, user=UserFactory.create(), reason="mended", now=now)
    outbox.deliver_due(now=now)

    assert early == 0
    closing = Payment.objects.get(reason=f"close:{visit.pk}")
    assert sent_ids(sandbox) == ids_of(waiting, closing)


def test_the_close_goes_alone_shortly_before_the_deadline(sandbox, visit, now):
    waiting = owe(visit, now=now)
    Payment.objects.filter(pk=waiting.pk).update(state=PaymentState.PARKED, attempts_count=1)
    close(visit, now=now)

    outbox.deliver_due(now=later(visit.deadline, minutes=-3))
    before = submits(sandbox)
    outbox.deliver_due(now=later(visit.deadline, minutes=-1))

    assert before == []
    assert [one["body"]["close_session"] for one in submits(sandbox)] == [True]


def test_the_close_goes_when_the_performer_is_back_and_before_his_new_reports(sandbox, visit, now):
    waiting = owe(visit, now=now)
    Payment.objects.filter(pk=waiting.pk).update(state=PaymentState.HELD)
    close(visit, now=now)
    closing = Payment.objects.get(reason=f"close:{visit.pk}")
    # Its assignment is another one in Toloka, which the first close must have ended.
    newer = come_again(visit)
    page = owe(newer, now=now)

    outbox.deliver_due(now=now)

    assert [one["retry_id"] for one in submits(sandbox)][:2] == ids_of(closing, page)


def test_a_close_decided_with_the_last_page_does_not_go_before_the_visit_ends(sandbox, visit, now):
    owe(visit, close_session=True, now=now)

    early = outbox.deliver_due(now=now)
    close(visit, now=now)

    assert (early, outbox.deliver_due(now=now)) == (0, 1)


def test_a_visit_is_closed_after_its_close_was_sent(sandbox, visit, now):
    owe(visit, now=now)
    close(visit, now=now)

    outbox.deliver_due(now=now)
    payments.finish_closing(now)

    visit.refresh_from_db()
    assert visit.status == VisitStatus.CLOSED
    assert [one["body"]["close_session"] for one in submits(sandbox)] == [True]


# Outcomes


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("timeout_after", {"delay_s": 3}),
        ("reset_after", {}),
        ("reset_before", {}),
        ("500_after", {}),
        ("500_before", {}),
        ("502", {}),
        ("504", {}),
    ],
)
@pytest.mark.parametrize("policy", AmbiguousOutcome.values)
def test_an_unknown_outcome_is_unknown_under_either_policy(
    sandbox, account, visit, now, monkeypatch, kind, more, policy
):
    TolokaAccount.objects.update(ambiguous_outcome=policy)
    shorten_time_limits(monkeypatch)
    sandbox.fault(kind, **more)
    payment = owe(visit, now=now)

    outbox.deliver_due(now=now)

    payment.refresh_from_db()
    assert (payment.state, payment.ambiguous_count) == (PaymentState.UNKNOWN, 1)
    assert outcomes_of(payment) == ["unknown"]


def shorten_time_limits(monkeypatch):
    monkeypatch.setattr("integration.toloka.transport.TimeLimits.__init__.__defaults__", (1, 1, 1))


@pytest.mark.parametrize("kind", ["timeout_after", "reset_after", "500_after"])
def test_resending_after_an_applied_unknown_pays_once(
    sandbox, account, visit, now, monkeypatch, kind
):
    shorten_time_limits(monkeypatch)
    sandbox.fault(kind, delay_s=3)
    payment = owe(visit, now=now)
    outbox.deliver_due(now=now)
    frozen = report_of(payment).body

    too_early = outbox.resend_unknown(later(now, seconds=20))
    resent = outbox.resend_unknown(later(now, seconds=40))
    outbox.deliver_due(now=later(now, seconds=40))

    received = submits(sandbox)
    assert (too_early, resent, state_of(payment)) == (0, 1, PaymentState.SENT)
    assert [one["raw"] for one in received] == [frozen, frozen]
    assert [one["duplicate"] for one in received] == [False, True]
    assert outcomes_of(payment) == ["unknown", "applied"]


def test_a_conflict_that_names_the_repeat_means_that_the_first_was_paid(sandbox, visit, now):
    sandbox.configure(duplicate_answer="conflict")
    sandbox.fault("500_after")
    payment = owe(visit, now=now)
    outbox.deliver_due(now=now)
    outbox.resend_unknown(later(now, minutes=1))

    outbox.deliver_due(now=later(now, minutes=1))

    assert state_of(payment) == PaymentState.SENT


def test_a_conflict_without_an_earlier_unknown_outcome_is_parked(sandbox, visit, now):
    sandbox.fault("409", code="CONFLICT_STATE")
    payment = owe(visit, now=now)

    outbox.deliver_due(now=now)

    assert state_of(payment) == PaymentState.PARKED


def test_holding_sends_nothing_twice_by_itself(sandbox, account, visit, now):
    TolokaAccount.objects.update(ambiguous_outcome=AmbiguousOutcome.HOLD)
    sandbox.configure(deduplicate_by_retry_id=False)
    sandbox.fault("500_after")
    payment = owe(visit, now=now)
    outbox.deliver_due(now=now)

    for hours in (1, 2, 24):
        assert outbox.resend_unknown(later(now, hours=hours)) == 0
        outbox.deliver_due(now=later(now, hours=hours))

    assert state_of(payment) == PaymentState.UNKNOWN
    assert len(submits(sandbox)) == 1


def test_resending_stops_at_the_cap(sandbox, account, visit, now):
    TolokaAccount.objects.update(max_ambiguous_resends=2)
    sandbox.fault("500_before", times=20)
    payment = owe(visit, now=now)

    for hours in range(6):
        outbox.resend_unknown(later(now, hours=hours))
        outbox.deliver_due(now=later(now, hours=hours))

    payment.refresh_from_db()
    assert (payment.state, payment.attempts_count) == (PaymentState.UNKNOWN, 3)


def test_six_repeats_take_about_an_hour():
    assert len(RESEND_AFTER_S) == 6
    assert 3000 <= sum(RESEND_AFTER_S) <= 4200


@pytest.mark.parametrize(
    ("policy", "state", "outcome"),
    [
        (AmbiguousOutcome.RESEND, PaymentState.DUE, AttemptOutcome.NOT_APPLIED),
        (AmbiguousOutcome.HOLD, PaymentState.UNKNOWN, AttemptOutcome.UNKNOWN),
    ],
)
def test_unavailable_is_unknown_to_a_strict_account_alone(
    sandbox, account, visit, now, policy, state, outcome
):
    TolokaAccount.objects.update(ambiguous_outcome=policy)
    sandbox.fault("503_before")
    payment = owe(visit, now=now)

    outbox.deliver_due(now=now)

    assert (state_of(payment), outcomes_of(payment)) == (state, [outcome])


def test_a_refused_connection_is_certainly_not_applied(account, visit, now):
    TolokaAccount.objects.update(api_url="http://127.0.0.1:9")
    payment = owe(visit, now=now)

    outbox.deliver_due(now=now)

    payment.refresh_from_db()
    assert (payment.state, payment.ambiguous_count) == (PaymentState.DUE, 0)
    assert now < payment.due_at < later(now, seconds=4)
    assert outcomes_of(payment) == ["not_applied"]


def test_a_limit_is_kept_by_the_whole_account(sandbox, card, visit, now):
    sandbox.fault("429", retry_after="7")
    limited, other = owe(visit, now=now), owe(make_visit(sandbox, card), now=now)

    outbox.deliver_due(now=now)
    early = outbox.deliver_due(now=later(now, seconds=6))

    assert (early, state_of(limited), state_of(other)) == (0, PaymentState.DUE, PaymentState.DUE)
    outbox.deliver_due(now=later(now, seconds=9))
    assert sorted(sent_ids(sandbox)) == sorted(ids_of(limited, other))


@pytest.mark.parametrize("status", ["400", "404", "413", "415", "409"])
def test_a_refusal_is_parked_with_toloka_s_words_and_stops_nobody_else(
    sandbox, card, visit, now, status
):
    sandbox.fault(status)
    refused, other = owe(visit, now=now), owe(make_visit(sandbox, card), now=now)

    outbox.deliver_due(now=now)

    refused.refresh_from_db()
    assert (refused.state, outcomes_of(refused)) == (PaymentState.PARKED, ["refused"])
    assert status in refused.last_error
    assert Attempt.objects.get(payment=refused).request_id
    assert state_of(other) == PaymentState.SENT


@pytest.mark.parametrize("status", ["401", "403", "405"])
def test_a_wrong_token_pauses_the_account_and_loses_nothing(
    sandbox, account, card, visit, now, status
):
    sandbox.fault(status)
    first, other = owe(visit, now=now), owe(make_visit(sandbox, card), now=now)

    outbox.deliver_due(now=now)

    account.refresh_from_db()
    assert account.paused_at is not None
    assert status in account.paused_reason
    assert [state_of(first), state_of(other)] == [PaymentState.DUE, PaymentState.DUE]
    assert outbox.deliver_due(now=later(now, hours=1)) == 0
    accounts.resume_account(account.pk, user=UserFactory.create(), reason="new token", now=now)
    outbox.deliver_due(now=later(now, seconds=5))
    assert sorted(sent_ids(sandbox)) == sorted(ids_of(first, other))


def test_the_token_is_in_no_error_text(sandbox, account, visit, now, caplog):
    TolokaAccount.objects.filter(pk=account.pk).update(token="")
    account.token = "secret token\n"
    account.save(update_fields=["token"])
    payment = owe(visit, now=now)

    outbox.deliver_due(now=now)

    account.refresh_from_db()
    texts = [Payment.objects.get(pk=payment.pk).last_error, account.paused_reason, caplog.text]
    assert not [text for text in texts if "secret" in text]


@pytest.mark.parametrize("kind", ["html_after", "empty_after", "huge_after", "truncated"])
def test_any_2xx_is_success_whatever_its_body(sandbox, visit, now, kind):
    sandbox.fault(kind, status=200, **({"size_mb": 3} if kind == "huge_after" else {}))
    payment = owe(visit, now=now)

    outbox.deliver_due(now=now)

    assert state_of(payment) == PaymentState.SENT
    assert len(Attempt.objects.get().answer) <= 4000
    assert Visit.objects.get().stop_reason == ""


def test_several_failures_in_a_row_let_the_account_rest(sandbox, card, now):
    TolokaAccount.objects.update(api_url="http://127.0.0.1:9")
    for _ in range(8):
        owe(make_visit(sandbox, card), now=now)

    made = outbox.deliver_due(now=now)

    account = TolokaAccount.objects.get()
    assert made == accounts.FAILURES_TO_REST
    assert account.wait_until
    assert account.wait_until > later(now, seconds=10)


def test_a_success_forgets_the_failures(sandbox, account, visit, now):
    TolokaAccount.objects.update(failures_in_row=3)
    owe(visit, now=now)

    outbox.deliver_due(now=now)

    account.refresh_from_db()
    assert account.failures_in_row == 0


# Limits of the account, bodies that can't be


def test_a_reward_above_the_account_s_limit_is_parked_unsent(sandbox, account, visit, now):
    TolokaAccount.objects.update(max_reward_per_submit=Decimal("0.01"))
    payment = owe(visit, "0.02", now=now)

    assert outbox.deliver_due(now=now) == 0

    payment.refresh_from_db()
    assert (payment.state, payment.attempts_count) == (PaymentState.PARKED, 0)
    assert "0.01" in payment.last_error
    assert submits(sandbox) == []


def test_a_performer_s_limit_for_a_day_parks_what_is_above_it(sandbox, account, visit, now):
    TolokaAccount.objects.update(max_reward_per_user_per_day=Decimal("0.05"))
    owed = [owe(visit, "0.02", now=now) for _ in range(3)]
    free = owe(visit, "0", now=now)

    outbox.deliver_due(now=now)

    assert [state_of(one) for one in [*owed, free]] == ["sent", "sent", "parked", "sent"]


def test_a_pool_without_a_number_is_parked_unsent(sandbox, account, visit, now):
    type(visit.listing).objects.update(toloka_pool_id="not-a-number")
    payment = owe(visit, now=now)

    outbox.deliver_due(now=now)

    payment.refresh_from_db()
    assert payment.state == PaymentState.PARKED
    assert "number" in payment.last_error


# Flags


@pytest.mark.parametrize(
    ("flags", "fields", "stop"),
    [
        ({"restriction_match": True}, {}, StopReason.TOLOKA_RESTRICTION),
        (
            {"restriction_match": False},
            {"restriction_match_true_means": RestrictionMatch.PASSES},
            StopReason.TOLOKA_RESTRICTION,
        ),
        (
            {"restriction_match": True},
            {"restriction_match_true_means": RestrictionMatch.PASSES},
            "",
        ),
        ({"filter_match": False}, {}, StopReason.TOLOKA_FILTER),
        ({"speed_quality_balance_match": False}, {}, ""),
        ({}, {}, ""),
    ],
)
def test_flags_stop_the_visit_but_not_the_pay(sandbox, account, visit, now, flags, fields, stop):
    sandbox.configure(force_flags=flags)
    TolokaAccount.objects.update(**fields)
    payment = owe(visit, now=now)

    outbox.deliver_due(now=now)

    visit.refresh_from_db()
    assert (visit.stop_reason, visit.status) == (stop, VisitStatus.OPEN)
    assert state_of(payment) == PaymentState.SENT


def test_speed_and_quality_stop_a_visit_where_the_card_asks_for_them(sandbox, visit, now):
    sandbox.configure(force_flags={"speed_quality_balance_match": False})
    type(visit.listing).objects.update(
        speed_quality_balance={"type": "TOP_PERCENTAGE_BY_QUALITY", "percent": 50}
    )
    owe(visit, now=now)

    outbox.deliver_due(now=now)

    visit.refresh_from_db()
    assert visit.stop_reason == StopReason.TOLOKA_SPEED_QUALITY


@pytest.mark.parametrize(("stops", "reason"), [(False, ""), (True, "toloka_restriction")])
def test_missing_flags_stop_a_visit_only_where_the_account_says_so(
    sandbox, account, visit, now, stops, reason
):
    TolokaAccount.objects.update(unknown_flags_stop=stops)
    sandbox.fault("empty_after", status=200)
    owe(visit, now=now)

    outbox.deliver_due(now=now)

    visit.refresh_from_db()
    assert visit.stop_reason == reason


def test_flags_of_an_older_visit_s_report_stop_the_newer_visit(sandbox, visit, now):
    sandbox.configure(force_flags={"filter_match": False})
    owe(visit, now=now)
    Visit.objects.filter(pk=visit.pk).update(status=VisitStatus.SUPERSEDED)
    newer = come_again(visit)

    outbox.deliver_due(now=now)

    newer.refresh_from_db()
    assert newer.stop_reason == StopReason.TOLOKA_FILTER


# Claims of dead processes


def test_an_old_claim_is_unknown_and_never_due_again_at_once(visit, now):
    payment = owe(visit, now=now)
    Payment.objects.filter(pk=payment.pk).update(
        state=PaymentState.SENDING, claimed_at=now, attempts_count=1
    )
    Attempt.objects.create(payment=payment, number=1, started_at=now)

    early = outbox.judge_old_claims(later(now, seconds=80))
    judged = outbox.judge_old_claims(later(now, seconds=100))

    payment.refresh_from_db()
    assert (early, judged) == (0, 1)
    assert (payment.state, payment.ambiguous_count) == (PaymentState.UNKNOWN, 1)
    assert payment.due_at > later(now, seconds=100)
    assert outcomes_of(payment) == ["unknown"]


def test_an_unknown_report_is_not_sent_again_after_the_close(sandbox, visit, now):
    unknown = owe(visit, now=now)
    Payment.objects.filter(pk=unknown.pk).update(
        state=PaymentState.UNKNOWN, attempts_count=1, ambiguous_count=1
    )
    close(visit, now=now)
    moment = later(visit.deadline, minutes=-1)
    outbox.deliver_due(now=moment)

    assert outbox.resend_unknown(later(moment, minutes=1)) == 0
    assert [one["body"]["close_session"] for one in submits(sandbox)] == [True]
    payments.finish_closing(moment)
    visit.refresh_from_db()
    assert visit.status == VisitStatus.CLOSED


# Bonuses


def owe_bonus(visit, amount, now):
    return payments.owe_bonus(
        performer_id=visit.performer_id,
        requester_id=visit.account.requester_id,
        account_id=visit.account_id,
        reason="appeal:1",
        amount=Decimal(amount),
        title={"EN": "Your appeal"},
        message={"EN": "You were right."},
        now=now,
    )


def test_a_bonus_is_sent_and_counts_when_its_operation_succeeds(sandbox, visit, now):
    payment = owe_bonus(visit, "0.5", now)

    outbox.deliver_due(now=now)

    paid = [(one["user_id"], one["amount"]) for one in sandbox.state()["bonuses"]]
    assert state_of(payment) == PaymentState.SENT
    assert paid == [(visit.performer.external_id, Decimal("0.5"))]


@pytest.mark.parametrize("kind", ["500_after", "reset_after"])
def test_a_bonus_of_unknown_outcome_is_decided_by_its_operation(sandbox, visit, now, kind):
    sandbox.fault(kind, endpoint="bonus_create")
    payment = owe_bonus(visit, "0.5", now)
    outbox.deliver_due(now=now)
    unknown = state_of(payment)

    outbox.resend_unknown(later(now, minutes=1))
    outbox.deliver_due(now=later(now, minutes=1))

    assert (unknown, state_of(payment)) == (PaymentState.UNKNOWN, PaymentState.SENT)
    assert outcomes_of(payment) == ["unknown", "applied"]
    assert len(sandbox.state()["bonuses"]) == 1


def test_a_bonus_whose_operation_fails_is_parked(sandbox, visit, now):
    type(visit.performer).objects.update(external_id="unknown-in-toloka")
    payment = owe_bonus(visit, "0.5", now)

    outbox.deliver_due(now=now)

    assert state_of(payment) == PaymentState.PARKED


@pytest.mark.parametrize("amount", ["0.004", "100.01"])
def test_a_bonus_that_toloka_would_refuse_is_parked_unsent(sandbox, account, visit, now, amount):
    TolokaAccount.objects.update(max_reward_per_user_per_day=1000)
    payment = owe_bonus(visit, amount, now)

    assert outbox.deliver_due(now=now) == 0
    assert state_of(payment) == PaymentState.PARKED


def test_one_account_s_trouble_does_not_keep_another_back(sandbox, account, card, visit, now):
    TolokaAccount.objects.filter(pk=account.pk).update(wait_until=later(now, minutes=5))
    owe(visit, now=now)
    other_card = make_card(sandbox, make_account(sandbox))
    other = owe(make_visit(sandbox, other_card), now=now)

    outbox.deliver_due(now=now)

    assert sent_ids(sandbox) == ids_of(other)


def test_the_close_waits_for_an_unknown_report_of_the_visit_it_took_over(sandbox, visit, now):
    lost = owe(visit, now=now)
    Payment.objects.filter(pk=lost.pk).update(
        state=PaymentState.UNKNOWN, attempts_count=1, ambiguous_count=1, claimed_at=now
    )
    Visit.objects.filter(pk=visit.pk).update(status=VisitStatus.SUPERSEDED)
    newer = come_again(visit)
    close(newer, now=now)

    assert outbox.deliver_due(now=now) == 0
    assert submits(sandbox) == []
