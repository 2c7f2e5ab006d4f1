"""Delivering what is due: send, write down what came of it, judge what nobody wrote down."""

import json
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Lock
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from integration import accounts, limits
from integration.claims import Delivery, claim_next
from integration.closing import is_overtaken, lock_order, will_be_resent
from integration.enums import AttemptOutcome, PaymentState
from integration.models import Attempt, Payment, TolokaAccount
from integration.outcomes import Result, become_unknown, judge_error, record_result
from integration.toloka.client import TolokaClient
from integration.toloka.errors import ConflictError, TolokaError
from integration.toloka.payloads import OperationSent
from integration.toloka.transport import close_session
from integration.toloka.wire import clean_text

logger = logging.getLogger(__name__)

OLD_CLAIM: Final = timedelta(seconds=90)
"""When a claim is old: longer than any call can last (``TimeLimits``), so its process is dead."""

BONUS_PATIENCE_S: Final = 6.0

Clock = Callable[[], datetime]


def deliver_due(
    *, now: datetime, limit: int = 100, threads: int = 1, time_limit_s: float = 50.0
) -> int:
    """Deliver up to ``limit`` payments that are due; return how many attempts were made.

    Safe to run at any time, by any number of processes. Ends by itself when nothing may go, or
    after ``time_limit_s`` (and the call that is then under way). With ``threads`` above 1, each
    has a connection to the database of its own.
    """
    began = time.monotonic()
    budget = _Budget(limit)

    def clock() -> datetime:
        return now + timedelta(seconds=time.monotonic() - began)

    def work() -> int:
        return _deliver_until(clock, budget, end=began + time_limit_s)

    def work_alone() -> int:
        try:
            return work()
        finally:
            connection.close()
            close_session()

    if threads <= 1:
        return work()
    with ThreadPoolExecutor(threads, thread_name_prefix="outbox") as pool:
        return sum(future.result() for future in [pool.submit(work_alone) for _ in range(threads)])


class _Budget:
    """A number of attempts, shared by threads."""

    def __init__(self, left: int) -> None:
        self._left, self._lock = left, Lock()

    def take(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left >= 0

    def give_back(self) -> None:
        with self._lock:
            self._left += 1


def _deliver_until(clock: Clock, budget: _Budget, *, end: float) -> int:
    """Go round the accounts, one payment each, so that no backlog of one keeps the others back."""
    made = 0
    while True:
        progress, waits = False, []
        for account in _accounts_with_work(clock()):
            if time.monotonic() >= end or not budget.take():
                return made
            delivery = None
            wait_s = limits.take_turn(account.pk, account.submits_per_second)
            if wait_s:
                waits.append(wait_s)
            else:
                delivery = claim_next(account, now=clock())
            if delivery is None:
                budget.give_back()
                continue
            record_result(account, delivery, _send(account, delivery), now=clock())
            made += 1
            progress = True
        if not progress:
            if not waits:
                return made
            time.sleep(min(*waits, 1.0))


def _accounts_with_work(now: datetime) -> QuerySet[TolokaAccount]:
    due = Payment.objects.filter(account=OuterRef("pk"), state=PaymentState.DUE, due_at__lte=now)
    return accounts.ready_accounts(now).filter(Exists(due)).order_by("pk")


def _send(account: TolokaAccount, delivery: Delivery) -> Result:
    client = TolokaClient(account)
    try:
        if delivery.operation_id:
            return _send_bonus(client, delivery.body, delivery.operation_id)
        return Result(AttemptOutcome.APPLIED, client.submit(delivery.body))
    except TolokaError as error:
        return judge_error(account, delivery, error)


def _send_bonus(client: TolokaClient, body: bytes, operation_id: UUID) -> Result:
    """Send a bonus and wait a little for its operation, which alone says whether it was paid."""
    operation: OperationSent | None = None
    try:
        operation = client.create_user_bonus(body, operation_id=operation_id)
    except ConflictError as error:
        if error.code != "OPERATION_ALREADY_EXISTS":
            raise
    try:
        operation = client.wait_operation(
            operation or client.get_operation(str(operation_id)), timeout_s=BONUS_PATIENCE_S
        )
    except TolokaError as error:
        text = f"the bonus was taken, its operation could not be read: {error.message}"
        return Result(AttemptOutcome.UNKNOWN, error.answer, text, failed=True)
    if not operation.has_ended:
        return Result(AttemptOutcome.UNKNOWN, None, "the bonus's operation still runs")
    if operation.has_failed:
        details = clean_text(json.dumps(dict(operation.details), default=str))
        return Result(AttemptOutcome.REFUSED, None, f"the bonus's operation failed: {details}")
    return Result(AttemptOutcome.APPLIED)


def judge_old_claims(now: datetime) -> int:
    """Take payments whose delivery died halfway to *unknown*; return how many."""
    with transaction.atomic():
        old = list(
            Payment.objects.select_for_update(no_key=True, skip_locked=True).filter(
                state=PaymentState.SENDING, claimed_at__lt=now - OLD_CLAIM
            )
        )
        for payment in old:
            Payment.objects.filter(pk=payment.pk).update(
                **become_unknown(payment.ambiguous_count, now=now),
                last_error="the process that sent it died before it wrote down the outcome",
            )
            logger.warning("payment %s: its delivery died, the outcome is unknown", payment.pk)
        Attempt.objects.filter(payment__in=old, outcome=AttemptOutcome.IN_FLIGHT).update(
            outcome=AttemptOutcome.UNKNOWN, finished_at=now
        )
    return len(old)


def resend_unknown(now: datetime, *, limit: int = 500) -> int:
    """Make those of unknown outcome due again whose account sends such again; return how many."""
    waiting = Payment.objects.filter(
        will_be_resent(), due_at__lte=now, account__in=accounts.ready_accounts(now)
    ).order_by("due_at")
    resent = 0
    for payment in waiting[:limit]:
        with transaction.atomic():
            lock_order(payment)
            resent += Payment.objects.filter(
                ~is_overtaken(), pk=payment.pk, state=PaymentState.UNKNOWN
            ).update(state=PaymentState.DUE, due_at=now)
    return resent
