"""Performer filters: are they well formed, and does a performer fit one."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.errors import Problems, problem
from sandbox.wire import Json

CATEGORIES = ("profile", "computed", "skill")
OPERATORS = ("EQ", "NE", "GT", "GTE", "LT", "LTE", "IN", "NOT_IN")


def check_filter(filter_: Any, path: str = "filter") -> Problems:
    """Find what is wrong in any nesting of ``and``, ``or`` and conditions."""
    if not isinstance(filter_, dict):
        return {path: problem("OBJECT_EXPECTED", "A filter is an object")}
    for joint in ("and", "or"):
        if joint in filter_:
            if not isinstance(filter_[joint], list):
                return {
                    f"{path}.{joint}": problem("ARRAY_EXPECTED", "A list of conditions is needed")
                }
            problems: Problems = {}
            for number, one in enumerate(filter_[joint]):
                problems |= check_filter(one, f"{path}.{joint}.{number}")
            return problems
    problems = {}
    for name, known in (("category", CATEGORIES), ("operator", OPERATORS)):
        if filter_.get(name) not in known:
            problems[f"{path}.{name}"] = problem(
                "UNKNOWN_ENUM_VALUE", f"Value is none of {', '.join(known)}"
            )
    if not isinstance(filter_.get("key"), str):
        problems[f"{path}.key"] = problem("STRING_EXPECTED", "A key is needed")
    return problems


def fits(filter_: Json | None, profile: Json, skills: Mapping[str, Decimal]) -> bool:
    """Does a performer fit? What is not known of him fails all but "has no such skill".

    ``skills`` maps skill ids to exact values. An empty ``or`` asks for nothing.
    """
    if not filter_:
        return True
    if "and" in filter_:
        return all(fits(one, profile, skills) for one in filter_["and"])
    if "or" in filter_:
        return not filter_["or"] or any(fits(one, profile, skills) for one in filter_["or"])
    key, operator, value = filter_["key"], filter_["operator"], filter_.get("value")
    if filter_["category"] == "skill":
        known: Any = skills.get(key)
        if value is None:
            return bool((known is None) == (operator == "EQ"))
    elif filter_["category"] == "computed":
        known = profile.get("attributes", {}).get(key)
    else:
        known = profile.get(key)
    return known is not None and _compare(known, operator, value)


def _compare(known: Any, operator: str, value: Any) -> bool:
    if operator in {"IN", "NOT_IN"}:
        # Languages, and regions with those that contain them, are lists in a profile.
        held = known if isinstance(known, list) else [known]
        wanted = value if isinstance(value, list) else [value]
        return any(one in held for one in wanted) == (operator == "IN")
    if operator in {"EQ", "NE"}:
        return bool(known == value) == (operator == "EQ")
    if not all(isinstance(one, int | Decimal) for one in (known, value)):
        return False
    holds = {
        "GT": known > value,
        "GTE": known >= value,
        "LT": known < value,
        "LTE": known <= value,
    }
    return bool(holds[operator])
