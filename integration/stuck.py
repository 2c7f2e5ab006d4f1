"""Payments that are stuck, and what a person can do about one: each needs a reason, is audited,
and happens only from the states *unknown* and *parked*, whoever else presses a button meanwhile."""

import logging
from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from integration.bonuses import settle_by_bonus
from integration.closing import is_overtaken, lock_order
from integration.enums import PaymentState
from integration.models import AuditEntry, Payment

logger = logging.getLogger(__name__)

STUCK = (PaymentState.UNKNOWN, PaymentState.PARKED)


class PaymentStateError(Exception):
    """A decision that can't be carried out: ``code`` is no_reason, not_stuck, overtaken or
    nothing_to_pay; the text says what would do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@transaction.atomic
def send_again(payment_id: int, *, user: AbstractBaseUser, reason: str, now: datetime) -> None:
    """Have a stuck payment sent again, byte for byte and under the same id as before.

    Refused (overtaken) where a close that was decided later may have reached Toloka: nothing
    may follow that; proof or a bonus settles it then.
    """
    payment = _find(payment_id, reason)
    lock_order(payment)
    if Payment.objects.filter(is_overtaken(), pk=payment_id).exists():
        raise PaymentStateError(
            "overtaken",
            f"payment {payment_id} can't be sent as a report any more: the session was closed in "
            "Toloka, or may have been, after it; pay by bonus, record a proof, or give up",
        )
    _decide(payment, "send_again", {"state": PaymentState.DUE, "due_at": now}, user, reason)


@transaction.atomic
def mark_paid(
    payment_id: int, *, user: AbstractBaseUser, reason: str, proof: str, now: datetime
) -> None:
    """Settle a stuck payment that was paid: ``proof`` says where that can be seen."""
    payment = _find(payment_id, reason)
    if not proof.strip():
        raise PaymentStateError("no_reason", "say where the payment can be seen")
    changes = {"state": PaymentState.SETTLED, "ended_at": now}
    _decide(payment, "mark_paid", changes, user, reason, {"proof": proof})


@transaction.atomic
def pay_by_bonus(payment_id: int, *, user: AbstractBaseUser, reason: str, now: datetime) -> Payment:
    """Settle a stuck payment by a bonus of the same amount; return the bonus's payment."""
    payment = _find(payment_id, reason)
    if not payment.amount:
        raise PaymentStateError(
            "nothing_to_pay", f"payment {payment_id} is a report without pay; give it up instead"
        )
    _decide(payment, "pay_by_bonus", {"state": PaymentState.SETTLED, "ended_at": now}, user, reason)
    bonus = settle_by_bonus(payment, comment=f"instead of payment {payment_id}", now=now)
    if bonus is None:
        raise PaymentStateError(
            "nothing_to_pay", f"payment {payment_id} has no account that could pay a bonus"
        )
    return bonus


@transaction.atomic
def give_up(payment_id: int, *, user: AbstractBaseUser, reason: str, now: datetime) -> None:
    """Pay nothing for it, ever."""
    payment = _find(payment_id, reason)
    changes = {"state": PaymentState.GIVEN_UP, "ended_at": now}
    _decide(payment, "give_up", changes, user, reason)


def _find(payment_id: int, reason: str) -> Payment:
    if not reason.strip():
        raise PaymentStateError("no_reason", "say why")
    return Payment.objects.get(pk=payment_id)


def _decide(
    payment: Payment,
    action: str,
    changes: dict[str, Any],
    user: AbstractBaseUser,
    reason: str,
    details: dict[str, Any] | None = None,
) -> None:
    if not Payment.objects.filter(pk=payment.pk, state__in=STUCK).update(**changes):
        payment.refresh_from_db(fields=["state"])
        raise PaymentStateError(
            "not_stuck", f"payment {payment.pk} is not stuck (any more): it is {payment.state}"
        )
    AuditEntry.objects.create(
        requester_id=payment.requester_id,
        user_id=user.pk,
        action=f"payment.{action}",
        subject=f"payment:{payment.pk}",
        reason=reason,
        details={"from": payment.state, "amount": str(payment.amount), **(details or {})},
    )
    logger.info("payment %s: %s by user %s", payment.pk, action, user.pk)
