import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from integration.enums import ListingStatus
from labeling import pools
from labeling.enums import AssignmentStatus, CloseReason, PoolStatus, PoolType, TaskKind
from labeling.errors import InvalidInputError, PoolNotReadyError, StateConflictError
from labeling.models import Pool, Task
from tests.factories import (
    AssignmentFactory,
    PoolFactory,
    ProjectVersionFactory,
    SessionFactory,
    TaskFactory,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
READY: dict[str, Any] = {
    "status": PoolStatus.CLOSED,
    "reward_per_assignment": Decimal("0.02"),
    "real_tasks_count": 2,
    "golden_tasks_count": 0,
    "training_tasks_count": 0,
    "lease_seconds": 600,
    "assignment_max_duration_seconds": 1800,
    "session_idle_seconds": 3600,
}


def make_ready_pool(**values: Any) -> Pool:
    pool: Pool = PoolFactory(**READY | values)
    TaskFactory.create_batch(2, pool=pool)
    return pool


def causes_of(pool: Pool) -> list[str]:
    with pytest.raises(PoolNotReadyError) as caught:
        pools.open_pool(pool, now=NOON)
    assert all(cause["message"] and cause["cure"] for cause in caught.value.payload.values())
    return sorted(caught.value.payload)


@pytest.mark.django_db
def test_a_ready_pool_opens():
    pool = make_ready_pool()

    pools.open_pool(pool, now=NOON)

    stored = Pool.objects.get(pk=pool.pk)
    assert (stored.status, stored.last_started) == (PoolStatus.OPEN, NOON)


@pytest.mark.django_db
def test_a_pool_without_tasks_does_not_open():
    pool = PoolFactory(**READY)

    with pytest.raises(PoolNotReadyError) as caught:
        pools.open_pool(pool, now=NOON)

    assert caught.value.code == "EMPTY_POOL"
    assert list(caught.value.payload) == ["EMPTY_POOL"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({"reward_per_assignment": Decimal("0.0049")}, "PRICE_TOO_LOW"),
        ({"reward_per_assignment": Decimal("0.0001")}, "PRICE_TOO_LOW"),
        ({"lease_seconds": 30}, "LEASE_TOO_SHORT"),
        ({"session_idle_seconds": 1800}, "IDLE_TOO_SHORT"),
        ({"will_expire": NOON}, "EXPIRED"),
        ({"golden_tasks_count": 1}, "TOO_FEW_GOLDEN_TASKS"),
        ({"training_tasks_count": 1}, "TOO_FEW_TRAINING_TASKS"),
        ({"real_tasks_count": 0}, "EMPTY_PAGE"),
        ({"budget_cap": Decimal("0.0199")}, "BUDGET_TOO_SMALL"),
    ],
)
def test_each_obstacle_is_named(values: dict[str, Any], cause: str):
    pool = make_ready_pool(**{"listing": None} | values)

    assert causes_of(pool) == [cause]


@pytest.mark.django_db
def test_all_obstacles_are_named_at_once():
    pool = make_ready_pool(
        reward_per_assignment=Decimal("0.001"), will_expire=NOON - timedelta(days=1)
    )

    assert causes_of(pool) == ["EXPIRED", "PRICE_TOO_LOW"]


@pytest.mark.django_db
@pytest.mark.parametrize("price", ["0", "0.005"])
def test_pages_may_pay_nothing_or_at_least_half_a_cent(price: str):
    pool = make_ready_pool(reward_per_assignment=Decimal(price))

    pools.open_pool(pool, now=NOON)

    assert pool.is_open


@pytest.mark.django_db
@pytest.mark.parametrize(("visit_s", "opens"), [(3901, True), (3900, False)])
def test_silence_must_end_a_visit_before_tolokas_deadline_and_its_margin(visit_s: int, opens: bool):
    pool = make_ready_pool()
    assert pool.listing
    pool.listing.assignment_max_duration_seconds = visit_s
    pool.listing.save()

    if opens:
        pools.open_pool(pool, now=NOON)
        assert pool.is_open
    else:
        assert causes_of(pool) == ["VISIT_TOO_SHORT"]


