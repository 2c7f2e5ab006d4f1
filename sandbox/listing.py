"""Lists of the API: filters, ranges, sorting, exact ``has_more``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.errors import invalid, problem
from sandbox.routes import Answer
from sandbox.store import Resource
from sandbox.wire import Json, format_time, parse_time

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda value, bound: bool(value > bound),
    "gte": lambda value, bound: bool(value >= bound),
    "lt": lambda value, bound: bool(value < bound),
    "lte": lambda value, bound: bool(value <= bound),
}


@dataclass(frozen=True)
class Listing:
    """What a list can be narrowed by: ``equal`` to a value, and by ranges of numbers and ``times``.

    ``ignored`` parameters are seen to by the caller.
    """

    equal: tuple[str, ...] = ()
    times: tuple[str, ...] = ("created",)
    numbers: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    default_limit: int = 50
    max_limit: int = 300
    ids_are_numbers: bool = True
    comma_lists: tuple[str, ...] = field(default=("status",))

    def key(self, name: str, value: Any) -> Any:
        """Bring a value, or the text of a parameter, into the form in which it compares."""
        if name == "id":
            text = str(value)
            if not self.ids_are_numbers:
                return text
            if not text.isdecimal():
                raise ValueError(f"{text!r} is no id")
            return int(text)
        if name in self.times:
            return format_time(parse_time(str(value)))
        return float(value)

    def page(self, resources: Iterable[Resource], query: Mapping[str, str]) -> Answer:
        """Answer a list request. Raises ApiError (400) for parameters that it cannot understand."""
        docs = [one.doc for one in resources]
        limit = self.default_limit
        for name, text in query.items():
            try:
                if name == "limit":
                    limit = self._limit(text)
                elif name != "sort" and name not in self.ignored:
                    docs = self._narrow(docs, name, text)
            except ValueError as error:
                raise invalid({name: problem("VALUE_NOT_ALLOWED", str(error))}) from error
        docs = self._sort(docs, query.get("sort", "id"))
        return Answer(200, {"items": docs[:limit], "has_more": len(docs) > limit})

    def _limit(self, text: str) -> int:
        limit = int(text)
        if limit < 1:
            raise invalid({"limit": problem("VALUE_LESS_THAN_MIN", "At least 1 is needed")})
        if limit > self.max_limit:
            raise invalid({"limit": problem("VALUE_GREATER_THAN_MAX", f"Over {self.max_limit}")})
        return limit

    def _narrow(self, docs: list[Json], name: str, text: str) -> list[Json]:
        if name in self.equal:
            wanted = text.split(",") if name in self.comma_lists else [text]
            return [doc for doc in docs if _as_text(doc.get(name)) in wanted]
        attribute, _, comparison = name.rpartition("_")
        if comparison in COMPARISONS and attribute in ("id", *self.times, *self.numbers):
            bound = self.key(attribute, text)
            holds = COMPARISONS[comparison]
            return [
                doc
                for doc in docs
                if doc.get(attribute) is not None
                and holds(self.key(attribute, doc[attribute]), bound)
            ]
        raise ValueError("parameter is unknown")

    def _sort(self, docs: list[Json], order: str) -> list[Json]:
        # Python's sort is stable, so that the last named attribute goes first.
        for item in reversed(order.split(",")):
            name = item.removeprefix("-")
            if name not in ("id", "task_id", *self.times, *self.numbers):
                raise invalid({"sort": problem("VALUE_NOT_ALLOWED", f"cannot sort by {name!r}")})
            known = [doc for doc in docs if doc.get(name) is not None]
            unknown = [doc for doc in docs if doc.get(name) is None]
            known.sort(key=lambda doc: self.key(name, doc[name]), reverse=item.startswith("-"))
            docs = known + unknown
        return docs


def _as_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
