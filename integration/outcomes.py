"""What came of an attempt: classed, written down, and carried to the visit and the account."""

import logging
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F

from integration import accounts
from integration.claims import Delivery
from integration.enums import (
    AmbiguousOutcome,
    AttemptOutcome,
    PaymentState,
    RestrictionMatch,
    StopReason,
    VisitStatus,
)
from integration.models import Attempt, Payment, TolokaAccount, Visit
from integration.toloka.client import SHORTEST_PAUSE_S
from integration.toloka.errors import (
    AccountError,
    ConflictError,
    NotSentError,
    RateLimitedError,
    RefusedError,
    TolokaError,
    UnavailableError,
)
from integration.toloka.payloads import SubmitFlags
from integration.toloka.transport import Answer

logger = logging.getLogger(__name__)

RESEND_AFTER_S: Final = (30, 60, 240, 600, 1200, 1500)
"""How long to wait before each repeat after an unknown outcome: six repeats in about an hour."""

LONGEST_BACKOFF_S: Final = 600
MOST_ANSWER_SIGNS: Final = 4000


@dataclass(frozen=True)
class Result:
    """What came of an attempt.

    ``wait_s``: how long before the next one, None: by the usual backoff. ``failed``: Toloka gave
    no answer worth the name; ``pauses``: the account can't go on without a person.
    """

    outcome: AttemptOutcome
    answer: Answer | None = None
    error: str = ""
    wait_s: float | None = None
    failed: bool = False
    pauses: bool = False


def judge_error(account: TolokaAccount, delivery: Delivery, error: TolokaError) -> Result:
    """Class an error: certainly not applied, refused for good, or nobody knows."""
    answer, text = error.answer, error.message
    if isinstance(error, AccountError):
        return Result(AttemptOutcome.NOT_APPLIED, answer, text, wait_s=0, pauses=True)
    if isinstance(error, RateLimitedError):
        wait_s = max(error.retry_after_s, SHORTEST_PAUSE_S)
        return Result(AttemptOutcome.NOT_APPLIED, answer, text, wait_s=wait_s)
    if isinstance(error, NotSentError):
        return Result(AttemptOutcome.NOT_APPLIED, answer, text, failed=True)
    if isinstance(error, UnavailableError):
        is_strict = account.ambiguous_outcome == AmbiguousOutcome.HOLD
        outcome = AttemptOutcome.UNKNOWN if is_strict else AttemptOutcome.NOT_APPLIED
        return Result(outcome, answer, text, failed=True)
    if isinstance(error, ConflictError) and delivery.unknown_count and _says_repeat(error):
        return Result(AttemptOutcome.APPLIED, answer, text)
    if isinstance(error, RefusedError):
        return Result(AttemptOutcome.REFUSED, answer, text)
    return Result(AttemptOutcome.UNKNOWN, answer, text, failed=True)


def _says_repeat(error: ConflictError) -> bool:
    """Tell whether a conflict says that the same submit was taken before.

    No code is documented for that, so any wording that can mean nothing else is taken; that
    something "is already closed" means something else.
    """
    said = f"{error.code} {error.message}".upper()
    return any(word in said for word in ("DUPLICATE", "RETRY_ID", "ALREADY_EXISTS"))