@pytest.mark.django_db
def test_golden_tasks_may_be_fewer_where_the_minimum_allows():
    pool = make_ready_pool(golden_tasks_count=3, min_golden_tasks_count=1)
    TaskFactory(pool=pool, kind=TaskKind.GOLDEN, overlap=None)

    pools.open_pool(pool, now=NOON)

    assert pool.is_open


@pytest.mark.django_db
def test_a_pool_of_golden_tasks_alone_opens():
    pool = PoolFactory(**READY | {"real_tasks_count": 0, "golden_tasks_count": 2})
    TaskFactory.create_batch(2, pool=pool, kind=TaskKind.GOLDEN, overlap=None)

    pools.open_pool(pool, now=NOON)

    assert pool.is_open


@pytest.mark.django_db
def test_ordinary_tasks_that_no_page_takes_are_an_obstacle():
    pool = make_ready_pool(real_tasks_count=0, golden_tasks_count=1)
    TaskFactory(pool=pool, kind=TaskKind.GOLDEN, overlap=None)

    assert causes_of(pool) == ["ORDINARY_TASKS_UNUSED"]


@pytest.mark.django_db
def test_the_budget_counts_what_sessions_hold_and_the_base_price_of_a_visit():
    pool = make_ready_pool(budget_cap=Decimal("0.1"))
    SessionFactory(pool=pool, money_drawn=Decimal("0.08"))  # 0.02 left, base price 0.005

    assert causes_of(pool) == ["BUDGET_TOO_SMALL"]


@pytest.mark.django_db
def test_opening_counts_the_drawn_budget_anew():
    pool = make_ready_pool(budget_cap=Decimal("1"))
    SessionFactory(pool=pool, money_drawn=Decimal("0.08"))

    pools.open_pool(pool, now=NOON)

    assert Pool.objects.get(pk=pool.pk).budget_drawn == Decimal("0.08")


@pytest.mark.django_db
def test_opening_an_open_pool_is_a_conflict():
    pool = make_ready_pool(status=PoolStatus.OPEN)

    with pytest.raises(StateConflictError) as caught:
        pools.open_pool(pool, now=NOON)

    assert caught.value.payload == {"status": "OPEN"}


@pytest.mark.django_db
def test_closing_asks_for_the_card_to_be_closed():
    pool = make_ready_pool(status=PoolStatus.OPEN)

    pools.close_pool(pool, reason=CloseReason.MANUAL, now=NOON)

    stored = Pool.objects.select_related("listing").get(pk=pool.pk)
    assert (stored.status, stored.last_close_reason, stored.last_stopped) == (
        PoolStatus.CLOSED,
        CloseReason.MANUAL,
        NOON,
    )
    assert stored.listing
    assert stored.listing.status == ListingStatus.CLOSING


@pytest.mark.django_db
def test_an_open_pool_is_not_archived():
    pool = make_ready_pool(status=PoolStatus.OPEN)

    with pytest.raises(StateConflictError, match="must be closed"):
        pools.archive_pool(pool)


@pytest.mark.django_db
@pytest.mark.parametrize("status", [AssignmentStatus.ACTIVE, AssignmentStatus.SUBMITTED])
def test_a_pool_with_pages_undecided_is_not_archived(status: AssignmentStatus):
    pool = make_ready_pool(listing__status=ListingStatus.CLOSED)
    AssignmentFactory(pool=pool, status=status)

    with pytest.raises(StateConflictError, match="1 pages"):
        pools.archive_pool(pool)


@pytest.mark.django_db
def test_a_pool_with_an_open_card_is_not_archived():
    pool = make_ready_pool()

    with pytest.raises(StateConflictError, match="card"):
        pools.archive_pool(pool)


