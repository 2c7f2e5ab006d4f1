from decimal import Decimal

import pytest

from integration import payments
from integration.enums import PaymentState, VisitStatus
from integration.models import AuditEntry, Bonus, Payment
from integration.payments import PaymentStateError
from tests.factories import UserFactory, VisitFactory
from tests.integration.factories import NOON, close, come_again, owe, state_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit():
    return VisitFactory.create(opened_at=NOON)


@pytest.fixture
def user():
    return UserFactory.create()


@pytest.fixture
def stuck(visit):
    payment = owe(visit, "0.05")
    Payment.objects.filter(pk=payment.pk).update(state=PaymentState.PARKED, attempts_count=1)
    return payment


def decide(action, payment, user, **more):
    values = {"user": user, "reason": "agreed with support", "now": NOON, **more}
    return getattr(payments, action)(payment.pk, **values)


@pytest.mark.parametrize(
    ("action", "more", "state"),
    [
        ("send_again", {}, PaymentState.DUE),
        ("mark_paid", {"proof": "statement 12"}, PaymentState.SETTLED),
        ("pay_by_bonus", {}, PaymentState.SETTLED),
        ("give_up", {}, PaymentState.GIVEN_UP),
    ],
)
@pytest.mark.parametrize("before", [PaymentState.PARKED, PaymentState.UNKNOWN])
def test_a_decision_is_carried_out_once_and_audited(stuck, user, before, action, more, state):
    Payment.objects.filter(pk=stuck.pk).update(state=before)

    decide(action, stuck, user, **more)

    entry = AuditEntry.objects.get()
    assert state_of(stuck) == state
    assert (entry.action, entry.subject, entry.user_id, entry.reason, entry.requester_id) == (
        f"payment.{action}",
        f"payment:{stuck.pk}",
        user.pk,
        "agreed with support",
        stuck.requester_id,
    )
    assert entry.details["from"] == before
    if state != PaymentState.DUE:
        with pytest.raises(PaymentStateError) as refused:
            decide(action, stuck, user, **more)
        assert refused.value.code == "not_stuck"


@pytest.mark.parametrize("action", ["send_again", "pay_by_bonus", "give_up"])
@pytest.mark.parametrize(
    "state", [PaymentState.HELD, PaymentState.DUE, PaymentState.SENT, PaymentState.GIVEN_UP]
)
def test_only_what_is_stuck_can_be_decided(stuck, user, action, state):
    Payment.objects.filter(pk=stuck.pk).update(state=state)

    with pytest.raises(PaymentStateError) as refused:
        decide(action, stuck, user)

    assert refused.value.code == "not_stuck"
    assert state_of(stuck) == state
    assert not AuditEntry.objects.exists()
    assert not Bonus.objects.exists()


@pytest.mark.parametrize("action", ["send_again", "pay_by_bonus", "give_up"])
def test_a_decision_needs_a_reason(stuck, user, action):
    with pytest.raises(PaymentStateError) as refused:
        decide(action, stuck, user, reason="  ")

    assert (refused.value.code, state_of(stuck)) == ("no_reason", PaymentState.PARKED)


def test_a_proof_says_where_the_payment_can_be_seen(stuck, user):
    with pytest.raises(PaymentStateError):
        decide("mark_paid", stuck, user, proof="")

    decide("mark_paid", stuck, user, proof="statement 12")

    assert AuditEntry.objects.get().details["proof"] == "statement 12"


def test_a_bonus_pays_the_same_amount_and_names_what_it_settles(stuck, user):
    payment = decide("pay_by_bonus", stuck, user)

    assert (payment.amount, payment.bonus.settles_id) == (Decimal("0.0500"), stuck.pk)


def test_a_report_without_pay_is_not_settled_by_a_bonus(visit, user):
    payment = owe(visit, "0")
    Payment.objects.filter(pk=payment.pk).update(state=PaymentState.PARKED)

    with pytest.raises(PaymentStateError) as refused:
        decide("pay_by_bonus", payment, user)

    assert (refused.value.code, state_of(payment)) == ("nothing_to_pay", PaymentState.PARKED)


@pytest.mark.parametrize(
    "of_close", [PaymentState.SENDING, PaymentState.SENT, PaymentState.UNKNOWN]
)
def test_no_report_is_sent_again_after_the_close_that_may_have_arrived(
    visit, stuck, user, of_close
):
    close(visit)
    Payment.objects.filter(reason=f"close:{visit.pk}").update(
        state=of_close, attempts_count=1, claimed_at=NOON
    )

    with pytest.raises(PaymentStateError) as refused:
        decide("send_again", stuck, user)

    assert (refused.value.code, state_of(stuck)) == ("overtaken", PaymentState.PARKED)


def test_a_report_is_sent_again_while_the_close_waits_for_it(visit, stuck, user):
    close(visit)

    decide("send_again", stuck, user)

    assert state_of(stuck) == PaymentState.DUE


def test_no_report_is_sent_again_after_the_close_of_the_visit_that_took_over(visit, stuck, user):
    type(visit).objects.filter(pk=visit.pk).update(status=VisitStatus.SUPERSEDED)
    newer = come_again(visit)
    close(newer)
    Payment.objects.filter(reason=f"close:{newer.pk}").update(
        state=PaymentState.SENT, attempts_count=1
    )

    with pytest.raises(PaymentStateError) as refused:
        decide("send_again", stuck, user)

    assert refused.value.code == "overtaken"


def test_no_close_is_sent_again_once_the_next_visit_has_reported(visit, user):
    close(visit)
    closing = Payment.objects.get(reason=f"close:{visit.pk}")
    Payment.objects.filter(pk=closing.pk).update(state=PaymentState.UNKNOWN, attempts_count=1)
    later = owe(come_again(visit))
    Payment.objects.filter(pk=later.pk).update(state=PaymentState.SENT, attempts_count=1)

    with pytest.raises(PaymentStateError) as refused:
        decide("send_again", closing, user)

    assert refused.value.code == "overtaken"
