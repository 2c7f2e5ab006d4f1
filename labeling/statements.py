"""The statements of the hot calls, by hand: choosing a page, giving it, and taking its answers.

They are SQL since each does in one round trip what the ORM does in five or more, and holds its
row locks for so much less time. A slow and obvious implementation with the ORM stands in the
tests and gives the same results.

Locks on tasks are FOR NO KEY UPDATE: a plain FOR UPDATE would wait for every transaction that
has just inserted an answer to the same task.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from labeling.models import Session

HAD = """
    SELECT 1 FROM labeling_answer a
    WHERE a.performer_id = %(performer)s AND a.task_id = t.id
      AND (NOT a.is_given_back OR a.is_skipped OR a.is_surplus)
"""
"""Answers after which this performer does not get the task again."""

FOR_PERFORMER = """
    t.pool_id = %(pool)s AND t.suite_id IS NULL
    AND (t.overlap IS NULL OR t.issued < t.overlap)
    AND (t.reserved_for IS NULL OR %(external_id)s = ANY(t.reserved_for))
    AND (t.unavailable_for IS NULL OR NOT %(external_id)s = ANY(t.unavailable_for))
"""


def _write_choice(*, order: str, waiting: str) -> str:
    # Two looks at the ordinary tasks: ahead of the performer's cursor, which is one index probe
    # however much he has done, and behind it, for places that came free there.
    return f"""
    WITH ahead AS (
        SELECT t.id, t.position, t.overlap IS NOT NULL AS counted FROM labeling_task t
        WHERE {FOR_PERFORMER} AND t.kind = 'ordinary' AND t.position > %(cursor)s
          AND NOT EXISTS ({HAD})
        ORDER BY {order} LIMIT %(real)s
        FOR NO KEY UPDATE OF t {waiting}
    ), behind AS (
        SELECT t.id, t.position, t.overlap IS NOT NULL AS counted FROM labeling_task t
        WHERE {FOR_PERFORMER} AND t.kind = 'ordinary' AND t.position <= %(cursor)s
          AND NOT EXISTS ({HAD})
        ORDER BY {order} LIMIT %(real)s - (SELECT count(*) FROM ahead)
        FOR NO KEY UPDATE OF t {waiting}
    ), golden AS (
        SELECT t.id, had.rounds, t.overlap IS NOT NULL AS counted FROM labeling_task t
        CROSS JOIN LATERAL (SELECT count(*) AS rounds FROM ({HAD}) h) had
        WHERE {FOR_PERFORMER} AND t.kind = 'golden' AND had.rounds <= %(golden_repeats)s
        ORDER BY had.rounds, md5(t.id::text || %(performer)s::text) LIMIT %(golden)s
        FOR KEY SHARE OF t
    ), training AS (
        SELECT t.id, had.rounds, t.overlap IS NOT NULL AS counted FROM labeling_task t
        CROSS JOIN LATERAL (SELECT count(*) AS rounds FROM ({HAD}) h) had
        WHERE {FOR_PERFORMER} AND t.kind = 'training' AND had.rounds <= %(training_repeats)s
        ORDER BY had.rounds, t.position LIMIT %(training)s
        FOR KEY SHARE OF t
    ), chosen AS (
        SELECT id, 0 AS round, 0 AS look, counted FROM ahead
        UNION ALL SELECT id, 0, 1, counted FROM behind
        UNION ALL SELECT id, rounds, 2, counted FROM golden
        UNION ALL SELECT id, rounds, 3, counted FROM training
    )
    SELECT t.id, t.kind, chosen.round, t.position, chosen.counted, t.input_values, look
    FROM chosen JOIN labeling_task t ON t.id = chosen.id
    ORDER BY look, t.position
    """  # noqa: S608  # put together from constants, no value of anybody's


CHOOSE_PAGE = _write_choice(order="t.position", waiting="SKIP LOCKED")

# For the last places of a pool, all of which others are just choosing among: waits for them, with
# the cursor at the start, and in the order in which everyone else locks several tasks.
CHOOSE_PATIENTLY = _write_choice(order="t.id", waiting="")

GIVE_PAGE = """
    WITH counted AS (
        UPDATE labeling_task SET issued = issued + 1
        WHERE id = ANY(%(finite)s::uuid[]) AND issued < overlap
        RETURNING id
    ), page AS (
        INSERT INTO labeling_assignment (
            id, pool_id, session_id, performer_id, status, reward, created_at, expires_at,
            last_moment, public_comment, skip_reason, is_late, drafts, problems, telemetry,
            feedback)
        VALUES (
            %(id)s, %(pool)s, %(session)s, %(performer)s, 'ACTIVE', %(reward)s, %(now)s,
            %(expires_at)s, %(last_moment)s, '', '', false, '{}', '[]', '{}', '{}')
        RETURNING id
    ), given AS (
        INSERT INTO labeling_answer (
            assignment_id, task_id, pool_id, performer_id, kind, position, round, is_given_back,
            is_skipped, is_surplus, first_values)
        SELECT page.id, v.task, %(pool)s, %(performer)s, v.kind, v.place - 1, v.round, false,
               false, false,
               CASE WHEN v.kind = 'training' THEN (
                   SELECT a.first_values FROM labeling_answer a
                   WHERE a.performer_id = %(performer)s AND a.task_id = v.task
                     AND a.round = v.round AND a.first_values IS NOT NULL
                   ORDER BY a.id LIMIT 1) END
        FROM page, unnest(%(tasks)s::uuid[], %(kinds)s::text[], %(rounds)s::int[])
             WITH ORDINALITY AS v(task, kind, round, place)
        ON CONFLICT DO NOTHING
        RETURNING id
    )
    SELECT (SELECT count(*) FROM counted), (SELECT count(*) FROM given)
