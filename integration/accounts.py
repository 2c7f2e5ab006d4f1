"""Whether an account at Toloka may be called: pauses that a person ends, rests that end alone."""

import logging
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Greatest, Least

from integration.models import AuditEntry, TolokaAccount

logger = logging.getLogger(__name__)

FAILURES_TO_REST: Final = 5
SHORTEST_REST_S: Final = 15
LONGEST_REST_S: Final = 300


def ready_accounts(now: datetime) -> QuerySet[TolokaAccount]:
    """Return the accounts that may be called now."""
    rested = Q(wait_until__isnull=True) | Q(wait_until__lte=now)
    return TolokaAccount.objects.filter(rested, is_active=True, paused_at__isnull=True)


def pause_account(account_id: int, why: str, *, now: datetime) -> bool:
    """Stop all deliveries of an account until a person resumes it; False if it was paused."""
    paused = TolokaAccount.objects.filter(pk=account_id, paused_at__isnull=True).update(
        paused_at=now, paused_reason=why
    )
    if paused:
        logger.error("account %s paused: %s", account_id, why)
    return bool(paused)


@transaction.atomic
def resume_account(
    account_id: int, *, user: AbstractBaseUser | None, reason: str, now: datetime
) -> bool:
    """Let a paused account go on, for instance with a new token; False if it was not paused."""
    account = TolokaAccount.objects.select_for_update().get(pk=account_id)
    if account.paused_at is None:
        return False
    TolokaAccount.objects.filter(pk=account_id).update(
        paused_at=None, paused_reason="", wait_until=None, failures_in_row=0
    )
    AuditEntry.objects.create(
        requester_id=account.requester_id,
        user_id=user.pk if user else None,
        action="account.resume",
        subject=f"account:{account_id}",
        reason=reason,
        details={"paused_reason": account.paused_reason, "paused_at": str(account.paused_at)},
    )
    logger.info("account %s resumed", account_id)
    return True


def rest_until(account_id: int, moment: datetime) -> None:
    """Let an account rest until ``moment``, or for longer where it does already."""
    TolokaAccount.objects.filter(pk=account_id).update(
        wait_until=Greatest(Coalesce(F("wait_until"), Value(moment)), Value(moment))
    )
    logger.warning("account %s rests until %s", account_id, moment.isoformat())


def note_failure(account_id: int, *, now: datetime) -> None:
    """Count a call that Toloka did not answer; after several in a row the account rests, longer
    each time, so that an outage does not turn every report into one of unknown outcome."""
    TolokaAccount.objects.filter(pk=account_id).update(
        failures_in_row=Least(F("failures_in_row") + 1, Value(1000))
    )
    failures = TolokaAccount.objects.values_list("failures_in_row", flat=True).get(pk=account_id)
    over = failures - FAILURES_TO_REST
    if over >= 0:
        rest_s = min(SHORTEST_REST_S * 2 ** min(over, 10), LONGEST_REST_S)
        rest_until(account_id, now + timedelta(seconds=rest_s))


def note_success(account_id: int) -> None:
    """Forget failures; writes nothing where there were none, which is nearly always."""
    TolokaAccount.objects.filter(pk=account_id, failures_in_row__gt=0).update(failures_in_row=0)
