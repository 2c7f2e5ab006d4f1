"""A task as it comes in: Toloka's JSON of it, checked whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from labeling.specification.failures import Failure, shorten
from labeling.specification.failures import gettext_noop as _
from labeling.specification.values import check_values, find_unstorable

MAX_OVERLAP: Final = 30_000
KEYS: Final = (
    "input_values",
    "known_solutions",
    "message_on_unknown_solution",
    "baseline_solutions",
    "overlap",
    "infinite_overlap",
    "reserved_for",
    "unavailable_for",
)

Spec = Mapping[str, Mapping[str, Any]]


@dataclass(slots=True)
class TaskDraft:
    """A task that may be made. ``overlap`` is None where the file doesn't say."""

    input_values: dict[str, Any]
    known_solutions: list[dict[str, Any]] = field(default_factory=list)
    baseline_solutions: list[dict[str, Any]] = field(default_factory=list)
    hint: str = ""
    overlap: int | None = None
    has_infinite_overlap: bool = False
    reserved_for: list[str] | None = None
    unavailable_for: list[str] | None = None


def check_task(
    item: Mapping[str, Any], *, input_spec: Spec, output_spec: Spec
) -> TaskDraft | list[Failure]:
    """Turn a task in Toloka's JSON into a draft, or name all that is wrong by Toloka's paths."""
    failures = [
        Failure(
            shorten(key),
            "VALUE_NOT_ALLOWED",
            _("There is no field %(found)s; known fields: %(known)s"),
            {"found": shorten(key), "known": ", ".join(KEYS)},
        )
        for key in item
        if key not in KEYS
    ]
    values = item.get("input_values")
    failures += check_values(input_spec, values, side="input_values")
    known = _check_solutions(item, "known_solutions", "correctness_weight", output_spec, failures)
    baseline = _check_solutions(
        item, "baseline_solutions", "confidence_weight", output_spec, failures
    )
    hint = item.get("message_on_unknown_solution") or ""
    failures += check_hint(hint, "message_on_unknown_solution", has_solution=bool(known))
    overlap, infinite = item.get("overlap"), item.get("infinite_overlap") or False
    if overlap is not None:
        failures += check_overlap(overlap, "overlap")
    if not isinstance(infinite, bool):
        failures.append(
            Failure(
                "infinite_overlap",
                "BOOLEAN_EXPECTED",
                _("true or false is needed; found %(found)s"),
                {"found": shorten(infinite)},
            )
        )
    for name in ("reserved_for", "unavailable_for"):
        failures += _check_ids(item.get(name), name)
    return failures or TaskDraft(
        input_values=dict(values or {}),
        known_solutions=known,
        baseline_solutions=baseline,
        hint=hint,
        overlap=overlap,
        has_infinite_overlap=infinite,
        reserved_for=item.get("reserved_for"),
        unavailable_for=item.get("unavailable_for"),
    )


def _check_solutions(
    item: Mapping[str, Any], key: str, weight_key: str, output_spec: Spec, failures: list[Failure]
) -> list[dict[str, Any]]:
    solutions = item.get(key) or []
    if not isinstance(solutions, list):
        failures.append(
            Failure(
                key,
                "ARRAY_EXPECTED",
                _("An array is needed; found %(found)s"),
                {"found": shorten(solutions)},
            )
        )
        return []
    checked = []
    for index, solution in enumerate(solutions):
        path = f"{key}.{index}"
        values = solution.get("output_values") if isinstance(solution, dict) else None
        weight = solution.get(weight_key, 1) if isinstance(solution, dict) else 1
        if (
            not isinstance(values, dict)
            or not values
            or set(solution) - {"output_values", weight_key}
        ):
            failures.append(
                Failure(
                    path,
                    "OBJECT_EXPECTED",
                    _('A solution is an object {"output_values": {…}, "%(weight)s": 1}'),
                    {"weight": weight_key},
                )
            )
            continue
        for failure in check_values(output_spec, values, side="output_values", partial=True):
            failures.append(
                Failure(f"{path}.{failure.path}", failure.code, failure.template, failure.params)
            )
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 1:
            failures.append(
                Failure(
                    f"{path}.{weight_key}",
                    "VALUE_OUT_OF_BOUNDS",
                    _("A weight is a number from 0 to 1; found %(found)s"),
                    {"found": shorten(weight)},
                )
            )
        checked.append({"output_values": values, weight_key: weight})
    return checked


def check_hint(hint: object, path: str, *, has_solution: bool) -> list[Failure]:
    """Check the words shown after a wrong answer; they need a right one beside them."""
    if not isinstance(hint, str):
        return [
            Failure(
                path,
                "STRING_EXPECTED",
                _("A text is needed; found %(found)s"),
                {"found": shorten(hint)},
            )
        ]
    if trouble := find_unstorable(hint):
        return [Failure(path, *trouble)]
    if hint and not has_solution:
        return [
            Failure(
                path,
                "VALUE_NOT_ALLOWED",
                _("A hint explains a known solution, and this task has none"),
            )
        ]
    return []


def check_overlap(overlap: object, path: str) -> list[Failure]:
    if isinstance(overlap, int) and overlap is not True and 1 <= overlap <= MAX_OVERLAP:
        return []
    return [
        Failure(
            path,
            "VALUE_OUT_OF_BOUNDS",
            _("The overlap is a whole number from 1 to %(max)s; found %(found)s"),
            {"max": MAX_OVERLAP, "found": shorten(overlap)},
        )
    ]


def _check_ids(ids: object, path: str) -> list[Failure]:
    if ids is None or (
        isinstance(ids, list)
        and all(isinstance(one, str) and 0 < len(one) < 256 for one in ids)
        and not any(find_unstorable(one) for one in ids)
    ):
        return []
    return [Failure(path, "ARRAY_EXPECTED", _("An array of performers' ids is needed"))]
