"""Checking forms field by field; a finding has a dotted path and one of Toloka's codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from sandbox.errors import Problems, problem
from sandbox.wire import Json, parse_json, parse_time

JSON_TYPES: dict[str, tuple[str, tuple[type, ...]]] = {
    "text": ("STRING_EXPECTED", (str,)),
    "time": ("STRING_EXPECTED", (str,)),
    "utc_time": ("STRING_EXPECTED", (str,)),
    "url": ("STRING_EXPECTED", (str,)),
    "json_text": ("STRING_EXPECTED", (str,)),
    "integer": ("INTEGER_EXPECTED", (int,)),
    "number": ("FLOAT_EXPECTED", (int, Decimal)),
    "boolean": ("BOOLEAN_EXPECTED", (bool,)),
    "object": ("OBJECT_EXPECTED", (dict,)),
    "list": ("ARRAY_EXPECTED", (list,)),
}


@dataclass(frozen=True)
class Field:
    """What one key of a form may hold; ``kind`` is a key of JSON_TYPES."""

    kind: str
    required: bool = False
    minimum: int | Decimal | None = None
    maximum: int | Decimal | None = None
    max_length: int | None = None
    choices: tuple[str, ...] = ()
    may_be_blank: bool = True


def check_fields(
    form: Mapping[str, Any], fields: Mapping[str, Field], *, prefix: str = "", closed: bool = False
) -> Problems:
    """Check the keys of ``form``; ``closed``: keys that ``fields`` does not know are refused."""
    problems: Problems = {}
    for name, one in fields.items():
        value = form.get(name)
        if value is None:
            if one.required:
                problems[prefix + name] = required()
            continue
        found = check_value(value, one)
        if found:
            problems[prefix + name] = found
    if closed:
        for name in form.keys() - fields.keys():
            problems[prefix + name] = problem("VALUE_NOT_ALLOWED", "Field is unknown")
    return problems


def required() -> Json:
    return problem("VALUE_REQUIRED", "Value must be present and not equal to null")


def check_value(value: Any, field: Field) -> Json | None:
    code, types = JSON_TYPES[field.kind]
    # bool is an int in Python, but true is no number in JSON.
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        return problem(code, f"Value is of another type than {field.kind}")
    if field.choices and value not in field.choices:
        return problem("UNKNOWN_ENUM_VALUE", f"Value is none of {', '.join(field.choices)}")
    if isinstance(value, str):
        return _check_text(value, field)
    if isinstance(value, int | Decimal):
        return _check_bounds(value, field)
    return None


def _check_text(value: str, field: Field) -> Json | None:
    if not field.may_be_blank and not value.strip():
        return problem("BLANK_STRING_NOT_ALLOWED", "Text must not be blank")
    if field.max_length is not None and len(value) > field.max_length:
        return problem(
            "STRING_LENGTH_GREATER_THAN_MAX", "Text is too long", max_length=field.max_length
        )
    if field.kind == "url" and not is_web_address(value):
        return problem("INVALID_URL_SYNTAX", "Value is no web address")
    if field.kind in {"time", "utc_time"}:
        try:
            parse_time(value)
        except ValueError:
            return problem("INVALID_DATE_TIME_SYNTAX", "Value is no time of ISO 8601 in UTC")
        if field.kind == "utc_time" and not value.endswith("Z"):
            return problem("INVALID_DATE_TIME_SYNTAX", "Time must be in UTC and end with Z")
    if field.kind == "json_text":
        try:
            parse_json(value)
        except ValueError:
            return problem("JSON_EXPECTED", "Text must itself be JSON")
    return None


def _check_bounds(value: int | Decimal, field: Field) -> Json | None:
    if field.minimum is not None and value < field.minimum:
        return problem("VALUE_LESS_THAN_MIN", f"Value is below {field.minimum}", min=field.minimum)
    if field.maximum is not None and value > field.maximum:
        return problem(
            "VALUE_GREATER_THAN_MAX", f"Value is over {field.maximum}", max=field.maximum
        )
    return None


def is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and " " not in text
