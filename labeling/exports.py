"""Results going out: every answer of a pool as a table or as JSON lines, streamed.

PostgreSQL itself writes the lines, some thousands at a time in the order of the assignments' ids:
turning JSON into Python and back would cost ten times as much. Memory stays flat, the first bytes
come at once, and a slow reader holds no transaction open, as one cursor for all would.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.urls import reverse

from labeling.enums import AssignmentStatus
from labeling.models import Pool

ANSWERS_AT_A_TIME: Final = 5000

APPROVED: Final = "APPROVED"
STATUSES: Final = {
    AssignmentStatus.ACCEPTED: APPROVED,
    AssignmentStatus.SUBMITTED: "SUBMITTED",
    AssignmentStatus.REJECTED: "REJECTED",
    AssignmentStatus.ACTIVE: "ACTIVE",
    AssignmentStatus.SKIPPED: "SKIPPED",
    AssignmentStatus.EXPIRED: "EXPIRED",
}
"""What Toloka's tables call a status of ours."""


def _time(column: str) -> str:
    """UTC to the millisecond and without a zone, as Toloka writes it."""
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS')"""


_STATUS: Final = f"CASE page.status WHEN 'ACCEPTED' THEN '{APPROVED}' ELSE page.status END"
_ABOUT_PAGE: Final = {
    "link": "%(link_start)s || page.id || %(link_end)s",
    "assignment_id": "page.id",
    "task_id": "answer.task_id",
    "task_suite_id": "page.suite_id",
    "worker_id": "performer.external_id",
    "status": _STATUS,
    "started": _time("page.created_at"),
    "submitted": _time("page.submitted_at"),
    "accepted": _time("page.accepted_at"),
    "rejected": _time("page.rejected_at"),
    "skipped": _time("page.skipped_at"),
    "expired": _time("page.expired_at"),
    "reward": "trim_scale(page.reward)",
}
ASSIGNMENT_COLUMNS: Final = tuple(_ABOUT_PAGE)
REVIEW_COLUMNS: Final = ("ACCEPT:verdict", "ACCEPT:comment")

# Surplus answers were kept for the performer's sake; the task has enough without them.
_ROWS: Final = """
    FROM labeling_assignment page
    JOIN integration_performer performer ON performer.id = page.performer_id
    JOIN labeling_answer answer ON answer.assignment_id = page.id AND NOT answer.is_surplus
    JOIN labeling_task task ON task.id = answer.task_id
    WHERE page.pool_id = %(pool)s AND page.status = ANY(%(statuses)s)
      AND page.id > %(after)s AND page.id <= %(upto)s
"""
_LAST_OF_BATCH: Final = """
    SELECT id FROM (
        SELECT id FROM labeling_assignment
        WHERE pool_id = %(pool)s AND status = ANY(%(statuses)s) AND id > %(after)s
        ORDER BY id LIMIT %(pages)s
    ) batch ORDER BY id DESC LIMIT 1
"""
_FIRST_OUTPUT: Final = (
    "CASE WHEN answer.kind = 'training' AND answer.first_values IS NOT NULL "
    "THEN answer.first_values ELSE answer.output_values END"
)
_KEYS: Final = ", ".join(f"'{name}', {sql}" for name, sql in _ABOUT_PAGE.items())
_JSON_LINES: Final = f"""
    SELECT string_agg(
        json_build_object(
            'kind', answer.kind,
            'input_values', task.input_values,
            'output_values', answer.output_values,
            'first_output_values', answer.first_values,
            'known_solutions', task.known_solutions,
            'score', trim_scale(answer.score),
            {_KEYS},
            'public_comment', page.public_comment
        )::text, E'\\n' ORDER BY page.id, answer.position
    ) {_ROWS}
"""  # nothing in it comes from outside


