"""Values as text in the cells of a table, both ways.

Reading is as Toloka's task files have it: ``true``/``false``, a dot in fractions, the items of an
array with commas between them, or JSON. Writing is as its result files have it: arrays and JSON
as JSON text. What is written reads back the same.
"""

import json
import re
from typing import Any, Final, NoReturn

from labeling.specification.fields import ARRAY_PREFIX

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,400}(?:\.0{1,20})?")
_FLOAT: Final = re.compile(r"[+-]?[0-9]{1,400}(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,3})?")
_BOOLEANS: Final = {"true": True, "false": False}


def parse_json(text: str) -> Any:
    """Parse JSON, strictly; raises ValueError with the place where it breaks."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def parse_cell(kind: str, text: str) -> Any:
    """Turn a cell, not empty, into a value of this type.

    What does not look like the type stays text, for the check of values to name. Raises
    ValueError where JSON is needed and not there.
    """
    if kind.startswith(ARRAY_PREFIX):
        return _parse_array(kind.removeprefix(ARRAY_PREFIX), text)
    if kind == "json":
        return parse_json(text)
    if kind == "boolean":
        return _BOOLEANS.get(text.strip().lower(), text)
    if kind == "integer" and _INTEGER.fullmatch(text.strip()):
        return int(text.partition(".")[0])
    if kind == "float" and _FLOAT.fullmatch(text.strip()):
        return int(text) if _is_whole(text) else float(text)
    return text


def _is_whole(text: str) -> bool:
    return text.strip().lstrip("+-").isdecimal()


def _parse_array(scalar: str, text: str) -> Any:
    if text.lstrip().startswith("["):
        try:
            return parse_json(text)
        except ValueError:
            if scalar == "json":
                raise
    if scalar == "json":
        raise ValueError('a JSON array such as [{"a": 1}] is needed')
    return [parse_cell(scalar, item) for item in split_items(text)]


def split_items(text: str) -> list[str]:
    """Split at commas; a backslash or quotes around the item protect one, as does doubling a quote.

    ``a,b`` → a, b; ``a\\,b`` → "a,b"; ``"53.9,27.5","1,2"`` → two pairs.
    """
    items: list[str] = []
    item: list[str] = []
    is_quoted = False
    rest = iter(range(len(text)))
    for place in rest:
        character, following = text[place], text[place + 1 : place + 2]
        if character == "\\" and following:
            item.append(following)
            next(rest)
        elif is_quoted:
            if character != '"':
                item.append(character)
            elif following == '"':
                item.append('"')
                next(rest)
            else:
                is_quoted = False
        elif character == '"' and not "".join(item).strip():
            item.clear()
            is_quoted = True
        elif character == ",":
            items.append("".join(item))
            item.clear()
        else:
            item.append(character)
    return [*items, "".join(item)]


def write_cell(value: Any) -> str:
    """Write a value, exactly, as one cell; nothing is an empty one."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