@pytest.mark.django_db
def test_a_training_that_others_require_is_not_archived():
    training = PoolFactory(type=PoolType.TRAINING, listing=None, status=PoolStatus.CLOSED)
    PoolFactory(required_training=training, private_name="Wave 2")

    with pytest.raises(StateConflictError, match="Wave 2"):
        pools.archive_pool(training)


@pytest.mark.django_db
def test_a_clone_has_the_settings_the_newest_version_and_no_tasks():
    pool = make_ready_pool(priority=7, private_name="Wave 1", budget_drawn=Decimal("1"))
    newer = ProjectVersionFactory(project=pool.project, number=pool.version.number + 1)

    clone = pools.clone_pool(pool)

    assert clone.pk != pool.pk
    assert (clone.private_name, clone.priority, clone.version) == ("Wave 1 (copy)", 7, newer)
    assert (clone.status, clone.listing, clone.budget_drawn) == (PoolStatus.CLOSED, None, 0)
    assert not clone.tasks.exists()


@pytest.mark.django_db
def test_a_clone_of_a_long_name_fits_its_column():
    clone = pools.clone_pool(make_ready_pool(private_name="x" * 255))

    assert len(clone.private_name) == 255


@pytest.mark.django_db
def test_a_complete_pool_closes_and_its_card_with_it():
    pool = make_ready_pool(status=PoolStatus.OPEN)
    Task.objects.filter(pool=pool).update(issued=1)

    closed = pools.complete_pools(now=NOON)

    pool.refresh_from_db()
    assert closed == 1
    assert (pool.status, pool.last_close_reason, pool.complete_since) == (
        PoolStatus.CLOSED,
        CloseReason.COMPLETED,
        NOON,
    )
    assert pool.listing.status == ListingStatus.CLOSING


@pytest.mark.django_db
def test_a_complete_pool_waits_for_its_delay():
    pool = make_ready_pool(status=PoolStatus.OPEN, auto_close_after_complete_delay_seconds=60)
    Task.objects.filter(pool=pool).update(issued=1)

    counts = [
        pools.complete_pools(now=NOON + timedelta(seconds=seconds)) for seconds in (0, 59, 60)
    ]

    assert counts == [0, 0, 1]


@pytest.mark.django_db
def test_tasks_added_during_the_delay_keep_the_pool_open():
    pool = make_ready_pool(status=PoolStatus.OPEN, auto_close_after_complete_delay_seconds=60)
    Task.objects.filter(pool=pool).update(issued=1)
    pools.complete_pools(now=NOON)
    TaskFactory(pool=pool)

    closed = pools.complete_pools(now=NOON + timedelta(seconds=61))

    pool.refresh_from_db()
    assert (closed, pool.status, pool.complete_since) == (0, PoolStatus.OPEN, None)


@pytest.mark.django_db
def test_a_page_that_is_out_keeps_the_pool_open():
    pool = make_ready_pool(status=PoolStatus.OPEN)
    Task.objects.filter(pool=pool).update(issued=1)
    AssignmentFactory(pool=pool)

    assert pools.complete_pools(now=NOON) == 0


@pytest.mark.django_db
@pytest.mark.parametrize("overlap", [2, None])
def test_a_task_with_room_keeps_the_pool_open(overlap: int | None):
    pool = make_ready_pool(status=PoolStatus.OPEN)
    Task.objects.filter(pool=pool).update(issued=1, overlap=overlap)

    assert pools.complete_pools(now=NOON) == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        (PoolType.REGULAR, TaskKind.GOLDEN),
        (PoolType.EXAM, TaskKind.ORDINARY),
        (PoolType.TRAINING, TaskKind.TRAINING),
    ],
)
def test_exams_and_trainings_are_never_complete(type_: PoolType, kind: TaskKind):
    pool = PoolFactory(**READY | {"status": PoolStatus.OPEN, "type": type_})
    TaskFactory(pool=pool, kind=kind, overlap=1, issued=1)

    assert pools.complete_pools(now=NOON) == 0


