"""JSON as it goes over the wire: exact money out, exact money in, nothing that surprises."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Never

from integration.money import plain


def write_json(value: Any) -> str:
    """Write JSON text in which a Decimal is a plain number, digit for digit.

    ``json`` would want a float first, whose binary tail would then be paid. A float is refused,
    as it could only be a mistake. Raises TypeError for what JSON cannot say.
    """
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise TypeError(f"JSON has no number for {value}")
        return plain(value)
    if value is None or isinstance(value, bool | int | str):
        return json.dumps(value)
    if isinstance(value, Mapping):
        fields = (f"{_write_key(key)}:{write_json(item)}" for key, item in value.items())
        return "{" + ",".join(fields) + "}"
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return "[" + ",".join(write_json(item) for item in value) + "]"
    raise TypeError(f"no JSON for {type(value).__name__}: {value!r}")


def _write_key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a JSON key must be text: {key!r}")
    return json.dumps(key)


def read_json(text: str) -> Any:
    """Read JSON with numbers that have a fraction as Decimal. Raises ValueError for anything odd:
    no JSON, NaN, a number too long, nesting too deep."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is no JSON")


def clean_text(value: object, *, limit: int = 500) -> str:
    """Make text from outside storable and short: no NUL, no lone surrogates, ``limit`` signs."""
    text = value if isinstance(value, str) else ""
    return text[:limit].encode(errors="replace").decode().replace("\0", "\ufffd")
