"""The life of a pool: made, opened, complete or expired, closed, archived."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from integration import listings
from integration.enums import ListingStatus
from integration.money import plain
from labeling import budget, projects
from labeling.enums import AssignmentStatus, CloseReason, PoolStatus, PoolType, ProjectStatus
from labeling.enums import TaskKind as Kind
from labeling.errors import InvalidInputError, PoolNotReadyError, StateConflictError
from labeling.models import Assignment, Pool, Project, Task
from labeling.readiness import HAS_ROOM, describe_causes, find_obstacles

logger = logging.getLogger(__name__)

CHANGEABLE_WHILE_OPEN = frozenset({"priority", "private_name", "private_comment", "budget_cap"})
"""What does not alter the terms under which pages that are out were taken."""

NOT_CLONED = frozenset(
    {
        "id",
        "version",
        "listing",
        "status",
        "last_close_reason",
        "created_at",
        "last_started",
        "last_stopped",
        "complete_since",
        "budget_drawn",
        "private_name",
    }
)


@transaction.atomic
def make_pool(project: Project, **values: Any) -> Pool:
    """Make a closed pool that pins the newest version of ``project``.

    ``values`` are columns of the pool. Raises StateConflictError where the project is archived
    or has no version yet.
    """
    # The same lock as in archive_project: of the two one sees what the other did.
    locked = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if locked.status != ProjectStatus.ACTIVE:
        raise StateConflictError(
            _("The project “%(project)s” is archived: no pool can be made in it.")
            % {"project": locked}
        )
    version = projects.find_newest_version(locked)
    if version is None:
        raise StateConflictError(
            _("The project “%(project)s” has no version yet: make one first.") % {"project": locked}
        )
    pool = Pool.objects.create(project=locked, version=version, **values)
    logger.info("pool %s made in project %s", pool.pk, project.pk)
    return pool


def clone_pool(pool: Pool) -> Pool:
    """Make a closed pool with the same settings and no tasks, on the project's newest version."""
    values = {
        field.name: getattr(pool, field.name)
        for field in Pool._meta.concrete_fields
        if field.name not in NOT_CLONED
    }
    project = values.pop("project")
    # Cut the name, not the mark of the copy, where both don't fit.
    suffix = _("%(name)s (copy)") % {"name": ""}
    length = Pool._meta.get_field("private_name").max_length or 0
    values["private_name"] = _("%(name)s (copy)") % {
        "name": pool.private_name[: length - len(suffix)]
    }
    return make_pool(project, **values)


@transaction.atomic
def change_pool(pool: Pool, changes: Mapping[str, Any]) -> None:
    """Write changed settings; of an open pool only those in ``CHANGEABLE_WHILE_OPEN``.

    Raises StateConflictError where the pool is archived, or open and more would change, and
    InvalidInputError where the budget would fall below what is drawn of it.
    """
    locked = Pool.objects.select_for_update(no_key=True).get(pk=pool.pk)
    if locked.status == PoolStatus.ARCHIVED:
        raise StateConflictError(_("The pool is archived and stays as it is."))
    fixed = sorted(set(changes) - CHANGEABLE_WHILE_OPEN)
    if locked.status != PoolStatus.CLOSED and fixed:
        raise StateConflictError(
            _("The pool is open: close it before you change %(fields)s.")
            % {"fields": ", ".join(_name_field(name) for name in fixed)},
            payload={"fields": fixed},
        )
    _check_budget(locked, changes)
    if changes:
        Pool.objects.filter(pk=pool.pk).update(**changes)
        logger.info("pool %s changed: %s", pool.pk, ", ".join(sorted(changes)))


def _name_field(name: str) -> str:
    return str(getattr(Pool._meta.get_field(name), "verbose_name", name))


def _check_budget(locked: Pool, changes: Mapping[str, Any]) -> None:
    cap = changes.get("budget_cap")
    if cap is None:
        return
    if locked.status == PoolStatus.OPEN and locked.budget_cap is None:
        # Pages that are out were taken without drawing from the pool's row.
        raise StateConflictError(_("Close the pool to set a budget where there was none."))
    drawn = budget.recount(locked) if locked.status == PoolStatus.CLOSED else locked.budget_drawn
    if cap < drawn:
        text = _("%(drawn)s USD are spent or promised already; the budget can't be less.")
        message = text % {"drawn": plain(drawn)}
        raise InvalidInputError(
            message, payload={"budget_cap": {"code": "VALUE_LESS_THAN_MIN", "message": message}}
        )


@transaction.atomic
def open_pool(pool: Pool, *, now: datetime) -> Pool:
    """Let performers take pages of a closed pool.

    Raises PoolNotReadyError whose payload is ``{code: {"message", "cure"}}`` for every cause,
    StateConflictError where the pool is not closed.
    """
    # Locked, so that what was checked is what opens; while it is closed nobody draws from it.
    locked = _lock(pool)
    if locked.status == PoolStatus.CLOSED:
        causes = find_obstacles(locked, now=now)
        if causes:
            error = PoolNotReadyError(describe_causes(causes), payload=causes)
            if "EMPTY_POOL" in causes:
                error.code = "EMPTY_POOL"
            raise error
        budget.recount(locked)
    changes = {"status": PoolStatus.OPEN, "last_started": now, "complete_since": None}
    if not _step(pool, PoolStatus.CLOSED, changes):
        raise _explain_conflict(pool, PoolStatus.CLOSED)
    logger.info("pool %s opened", pool.pk)
    return pool


