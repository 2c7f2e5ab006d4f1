from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from integration import payments
from integration.enums import PaymentState, PaymentWay, VisitStatus
from integration.models import Bonus, Payment, WorkReport
from tests.factories import PartnerKeyFactory, VisitFactory
from tests.integration.factories import NOON, close, come_again, owe, report_of, state_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit():
    return VisitFactory.create(opened_at=NOON)


def set_state(payment, state, **changes):
    Payment.objects.filter(pk=payment.pk).update(state=state, **changes)


def test_a_page_is_owed_and_its_report_made_in_one_statement(visit, django_assert_num_queries):
    with django_assert_num_queries(1):
        payment = owe(visit, "0.03505", close_session=True)

    saved = Payment.objects.get(pk=payment.pk)
    report = report_of(payment)
    assert (saved.amount, saved.state, saved.way) == (
        Decimal("0.0351"),
        PaymentState.DUE,
        PaymentWay.WORK_REPORT,
    )
    assert (saved.account_id, saved.listing_id, saved.performer_id, saved.due_at) == (
        visit.account_id,
        visit.listing_id,
        visit.performer_id,
        NOON,
    )
    assert (report.visit_id, report.close_session, report.quality, report.body) == (
        visit.pk,
        True,
        Decimal("0.5"),
        "",
    )
    assert (report.golden_tasks_count, report.training_tasks_count, report.real_tasks_count) == (
        1,
        0,
        3,
    )
    assert report.custom_log == {"session": "s-1"}
    assert len(report.retry_id) == 24


def test_the_returned_payment_is_the_row_that_was_written(visit):
    payment = owe(visit, "0.02", held=True)

    payment.refresh_from_db()
    assert payment.state == PaymentState.HELD


def test_a_clock_that_ran_backwards_makes_no_report_that_ends_before_it_started(visit):
    payment = owe(visit, started_at=NOON, ended_at=NOON - timedelta(seconds=1))

    assert report_of(payment).end_time == NOON


def test_the_same_reason_is_owed_once(visit):
    owe(visit, reason="assignment:once")

    with pytest.raises(IntegrityError), transaction.atomic():
        owe(visit, reason="assignment:once")


@pytest.mark.parametrize(
    "status", [VisitStatus.CLOSING, VisitStatus.CLOSED, VisitStatus.SUPERSEDED]
)
def test_nothing_is_owed_for_a_visit_that_is_not_open(visit, status):
    type(visit).objects.filter(pk=visit.pk).update(status=status)

    with pytest.raises(payments.VisitNotOpenError):
        owe(visit)
    assert not Payment.objects.exists()


def test_a_partners_visit_is_paid_by_export_and_makes_no_report():
    partner = PartnerKeyFactory.create()
    visit = VisitFactory.create(
        listing=None, account=None, partner_key=partner, partner_token_id="jti-1"
    )

    payment = owe(visit)

    assert (payment.way, payment.account_id, payment.listing_id) == (PaymentWay.EXPORT, None, None)
    assert not WorkReport.objects.exists()


def test_a_partners_visit_is_closed_without_a_signal():
    partner = PartnerKeyFactory.create()
    visit = VisitFactory.create(
        listing=None, account=None, partner_key=partner, partner_token_id="jti-1"
    )

    assert close(visit)

    visit.refresh_from_db()
    assert visit.status == VisitStatus.CLOSED


# Closing


def test_the_close_rides_on_the_last_report_that_was_never_attempted(visit):
    first, last = owe(visit), owe(visit)

    assert close(visit)

    visit.refresh_from_db()
    assert (visit.status, visit.stop_reason) == (VisitStatus.CLOSING, "finished")
    assert [report_of(first).close_session, report_of(last).close_session] == [False, True]
    assert not Payment.objects.filter(reason=f"close:{visit.pk}").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"state": PaymentState.SENT, "attempts_count": 1},
        {"state": PaymentState.DUE, "attempts_count": 1},
        {"state": PaymentState.HELD},
        {"state": PaymentState.PARKED, "attempts_count": 1},
        {"state": PaymentState.UNKNOWN, "attempts_count": 1},
        {"state": PaymentState.SENDING, "attempts_count": 1, "claimed_at": NOON},
    ],
)
def test_an_empty_report_closes_where_the_last_one_cannot(visit, changes):
    payment = owe(visit)
    Payment.objects.filter(pk=payment.pk).update(**changes)

    close(visit, skipped=True)

    closing = Payment.objects.get(reason=f"close:{visit.pk}")
    report = report_of(closing)
    assert not report_of(payment).close_session
    assert (closing.amount, closing.state, closing.due_at) == (0, PaymentState.DUE, NOON)
    assert (report.close_session, report.skipped, report.quality) == (True, True, None)
    assert (report.start_time, report.end_time) == (NOON, NOON)
    assert (report.golden_tasks_count, report.training_tasks_count, report.real_tasks_count) == (
        0,
        0,
        0,
    )


