"""Does a value fit its field? On the way of every answer: plain loops, nothing built in advance."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from labeling.specification.failures import Failure, Side, shorten
from labeling.specification.failures import gettext_noop as _
from labeling.specification.fields import ARRAY_PREFIX
from labeling.specification.patterns import compile_pattern

MAX_DEPTH: Final = 64
MAX_FAILURES: Final = 20  # of one field

REQUIRED: Final = _("Value must be present and not equal to null")

# White space and control characters are in no address; the rest is the server's business.
_URL: Final = re.compile(
    r"(?:https?://(?:[^\s\x00-\x1f\x7f/?#@]*@)?[^\s\x00-\x1f\x7f/?#@:]|www\.[^\s\x00-\x1f\x7f/?#.])"
    r"[^\s\x00-\x1f\x7f]*",
    re.IGNORECASE,
)
_COORDINATES: Final = re.compile(
    r"([+-]?[0-9]{1,3}(?:\.[0-9]{1,20})?), ?([+-]?[0-9]{1,3}(?:\.[0-9]{1,20})?)"
)

Found = tuple[str, str, Mapping[str, Any]] | None


def check_values(
    spec: Mapping[str, Mapping[str, Any]],
    values: object,
    *,
    side: Side,
    partial: bool = False,
) -> list[Failure]:
    """Check what a task brings in, or what a performer answers, against a checked definition.

    ``values`` may be any JSON. ``partial`` lets required fields be absent, as in known solutions.
    A field that is not said to be required may be absent or null, and then nothing else is
    checked. At most 20 failures of one field are returned. Whether a file exists is the caller's
    to ask.
    """
    if not isinstance(values, Mapping):
        return [
            Failure(
                side,
                "OBJECT_EXPECTED",
                _("An object with a value for each field is needed; found %(found)s"),
                {"found": shorten(values)},
            )
        ]
    failures: list[Failure] = []
    for name, field in spec.items():
        value = values.get(name)
        if value is None:
            if not partial and field.get("required"):
                failures.append(Failure(f"{side}.{name}", "VALUE_REQUIRED", REQUIRED))
            continue
        kind = field["type"]
        if kind.startswith(ARRAY_PREFIX):
            failures += _of_array(kind, field, value, f"{side}.{name}", partial)
        elif found := _CHECKS[kind](field, value):
            failures.append(Failure(f"{side}.{name}", *found))
    if len(values) > len(spec) or not values.keys() <= spec.keys():
        known = ", ".join(spec)
        failures += [
            Failure(
                f"{side}.{printable(name)}",
                "VALUE_NOT_ALLOWED",
                _("There is no field %(found)s; known fields: %(known)s"),
                {"found": shorten(name), "known": known},
            )
            for name in [name for name in values if name not in spec][:MAX_FAILURES]
        ]
    return failures


def check_item(kind: str, field: Mapping[str, Any], value: object, path: str) -> list[Failure]:
    """Check one value, not null, against a scalar type and the parameters for it."""
    found = _CHECKS[kind](field, value)
    return [Failure(path, *found)] if found else []


def printable(name: object) -> str:
    """Make a name safe to store and to print: it may hold NUL or half a surrogate pair."""
    return str(name)[:255].encode("utf-8", "replace").decode().replace("\x00", "?")


def find_unstorable(value: str) -> Found:
    """Find what PostgreSQL can't keep in a text: NUL, and halves of surrogate pairs."""
    if "\x00" in value:
        return "INVALID_CHARACTER", _("A NUL character can't be stored"), {}
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return "INVALID_CHARACTER", _("Half of a surrogate pair can't be stored"), {}
    return None


def _of_array(
    kind: str, field: Mapping[str, Any], value: object, path: str, partial: bool
) -> list[Failure]:
    if not isinstance(value, list):
        return [
            Failure(
                path,
                "ARRAY_EXPECTED",
                _("An array is needed; found %(found)s"),
                {"found": shorten(value)},
            )
        ]
    if not value and not partial and field.get("required"):
        return [Failure(path, "VALUE_REQUIRED", _("At least one item is needed"))]
    failures: list[Failure] = []
    low, high = field.get("min_size"), field.get("max_size")
    if low is not None and len(value) < low:
        failures.append(
            Failure(
                path,
                "ARRAY_SIZE_LESS_THAN_MIN",
                _("Items needed: at least %(min)s; found %(found)s"),
                {"min": low, "found": len(value)},
            )
        )
    elif high is not None and len(value) > high:
        failures.append(
            Failure(
                path,
                "ARRAY_SIZE_GREATER_THAN_MAX",
                _("Items allowed: at most %(max)s; found %(found)s"),
                {"max": high, "found": len(value)},
            )
        )
    scalar = kind.removeprefix(ARRAY_PREFIX)
    check = _CHECKS[scalar]
    for index, item in enumerate(value):
        found: Found = (
            ("VALUE_REQUIRED", REQUIRED, {})
            if item is None and scalar != "json"
            else check(field, item)
        )
        if found:
            failures.append(Failure(f"{path}.{index}", *found))
            if len(failures) >= MAX_FAILURES:
                break
    return failures


