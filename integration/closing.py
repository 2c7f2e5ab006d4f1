"""The end of a visit: who tells Toloka that the session is over, and when it is over for us."""

import logging
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import connection, transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q

from integration.enums import (
    AmbiguousOutcome,
    PaymentState,
    PaymentWay,
    StopReason,
    VisitStatus,
)
from integration.models import Payment, TolokaAccount, Visit, WorkReport

logger = logging.getLogger(__name__)

CLOSE_MARGIN: Final = timedelta(minutes=2)
"""How long before the deadline a close stops waiting for reports that may still be sent."""

WAITING = (PaymentState.HELD, PaymentState.PARKED, PaymentState.UNKNOWN)
"""States in which a report is passed over, and waited for by the close of its visit."""

MAYBE_APPLIED = (
    PaymentState.SENDING,
    PaymentState.SENT,
    PaymentState.UNKNOWN,
    PaymentState.SETTLED,
)
"""States in which a report that was attempted may have reached Toloka."""


@transaction.atomic
def close_visit(
    *, visit_id: int, requester_id: int, reason: StopReason, skipped: bool, now: datetime
) -> bool:
    """Take an open visit to its close, in one guarded step; False where it was not open.

    The signal to Toloka rides on the visit's last report where that was never attempted and
    nothing before it waits, since then it delays nobody's pay; else it is a report of its own,
    unless the account takes none. A visit that has nothing to send is closed at once.
    """
    closing = Visit.objects.filter(pk=visit_id, status=VisitStatus.OPEN).update(
        status=VisitStatus.CLOSING, stop_reason=reason
    )
    if not closing:
        return False
    visit = Visit.objects.select_related("account").get(pk=visit_id)
    if visit.account is not None and visit.listing_id is not None:
        _arrange_close(
            visit,
            visit.account,
            visit.listing_id,
            requester_id=requester_id,
            skipped=skipped,
            now=now,
        )
    logger.info("visit %s is closing: %s", visit_id, reason)
    _close_finished(Q(pk=visit_id), now=now)
    return True


def _arrange_close(
    visit: Visit,
    account: TolokaAccount,
    listing_id: int,
    *,
    requester_id: int,
    skipped: bool,
    now: datetime,
) -> None:
    reports = WorkReport.objects.filter(visit=visit)
    if reports.filter(close_session=True).exists():
        return
    # An empty report is no part of the ledger's truth: an account that takes none has only (a).
    sends_empty = account.send_empty_close
    last = reports.order_by("-payment_id").first()
    if last and not (sends_empty and reports.filter(payment__state__in=WAITING).exists()):
        unattempted = (
            Payment.objects.select_for_update(no_key=True)
            .filter(pk=last.payment_id, state=PaymentState.DUE, attempts_count=0)
            .first()
        )
        if unattempted and reports.filter(pk=last.pk, body="").update(close_session=True):
            return
    if not sends_empty:
        logger.warning("visit %s ends without a signal to Toloka", visit.pk)
        return
    payment = Payment.objects.create(
        performer_id=visit.performer_id,
        requester_id=requester_id,
        account=account,
        listing_id=listing_id,
        reason=f"close:{visit.pk}",
        amount=Decimal(0),
        way=PaymentWay.WORK_REPORT,
        state=PaymentState.DUE,
        due_at=now,
        created_at=now,
    )
    WorkReport.objects.create(
        payment=payment,
        visit=visit,
        listing_id=listing_id,
        performer_id=visit.performer_id,
        close_session=True,
        skipped=skipped,
        start_time=now,
        end_time=now,
    )


def finish_closing(now: datetime) -> int:
    """Close every closing visit of which nothing more will be sent by itself; return how many."""
    return _close_finished(Q(), now=now)


def lock_order(payment: Payment) -> None:
    """Order this transaction with all others that decide whether a report of the same performer
    and card, or the close after it, goes first. Held to the transaction's end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"order of reports {payment.listing_id} {payment.performer_id}"],
        )


def is_overtaken() -> Exists:
    """Return the condition on payments whose report came too late to be sent (again).

    A close of the same performer and card that was decided later may have reached Toloka, and
    nothing follows a close; for a close itself, any later report is in the next session.
    """
    later = WorkReport.objects.filter(
        listing_id=OuterRef("listing_id"),
        performer_id=OuterRef("performer_id"),
        payment_id__gt=OuterRef("pk"),
        payment__state__in=MAYBE_APPLIED,
        payment__attempts_count__gt=0,
    )
    of_close = later.annotate(
        of_close=ExpressionWrapper(OuterRef("report__close_session"), BooleanField())
    )
    return Exists(of_close.filter(Q(close_session=True) | Q(of_close=True)))


def will_be_resent() -> Q:
    """Return the condition on payments of unknown outcome that are sent again by themselves:
    the account's policy says so, the cap is not reached and nothing has overtaken them."""
    return Q(
        ~Q(is_overtaken()),
        state=PaymentState.UNKNOWN,
        account__ambiguous_outcome=AmbiguousOutcome.RESEND,
        ambiguous_count__lte=F("account__max_ambiguous_resends"),
    )


def will_be_sent() -> Q:
    """Return the condition on payments that go out without a person's doing."""
    return Q(state__in=[PaymentState.DUE, PaymentState.SENDING]) | will_be_resent()


def _close_finished(which: Q, *, now: datetime) -> int:
    pending = Payment.objects.filter(will_be_sent(), report__visit=OuterRef("pk"))
    return Visit.objects.filter(which, ~Exists(pending), status=VisitStatus.CLOSING).update(
        status=VisitStatus.CLOSED, closed_at=now
    )
