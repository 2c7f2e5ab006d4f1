"""The life of a visit on our side: arriving, coming back, and every way it ends."""

import logging
import random
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models import (
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.utils.translation import gettext as _

from integration import arrivals, payments
from integration.arrivals import ResolvedArrival
from integration.enums import StopReason, VisitStatus
from integration.models import Performer, Visit
from labeling import budget, serving, supply
from labeling.clocks import DEADLINE_MARGIN
from labeling.enums import AssignmentStatus, PoolStatus, SessionStatus, WaitReason
from labeling.errors import LabelingError
from labeling.models import Assignment, Pool, Restriction, Session, Task
from labeling.serving import Spending

logger = logging.getLogger(__name__)

STOP_REASONS: dict[WaitReason, StopReason] = {
    WaitReason.DONE: StopReason.DONE,
    WaitReason.POOL_CLOSED: StopReason.POOL_CLOSED,
    WaitReason.POOL_COMPLETE: StopReason.POOL_COMPLETE,
    WaitReason.BUDGET: StopReason.BUDGET,
    WaitReason.RESTRICTED: StopReason.RESTRICTED,
    WaitReason.DEADLINE: StopReason.DEADLINE,
    WaitReason.FINISHED: StopReason.FINISHED,
    WaitReason.IDLE: StopReason.IDLE,
    WaitReason.SKIPS: StopReason.SKIPS,
}
"""What a visit keeps of the reason a performer was told."""

WAIT_REASONS = {stop: wait for wait, stop in STOP_REASONS.items()} | {
    StopReason.TOLOKA_RESTRICTION: WaitReason.STOPPED,
    StopReason.TOLOKA_FILTER: WaitReason.STOPPED,
    StopReason.TOLOKA_SPEED_QUALITY: WaitReason.STOPPED,
}


class NoWorkError(LabelingError):
    """A performer at the door gets no visit: ``reason`` says why, ``until`` when to come back."""

    code = "NO_WORK"

    def __init__(self, reason: WaitReason, *, until: datetime | None = None) -> None:
        super().__init__(str(reason.label))
        self.reason = reason
        self.until = until


class NotYoursError(LabelingError):
    """The session does not exist, or is not this browser's."""

    code = "NOT_YOURS"


class TakenOverError(NotYoursError):
    """Another browser of the same performer has the session now."""

    code = "TAKEN_OVER"


def restrictions_of(performer_id: int | OuterRef, pool: Pool | None, *, now: datetime) -> Q:
    """Return the condition for restrictions in force on a performer in a pool.

    With ``pool`` None it is for use in a subquery over sessions.
    """
    project = pool.project_id if pool else OuterRef("pool__project_id")
    requester = pool.project.requester_id if pool else OuterRef("pool__project__requester_id")
    return (
        Q(performer_id=performer_id, requester_id=requester, lifted_at__isnull=True)
        & (Q(until__isnull=True) | Q(until__gt=now))
        & (
            Q(project_id=project)
            | Q(pool_id=pool.pk if pool else OuterRef("pool_id"))
            | Q(project__isnull=True, pool__isnull=True)
        )
    )


def find_refusal(
    pool: Pool, performer: Performer | None, *, deadline: datetime, now: datetime
) -> NoWorkError | None:
    """Return why a performer who stands at the door of ``pool`` gets no visit, if so."""
    if performer:
        restriction = (
            Restriction.objects.filter(restrictions_of(performer.pk, pool, now=now))
            .order_by(F("until").desc(nulls_first=True))
            .first()
        )
        if restriction:
            return NoWorkError(WaitReason.RESTRICTED, until=restriction.until)
    stop = serving.find_stop(pool, deadline=deadline, now=now)
    if stop:
        return NoWorkError(stop)
    base_price = pool.listing.account.pool_base_price if pool.listing else Decimal(0)
    needed = base_price + pool.reward_per_assignment
    if pool.budget_cap is not None and pool.budget_cap - pool.budget_drawn < needed:
        return NoWorkError(WaitReason.BUDGET)
    lack = supply.look_for_page(
        pool,
        performer_id=performer.pk if performer else 0,
        external_id=performer.external_id if performer else "",
    )
    return NoWorkError(lack) if lack in supply.FINAL else None


@transaction.atomic
def arrive(resolved: ResolvedArrival, *, browser_key: str, now: datetime) -> Session:
    """Open the session of an arrival, or find it again; ``browser_key`` is the cookie's digest.

    Raises NoWorkError where a new visit is refused at the door, and what ``arrivals.admit``
    raises (ArrivalRefused). A newer assignment of the same performer takes the open work session
    over, with the page that is out.
    """
    pool = Pool.objects.select_related("project").get(listing=resolved.listing)
    is_known = Visit.objects.filter(
        account=resolved.account, assignment_id=resolved.assignment_id
    ).exists()
    performer = Performer.objects.filter(
        realm=resolved.account.realm, external_id=resolved.external_id
    ).first()
    has_visit = (
        performer is not None
        and Visit.objects.filter(
            listing=resolved.listing, performer=performer, status=VisitStatus.OPEN
        ).exists()
    )
    if not is_known and not has_visit:
        refusal = find_refusal(pool, performer, deadline=resolved.deadline, now=now)
        if refusal:
            raise refusal
    if performer:
        # Sessions are locked before visits, here as in every call of the performer.
        list(
            Session.objects.select_for_update(no_key=True)
            .filter(pool=pool, performer=performer, status=SessionStatus.OPEN)
            .order_by("pk")
        )
    admission = arrivals.admit(resolved, browser_key=browser_key, now=now)
    visit = admission.visit
    if admission.superseded:
        Session.objects.filter(visit=admission.superseded).update(visit=visit)
    session = Session.objects.filter(visit=visit, pool=pool).first()
    base_price = resolved.account.pool_base_price if admission.is_new else Decimal(0)
    if not budget.draw(pool, base_price):
        raise NoWorkError(WaitReason.BUDGET)
    if session:
        if base_price:
            Session.objects.filter(pk=session.pk).update(
                money_drawn=F("money_drawn") + base_price, money_used=F("money_used") + base_price
            )
        return session
    session = Session.objects.create(
        visit=visit,
        pool=pool,
        performer=visit.performer,
        cursor=_first_cursor(pool, visit.performer_id),
        money_drawn=base_price,
        money_used=base_price,
        opened_at=now,
    )
    logger.info("session %s opened for visit %s in pool %s", session.pk, visit.pk, pool.pk)
    return session


def _first_cursor(pool: Pool, performer_id: int) -> int:
    """Go on where the performer's last session stopped; else at the start, or anywhere."""
    last = Session.objects.filter(pool=pool, performer_id=performer_id).order_by("-pk").first()
    if last:
        return last.cursor
    if pool.mix_tasks_in_creation_order:
        return -1
    end: int = Task.objects.filter(pool=pool).aggregate(end=Max("position"))["end"] or 0
    return random.randint(-1, end)  # noqa: S311  # spreads performers over the pool


def lock(session_id: UUID, *, browser_key: str | None, now: datetime) -> Session:
    """Read and lock the row of a performer's call, with all that decides about it.

    The lock on this one row orders everything that a performer does in a session: two tabs, a
    repeated submit, the sweeps. Raises NotYoursError or TakenOverError by the browser's key.
    """
    rows = _locked(Session.objects.filter(pk=session_id), now=now)
    # Nothing the first time where the session moved to a newer visit while its lock was awaited.
    session = rows.first() or rows.first()
    if session is None:
        raise NotYoursError(_("There is no such session."))
    check_browser(session, browser_key)
    return session


def check_browser(session: Session, browser_key: str | None) -> None:
    """Raise unless ``browser_key`` is the digest of the browser that has the session."""
    if browser_key is None:
        raise NotYoursError(_("This page belongs to another browser."))
    if session.visit.browser_key != browser_key:
        raise TakenOverError(_("The work goes on in another browser."))


def _locked(sessions: QuerySet[Session], *, now: datetime) -> QuerySet[Session]:
    return (
        # The visit's row too: who waited for the session must not decide by what the visit was.
        sessions.select_for_update(of=("self", "visit"), no_key=True)
        .select_related("performer", "visit__account", "visit__listing", "pool__project")
        .annotate(
            is_restricted=Exists(
                Restriction.objects.filter(restrictions_of(OuterRef("performer_id"), None, now=now))
            )
        )
    )


def find_end(session: Session) -> WaitReason | None:
    """Return why a session, as locked, gets no further page whatever the pool holds."""
    visit = session.visit
    if session.status == SessionStatus.CLOSED or visit.status != VisitStatus.OPEN:
        return end_reason(session)
    if visit.stop_reason:
        return WAIT_REASONS[StopReason(visit.stop_reason)]
    if session.is_restricted:  # type: ignore[attr-defined]  # annotated by _locked
        return WaitReason.RESTRICTED
    limit = session.pool.max_skips_in_row
    return WaitReason.SKIPS if limit and session.skips_in_row >= limit else None


def end_reason(session: Session) -> WaitReason:
    """Return what a performer is told about a session that has ended."""
    visit = session.visit
    if visit.status == VisitStatus.SUPERSEDED:
        return WaitReason.SUPERSEDED
    return WAIT_REASONS.get(StopReason(visit.stop_reason or StopReason.FINISHED), WaitReason.DONE)


def end_visit(session: Session, reason: WaitReason, *, now: datetime) -> bool:
    """End the visit of a locked session: give back the page that is out, return money, close.

    False where it had ended already. Everything is in the caller's transaction.
    """
    visit = session.visit
    if session.status == SessionStatus.CLOSED or visit.status != VisitStatus.OPEN:
        return False
    page = Assignment.objects.filter(session=session, status=AssignmentStatus.ACTIVE).first()
    used = Decimal(0)
    if page and serving.take_page_back(page.pk, status=AssignmentStatus.EXPIRED, now=now):
        used = page.reward
    current = Session.objects.get(pk=session.pk)
    rest = current.money_drawn - current.money_used + used
    Session.objects.filter(pk=session.pk).update(
        status=SessionStatus.CLOSED,
        closed_at=now,
        money_used=F("money_used") - used,
        money_drawn=F("money_drawn") - rest,
    )
    budget.give_back(session.pool_id, rest)
    stop = StopReason(visit.stop_reason) if visit.stop_reason else STOP_REASONS[reason]
    payments.close_visit(
        visit_id=visit.pk,
        requester_id=session.pool.project.requester_id,
        reason=stop,
        skipped=page is not None,
        now=now,
    )
    session.status = SessionStatus.CLOSED
    visit.status = VisitStatus.CLOSING
    visit.stop_reason = stop
    logger.info("session %s of visit %s ended: %s", session.pk, visit.pk, stop)
    return True


def close_ended_visits(*, now: datetime, limit: int = 200) -> int:
    """Close visits that nobody's call has closed: idle, out of time, stopped, pool closed.

    A page that is out may be finished where the visit ends for a reason the performer can't see;
    idle and overdue visits give it back. Each visit in its own transaction; returns how many.
    """
    is_out = Exists(
        Assignment.objects.filter(session=OuterRef("pk"), status=AssignmentStatus.ACTIVE)
    )
    silence = ExpressionWrapper(
        F("pool__session_idle_seconds") * Value(timedelta(seconds=1)), DurationField()
    )
    idle = Q(visit__heard_at__lt=Value(now) - silence)
    overdue = Q(visit__deadline__lte=now + DEADLINE_MARGIN)
    stopped = ~Q(visit__stop_reason="") | ~Q(pool__status=PoolStatus.OPEN)
    restricted = Exists(
        Restriction.objects.filter(restrictions_of(OuterRef("performer_id"), None, now=now))
    )
    waiting = Session.objects.filter(
        status=SessionStatus.OPEN, visit__status=VisitStatus.OPEN
    ).filter(idle | overdue | (~is_out & (stopped | restricted)))
    closed = 0
    for session_id in waiting.values_list("pk", flat=True)[:limit]:
        try:
            closed += _close_if_ended(session_id, now=now)
        except DatabaseError:
            # One that can't be closed keeps no other from it.
            logger.exception("the visit of session %s could not be closed", session_id)
    return closed


@transaction.atomic
def _close_if_ended(session_id: UUID, *, now: datetime) -> bool:
    session = _locked(Session.objects.filter(pk=session_id), now=now).first()
    if session is None:
        return False
    reason = _overdue_reason(session, now=now)
    return reason is not None and end_visit(session, reason, now=now)


def _overdue_reason(session: Session, *, now: datetime) -> WaitReason | None:
    visit, pool = session.visit, session.pool
    if visit.heard_at < now - timedelta(seconds=pool.session_idle_seconds):
        return WaitReason.IDLE
    if visit.deadline <= now + DEADLINE_MARGIN:
        return WaitReason.DEADLINE
    if Assignment.objects.filter(session=session, status=AssignmentStatus.ACTIVE).exists():
        return None
    end = find_end(session)
    if end or pool.status == PoolStatus.OPEN:
        return end
    return WaitReason.POOL_COMPLETE if pool.complete_since else WaitReason.POOL_CLOSED


def free_money(session_id: UUID, amount: Decimal) -> None:
    """Let money that was set aside be spent again: by the session, or where it ended by others.

    Call it in a transaction.
    """
    rows = Session.objects.filter(pk=session_id)
    session = rows.select_for_update(no_key=True).get()
    rows.update(money_used=F("money_used") - amount)
    if session.status == SessionStatus.CLOSED:
        rows.update(money_drawn=F("money_drawn") - amount)
        budget.give_back(session.pool_id, amount)


def spending_of(session: Session) -> Spending:
    """Return what serving may change on the session's row, as it stands."""
    return Spending(
        cursor=session.cursor, money_drawn=session.money_drawn, money_used=session.money_used
    )