"""

TAKE_ANSWERS = """
    WITH page AS (
        UPDATE labeling_assignment
        SET status = %(status)s, submitted_at = %(now)s, accepted_at = %(accepted_at)s,
            quality = %(quality)s, telemetry = %(telemetry)s::jsonb,
            feedback = %(feedback)s::jsonb, drafts = '{}', is_late = %(is_late)s
        WHERE id = %(id)s AND status = %(status_before)s
        RETURNING id
    ), filled AS (
        UPDATE labeling_answer a
        SET output_values = v.output, first_values = v.first, score = v.score
        FROM page, unnest(%(answers)s::bigint[], %(outputs)s::jsonb[], %(firsts)s::jsonb[],
                          %(scores)s::numeric[]) AS v(id, output, first, score)
        WHERE a.id = v.id AND a.assignment_id = page.id
        RETURNING a.id
    )
    SELECT (SELECT count(*) FROM page), (SELECT count(*) FROM filled)
"""

WRITE_SESSION = """
    WITH heard AS (
        UPDATE integration_visit SET heard_at = %(heard_at)s WHERE id = %(visit)s
    )
    UPDATE labeling_session
    SET cursor = %(cursor)s, pages_given = %(pages_given)s,
        pages_submitted = %(pages_submitted)s, pages_skipped = %(pages_skipped)s,
        skips_in_row = %(skips_in_row)s, tasks_submitted = %(tasks_submitted)s,
        scored_weight = %(scored_weight)s, right_weight = %(right_weight)s,
        earned = %(earned)s, money_drawn = %(money_drawn)s, money_used = %(money_used)s
    WHERE id = %(id)s
