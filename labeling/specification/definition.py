"""Is a specification itself well made?"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from labeling.specification.failures import Failure, Side, shorten
from labeling.specification.failures import gettext_noop as _
from labeling.specification.fields import FIELD_ID, TYPES, parameters_of, scalar_of
from labeling.specification.patterns import compile_pattern
from labeling.specification.values import check_item, printable

_RANGES: Final = (
    ("min_value", "max_value"),
    ("min_length", "max_length"),
    ("min_size", "max_size"),
)
_FLAGS: Final = ("required", "hidden", "current_location")
_NOT_OF_ITEMS: Final = frozenset({"allowed_values", "required", "hidden", "type"})


def check_definition(spec: object, side: Side) -> list[Failure]:
    """Name everything that is wrong in an ``input_spec`` or ``output_spec``; takes any JSON.

    Paths begin with ``input_spec`` or ``output_spec``.
    """
    root = "input_spec" if side == "input_values" else "output_spec"
    if not isinstance(spec, Mapping):
        return [
            Failure(
                root,
                "OBJECT_EXPECTED",
                _("%(path)s: found %(found)s; an object of fields is needed"),
                {"path": root, "found": shorten(spec)},
            )
        ]
    return [failure for name, field in spec.items() for failure in _of_field(root, name, field)]


def _of_field(root: str, name: object, field: object) -> Iterator[Failure]:
    path = f"{root}.{printable(name)}"
    if not isinstance(name, str) or not FIELD_ID.fullmatch(name):
        yield Failure(
            path,
            "INVALID_FIELD_NAME",
            _(
                "%(path)s: the name of a field has Latin letters, digits, hyphens and "
                "underscores, at most 255; found %(found)s"
            ),
            {"path": path, "found": shorten(name)},
        )
    if not isinstance(field, Mapping):
        yield Failure(
            path,
            "OBJECT_EXPECTED",
            _('%(path)s: found %(found)s; an object such as {"type": "string"} is needed'),
            {"path": path, "found": shorten(field)},
        )
        return
    kind = field.get("type")
    if kind not in TYPES:
        yield Failure(
            f"{path}.type",
            "UNKNOWN_ENUM_VALUE",
            _("%(path)s: type %(found)s is unknown; known types: %(known)s"),
            {"path": path, "found": shorten(kind), "known": ", ".join(TYPES)},
        )
        return
    yield from _of_side(root, path, kind, field)
    known = parameters_of(kind)
    for parameter in field:
        if parameter not in known:
            yield Failure(
                f"{path}.{printable(parameter)}",
                "VALUE_NOT_ALLOWED",
                _("%(path)s: the type %(type)s has no parameter %(found)s; it has %(known)s"),
                {
                    "path": path,
                    "type": kind,
                    "found": shorten(parameter),
                    "known": ", ".join(sorted(known)),
                },
            )
    troubles = list(_of_parameters(path, field))
    yield from troubles
    if field.get("allowed_values") is not None and "allowed_values" in known:
        # The bounds beside them hold too, if they are sound: a value that no answer could have
        # is a slip.
        rules = {} if troubles else {k: v for k, v in field.items() if k not in _NOT_OF_ITEMS}
        yield from _of_allowed_values(path, scalar_of(kind), field["allowed_values"], rules)


def _of_side(root: str, path: str, kind: str, field: Mapping[str, Any]) -> Iterator[Failure]:
    if root == "input_spec":
        if scalar_of(kind) == "file":
            yield Failure(
                f"{path}.type",
                "VALUE_NOT_ALLOWED",
                _("%(path)s: files are answers; a task names a file by a field of type 'url'"),
                {"path": path},
            )
        if field.get("current_location") is True:
            yield Failure(
                f"{path}.current_location",
                "VALUE_NOT_ALLOWED",
                _("%(path)s: only an output field can take the performer's position"),
                {"path": path},
            )
    elif field.get("hidden") is True:
        yield Failure(
            f"{path}.hidden",
            "VALUE_NOT_ALLOWED",
            _("%(path)s: an output field can't be hidden; the performer fills it in"),
            {"path": path},
        )


def _of_parameters(path: str, field: Mapping[str, Any]) -> Iterator[Failure]:
    for flag in _FLAGS:
        if flag in field and not isinstance(field[flag], bool):
            yield Failure(
                f"{path}.{flag}",
                "BOOLEAN_EXPECTED",
                _("%(path)s: %(name)s is true or false; found %(found)s"),
                {"path": path, "name": flag, "found": shorten(field[flag])},
            )
    for low, high in _RANGES:
        yield from _of_range(path, field, low, high)
    if "pattern" in field:
        yield from _of_pattern(path, field["pattern"])


def _of_range(path: str, field: Mapping[str, Any], low: str, high: str) -> Iterator[Failure]:
    sound = []
    counts = not low.endswith("_value")
    for name in (low, high):
        bound = field.get(name)
        if bound is None:
            continue
        right = isinstance(bound, int) or (
            not counts and isinstance(bound, float) and math.isfinite(bound)
        )
        if isinstance(bound, bool) or not right or (counts and bound < 0):
            yield Failure(
                f"{path}.{name}",
                "INTEGER_EXPECTED" if counts else "FLOAT_EXPECTED",
                _("%(path)s: %(name)s is a whole number from 0 up; found %(found)s")
                if counts
                else _("%(path)s: %(name)s is a number; found %(found)s"),
                {"path": path, "name": name, "found": shorten(bound)},
            )
        else:
            sound.append(bound)
    if len(sound) == 2 and sound[0] > sound[1]:
        yield Failure(
            f"{path}.{low}",
            "VALUE_GREATER_THAN_MAX",
            _("%(path)s: %(low)s is %(least)s, more than %(high)s, which is %(most)s"),
            {"path": path, "low": low, "least": sound[0], "high": high, "most": sound[1]},
        )


def _of_pattern(path: str, pattern: object) -> Iterator[Failure]:
    if not isinstance(pattern, str):
        yield Failure(
            f"{path}.pattern",
            "STRING_EXPECTED",
            _("%(path)s: pattern is a text; found %(found)s"),
            {"path": path, "found": shorten(pattern)},
        )
        return
    try:
        compile_pattern(pattern)
    except ValueError as error:
        yield Failure(
            f"{path}.pattern",
            "INVALID_PATTERN",
            _("%(path)s: the pattern can't be used: %(cause)s"),
            {"path": path, "cause": str(error)},
        )


def _of_allowed_values(
    path: str, scalar: str, allowed: object, rules: Mapping[str, Any]
) -> Iterator[Failure]:
    where = f"{path}.allowed_values"
    if not isinstance(allowed, list) or not allowed:
        yield Failure(
            where,
            "ARRAY_EXPECTED",
            _("%(path)s: allowed_values is an array of at least one value; found %(found)s"),
            {"path": path, "found": shorten(allowed)},
        )
        return
    for index, value in enumerate(allowed):
        yield from check_item(scalar, rules, value, f"{where}.{index}")