def record_result(
    account: TolokaAccount, delivery: Delivery, result: Result, *, now: datetime
) -> None:
    """Write down what came of an attempt, and what follows for the visit and the account."""
    answer = result.answer
    with transaction.atomic():
        Attempt.objects.filter(pk=delivery.attempt_id).update(
            finished_at=now,
            outcome=result.outcome,
            http_status=answer.http_status if answer else None,
            request_id=answer.request_id if answer else "",
            latency_ms=answer.latency_ms if answer else None,
            answer=(answer.text if answer else result.error)[:MOST_ANSWER_SIGNS],
        )
        # An answer that comes after its claim was judged old still says that it was applied.
        states = [PaymentState.SENDING]
        if result.outcome == AttemptOutcome.APPLIED:
            states += [PaymentState.UNKNOWN, PaymentState.DUE]
        changed = Payment.objects.filter(
            pk=delivery.payment_id, attempts_count=delivery.number, state__in=states
        ).update(**_next_step(delivery, result, now=now))
        if result.outcome == AttemptOutcome.APPLIED and delivery.listing_id and answer:
            _note_flags(account, delivery, delivery.listing_id, SubmitFlags.read(answer.json))
    logger.log(
        logging.INFO if result.outcome == AttemptOutcome.APPLIED else logging.WARNING,
        "payment %s: attempt %s %s%s%s",
        delivery.payment_id,
        delivery.number,
        result.outcome,
        "" if changed else " (its payment had moved on)",
        f" ({result.error})" if result.error else "",
    )
    if result.pauses:
        accounts.pause_account(account.pk, result.error, now=now)
    elif result.failed:
        accounts.note_failure(account.pk, now=now)
    elif account.failures_in_row:
        accounts.note_success(account.pk)


def _next_step(delivery: Delivery, result: Result, *, now: datetime) -> dict[str, Any]:
    """Return the changes of the payment's row."""
    changes: dict[str, Any] = {"last_error": result.error}
    if result.outcome == AttemptOutcome.APPLIED:
        return {"state": PaymentState.SENT, "ended_at": now, "last_error": ""}
    if result.outcome == AttemptOutcome.REFUSED:
        return {**changes, "state": PaymentState.PARKED}
    if result.outcome == AttemptOutcome.UNKNOWN:
        return {**changes, **become_unknown(delivery.unknown_count, now=now)}
    wait_s = result.wait_s
    if wait_s is None:
        backoff_s = min(2.0**delivery.number, LONGEST_BACKOFF_S)
        wait_s = backoff_s * random.uniform(0.8, 1.2)  # noqa: S311  # spreads load, hides nothing
    return {**changes, "state": PaymentState.DUE, "due_at": now + timedelta(seconds=wait_s)}


def become_unknown(before: int, *, now: datetime) -> dict[str, Any]:
    """Return the changes for an unknown outcome after ``before`` others."""
    wait_s = RESEND_AFTER_S[min(before, len(RESEND_AFTER_S) - 1)]
    return {
        "state": PaymentState.UNKNOWN,
        "ambiguous_count": F("ambiguous_count") + 1,
        "due_at": now + timedelta(seconds=wait_s),
    }


def _note_flags(
    account: TolokaAccount, delivery: Delivery, listing_id: int, flags: SubmitFlags
) -> None:
    """Stop the performer's open visit at this card where Toloka says that he may not go on.

    The flags judge the performer, not the visit that the report came from.
    """
    stop = find_stop(account, flags, has_speed_quality=delivery.has_speed_quality)
    if stop:
        Visit.objects.filter(
            listing_id=listing_id,
            performer_id=delivery.performer_id,
            status=VisitStatus.OPEN,
            stop_reason="",
        ).update(stop_reason=stop)


def find_stop(
    account: TolokaAccount, flags: SubmitFlags, *, has_speed_quality: bool
) -> StopReason | None:
    """Return why the flags of a submit's answer end a visit, by the account's reading of them."""
    missing_stops = account.unknown_flags_stop
    true_is_bad = account.restriction_match_true_means == RestrictionMatch.RESTRICTED

    def stops(flag: bool | None, *, bad: bool) -> bool:
        return missing_stops if flag is None else flag is bad

    if stops(flags.restriction_match, bad=true_is_bad):
        return StopReason.TOLOKA_RESTRICTION
    if stops(flags.filter_match, bad=False):
        return StopReason.TOLOKA_FILTER
    if has_speed_quality and stops(flags.speed_quality_balance_match, bad=False):
        return StopReason.TOLOKA_SPEED_QUALITY
    return None