@pytest.mark.django_db
def test_a_pool_whose_time_is_over_closes():
    late = make_ready_pool(status=PoolStatus.OPEN, will_expire=NOON)
    in_time = make_ready_pool(status=PoolStatus.OPEN, will_expire=NOON + timedelta(seconds=1))

    closed = pools.expire_pools(now=NOON)

    late.refresh_from_db()
    in_time.refresh_from_db()
    assert closed == 1
    assert (late.status, late.last_close_reason) == (PoolStatus.CLOSED, CloseReason.EXPIRED)
    assert in_time.status == PoolStatus.OPEN


@pytest.mark.django_db
def test_an_open_pool_keeps_its_terms():
    pool = make_ready_pool(status=PoolStatus.OPEN)

    with pytest.raises(StateConflictError) as caught:
        pools.change_pool(pool, {"priority": 3, "reward_per_assignment": Decimal("1")})
    pools.change_pool(pool, {"priority": 4})

    assert caught.value.payload == {"fields": ["reward_per_assignment"]}
    assert Pool.objects.get(pk=pool.pk).priority == 4


@pytest.mark.django_db
def test_an_archived_pool_does_not_change():
    pool = make_ready_pool(status=PoolStatus.ARCHIVED)

    with pytest.raises(StateConflictError, match="archived"):
        pools.change_pool(pool, {"priority": 3})


@pytest.mark.django_db
def test_a_budget_is_never_set_below_what_is_drawn():
    pool = make_ready_pool()
    SessionFactory(pool=pool, money_drawn=Decimal("0.50"))

    with pytest.raises(InvalidInputError, match=r"0\.5 USD"):
        pools.change_pool(pool, {"budget_cap": Decimal("0.4")})
    pools.change_pool(pool, {"budget_cap": Decimal("0.5")})

    stored = Pool.objects.get(pk=pool.pk)
    assert (stored.budget_cap, stored.budget_drawn) == (Decimal("0.5"), Decimal("0.5"))


@pytest.mark.django_db
def test_a_first_budget_is_not_set_while_pages_go_out_uncounted():
    pool = make_ready_pool(status=PoolStatus.OPEN)

    with pytest.raises(StateConflictError, match="Close the pool"):
        pools.change_pool(pool, {"budget_cap": Decimal("5")})


def race(step: Any) -> list[str]:
    """Take one step on two connections at once; return what became of each."""
    start = threading.Barrier(2)
    results = []

    def run() -> None:
        start.wait()
        try:
            step()
            results.append("done")
        except StateConflictError:
            results.append("conflict")
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(5))
def test_of_two_that_open_a_pool_at_once_one_does(_round: int):
    pool = make_ready_pool()

    results = race(lambda: pools.open_pool(Pool.objects.get(pk=pool.pk), now=NOON))

    assert results == ["conflict", "done"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(5))
def test_of_two_that_close_a_pool_at_once_one_does(_round: int):
    pool = make_ready_pool(status=PoolStatus.OPEN)

    results = race(
        lambda: pools.close_pool(Pool.objects.get(pk=pool.pk), reason=CloseReason.MANUAL, now=NOON)
    )

    assert results == ["conflict", "done"]


@pytest.mark.django_db(transaction=True)
def test_a_pool_that_somebody_reopened_is_not_closed_by_an_old_sweep():
    pool = make_ready_pool(status=PoolStatus.OPEN, will_expire=NOON)
    seen = Pool.objects.get(pk=pool.pk)
    Pool.objects.filter(pk=pool.pk).update(will_expire=NOON + timedelta(days=1))

    closed = pools._close_where(
        seen, {"will_expire": seen.will_expire}, reason=CloseReason.EXPIRED, now=NOON
    )

    assert not closed
    assert Pool.objects.get(pk=pool.pk).status == PoolStatus.OPEN
