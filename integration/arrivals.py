"""From a redirect to a performer and a visit: who is it, may he come in, and in which browser.

Knows no requests and no pages: views call it with plain values and show what it refuses.
"""

import hashlib
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction

from integration import limits
from integration.enums import VisitStatus
from integration.models import Listing, Performer, TolokaAccount, Visit
from integration.toloka.client import TolokaClient
from integration.toloka.errors import AccountError, RateLimitedError, RefusedError, TolokaError
from integration.toloka.payloads import AssignmentSent

logger = logging.getLogger(__name__)

ASSIGNMENT_ID: Final = re.compile(r"[A-Za-z0-9-]{1,128}")
QUIET: Final = timedelta(minutes=2)
"""How long the browser that has a visit must be silent before another one may take it over."""
RETRY_S: Final = 15
CODES_COUNTED = frozenset({"malformed", "different_ids", "unknown", "not_ours"})
"""Refusals that count as failed lookups of an address."""


class ArrivalRefused(Exception):  # noqa: N818  # an ordinary ending, with a page of its own
    """Nobody comes in: ``code`` says why, ``way_back`` where to return to ("" where unknown),
    ``retry_after_s`` when trying again makes sense."""

    def __init__(self, code: str, *, way_back: str = "", retry_after_s: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.way_back = way_back
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class ResolvedArrival:
    """Who stands at the door: an ACTIVE assignment of a card of ours."""

    account: TolokaAccount
    listing: Listing
    external_id: str
    assignment_id: str
    deadline: datetime


@dataclass(frozen=True)
class Admission:
    """The visit of an arrival; ``superseded`` is the older one whose work session it takes over."""

    visit: Visit
    is_new: bool
    superseded: Visit | None = None


def browser_digest(key: str) -> str:
    """Return what is kept of a browser's key: 64 hexadecimal digits."""
    return hashlib.sha256(key.encode()).hexdigest()


def resolve(
    *,
    arrival_key: str | None,
    params: Mapping[str, Sequence[str]],
    path_id: str | None,
    address: str,
    now: datetime,
) -> ResolvedArrival:
    """Find out from a redirect's address who arrives, asking Toloka for the assignment.

    ``params`` is the whole query, ``path_id`` an id that stood in the path, ``address`` the
    client's. Raises ArrivalRefused with the code unknown_key, several_accounts, paused, no_id,
    malformed, different_ids, rate_limited, unknown, not_ours, not_active or toloka_down.
    """
    account = _find_account(arrival_key)
    try:
        assignment_id = _find_assignment_id(account, params, path_id)
        wait_s = limits.wait_for_lookup(address)
        if wait_s:
            raise ArrivalRefused("rate_limited", retry_after_s=wait_s)
        if account.paused_at:
            known = _find_open_visit(account, assignment_id)
            if known:
                return known
            raise ArrivalRefused("paused")
        return _look_up(account, assignment_id, now=now)
    except ArrivalRefused as refused:
        refused.way_back = account.way_back
        if refused.code in CODES_COUNTED:
            limits.count_failed_lookup(address)
        logger.info("arrival at account %s refused: %s", account.pk, refused.code)
        raise


def _find_account(arrival_key: str | None) -> TolokaAccount:
    """Find whose token reads the assignment; without a key only one account can be meant."""
    active = TolokaAccount.objects.filter(is_active=True)
    if arrival_key is not None:
        account = active.filter(arrival_key=arrival_key).first() if arrival_key else None
        if account is None:
            raise ArrivalRefused("unknown_key")
        return account
    found = list(active[:2])
    if len(found) != 1:
        raise ArrivalRefused("several_accounts")
    return found[0]


def _find_assignment_id(
    account: TolokaAccount, params: Mapping[str, Sequence[str]], path_id: str | None
) -> str:
    names = account.redirect_assignment_params
    found = {value for name in names for value in params.get(name, ()) if value}
    if path_id:
        found.add(path_id)
    if not found:
        raise ArrivalRefused("no_id")
    if not all(ASSIGNMENT_ID.fullmatch(value) for value in found):
        raise ArrivalRefused("malformed")
    if len(found) > 1:
        raise ArrivalRefused("different_ids")
    return found.pop()


def _look_up(account: TolokaAccount, assignment_id: str, *, now: datetime) -> ResolvedArrival:
    try:
        assignment = TolokaClient(account).get_assignment(assignment_id)
    except TolokaError as error:
        refused = _explain(account, error)
        known = refused.code == "toloka_down" and _find_open_visit(account, assignment_id)
        if known:
            # Who it is was settled when the visit began; work need not wait for Toloka.
            return known
        raise refused from None
    if assignment.id != assignment_id:
        logger.error("account %s: Toloka answered with another assignment", account.pk)
        raise ArrivalRefused("unknown")
    listing = Listing.objects.filter(account=account, toloka_pool_id=assignment.pool_id).first()
    if listing is None:
        raise ArrivalRefused("not_ours")
    deadline = _find_deadline(assignment, listing, now=now)
    if assignment.status != "ACTIVE" or deadline <= now:
        raise ArrivalRefused("not_active")
    return ResolvedArrival(
        account=account,
        listing=listing,
        external_id=assignment.user_id,
        assignment_id=assignment_id,
        deadline=deadline,
    )


def _explain(account: TolokaAccount, error: TolokaError) -> ArrivalRefused:
    """Turn a failed lookup into a refusal. Pauses no account: the id came from a stranger."""
    if isinstance(error, RateLimitedError):
        return ArrivalRefused("toloka_down", retry_after_s=max(int(error.retry_after_s), RETRY_S))
    if isinstance(error, RefusedError):
        return ArrivalRefused("unknown")
    if isinstance(error, AccountError):
        if error.answer and error.answer.http_status == 403 and error.code == "ACCESS_DENIED":
            return ArrivalRefused("unknown")
        logger.error("account %s can't look up assignments: %s", account.pk, error.message)
    return ArrivalRefused("toloka_down", retry_after_s=RETRY_S)


def _find_open_visit(account: TolokaAccount, assignment_id: str) -> ResolvedArrival | None:
    visit = (
        Visit.objects.select_related("listing", "performer")
        .filter(account=account, assignment_id=assignment_id, status=VisitStatus.OPEN)
        .first()
    )
    if visit is None or visit.listing is None:
        return None
    return ResolvedArrival(
        account=account,
        listing=visit.listing,
        external_id=visit.performer.external_id,
        assignment_id=assignment_id,
        deadline=visit.deadline,
    )


def _find_deadline(assignment: AssignmentSent, listing: Listing, *, now: datetime) -> datetime:
    """Return when the assignment runs out, by Toloka's clock where it says when it began."""
    began = min(assignment.created or now, now)
    return began + timedelta(seconds=listing.assignment_max_duration_seconds)


def admit(resolved: ResolvedArrival, *, browser_key: str, now: datetime) -> Admission:
    """Open the visit of an arrival, or find it again, for the browser with this digest.

    A newer assignment of the same performer and card supersedes the open visit. Raises
    ArrivalRefused with the code visit_over, or other_browser while the browser that has the
    visit was heard of in the last two minutes.
    """
    for _ in range(5):
        try:
            with transaction.atomic():
                return _admit(resolved, browser_key=browser_key, now=now)
        except IntegrityError:
            # Another arrival of the same performer was quicker by a moment: look again.
            continue
    raise ArrivalRefused("toloka_down", way_back=resolved.account.way_back, retry_after_s=1)


def _admit(resolved: ResolvedArrival, *, browser_key: str, now: datetime) -> Admission:
    known = Visit.objects.filter(
        account=resolved.account, assignment_id=resolved.assignment_id
    ).first()
    while known and known.status == VisitStatus.SUPERSEDED and known.superseded_by:
        known = known.superseded_by
    if known:
        return _come_back(known, resolved, browser_key=browser_key, now=now)
    performer, _ = Performer.objects.get_or_create(
        realm=resolved.account.realm, external_id=resolved.external_id
    )
    older = (
        Visit.objects.select_for_update(no_key=True)
        .filter(listing=resolved.listing, performer=performer, status=VisitStatus.OPEN)
        .first()
    )
    if older:
        Visit.objects.filter(pk=older.pk).update(status=VisitStatus.SUPERSEDED, closed_at=now)
    visit = Visit.objects.create(
        account=resolved.account,
        assignment_id=resolved.assignment_id,
        performer=performer,
        listing=resolved.listing,
        browser_key=browser_key,
        heard_at=now,
        deadline=resolved.deadline,
        opened_at=now,
    )
    if older:
        Visit.objects.filter(pk=older.pk).update(superseded_by=visit)
        older.status, older.superseded_by, older.closed_at = VisitStatus.SUPERSEDED, visit, now
    logger.info("visit %s opened%s", visit.pk, f", supersedes {older.pk}" if older else "")
    return Admission(visit=visit, is_new=True, superseded=older)


def _come_back(
    visit: Visit, resolved: ResolvedArrival, *, browser_key: str, now: datetime
) -> Admission:
    """Let a browser back into an open visit, or another one in after silence."""
    way_back = resolved.account.way_back
    same = Visit.objects.filter(pk=visit.pk, status=VisitStatus.OPEN, browser_key=browser_key)
    quiet = Visit.objects.filter(pk=visit.pk, status=VisitStatus.OPEN, heard_at__lt=now - QUIET)
    came_in = same.update(heard_at=now)
    if not came_in:
        came_in = quiet.update(heard_at=now, browser_key=browser_key)
        if came_in:
            logger.info("visit %s taken over by another browser", visit.pk)
    visit.refresh_from_db()
    if came_in:
        return Admission(visit=visit, is_new=False)
    if visit.status != VisitStatus.OPEN:
        raise ArrivalRefused("visit_over", way_back=way_back)
    left = (visit.heard_at + QUIET - now).total_seconds()
    raise ArrivalRefused("other_browser", way_back=way_back, retry_after_s=max(int(left) + 1, 1))
