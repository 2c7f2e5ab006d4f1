"""Arriving, coming back, and every way a visit ends."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integration.arrivals import ArrivalRefused, ResolvedArrival
from integration.enums import StopReason, VisitStatus
from integration.models import Performer, Visit, WorkReport
from labeling import assignments, leases, sessions
from labeling.enums import PoolStatus, RestrictionScope, SessionStatus, WaitReason
from labeling.models import Assignment, Pool, Restriction, Session
from labeling.sessions import NoWorkError
from tests.factories import RestrictionFactory
from tests.labeling.conftest import BROWSER, NOON

MakePool = Callable[..., Pool]
Start = Callable[..., Session]
OTHER_BROWSER = "c" * 64


def arrival(pool: Pool, assignment: str = "a1", performer: str = "p1") -> ResolvedArrival:
    listing = pool.listing
    assert listing is not None
    return ResolvedArrival(
        account=listing.account,
        listing=listing,
        external_id=performer,
        assignment_id=assignment,
        deadline=NOON + timedelta(hours=4),
    )


def arrive(pool: Pool, *who: str, browser: str = BROWSER, now: datetime = NOON) -> Session:
    return sessions.arrive(arrival(pool, *who), browser_key=browser, now=now)


def give_page(session: Session, **more: Any) -> Any:
    return assignments.look(session.pk, **{"browser_key": BROWSER, "now": NOON, **more}).page


def test_second_click_on_the_link_leads_to_the_same_session(make_pool: MakePool) -> None:
    pool = make_pool(real=3)

    first, second = arrive(pool), arrive(pool)

    assert first == second
    assert (Visit.objects.count(), Performer.objects.count()) == (1, 1)


def test_newer_assignment_takes_the_work_session_and_its_page_over(make_pool: MakePool) -> None:
    pool = make_pool(real=3)
    first = arrive(pool, "a1")
    page = give_page(first)

    second = arrive(pool, "a2")

    assert second == first
    assert give_page(second).id == page.id
    statuses = dict(Visit.objects.values_list("assignment_id", "status"))
    assert statuses == {"a1": VisitStatus.SUPERSEDED, "a2": VisitStatus.OPEN}
    assert not WorkReport.objects.exists()


def test_another_browser_waits_for_silence_and_then_takes_over_with_the_drafts(
    make_pool: MakePool,
) -> None:
    pool = make_pool(real=3)
    session = arrive(pool)
    page = give_page(session)
    drafts = {page.tasks[0]["id"]: {"label": "no"}}
    leases.keep_alive(
        session.pk, page.id, drafts=drafts, problems=[], browser_key=BROWSER, now=NOON
    )

    with pytest.raises(ArrivalRefused) as refused:
        arrive(pool, browser=OTHER_BROWSER, now=NOON + timedelta(seconds=90))
    arrive(pool, browser=OTHER_BROWSER, now=NOON + timedelta(seconds=121))
    turn = assignments.look(session.pk, browser_key=OTHER_BROWSER, now=NOON)

    assert (refused.value.code, refused.value.retry_after_s) == ("other_browser", 31)
    assert (turn.page and turn.page.id, turn.drafts) == (page.id, drafts)
    with pytest.raises(sessions.TakenOverError):
        give_page(session)


def restrict(pool: Pool, scope: RestrictionScope, **more: Any) -> Restriction:
    performer, _ = Performer.objects.get_or_create(realm="toloka-sandbox", external_id="p1")
    targets: dict[RestrictionScope, dict[str, Any]] = {
        RestrictionScope.POOL: {"pool": pool},
        RestrictionScope.PROJECT: {"project": pool.project},
        RestrictionScope.ALL_PROJECTS: {"requester": pool.project.requester},
    }
    return RestrictionFactory(performer=performer, scope=scope, **targets[scope], **more)


@pytest.mark.parametrize("scope", list(RestrictionScope))
def test_restricted_performers_stay_outside_until_it_ends(
    make_pool: MakePool, scope: RestrictionScope
) -> None:
    pool = make_pool(real=3)
    restrict(pool, scope, until=NOON + timedelta(hours=1))

    with pytest.raises(NoWorkError) as refused:
        arrive(pool)
    later = arrive(pool, now=NOON + timedelta(hours=1, seconds=1))

    assert refused.value.reason == WaitReason.RESTRICTED
    assert refused.value.until == NOON + timedelta(hours=1)
    assert later.status == SessionStatus.OPEN
    assert not WorkReport.objects.exists()


def test_restrictions_of_another_requester_or_lifted_ones_do_not_count(
    make_pool: MakePool,
) -> None:
    pool, foreign = make_pool(real=3), make_pool(real=3)
    restrict(foreign, RestrictionScope.ALL_PROJECTS)
    restrict(pool, RestrictionScope.POOL, lifted_at=NOON)

    assert arrive(pool).status == SessionStatus.OPEN


def test_nobody_is_let_in_to_nothing(make_pool: MakePool) -> None:
    pool = make_pool(real=1)
    Pool.objects.filter(pk=pool.pk).update(status=PoolStatus.CLOSED)

    with pytest.raises(NoWorkError) as refused:
        arrive(pool)

    assert refused.value.reason == WaitReason.POOL_CLOSED
    assert not Visit.objects.exists()


def test_held_tasks_let_a_performer_in_to_wait(make_pool: MakePool) -> None:
    pool = make_pool(real=1)
    give_page(arrive(pool))

    session = arrive(pool, "a2", "p2")

    assert give_page(session) is None
    assert session.status == SessionStatus.OPEN


def test_base_price_of_a_visit_comes_out_of_the_budget(make_pool: MakePool) -> None:
    pool = make_pool(real=9, reward_per_assignment=Decimal("0.02"), budget_cap=Decimal("0.03"))

    session = arrive(pool)
    give_page(session)
    assignments.finish(session.pk, browser_key=BROWSER, now=NOON)

    pool.refresh_from_db()
    assert pool.budget_drawn == Decimal("0.005")
    give_page(arrive(pool, "a2", "p2"))
    with pytest.raises(NoWorkError):
        arrive(pool, "a3", "p3")


def test_next_visit_goes_on_behind_what_was_done(make_pool: MakePool) -> None:
    pool = make_pool(real=6, overlap=2)
    first = arrive(pool)
    give_page(first)
    assignments.finish(first.pk, browser_key=BROWSER, now=NOON)
    Visit.objects.update(status=VisitStatus.CLOSED)

    second = arrive(pool, "a2")

    first.refresh_from_db()
    assert second.cursor == first.cursor == 0


@pytest.mark.parametrize(
    ("change", "later", "stop", "given_back"),
    [
        ({}, timedelta(seconds=3601), StopReason.IDLE, True),
        ({"visit__deadline": NOON + timedelta(minutes=5)}, timedelta(0), StopReason.DEADLINE, True),
    ],
)
def test_idle_and_overdue_visits_are_closed_and_their_page_goes_back(
    make_pool: MakePool,
    start: Start,
    change: dict[str, Any],
    later: timedelta,
    stop: StopReason,
    given_back: bool,
) -> None:
    session = start(make_pool(real=2))
    give_page(session)
    for name, value in change.items():
        Visit.objects.update(**{name.removeprefix("visit__"): value})

    closed = sessions.close_ended_visits(now=NOON + later)

    assert closed == 1
    visit = Visit.objects.get()
    assert (visit.status, visit.stop_reason) == (VisitStatus.CLOSING, stop)
    assert Assignment.objects.get().status == "EXPIRED"
    assert WorkReport.objects.get().skipped is given_back


@pytest.mark.parametrize(
    ("stop", "told"),
    [
        (StopReason.TOLOKA_RESTRICTION, WaitReason.STOPPED),
        (StopReason.TOLOKA_FILTER, WaitReason.STOPPED),
        (StopReason.TOLOKA_SPEED_QUALITY, WaitReason.STOPPED),
    ],
)
def test_visits_that_toloka_stops_finish_their_page_first(
    make_pool: MakePool, start: Start, stop: StopReason, told: WaitReason
) -> None:
    session = start(make_pool(real=2))
    page = give_page(session)
    Visit.objects.update(stop_reason=stop)

    while_out = sessions.close_ended_visits(now=NOON)
    turn = assignments.skip(session.pk, page.id, reason="", browser_key=BROWSER, now=NOON)

    assert while_out == 0
    assert (turn.page, turn.reason) == (None, told)
    assert Visit.objects.get().stop_reason == stop


def test_visits_of_a_closed_pool_end_when_no_page_is_out(make_pool: MakePool, start: Start) -> None:
    pool = make_pool(real=2)
    working, waiting = start(pool), start(pool)
    give_page(working)
    Pool.objects.update(status=PoolStatus.CLOSED)

    closed = sessions.close_ended_visits(now=NOON)

    assert closed == 1
    assert Session.objects.get(pk=waiting.pk).status == SessionStatus.CLOSED
    assert Session.objects.get(pk=working.pk).status == SessionStatus.OPEN


def test_restricted_performers_at_work_get_no_further_page(
    make_pool: MakePool, start: Start
) -> None:
    session = start(make_pool(real=2))
    RestrictionFactory(performer=session.performer, pool=session.pool)

    assert sessions.close_ended_visits(now=NOON) == 1
    assert Visit.objects.get().stop_reason == StopReason.RESTRICTED


def test_quiet_visits_are_left_alone(make_pool: MakePool, start: Start) -> None:
    start(make_pool(real=2))

    assert sessions.close_ended_visits(now=NOON + timedelta(minutes=59)) == 0
