"""Owing: what is due to whom and why; holding, releasing, and the close that ends a visit.

Nothing here calls Toloka: what is owed is written in the caller's transaction, ``outbox`` sends it.
The functions of ``bonuses``, ``closing`` and ``stuck`` are to be had from here too.
"""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from integration.bonuses import owe_bonus, settle_by_bonus
from integration.closing import close_visit, finish_closing
from integration.enums import PaymentState, PaymentWay, VisitStatus
from integration.models import Payment, Visit
from integration.models.payment import make_retry_id
from integration.money import money
from integration.stuck import PaymentStateError, give_up, mark_paid, pay_by_bonus, send_again

__all__ = [
    "PaymentStateError",
    "VisitNotOpenError",
    "close_visit",
    "finish_closing",
    "give_up",
    "mark_paid",
    "owe_bonus",
    "owe_report",
    "pay_by_bonus",
    "reject",
    "release",
    "send_again",
]

# The visit's row is locked first: a close that is decided at the same time comes before, and then
# nothing is owed any more, or after, and then it follows this report in the order of sending.
_OWE_REPORT = """
WITH visit AS (
    SELECT id, account_id, listing_id, performer_id FROM integration_visit
    WHERE id = %(visit)s AND status = 'open' FOR NO KEY UPDATE
), payment AS (
    INSERT INTO integration_payment (performer_id, requester_id, account_id, listing_id, reason,
        amount, way, state, due_at, attempts_count, ambiguous_count, last_error, created_at)
    SELECT performer_id, %(requester)s, account_id, listing_id, %(reason)s, %(amount)s,
        CASE WHEN listing_id IS NULL THEN 'export' ELSE 'work_report' END, %(state)s, %(now)s,
        0, 0, '', %(now)s
    FROM visit
    RETURNING id, performer_id, account_id, listing_id, way
), report AS (
    INSERT INTO integration_workreport (payment_id, visit_id, listing_id, performer_id, retry_id,
        quality, close_session, skipped, start_time, end_time, golden_tasks_count,
        training_tasks_count, real_tasks_count, custom_log, body)
    SELECT id, %(visit)s, listing_id, performer_id, %(retry_id)s, %(quality)s, %(close_session)s,
        %(skipped)s, %(started_at)s, %(ended_at)s, %(golden)s, %(training)s, %(real)s,
        %(custom_log)s::jsonb, ''
    FROM payment WHERE way = 'work_report'
)
SELECT id, performer_id, account_id, listing_id, way FROM payment
"""


class VisitNotOpenError(Exception):
    """Nothing more can be owed by reports of this visit: its close is decided."""


def owe_report(
    *,
    visit: Visit,
    requester_id: int,
    reason: str,
    amount: Decimal,
    started_at: datetime,
    ended_at: datetime,
    quality: Decimal | None,
    skipped: bool,
    golden: int,
    training: int,
    real: int,
    custom_log: dict[str, Any],
    close_session: bool,
    held: bool,
    now: datetime,
) -> Payment:
    """Owe the pay of a finished page, and the report that asks Toloka for it.

    One statement in the caller's transaction. A visit from a partner has no card and makes no
    report: its pay goes by export. Raises VisitNotOpenError where the visit is no longer open.
    """
    state = PaymentState.HELD if held else PaymentState.DUE
    values: dict[str, Any] = {
        "visit": visit.pk,
        "requester": requester_id,
        "reason": reason,
        "amount": money(amount),
        "state": state.value,
        "now": now,
        "retry_id": make_retry_id(),
        "quality": None if quality is None else money(quality),
        "close_session": close_session,
        "skipped": skipped,
        "started_at": started_at,
        "ended_at": max(started_at, ended_at),
        "golden": golden,
        "training": training,
        "real": real,
        "custom_log": json.dumps(custom_log, default=str),
    }
    with connection.cursor() as cursor:
        cursor.execute(_OWE_REPORT, values)
        row = cursor.fetchone()
    if row is None:
        raise VisitNotOpenError(f"visit {visit.pk} is not open; {reason} was not owed")
    pk, performer_id, account_id, listing_id, way = row
    payment = Payment(
        pk=pk,
        performer_id=performer_id,
        requester_id=requester_id,
        account_id=account_id,
        listing_id=listing_id,
        reason=reason,
        amount=money(amount),
        way=way,
        state=state,
        due_at=now,
        created_at=now,
    )
    payment._state.adding = False
    return payment


@transaction.atomic
def release(*, reason: str, now: datetime) -> bool:
    """Let held pay go, since the work was accepted; False where it is not held (any more).

    While the visit is open the report goes as it is; later it is settled by a bonus, as the
    visit's close may be on its way.
    """
    payment = Payment.objects.filter(reason=reason, state=PaymentState.HELD).first()
    if payment is None:
        return False
    held = Payment.objects.filter(pk=payment.pk, state=PaymentState.HELD)
    if payment.way != PaymentWay.WORK_REPORT:
        return bool(held.update(state=PaymentState.DUE, due_at=now))
    visit = Visit.objects.select_for_update(of=("self",), no_key=True).get(reports__payment=payment)
    if visit.status == VisitStatus.OPEN:
        return bool(held.update(state=PaymentState.DUE, due_at=now))
    settled = held.update(state=PaymentState.SETTLED, ended_at=now)
    if settled:
        settle_by_bonus(payment, comment="accepted after the visit", now=now)
    return bool(settled)


def reject(*, reason: str, now: datetime) -> bool:
    """Give held pay up, since the work was rejected; False where it is not held (any more)."""
    return bool(
        Payment.objects.filter(reason=reason, state=PaymentState.HELD).update(
            state=PaymentState.GIVEN_UP, ended_at=now
        )
    )
