"""Taking a payment for delivery: which one is next, and the bytes it goes out as.

A claim is one transaction: the payment is *sending*, its attempt is written and its body frozen
before anything is sent, so that a crash at any later line leaves a trace.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Sum

from integration.closing import CLOSE_MARGIN, lock_order
from integration.enums import PaymentState
from integration.models import Attempt, Bonus, Payment, TolokaAccount, WorkReport
from integration.money import plain
from integration.toloka.payloads import Submit, UserBonus

logger = logging.getLogger(__name__)

LEAST_BONUS: Final = Decimal("0.005")
MOST_BONUS: Final = Decimal(100)
MOST_POOL_ID: Final = 2**63 - 1

# For each (listing, performer) only the earliest that is due, whatever its due_at: what backs off
# is not passed over. Held, parked and unknown ones are in no condition here: they are. A close
# goes after all that its visit may still send, which it awaits until shortly before the deadline
# or until the performer is back with a newer assignment.
# OFFSET 0 keeps each subquery a question about one row, answered by an index: joined, they would
# cost as much as the backlog is long, for every claim.
_CLAIM = """
UPDATE integration_payment
SET state = 'sending', claimed_at = %(now)s, attempts_count = attempts_count + 1
WHERE state = 'due' AND id = (
    SELECT p.id
    FROM integration_payment p
    WHERE p.state = 'due' AND p.account_id = %(account)s AND p.due_at <= %(now)s
    AND NOT EXISTS (
        SELECT 1 FROM integration_payment e
        WHERE e.listing_id = p.listing_id AND e.performer_id = p.performer_id
        AND e.state = 'sending'
        OFFSET 0
    )
    AND NOT EXISTS (
        SELECT 1 FROM integration_payment e
        WHERE e.listing_id = p.listing_id AND e.performer_id = p.performer_id
        AND e.state = 'due' AND e.id < p.id
        OFFSET 0
    )
    AND NOT EXISTS (
        SELECT 1 FROM integration_workreport r
        JOIN integration_visit v ON v.id = r.visit_id
        WHERE r.payment_id = p.id AND r.close_session AND (
            v.status = 'open' OR (
                v.deadline > %(patience)s
                AND NOT EXISTS (
                    SELECT 1 FROM integration_visit n
                    WHERE n.listing_id = v.listing_id AND n.performer_id = v.performer_id
                    AND n.id > v.id
                    OFFSET 0
                )
                AND EXISTS (
                    SELECT 1 FROM integration_workreport w
                    JOIN integration_payment q ON q.id = w.payment_id
                    JOIN integration_visit o ON o.id = w.visit_id
                    WHERE w.listing_id = v.listing_id AND w.performer_id = v.performer_id
                    AND (o.id = v.id OR o.status = 'superseded') AND q.id < p.id
                    AND q.state IN ('held', 'parked', 'unknown')
                    OFFSET 0
                )
            )
        )
        OFFSET 0
    )
    ORDER BY p.due_at
    LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
)
RETURNING id
"""


@dataclass(frozen=True)
class Delivery:
    """One attempt that is about to be made. A report has a visit, a bonus an operation."""

    payment_id: int
    attempt_id: int
    number: int
    body: bytes
    listing_id: int | None
    performer_id: int
    has_speed_quality: bool
    unknown_count: int
    operation_id: UUID | None


def claim_next(account: TolokaAccount, *, now: datetime) -> Delivery | None:
    """Take the account's next payment; None where none may go now.

    Payments that cannot be sent as they are (over a limit of the account, no body possible) are
    parked on the way.
    """
    while True:
        try:
            with transaction.atomic():
                found, delivery = _claim(account, now=now)
        except IntegrityError as error:
            # payment_one_in_flight: another process took an earlier one of the same performer
            # between our looking and our taking.
            logger.info("a claim of account %s lost a race: %s", account.pk, type(error).__name__)
            return None
        if delivery or not found:
            return delivery


def _claim(account: TolokaAccount, *, now: datetime) -> tuple[bool, Delivery | None]:
    """Return whether a payment was looked at, and the delivery if it is to be sent."""
    values: dict[str, Any] = {
        "now": now,
        "account": account.pk,
        "patience": now + CLOSE_MARGIN,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, values)
        row = cursor.fetchone()
    if row is None:
        return False, None
    payment = Payment.objects.select_related(
        "report__listing", "report__performer", "bonus", "performer"
    ).get(pk=row[0])
    report: WorkReport | None = getattr(payment, "report", None)
    if report and report.close_session and not _still_last(payment, report):
        _put_back(payment)
        return False, None
    obstacle = _find_obstacle(account, payment, now=now)
    if not obstacle:
        try:
            body, operation_id = _freeze_body(payment)
        except (TypeError, ValueError) as error:
            obstacle = f"it can't be written down: {error}"
    if obstacle:
        _put_back(payment, state=PaymentState.PARKED, last_error=obstacle)
        logger.warning("payment %s parked before an attempt: %s", payment.pk, obstacle)
        return True, None
    attempt = Attempt.objects.create(payment=payment, number=payment.attempts_count, started_at=now)
    return True, Delivery(
        payment_id=payment.pk,
        attempt_id=attempt.pk,
        number=payment.attempts_count,
        body=body.encode(),
        listing_id=payment.listing_id,
        performer_id=payment.performer_id,
        has_speed_quality=bool(report and report.listing.speed_quality_balance),
        unknown_count=payment.ambiguous_count,
        operation_id=operation_id,
    )


def _still_last(payment: Payment, report: WorkReport) -> bool:
    """Look again, under the lock that orders reports, whether one before the close became due."""
    lock_order(payment)
    return not Payment.objects.filter(
        listing_id=report.listing_id,
        performer_id=report.performer_id,
        pk__lt=payment.pk,
        state__in=[PaymentState.DUE, PaymentState.SENDING],
    ).exists()


def _put_back(payment: Payment, **changes: object) -> None:
    """Undo a claim that led to no attempt."""
    Payment.objects.filter(pk=payment.pk, state=PaymentState.SENDING).update(
        **{"state": PaymentState.DUE, **changes},
        attempts_count=F("attempts_count") - 1,
        claimed_at=None,
    )


def _find_obstacle(account: TolokaAccount, payment: Payment, *, now: datetime) -> str:
    """Return why a payment must not be sent as it is, and what would do; "" where it may."""
    amount = payment.amount
    if hasattr(payment, "bonus"):
        if not LEAST_BONUS <= amount <= MOST_BONUS:
            return (
                f"Toloka pays bonuses of {LEAST_BONUS} to {MOST_BONUS} USD, this is "
                f"{plain(amount)}; pay it elsewhere and record the proof, or give it up"
            )
    elif amount > account.max_reward_per_submit:
        return (
            f"{plain(amount)} USD is more than the account's limit for one submit, "
            f"{plain(account.max_reward_per_submit)}; raise the limit and send it again"
        )
    if not amount:
        return ""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    paid = (
        Payment.objects.filter(
            performer_id=payment.performer_id,
            account_id=account.pk,
            claimed_at__gte=today,
            state__in=[PaymentState.SENDING, PaymentState.SENT, PaymentState.UNKNOWN],
        )
        .exclude(pk=payment.pk)
        .aggregate(sum=Sum("amount"))["sum"]
    ) or Decimal(0)
    if paid + amount > account.max_reward_per_user_per_day:
        return (
            f"with {plain(amount)} USD the performer would have {plain(paid + amount)} today, more "
            f"than the account's limit, {plain(account.max_reward_per_user_per_day)}; "
            "raise the limit and send it again, or wait for tomorrow"
        )
    return ""


def _freeze_body(payment: Payment) -> tuple[str, UUID | None]:
    """Return the body of every attempt, made with the first, and a bonus's operation."""
    user_id = payment.performer.external_id
    bonus: Bonus | None = getattr(payment, "bonus", None)
    if bonus:
        if not bonus.body:
            bonus.body = write_bonus(bonus, user_id=user_id, amount=payment.amount)
            Bonus.objects.filter(pk=bonus.pk, body="").update(body=bonus.body)
        return bonus.body, bonus.operation_id
    report: WorkReport = payment.report
    if not report.body:
        report.body = write_report(report, user_id=user_id, amount=payment.amount)
        WorkReport.objects.filter(pk=report.pk, body="").update(body=report.body)
    return report.body, None


