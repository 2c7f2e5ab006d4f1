"""What keeps a pool from opening: every cause at once, each with its cure."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from django.db.models import F, Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration.money import plain
from labeling import clocks
from labeling.enums import PoolStatus, ProjectStatus, TaskKind
from labeling.models import Pool, Session

LOWEST_PRICE = Decimal("0.005")
"""Toloka pays no work report with a smaller reward, apart from 0."""

HAS_ROOM = Q(overlap__isnull=True) | Q(issued__lt=F("overlap"))
"""The condition of the index ``task_with_room``."""

Obstacle = tuple[str, str, str]
"""Code, what was found, what would cure it."""


def find_obstacles(pool: Pool, *, now: datetime) -> dict[str, dict[str, str]]:
    """Return ``{code: {"message", "cure"}}`` for all that keeps ``pool`` from opening now."""
    found = [
        *_check_project(pool, now),
        *_check_tasks(pool),
        *_check_money(pool),
        *clocks.find_conflicts(
            lease_s=pool.lease_seconds,
            most_s=pool.assignment_max_duration_seconds,
            idle_s=pool.session_idle_seconds,
            visit_s=pool.listing.assignment_max_duration_seconds if pool.listing else None,
        ),
    ]
    return {code: {"message": message, "cure": cure} for code, message, cure in found}


def _check_project(pool: Pool, now: datetime) -> Iterator[Obstacle]:
    if pool.project.status != ProjectStatus.ACTIVE:
        yield (
            "PROJECT_ARCHIVED",
            _("The project “%(project)s” is archived.") % {"project": pool.project},
            _("Make the pool in an active project."),
        )
    if pool.will_expire and pool.will_expire <= now:
        yield (
            "EXPIRED",
            _("The pool expired at %(time)s.")
            % {"time": pool.will_expire.strftime("%Y-%m-%d %H:%M UTC")},
            _("Set a later time or none."),
        )
    training = pool.required_training
    if training and training.status == PoolStatus.ARCHIVED:
        yield (
            "TRAINING_ARCHIVED",
            _("The training “%(training)s” that is required is archived.") % {"training": training},
            _("Require another training or none."),
        )


def _check_tasks(pool: Pool) -> Iterator[Obstacle]:
    if not pool.tasks.exists():
        yield ("EMPTY_POOL", _("The pool has no tasks."), _("Upload tasks."))
        return
    if pool.suites.exists():
        return  # the requester made the pages himself: nothing is mixed
    if not pool.page_size:
        yield (
            "EMPTY_PAGE",
            _("A page of this pool has no tasks: all three counts are 0."),
            _("Say how many tasks of which kind a page has."),
        )
    has_ordinary = pool.tasks.filter(kind=TaskKind.ORDINARY).exists()
    if has_ordinary and pool.page_size and not pool.real_tasks_count:
        yield (
            "ORDINARY_TASKS_UNUSED",
            _("The pool has ordinary tasks, but a page takes none of them."),
            _("Set the count of ordinary tasks on a page above 0."),
        )
    if pool.real_tasks_count and not has_ordinary:
        yield (
            "NO_ORDINARY_TASKS",
            _("A page has %(count)s ordinary tasks, but the pool has none.")
            % {"count": pool.real_tasks_count},
            _("Upload ordinary tasks, or set their count on a page to 0."),
        )
    wanted = (
        (TaskKind.GOLDEN, pool.golden_tasks_count, pool.min_golden_tasks_count),
        (TaskKind.TRAINING, pool.training_tasks_count, pool.min_training_tasks_count),
    )
    for kind, count, minimum in wanted:
        # With fewer than a page needs no page would ever be given.
        needed = max(count if minimum is None else min(minimum, count), 1) if count else 0
        if not needed:
            continue
        there = pool.tasks.filter(HAS_ROOM, kind=kind)[:needed].count()
        if there < needed:
            yield (
                f"TOO_FEW_{kind.upper()}_TASKS",
                _("A page needs %(needed)s tasks of the kind “%(kind)s”, the pool has %(there)s.")
                % {"needed": needed, "kind": kind.label, "there": there},
                _("Upload more of them, or lower their count on a page."),
            )


def _check_money(pool: Pool) -> Iterator[Obstacle]:
    price = pool.reward_per_assignment
    if 0 < price < LOWEST_PRICE:
        yield (
            "PRICE_TOO_LOW",
            _("A page pays %(price)s USD; Toloka pays nothing between 0 and %(lowest)s USD.")
            % {"price": plain(price), "lowest": plain(LOWEST_PRICE)},
            _("Pay at least %(lowest)s USD for a page, or nothing.")
            % {"lowest": plain(LOWEST_PRICE)},
        )
    if pool.budget_cap is None:
        return
    drawn = Session.objects.filter(pool=pool).aggregate(drawn=Sum("money_drawn"))["drawn"] or 0
    left = pool.budget_cap - drawn
    needed = price + (pool.listing.account.pool_base_price if pool.listing else 0)
    if left < needed:
        yield (
            "BUDGET_TOO_SMALL",
            _("%(left)s USD are left of the budget; one page costs up to %(needed)s USD.")
            % {"left": plain(max(left, Decimal(0))), "needed": plain(needed)},
            _("Raise the budget to at least %(enough)s USD, or lower the price.")
            % {"enough": plain(drawn + needed)},
        )


def describe_causes(causes: dict[str, dict[str, str]]) -> str:
    """Say in one text what keeps a pool from opening."""
    count = len(causes)
    start = ngettext(
        "The pool can't open for %(count)s reason.",
        "The pool can't open for %(count)s reasons.",
        count,
    ) % {"count": count}
    return " ".join([start, *(f"{cause['message']} {cause['cure']}" for cause in causes.values())])