def test_pay_that_may_go_does_not_wait_with_the_close_for_a_held_report(visit):
    owe(visit, held=True)
    last = owe(visit)

    close(visit)

    assert not report_of(last).close_session
    assert Payment.objects.filter(reason=f"close:{visit.pk}").exists()


def test_a_visit_without_a_report_still_signals_its_end(visit):
    close(visit)

    assert Payment.objects.get().reason == f"close:{visit.pk}"


def test_an_account_that_takes_no_empty_close_ends_without_signal_and_is_closed_at_once(visit):
    visit.account.send_empty_close = False
    visit.account.save(update_fields=["send_empty_close"])

    close(visit)

    visit.refresh_from_db()
    assert not Payment.objects.exists()
    assert (visit.status, visit.closed_at) == (VisitStatus.CLOSED, NOON)


def test_a_close_decided_with_the_last_page_is_not_doubled(visit):
    owe(visit, close_session=True)

    close(visit)

    assert WorkReport.objects.get().close_session


def test_a_visit_closes_once(visit):
    assert close(visit)

    assert not close(visit)
    assert Payment.objects.count() == 1


def test_a_closing_visit_is_closed_when_all_was_sent(visit):
    payment = owe(visit)
    close(visit)

    early = payments.finish_closing(NOON)
    set_state(payment, PaymentState.SENT)
    late = payments.finish_closing(NOON + timedelta(minutes=1))

    visit.refresh_from_db()
    assert (early, late) == (0, 1)
    assert (visit.status, visit.closed_at) == (VisitStatus.CLOSED, NOON + timedelta(minutes=1))


def test_a_closing_visit_waits_for_an_unknown_report_only_while_it_will_be_sent_again(visit):
    payment = owe(visit)
    close(visit)
    set_state(payment, PaymentState.UNKNOWN, attempts_count=1, ambiguous_count=1)

    waiting = payments.finish_closing(NOON)
    set_state(payment, PaymentState.UNKNOWN, ambiguous_count=7)

    assert (waiting, payments.finish_closing(NOON)) == (0, 1)


# Holding and releasing


def test_accepted_work_goes_by_its_report_while_the_visit_is_open(visit):
    payment = owe(visit, held=True, reason="assignment:held")

    assert payments.release(reason="assignment:held", now=NOON + timedelta(hours=1))

    payment.refresh_from_db()
    assert (payment.state, payment.due_at) == (PaymentState.DUE, NOON + timedelta(hours=1))
    assert not payments.release(reason="assignment:held", now=NOON)


def test_work_accepted_after_the_visit_is_settled_by_a_bonus(visit):
    payment = owe(visit, "0.07", held=True, reason="assignment:held")
    close(visit)

    assert payments.release(reason="assignment:held", now=NOON)

    bonus = Bonus.objects.get()
    assert state_of(payment) == PaymentState.SETTLED
    assert (bonus.settles_id, bonus.payment.amount, bonus.payment.state) == (
        payment.pk,
        Decimal("0.07"),
        PaymentState.DUE,
    )
    assert not payments.release(reason="assignment:held", now=NOON)


def test_accepted_work_without_pay_needs_no_bonus(visit):
    payment = owe(visit, "0", held=True, reason="assignment:held")
    close(visit)

    assert payments.release(reason="assignment:held", now=NOON)

    assert state_of(payment) == PaymentState.SETTLED
    assert not Bonus.objects.exists()


def test_rejected_work_is_given_up_and_stays_so(visit):
    payment = owe(visit, held=True, reason="assignment:held")

    assert payments.reject(reason="assignment:held", now=NOON)

    assert not payments.release(reason="assignment:held", now=NOON)
    assert state_of(payment) == PaymentState.GIVEN_UP


def test_what_is_due_cannot_be_rejected(visit):
    payment = owe(visit, reason="assignment:due")

    assert not payments.reject(reason="assignment:due", now=NOON)
    assert state_of(payment) == PaymentState.DUE


def test_a_newer_visit_does_not_take_the_reports_of_the_older(visit):
    older = owe(visit)
    type(visit).objects.filter(pk=visit.pk).update(status=VisitStatus.SUPERSEDED)
    newer = owe(come_again(visit))

    assert report_of(older).visit_id != report_of(newer).visit_id
    assert older.pk < newer.pk
