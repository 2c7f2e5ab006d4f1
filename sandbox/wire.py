"""What goes over the wire: JSON with exact decimals, times in Toloka's form, ids that sort."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Json = dict[str, Any]


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def parse_json(text: str | bytes) -> Any:
    """Read JSON with its fractions as Decimal. Raises ValueError where it is none."""
    return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)


def dump_json(value: Any) -> str:
    """Write JSON with decimals as plain numbers (``0.035``), which the json module cannot."""
    if isinstance(value, dict):
        pairs = (f"{json.dumps(str(key))}: {dump_json(item)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(dump_json(item) for item in value) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    return json.dumps(value, ensure_ascii=False)


def utc_now() -> datetime:
    return datetime.now(UTC)


def format_time(moment: datetime) -> str:
    """Write a time as Toloka does: UTC, milliseconds, no zone suffix. It sorts as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]


def parse_time(text: str) -> datetime:
    """Read a time that has no zone (UTC is meant) or ends in Z. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if "T" not in text or (moment.tzinfo is not None and not text.endswith("Z")):
        raise ValueError(f"{text!r} is not of the form 2026-11-21T20:45:00")
    return moment.replace(tzinfo=UTC)


def make_work_id(pool_id: str, number: int, moment: datetime) -> str:
    """Make the id of a task, suite or assignment: fixed width, later ids sort later in a pool.

    The last ten characters are random, since an assignment's id is a performer's way in.
    """
    tail = f"{int(moment.timestamp()):08x}{number % 16**6:06x}{secrets.token_hex(5)}"
    return f"{int(pool_id):010x}--{tail}"