def choose_statuses(names: Iterable[str]) -> list[AssignmentStatus]:
    """Turn Toloka's names into statuses, none into the accepted one.

    Raises ValueError that names an unknown one.
    """
    known = {name: status for status, name in STATUSES.items()}
    chosen = []
    for name in names:
        if name not in known:
            raise ValueError(f"status {name!r} is unknown; known: {', '.join(known)}")
        chosen.append(known[name])
    return chosen or [AssignmentStatus.ACCEPTED]


def stream_tsv(
    pool: Pool,
    *,
    statuses: Collection[AssignmentStatus],
    assignment_columns: Collection[str] = ASSIGNMENT_COLUMNS,
) -> Iterator[bytes]:
    """Yield the answers as Toloka's table, in UTF-8, the header first; a row for each answer.

    Cells with a tab, a line end or a quote are quoted, quotes in them doubled. Values are exact:
    nothing is put before a leading ``=`` to keep a spreadsheet from taking it for a formula. For
    a training task OUTPUT is the first answer, given before any hint.
    """
    columns, names = _columns_of(pool, assignment_columns)
    yield ("\t".join(columns) + "\n").encode()
    cells = ", ".join(f"NULLIF(({sql})::text, '')" for sql in columns.values())
    statement = (
        f"COPY (SELECT {cells} {_ROWS} ORDER BY page.id, answer.position) "
        "TO STDOUT WITH (FORMAT csv, DELIMITER E'\\t')"
    )
    for values in _batches(pool, statuses):
        with (
            connection.cursor() as cursor,
            connection.wrap_database_errors,
            cursor.copy(statement, {**values, **names}) as copy,
        ):
            lines = b"".join(copy)
        yield lines


def stream_json_lines(pool: Pool, *, statuses: Collection[AssignmentStatus]) -> Iterator[bytes]:
    """Yield the answers as JSON lines in UTF-8, an object for each answer.

    Beside the values as they were given: ``kind`` of the task, ``score`` from 0 to 1 where its
    solution is known, and ``first_output_values`` where an answer in training was corrected.
    """
    for values in _batches(pool, statuses):
        with connection.cursor() as cursor:
            cursor.execute(_JSON_LINES, values)
            (lines,) = cursor.fetchone()
        if lines is not None:
            yield f"{lines}\n".encode()


def _columns_of(
    pool: Pool, assignment_columns: Collection[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return each column's SQL by its title, and the names of fields that the SQL refers to."""
    columns: dict[str, str] = {}
    names: dict[str, str] = {}
    sources = (
        ("INPUT", pool.version.input_spec, "task.input_values"),
        ("OUTPUT", pool.version.output_spec, _FIRST_OUTPUT),
        ("GOLDEN", pool.version.output_spec, "task.known_solutions -> 0 -> 'output_values'"),
    )
    for side, spec, source in sources:
        for field in spec:
            name = f"field_{len(names)}"
            names[name] = field
            columns[f"{side}:{field}"] = f"({source}) ->> %({name})s"
    columns["HINT:text"] = "task.hint"
    for name, sql in _ABOUT_PAGE.items():
        if name in assignment_columns:
            columns[f"ASSIGNMENT:{name}"] = sql
    return {**columns, "ACCEPT:verdict": "''", "ACCEPT:comment": "page.public_comment"}, names


def _batches(pool: Pool, statuses: Collection[AssignmentStatus]) -> Iterator[dict[str, Any]]:
    """Yield the values of a query for one batch after the other."""
    place = UUID(int=0)
    link = settings.PUBLIC_URL + reverse("requester:assignment", args=[place])
    link_start, link_end = link.split(str(place))
    values: dict[str, Any] = {
        "pool": pool.pk,
        "statuses": [status.value for status in statuses],
        "link_start": link_start,
        "link_end": link_end,
        "pages": max(1, ANSWERS_AT_A_TIME // max(1, pool.page_size)),
        "after": place,
    }
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_LAST_OF_BATCH, values)
            row = cursor.fetchone()
        if row is None:
            return
        yield {**values, "upto": row[0]}
        values["after"] = row[0]