def _of_string(field: Mapping[str, Any], value: object) -> Found:
    if not isinstance(value, str):
        return (
            "STRING_EXPECTED",
            _("A text is needed; found %(found)s"),
            {"found": shorten(value)},
        )
    if trouble := find_unstorable(value):
        return trouble
    low, high = field.get("min_length"), field.get("max_length")
    if low is not None and len(value) < low:
        return (
            "STRING_LENGTH_LESS_THAN_MIN",
            _("Characters needed: at least %(min)s; found %(found)s"),
            {"min": low, "found": len(value)},
        )
    if high is not None and len(value) > high:
        return (
            "STRING_LENGTH_GREATER_THAN_MAX",
            _("Characters allowed: at most %(max)s; found %(found)s"),
            {"max": high, "found": len(value)},
        )
    pattern = field.get("pattern")
    if pattern is not None and compile_pattern(pattern).fullmatch(value) is None:
        return (
            "PATTERN_MISMATCH",
            _("The whole text must match %(pattern)s; found %(found)s"),
            {"pattern": pattern, "found": shorten(value)},
        )
    return _not_allowed(field, value)


def _of_url(field: Mapping[str, Any], value: object) -> Found:
    if not isinstance(value, str) or not _URL.fullmatch(value):
        return (
            "INVALID_URL_SYNTAX",
            _(
                "Value must be in valid url format: http://, https:// or www. and no blanks; "
                "found %(found)s"
            ),
            {"found": shorten(value)},
        )
    return find_unstorable(value) or _not_allowed(field, value)


def _of_boolean(field: Mapping[str, Any], value: object) -> Found:
    if not isinstance(value, bool):
        return (
            "BOOLEAN_EXPECTED",
            _("true or false is needed; found %(found)s"),
            {"found": shorten(value)},
        )
    return _not_allowed(field, value)


def _of_integer(field: Mapping[str, Any], value: object) -> Found:
    # 5.0 is a whole number: JSON doesn't tell it from 5.
    if isinstance(value, bool) or not (
        isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    ):
        return (
            "INTEGER_EXPECTED",
            _("A whole number is needed; found %(found)s"),
            {"found": shorten(value)},
        )
    return _outside(field, value) or _not_allowed(field, value)


def _of_float(field: Mapping[str, Any], value: object) -> Found:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or (isinstance(value, float) and not math.isfinite(value))
    ):
        return (
            "FLOAT_EXPECTED",
            _("A number is needed; found %(found)s"),
            {"found": shorten(value)},
        )
    return _outside(field, value) or _not_allowed(field, value)


def _of_coordinates(_field: Mapping[str, Any], value: object) -> Found:
    match = _COORDINATES.fullmatch(value) if isinstance(value, str) else None
    if not match or abs(float(match[1])) > 90 or abs(float(match[2])) > 180:
        return (
            "INVALID_COORDINATES_SYNTAX",
            _(
                "Latitude, comma, longitude are needed, for example 53.9,27.5 "
                "(-90 to 90, -180 to 180); found %(found)s"
            ),
            {"found": shorten(value)},
        )
    return None


def _of_file(_field: Mapping[str, Any], value: object) -> Found:
    if not isinstance(value, str) or not value:
        return (
            "STRING_EXPECTED",
            _("The id of a file is needed; found %(found)s"),
            {"found": shorten(value)},
        )
    return find_unstorable(value)


def _of_json(_field: Mapping[str, Any], value: object) -> Found:
    """Walk down level by level: recursion would end at a depth that a caller could exceed."""
    level = [value]
    for _depth in range(MAX_DEPTH):
        below: list[object] = []
        for item in level:
            if isinstance(item, str):
                if trouble := find_unstorable(item):
                    return trouble
            elif isinstance(item, dict):
                for key in item:
                    if trouble := find_unstorable(key):
                        return trouble
                below += item.values()
            elif isinstance(item, list):
                below += item
            elif isinstance(item, float) and not math.isfinite(item):
                return "JSON_EXPECTED", _("JSON has no number %(found)s"), {"found": item}
        if not below:
            return None
        level = below
    return "JSON_EXPECTED", _("Nested deeper than %(max)s levels"), {"max": MAX_DEPTH}


def _outside(field: Mapping[str, Any], value: float) -> Found:
    low, high = field.get("min_value"), field.get("max_value")
    if low is not None and value < low:
        return (
            "VALUE_LESS_THAN_MIN",
            _("At least %(min)s is needed; found %(found)s"),
            {"min": low, "found": shorten(value)},
        )
    if high is not None and value > high:
        return (
            "VALUE_GREATER_THAN_MAX",
            _("At most %(max)s is allowed; found %(found)s"),
            {"max": high, "found": shorten(value)},
        )
    return None


def _not_allowed(field: Mapping[str, Any], value: object) -> Found:
    # The type is known to be right here, so that == can't take true for 1.
    allowed = field.get("allowed_values")
    if allowed is None or value in allowed:
        return None
    names = ", ".join(shorten(one) for one in allowed[:20]) + ("…" if len(allowed) > 20 else "")
    return (
        "UNKNOWN_ENUM_VALUE",
        _("%(found)s is not allowed; allowed values: %(allowed)s"),
        {"found": shorten(value), "allowed": names},
    )


_CHECKS: Final[dict[str, Callable[[Mapping[str, Any], object], Found]]] = {
    "boolean": _of_boolean,
    "coordinates": _of_coordinates,
    "file": _of_file,
    "float": _of_float,
    "integer": _of_integer,
    "json": _of_json,
    "string": _of_string,
    "url": _of_url,
}
