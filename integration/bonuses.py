"""Money outside a submit: owed as a bonus, which Toloka pays once for each operation id."""

import logging
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from integration.enums import PaymentState, PaymentWay
from integration.models import Bonus, Payment
from integration.models.payment import make_retry_id
from integration.money import money

logger = logging.getLogger(__name__)


@transaction.atomic
def owe_bonus(
    *,
    performer_id: int,
    requester_id: int,
    account_id: int,
    reason: str,
    amount: Decimal,
    now: datetime,
    settles: Payment | None = None,
    title: dict[str, str] | None = None,
    message: dict[str, str] | None = None,
    comment: str = "",
    assignment_id: str = "",
) -> Payment:
    """Owe money outside a submit: an appeal, a correction, what a submit can no longer carry.

    ``title`` and ``message`` map upper-case language codes to what the performer reads; without
    both he gets no message.
    """
    payment = Payment.objects.create(
        performer_id=performer_id,
        requester_id=requester_id,
        account_id=account_id,
        reason=reason,
        amount=money(amount),
        way=PaymentWay.BONUS,
        state=PaymentState.DUE,
        due_at=now,
        created_at=now,
    )
    Bonus.objects.create(
        payment=payment,
        account_id=account_id,
        settles=settles,
        public_title=title or {},
        public_message=message or {},
        without_message=not (title and message),
        # The payment's number keeps two bonuses of the same wording and amount apart, which
        # Toloka would refuse as one.
        private_comment=f"{comment[:400]} [payment {payment.pk}]".strip(),
        toloka_assignment_id=assignment_id,
    )
    return payment


def settle_by_bonus(payment: Payment, *, comment: str, now: datetime) -> Payment | None:
    """Owe as a bonus what the report of ``payment`` would have paid; None where that was nothing.

    The caller has taken ``payment`` to *settled*, in the same transaction.
    """
    if not payment.amount or payment.account_id is None:
        return None
    bonus = owe_bonus(
        performer_id=payment.performer_id,
        requester_id=payment.requester_id,
        account_id=payment.account_id,
        reason=f"bonus:{make_retry_id()}",
        amount=payment.amount,
        settles=payment,
        title={"EN": "Payment for your work", "RU": "Оплата вашей работы"},
        message={
            "EN": "This is the payment for a page that was checked after your visit.",
            "RU": "Это оплата страницы, проверенной после вашего визита.",
        },
        comment=comment,
        now=now,
    )
    logger.info("payment %s settled by the bonus of payment %s", payment.pk, bonus.pk)
    return bonus
