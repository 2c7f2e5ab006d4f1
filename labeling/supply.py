"""What a pool has for a performer: enough for a page, or why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection

from labeling import statements
from labeling.enums import TaskKind, WaitReason
from labeling.models import Pool

FINAL = frozenset(WaitReason) - {WaitReason.NONE_FREE_NOW}
"""Reasons after which the visit ends; the other one may pass."""

LACK = f"""
    SELECT
        (SELECT count(*) FROM (
            SELECT 1 FROM labeling_task t
            WHERE {statements.FOR_PERFORMER} AND t.kind = 'ordinary'
              AND NOT EXISTS ({statements.HAD})
            LIMIT %(real)s) r),
        (SELECT count(*) FROM (
            SELECT 1 FROM labeling_task t
            CROSS JOIN LATERAL (SELECT count(*) AS rounds FROM ({statements.HAD}) h) had
            WHERE {statements.FOR_PERFORMER} AND t.kind = 'golden'
              AND had.rounds <= %(golden_repeats)s
            LIMIT %(golden)s) g),
        (SELECT count(*) FROM (
            SELECT 1 FROM labeling_task t
            CROSS JOIN LATERAL (SELECT count(*) AS rounds FROM ({statements.HAD}) h) had
            WHERE {statements.FOR_PERFORMER} AND t.kind = 'training'
              AND had.rounds <= %(training_repeats)s
            LIMIT %(training)s) g),
        EXISTS (
            SELECT 1 FROM labeling_assignment p
            JOIN labeling_answer o ON o.assignment_id = p.id AND NOT o.is_given_back
            JOIN labeling_task t ON t.id = o.task_id
            WHERE p.pool_id = %(pool)s AND p.status = 'ACTIVE' AND o.kind = 'ordinary'
              AND p.performer_id <> %(performer)s
              AND NOT EXISTS ({statements.HAD})),
        EXISTS (
            SELECT 1 FROM labeling_task t
            WHERE t.pool_id = %(pool)s AND t.kind = 'ordinary'
              AND (t.overlap IS NULL OR t.issued < t.overlap))
"""  # noqa: S608  # put together from constants, no value of anybody's


@dataclass(frozen=True, slots=True)
class Lack:
    """Why there is no page; momentary where there is one, or another just chose from it.

    ``ordinary_left`` are the ordinary tasks with room for the performer, those among them too
    that others are choosing at this moment; counted up to a full page.
    """

    reason: WaitReason
    ordinary_left: int
    is_momentary: bool = False


def explain_lack(pool: Pool, performer_id: int, external_id: str) -> Lack:
    """Return why this performer has no page in an open pool: for good, or only now."""
    with connection.cursor() as cursor:
        cursor.execute(
            LACK,
            {
                "pool": pool.pk,
                "performer": performer_id,
                "external_id": external_id,
                "real": pool.real_tasks_count,
                "golden": pool.golden_tasks_count,
                "training": pool.training_tasks_count,
                "golden_repeats": pool.golden_repeats,
                "training_repeats": pool.training_repeats,
            },
        )
        real, golden, training, is_held, has_any_room = cursor.fetchone()
    left = {TaskKind.ORDINARY: real, TaskKind.GOLDEN: golden, TaskKind.TRAINING: training}
    if makes_page(pool, left):
        return Lack(WaitReason.NONE_FREE_NOW, real, is_momentary=True)
    if pool.real_tasks_count and makes_page(pool, left | {TaskKind.ORDINARY: 1_000}):
        if is_held:
            return Lack(WaitReason.NONE_FREE_NOW, real)
        if not has_any_room:
            return Lack(WaitReason.POOL_COMPLETE, real)
    return Lack(WaitReason.DONE, real)


def look_for_page(pool: Pool, *, performer_id: int, external_id: str) -> WaitReason | None:
    """Return why a performer would get no page of an open pool, without taking one.

    An unknown performer is asked about as id 0, who has done nothing.
    """
    lack = explain_lack(pool, performer_id, external_id)
    return None if lack.is_momentary else lack.reason


def makes_page(pool: Pool, counts: Mapping[TaskKind, int]) -> bool:
    """Whether so many tasks of each kind make a page under the pool's mixer settings.

    Golden and training tasks must reach their minimum (by default the full count). A page short
    of ordinary tasks is given where it has the minimum, or as the last one.
    """
    if counts[TaskKind.GOLDEN] < _least(pool.min_golden_tasks_count, pool.golden_tasks_count):
        return False
    if counts[TaskKind.TRAINING] < _least(pool.min_training_tasks_count, pool.training_tasks_count):
        return False
    real = counts[TaskKind.ORDINARY]
    if not pool.real_tasks_count or not real:
        return not pool.real_tasks_count and sum(counts.values()) > 0
    return pool.force_last_assignment or real >= _least(
        pool.min_real_tasks_count, pool.real_tasks_count
    )


def _least(minimum: int | None, full: int) -> int:
    return full if minimum is None else min(minimum, full)
