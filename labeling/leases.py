"""How long a page is held: kept alive by its performer, given back when its time runs out."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models import F

from integration.models import Visit
from labeling import serving, sessions
from labeling.clocks import GRACE
from labeling.enums import AssignmentStatus, WaitReason
from labeling.models import Assignment, Session

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lease:
    """How long a page is held: ``expires_at`` is None where it is not out any more; ``stopped``
    says why no further page will come, if that is known."""

    session: Session
    expires_at: datetime | None
    stopped: WaitReason | None


@transaction.atomic
def keep_alive(
    session_id: UUID,
    assignment_id: UUID,
    *,
    drafts: Mapping[str, Any] | None,
    problems: Sequence[Any],
    browser_key: str | None,
    now: datetime,
) -> Lease:
    """Extend the lease of a page at work, and keep its drafts."""
    session = sessions.lock(session_id, browser_key=browser_key, now=now)
    Visit.objects.filter(pk=session.visit_id).update(heard_at=now)
    page = Assignment.objects.filter(
        pk=assignment_id, session=session, status=AssignmentStatus.ACTIVE
    ).first()
    end = sessions.find_end(session)
    if page is None:
        return Lease(session, None, end)
    page.expires_at = max(
        page.expires_at,
        min(now + timedelta(seconds=session.pool.lease_seconds), page.last_moment),
    )
    if drafts is not None:
        page.drafts = dict(drafts)
    page.problems = [*page.problems, *problems][:100]
    page.save(update_fields=["expires_at", "drafts", "problems"])
    return Lease(session, page.expires_at, end)


def expire_leases(*, now: datetime, limit: int = 500) -> int:
    """Give back the pages whose lease ran out more than the grace ago; returns how many."""
    overdue = Assignment.objects.filter(
        status=AssignmentStatus.ACTIVE, expires_at__lt=now - GRACE
    ).order_by("expires_at")
    expired = 0
    for assignment_id, session_id in overdue.values_list("pk", "session_id")[:limit]:
        try:
            with transaction.atomic():
                Session.objects.select_for_update(no_key=True).get(pk=session_id)
                # A heartbeat may have come since the list was read.
                if overdue.filter(pk=assignment_id).exists():
                    expired += expire(assignment_id, session_id, now=now)
        except DatabaseError:
            logger.exception("assignment %s could not be given back", assignment_id)
    return expired


def expire(assignment_id: UUID, session_id: UUID, *, now: datetime) -> bool:
    """Give a page back whose session's row is locked; False where it was no longer out."""
    page = serving.take_page_back(assignment_id, status=AssignmentStatus.EXPIRED, now=now)
    if page is None:
        return False
    Session.objects.filter(pk=session_id).update(money_used=F("money_used") - page.reward)
    logger.info("assignment %s expired", assignment_id)
    return True
