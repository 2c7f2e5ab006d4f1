"""Several deliveries, closes and decisions at the same moment, over real connections."""

import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from integration import outbox, payments
from integration.claims import claim_next
from integration.enums import PaymentState, VisitStatus
from integration.models import Attempt, Payment, Visit
from integration.payments import PaymentStateError, VisitNotOpenError
from tests.factories import UserFactory
from tests.integration.factories import close, make_visit, owe, report_of, state_of
from tests.integration.racing import race

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def now():
    return timezone.now()


def applied(sandbox):
    return [one for one in sandbox.state()["submits"] if one["applied"]]


def test_many_deliveries_at_once_send_each_report_once_and_in_order(sandbox, card, now):
    visits = [make_visit(sandbox, card) for _ in range(4)]
    owed = {
        visit.performer.external_id: [owe(visit, now=now) for _ in range(5)] for visit in visits
    }

    race(*[lambda: outbox.deliver_due(now=now)] * 6)

    received = applied(sandbox)
    assert len(received) == 20
    for user_id, expected in owed.items():
        got = [one["retry_id"] for one in received if one["user_id"] == user_id]
        assert got == [report_of(payment).retry_id for payment in expected]
    assert Counter(Attempt.objects.values_list("outcome", flat=True)) == {"applied": 20}


def test_threads_of_one_delivery_send_each_report_once(sandbox, card, now):
    for _ in range(4):
        visit = make_visit(sandbox, card)
        for _ in range(3):
            owe(visit, now=now)

    made = outbox.deliver_due(now=now, threads=4)

    assert made == 12
    assert len(applied(sandbox)) == 12


def test_two_claims_never_take_two_reports_of_one_performer(account, visit, now):
    for _ in range(6):
        owe(visit, now=now)

    for _ in range(5):
        claims = race(*[lambda: claim_next(account, now=now)] * 4)
        taken = [one for one in claims if one is not None]
        assert len(taken) == 1
        assert not isinstance(taken[0], Exception)
        Payment.objects.filter(state=PaymentState.SENDING).update(state=PaymentState.SENT)


def test_the_database_itself_refuses_two_in_flight(visit, now):
    first, second = owe(visit, now=now), owe(visit, now=now)
    Payment.objects.filter(pk=first.pk).update(state=PaymentState.SENDING, claimed_at=now)

    with pytest.raises(IntegrityError, match="payment_one_in_flight"), transaction.atomic():
        Payment.objects.filter(pk=second.pk).update(state=PaymentState.SENDING, claimed_at=now)


def test_a_claim_that_loses_against_an_earlier_report_takes_nothing(account, visit, now):
    earlier, later = owe(visit, now=now), owe(visit, now=now)
    Payment.objects.filter(pk=earlier.pk).update(state=PaymentState.PARKED)
    taken = []
    with transaction.atomic():
        # Sent again and claimed, not yet committed: nobody else can see that it was.
        Payment.objects.filter(pk=earlier.pk).update(
            state=PaymentState.SENDING, claimed_at=now, attempts_count=1
        )
        thread = threading.Thread(target=lambda: taken.append(in_own_connection(account, now)))
        thread.start()
        wait_for_a_blocked_connection()
    thread.join(timeout=10)

    assert taken == [None]
    assert state_of(later) == PaymentState.DUE


def in_own_connection(account, now):
    try:
        return claim_next(account, now=now)
    finally:
        connection.close()


def wait_for_a_blocked_connection():
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            row = cursor.fetchone()
        if row and row[0]:
            return
        time.sleep(0.01)
    raise AssertionError("nobody waits for a lock")


def test_a_page_and_the_close_at_once_leave_the_close_last(sandbox, card, now):
    for _ in range(10):
        visit = make_visit(sandbox, card)

        page, closed = race(lambda v=visit: owe(v, now=now), lambda v=visit: close(v, now=now))

        assert closed is True
        reports = list(visit.reports.order_by("payment_id"))
        assert [report.close_session for report in reports].count(True) == 1
        assert reports[-1].close_session
        if isinstance(page, VisitNotOpenError):
            assert len(reports) == 1
        else:
            assert reports[0].payment_id == page.pk
    outbox.deliver_due(now=now)
    assert not Payment.objects.exclude(state=PaymentState.SENT).exists()