"""
COUNTERS = (
    "cursor",
    "pages_given",
    "pages_submitted",
    "pages_skipped",
    "skips_in_row",
    "tasks_submitted",
    "scored_weight",
    "right_weight",
    "earned",
    "money_drawn",
    "money_used",
)


@dataclass(frozen=True, slots=True)
class ChosenTask:
    """A task picked for a page, its row locked until the transaction ends where it is ordinary."""

    id: UUID
    kind: str
    round: int
    position: int
    is_counted: bool
    input_values: dict[str, Any]
    is_ahead: bool


def choose_page(parameters: Mapping[str, Any], *, patiently: bool = False) -> list[ChosenTask]:
    """Pick tasks for a page; parameters: pool, performer, external_id, cursor, counts, repeats.

    ``patiently`` waits for tasks that others are choosing, instead of passing them over.
    """
    with connection.cursor() as cursor:
        if patiently:
            cursor.execute(CHOOSE_PATIENTLY, {**parameters, "cursor": -1})
        else:
            cursor.execute(CHOOSE_PAGE, parameters)
        return [
            ChosenTask(id_, kind, round_, position, counted, _parse(input_values), look == 0)
            for id_, kind, round_, position, counted, input_values, look in cursor.fetchall()
        ]


def give_page(
    *,
    assignment_id: UUID,
    pool_id: int,
    session_id: UUID,
    performer_id: int,
    reward: Decimal,
    tasks: Sequence[ChosenTask],
    now: datetime,
    expires_at: datetime,
    last_moment: datetime,
) -> bool:
    """Write a page, its empty answers and the places it takes; False where one was gone."""
    finite = [task.id for task in tasks if task.is_counted]
    with connection.cursor() as cursor:
        cursor.execute(
            GIVE_PAGE,
            {
                "id": assignment_id,
                "pool": pool_id,
                "session": session_id,
                "performer": performer_id,
                "reward": reward,
                "now": now,
                "expires_at": expires_at,
                "last_moment": last_moment,
                "finite": finite,
                "tasks": [task.id for task in tasks],
                "kinds": [task.kind for task in tasks],
                "rounds": [task.round for task in tasks],
            },
        )
        counted, given = cursor.fetchone()
    return bool(counted == len(finite) and given == len(tasks))


@dataclass(frozen=True, slots=True)
class FilledAnswer:
    """What a submit writes into one answer; ``score`` is None where nothing was compared."""

    id: int
    output_values: Mapping[str, Any]
    first_values: Mapping[str, Any] | None
    score: Decimal | None


def take_answers(
    *,
    assignment_id: UUID,
    status_before: str,
    status: str,
    now: datetime,
    accepted_at: datetime | None,
    quality: Decimal | None,
    telemetry: Mapping[str, Any],
    feedback: Mapping[str, Any],
    is_late: bool,
    answers: Sequence[FilledAnswer],
) -> bool:
    """Move a page on and fill its answers; False where it was not in ``status_before``."""
    with connection.cursor() as cursor:
        cursor.execute(
            TAKE_ANSWERS,
            {
                "id": assignment_id,
                "status_before": status_before,
                "status": status,
                "now": now,
                "accepted_at": accepted_at,
                "quality": quality,
                "telemetry": json.dumps(telemetry),
                "feedback": json.dumps(feedback),
                "is_late": is_late,
                "answers": [answer.id for answer in answers],
                "outputs": [json.dumps(answer.output_values) for answer in answers],
                "firsts": [
                    None if answer.first_values is None else json.dumps(answer.first_values)
                    for answer in answers
                ],
                "scores": [answer.score for answer in answers],
            },
        )
        moved, _filled = cursor.fetchone()
    return bool(moved)


def write_session(session: Session, *, heard_at: datetime) -> None:
    """Write the counters of a locked session, and that its browser was heard of."""
    values = {name: getattr(session, name) for name in COUNTERS}
    with connection.cursor() as cursor:
        cursor.execute(
            WRITE_SESSION,
            {**values, "id": session.pk, "visit": session.visit_id, "heard_at": heard_at},
        )


def _parse(value: Any) -> dict[str, Any]:
    # Django has jsonb come as text from a bare cursor.
    parsed: dict[str, Any] = json.loads(value) if isinstance(value, str | bytes) else value
    return parsed