def close_pool(pool: Pool, *, reason: CloseReason, now: datetime) -> Pool:
    """Give out no more pages; those that are out may be finished. The card in Toloka closes too.

    Raises StateConflictError where the pool is not open.
    """
    if not _close_where(pool, {}, reason=reason, now=now):
        raise _explain_conflict(pool, PoolStatus.OPEN)
    return pool


@transaction.atomic
def archive_pool(pool: Pool) -> Pool:
    """Put a closed pool away for good; it stays readable and can be cloned.

    Raises StateConflictError where it is not closed, or where something still needs it: its open
    card, pages that are out or await a decision, pools that require it as their training.
    """
    locked = _lock(pool)
    if locked.status == PoolStatus.CLOSED:
        obstacle = _find_archive_obstacle(locked)
        if obstacle:
            raise StateConflictError(obstacle)
    if not _step(pool, PoolStatus.CLOSED, {"status": PoolStatus.ARCHIVED}):
        raise _explain_conflict(pool, PoolStatus.CLOSED)
    logger.info("pool %s archived", pool.pk)
    return pool


def expire_pools(*, now: datetime) -> int:
    """Close the open pools whose time is over; return how many this call closed."""
    late = Pool.objects.filter(status=PoolStatus.OPEN, will_expire__lte=now)
    return sum(
        _close_where(pool, {"will_expire": pool.will_expire}, reason=CloseReason.EXPIRED, now=now)
        for pool in late
    )


def complete_pools(*, now: datetime) -> int:
    """Close the open pools that are complete for long enough; return how many this call closed.

    A pool is complete where no ordinary task has room and no page is out. Pools without ordinary
    tasks, trainings and exams are never complete: whoever comes may do them.
    """
    busy = Exists(Task.objects.filter(HAS_ROOM, pool=OuterRef("pk"), kind=Kind.ORDINARY)) | Exists(
        Assignment.objects.filter(pool=OuterRef("pk"), status=AssignmentStatus.ACTIVE)
    )
    has_ordinary = Exists(Task.objects.filter(pool=OuterRef("pk"), kind=Kind.ORDINARY))
    candidates = Pool.objects.filter(status=PoolStatus.OPEN, type=PoolType.REGULAR)
    candidates.filter(busy, complete_since__isnull=False).update(complete_since=None)
    candidates.filter(~busy, has_ordinary, complete_since__isnull=True).update(complete_since=now)
    closed = 0
    for pool in candidates.filter(complete_since__isnull=False):
        since = pool.complete_since or now
        wait = timedelta(seconds=pool.auto_close_after_complete_delay_seconds)
        if since + wait <= now:
            # An upload that came meanwhile has emptied complete_since: then nothing is closed.
            still = {"complete_since": since}
            closed += _close_where(pool, still, reason=CloseReason.COMPLETED, now=now)
    return closed


@transaction.atomic
def _close_where(
    pool: Pool, still: Mapping[str, Any], *, reason: CloseReason, now: datetime
) -> bool:
    """Close ``pool`` if it is open and what was seen in ``still`` holds; False otherwise."""
    changes = {
        "status": PoolStatus.CLOSED,
        "last_close_reason": reason,
        "last_stopped": now,
    }
    if not _step(pool, PoolStatus.OPEN, changes, still):
        return False
    if pool.listing_id:
        listings.request_close(pool.listing_id)
    logger.info("pool %s closed: %s", pool.pk, reason)
    return True


def _find_archive_obstacle(pool: Pool) -> str | None:
    card_away = (ListingStatus.DRAFT, ListingStatus.CLOSED, ListingStatus.ARCHIVED)
    if pool.listing and pool.listing.status not in card_away:
        return _("The card in Toloka is not closed. Close it first.")
    waiting = (AssignmentStatus.ACTIVE, AssignmentStatus.SUBMITTED)
    count = Assignment.objects.filter(pool=pool, status__in=waiting).count()
    if count:
        text = _("%(count)s pages are out or await a decision. Wait for them and decide first.")
        return text % {"count": count}
    users = pool.required_by.exclude(status=PoolStatus.ARCHIVED).order_by("pk")[:5]
    names = ", ".join(str(user) for user in users)
    if names:
        return _("These pools require this training: %(pools)s. Archive them first.") % {
            "pools": names
        }
    return None


def _lock(pool: Pool) -> Pool:
    # Of the joined rows only the pool's own is locked; its optional relations can't be.
    return (
        Pool.objects.select_for_update(of=("self",), no_key=True)
        .select_related("project", "listing__account", "required_training")
        .get(pk=pool.pk)
    )


def _step(
    pool: Pool,
    from_status: PoolStatus,
    changes: Mapping[str, Any],
    still: Mapping[str, Any] | None = None,
) -> bool:
    """Make one step of the pool's life unless somebody made another before; tell ``pool`` of it."""
    row = Pool.objects.filter(pk=pool.pk, status=from_status, **(still or {}))
    if not row.update(**changes):
        return False
    for name, value in changes.items():
        setattr(pool, name, value)
    return True


def _explain_conflict(pool: Pool, needed: PoolStatus) -> StateConflictError:
    status = PoolStatus(Pool.objects.values_list("status", flat=True).get(pk=pool.pk))
    return StateConflictError(
        _("The pool is %(status)s; for this it must be %(needed)s.")
        % {"status": status.label, "needed": needed.label},
        payload={"status": status},
    )