def test_two_closes_at_once_make_one(visit, now):
    results = race(*[lambda: close(visit, now=now)] * 4)

    assert sorted(results) == [False, False, False, True]
    assert visit.reports.count() == 1


def test_a_close_and_a_claim_at_once_never_change_bytes_that_are_under_way(
    sandbox, account, card, now
):
    for _ in range(10):
        visit = make_visit(sandbox, card)
        owe(visit, now=now)

        claim, closed = race(
            lambda: claim_next(account, now=now), lambda v=visit: close(v, now=now)
        )

        assert closed is True
        claim = claim or claim_next(account, now=now)
        report = report_of(Payment.objects.get(pk=claim.payment_id))
        assert report.body == claim.body.decode()
        assert f'"close_session":{str(report.close_session).lower()}' in report.body
        Payment.objects.filter(state=PaymentState.SENDING).update(state=PaymentState.SENT)
        Payment.objects.filter(state=PaymentState.DUE).update(state=PaymentState.SENT)


def test_sending_again_and_the_close_at_once_never_end_with_a_report_after_the_close(
    sandbox, account, card, now
):
    user = UserFactory.create()
    for _ in range(10):
        visit = make_visit(sandbox, card)
        stuck = owe(visit, now=now)
        Payment.objects.filter(pk=stuck.pk).update(state=PaymentState.PARKED)
        close(visit, now=now)
        Visit.objects.filter(pk=visit.pk).update(deadline=now)

        claim, again = race(
            lambda: claim_next(account, now=now),
            lambda p=stuck: payments.send_again(p.pk, user=user, reason="mended", now=now),
        )

        closing = Payment.objects.get(reason=f"close:{visit.pk}")
        if state_of(closing) == PaymentState.SENDING:
            assert isinstance(again, PaymentStateError)
            assert state_of(stuck) == PaymentState.PARKED
        else:
            assert again is None
            assert claim is None or claim.payment_id == stuck.pk
        Payment.objects.update(state=PaymentState.SENT)


def test_releasing_and_closing_at_once_pays_exactly_once(sandbox, card, now):
    for number in range(10):
        visit = make_visit(sandbox, card)
        held = owe(visit, "0.05", held=True, reason=f"assignment:held-{number}", now=now)

        released, closed = race(
            lambda n=number: payments.release(reason=f"assignment:held-{n}", now=now),
            lambda v=visit: close(v, now=now),
        )

        assert (released, closed) == (True, True)
        bonuses = held.settled_by.count()
        assert (state_of(held), bonuses) in [(PaymentState.DUE, 0), (PaymentState.SETTLED, 1)]


def test_two_decisions_at_once_are_one(visit, now):
    user = UserFactory.create()
    stuck = owe(visit, "0.05", now=now)
    Payment.objects.filter(pk=stuck.pk).update(state=PaymentState.PARKED)

    results = race(
        lambda: payments.pay_by_bonus(stuck.pk, user=user, reason="a", now=now),
        lambda: payments.pay_by_bonus(stuck.pk, user=user, reason="b", now=now),
        lambda: payments.give_up(stuck.pk, user=user, reason="c", now=now),
    )

    assert sum(isinstance(one, PaymentStateError) for one in results) == 2
    assert stuck.settled_by.count() <= 1


def test_a_delivery_that_was_judged_dead_still_tells_that_it_was_applied(
    sandbox, account, visit, now
):
    payment = owe(visit, now=now)
    sandbox.fault("slow", delay_s=1)
    thread = threading.Thread(target=deliver_in_own_connection, args=[now])
    thread.start()
    while state_of(payment) != PaymentState.SENDING:
        time.sleep(0.02)

    outbox.judge_old_claims(now + timedelta(minutes=5))
    judged = state_of(payment)
    thread.join(timeout=10)

    assert (judged, state_of(payment)) == (PaymentState.UNKNOWN, PaymentState.SENT)
    assert Attempt.objects.get().outcome == "applied"


def deliver_in_own_connection(now):
    try:
        outbox.deliver_due(now=now)
    finally:
        connection.close()


def test_a_visit_is_finished_once_whoever_sweeps(sandbox, visit, now):
    close(visit, now=now)
    outbox.deliver_due(now=now)

    finished = race(*[lambda: payments.finish_closing(now)] * 4)

    visit.refresh_from_db()
    assert (sum(finished), visit.status) == (1, VisitStatus.CLOSED)