def write_report(report: WorkReport, *, user_id: str, amount: Decimal) -> str:
    """Return the body of a submit. Raises ValueError where the card's pool has no numeric id."""
    pool_id = report.listing.toloka_pool_id
    if not (pool_id.isascii() and pool_id.isdecimal()) or int(pool_id) > MOST_POOL_ID:
        raise ValueError(f"the pool in Toloka must have a number, not {pool_id!r}")
    submit = Submit(
        pool_id=int(pool_id),
        user_id=user_id,
        retry_id=report.retry_id,
        reward=amount,
        quality=report.quality,
        close_session=report.close_session,
        custom_log=report.custom_log,
        start_time=report.start_time,
        end_time=report.end_time,
        skipped=report.skipped,
        golden_tasks_count=report.golden_tasks_count,
        training_tasks_count=report.training_tasks_count,
        real_tasks_count=report.real_tasks_count,
    )
    return submit.write().decode()


def write_bonus(bonus: Bonus, *, user_id: str, amount: Decimal) -> str:
    """Return the body of a user bonus."""
    return (
        UserBonus(
            user_id=user_id,
            amount=amount,
            private_comment=bonus.private_comment[:499],
            public_title=bonus.public_title,
            public_message=bonus.public_message,
            without_message=bonus.without_message,
            assignment_id=bonus.toloka_assignment_id,
        )
        .write()
        .decode()
    )
