from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from integration import outbox, reconciliation
from integration.enums import PaymentState, StopReason, VisitStatus
from integration.models import Attempt, Payment, Visit
from integration.toloka.errors import TolokaError
from tests.factories import ListingFactory, VisitFactory
from tests.integration.factories import NOON, owe

pytestmark = pytest.mark.django_db


def test_sums_are_by_card_and_state_and_stand_beside_the_balance(sandbox, account, visit):
    now = timezone.now()
    owe(visit, "0.035", now=now)
    held = owe(visit, "0.5", held=True, now=now)
    outbox.deliver_due(now=now)

    report = reconciliation.report_account(account, asks_toloka=True)

    (sums,) = report.listings
    assert sums.amounts == {PaymentState.SENT: Decimal("0.035"), PaymentState.HELD: Decimal("0.5")}
    assert sums.counts == {PaymentState.SENT: 1, PaymentState.HELD: 1}
    assert (sums.reported, report.reported, sums.uncertain) == (
        Decimal("0.035"),
        Decimal("0.035"),
        0,
    )
    # The sandbox takes a fee of a fifth.
    assert report.balance == 100 - Decimal("0.035") * Decimal("1.2")
    since = reconciliation.report_account(account, since=held.created_at + timedelta(seconds=1))
    assert since.listings[0].amounts == {}


def test_toloka_in_trouble_is_the_caller_s_to_show(sandbox, account):
    sandbox.fault("500", endpoint="requester_get")

    with pytest.raises(TolokaError):
        reconciliation.report_account(account, asks_toloka=True)


def test_what_was_sent_again_after_an_unknown_outcome_is_listed(sandbox, account, visit):
    now = timezone.now()
    sandbox.fault("500_after")
    doubtful = owe(visit, now=now)
    outbox.deliver_due(now=now)
    before = reconciliation.report_account(account).resent
    outbox.resend_unknown(now + timedelta(minutes=1))
    outbox.deliver_due(now=now + timedelta(minutes=1))
    owe(visit, now=now)
    outbox.deliver_due(now=now + timedelta(minutes=1))

    assert before == []
    assert reconciliation.report_account(account).resent == [Payment.objects.get(pk=doubtful.pk)]


def test_a_repeat_after_503_is_listed_and_one_after_429_is_not():
    listing = ListingFactory.create()
    visit = VisitFactory.create(listing=listing)
    repeated = {}
    for status in (503, 429):
        payment = owe(visit)
        Payment.objects.filter(pk=payment.pk).update(attempts_count=2)
        Attempt.objects.create(
            payment=payment, number=1, started_at=NOON, outcome="not_applied", http_status=status
        )
        repeated[status] = payment.pk

    report = reconciliation.report_account(listing.account)

    assert [payment.pk for payment in report.resent] == [repeated[503]]


def test_many_restricted_performers_raise_the_question_of_the_polarity():
    listing = ListingFactory.create()
    VisitFactory.create_batch(20, listing=listing)
    few = reconciliation.report_account(listing.account).listings[0]
    some = Visit.objects.values_list("pk", flat=True)[:7]
    Visit.objects.filter(pk__in=list(some)).update(stop_reason=StopReason.TOLOKA_RESTRICTION)
    many = reconciliation.report_account(listing.account).listings[0]

    assert (few.polarity_looks_reversed, many.polarity_looks_reversed) == (False, True)
    assert many.restricted_share == Decimal("0.35")


def test_visits_that_ended_without_a_signal_are_counted_apart():
    listing = ListingFactory.create()
    VisitFactory.create(listing=listing, status=VisitStatus.CLOSED)
    signalled = VisitFactory.create(listing=listing)
    owe(signalled, close_session=True)
    Visit.objects.filter(pk=signalled.pk).update(status=VisitStatus.CLOSED)

    (sums,) = reconciliation.report_account(listing.account).listings

    assert (sums.visits, sums.visits_without_signal) == (2, 1)
