"""What a browser submits: its shape, its check against the output fields, its log."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext

from labeling.errors import InvalidInputError
from labeling.models import Answer, Assignment
from labeling.specification import check_values

TELEMETRY_LIMIT = 12_000
"""Characters of telemetry kept; the log that goes to Toloka may have 16 KiB in all."""

LOGGED = frozenset({"tasks", "focus_losses", "input"})
"""What of the telemetry goes to Toloka: how the work was done, never how right it was."""


@dataclass(frozen=True, slots=True)
class Submission:
    """The body of a submit: output values by task, and how the page was worked on."""

    values: Mapping[UUID, Mapping[str, Any]]
    telemetry: Mapping[str, Any]


def read_submission(body: Any) -> Submission:
    """Read ``{"solutions": [{"task_id", "output_values"}], "telemetry"?: {…}}``.

    Raises InvalidInputError naming the first place that has another shape.
    """
    solutions = body.get("solutions") if isinstance(body, Mapping) else None
    if not isinstance(solutions, list):
        raise _fault("solutions", "ARRAY_EXPECTED", "A list of solutions is expected.")
    values: dict[UUID, Mapping[str, Any]] = {}
    for index, solution in enumerate(solutions):
        place = f"solutions.{index}"
        if not isinstance(solution, Mapping):
            raise _fault(place, "OBJECT_EXPECTED", "A solution is an object.")
        task_id = read_id(solution.get("task_id"), f"{place}.task_id")
        output = solution.get("output_values")
        if not isinstance(output, Mapping):
            raise _fault(f"{place}.output_values", "OBJECT_EXPECTED", "An object is expected.")
        if task_id in values:
            raise _fault(f"{place}.task_id", "DUPLICATE_VALUE_IN_ARRAY", "The task comes twice.")
        values[task_id] = output
    telemetry = body.get("telemetry")
    if not isinstance(telemetry, Mapping) or len(json.dumps(telemetry)) > TELEMETRY_LIMIT:
        telemetry = {}
    return Submission(values, telemetry)


def read_id(value: Any, place: str) -> UUID:
    """Read an id, raising InvalidInputError with its place."""
    try:
        return UUID(value)
    except (TypeError, ValueError, AttributeError):
        raise _fault(place, "UUID_EXPECTED", f"{value!r} is no id.") from None


def check_submission(
    submission: Submission, answers: list[Answer], output_spec: Mapping[str, Any]
) -> dict[UUID, Mapping[str, Any]]:
    """Return the output values of each task of the page, all checked.

    Raises InvalidInputError whose payload has ``<task id>.<field>`` for every fault.
    """
    faults: dict[str, dict[str, str]] = {}
    expected = {answer.task_id for answer in answers}
    for task_id in submission.values.keys() - expected:
        faults[str(task_id)] = _entry("VALUE_NOT_ALLOWED", gettext("This task is not on the page."))
    for task_id in expected:
        values = submission.values.get(task_id)
        if values is None:
            faults[str(task_id)] = _entry("VALUE_REQUIRED", gettext("This task has no answer."))
            continue
        for failure in check_values(output_spec, values, side="output_values"):
            path = failure.path.removeprefix("output_values.")
            message = gettext(failure.template) % failure.params
            faults[f"{task_id}.{path}"] = _entry(failure.code, message)
    if faults:
        message = gettext("Some answers are missing or not allowed.")
        raise InvalidInputError(message, payload=faults)
    return {task_id: submission.values[task_id] for task_id in expected}


def page_log(
    page: Assignment, telemetry: Mapping[str, Any], *, ended_at: datetime
) -> dict[str, Any]:
    """Return the log of a page for Toloka's anti-fraud: no answers, no golden results."""
    seconds = round((ended_at - page.created_at).total_seconds(), 1)
    log = {key: value for key, value in telemetry.items() if key in LOGGED}
    return {**log, "page": str(page.pk), "seconds": seconds}


def _fault(place: str, code: str, message: str) -> InvalidInputError:
    return InvalidInputError(f"{place}: {message}", payload={place: _entry(code, message)})


def _entry(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message}
