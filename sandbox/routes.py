"""How an endpoint of the API is written: a function from a call to an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from sandbox.errors import ApiError, invalid, missing, problem
from sandbox.settings import Settings
from sandbox.store import Resource, Transaction
from sandbox.wire import Json, format_time, parse_json


@dataclass(frozen=True)
class Answer:
    """``body`` is JSON to be, or bytes as they are; None is an empty answer."""

    status: int
    body: Any = None
    media_type: str = "application/json"


@dataclass
class Call:
    """One request of a known requester, inside one transaction."""

    tx: Transaction
    owner: str
    settings: Settings
    moment: datetime
    query: Mapping[str, str]
    raw: bytes
    content_type: str
    fault: str = ""

    @cached_property
    def now(self) -> str:
        return format_time(self.moment)

    @property
    def owner_doc(self) -> Json:
        return {"id": self.owner, "myself": True}

    @property
    def balance(self) -> Decimal:
        row = self.tx.execute("SELECT balance FROM requester WHERE id = ?", self.owner).fetchone()
        return Decimal(row["balance"])

    def json(self) -> Any:
        """The body as JSON. Raises ApiError (415, 400)."""
        if self.content_type.partition(";")[0].strip().lower() != "application/json":
            raise ApiError("UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json")
        try:
            return parse_json(self.raw)
        except ValueError as error:
            raise ApiError("VALIDATION_ERROR", f"The body is no JSON: {error}") from error

    def form(self) -> Json:
        """The body as one JSON object. Raises ApiError (415, 400)."""
        form = self.json()
        if not isinstance(form, dict):
            raise ApiError("VALIDATION_ERROR", "The body must be a JSON object")
        return form

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A query parameter that is true or false. Raises ApiError."""
        text = self.query.get(name)
        if text not in {None, "true", "false"}:
            raise invalid({name: problem("BOOLEAN_EXPECTED", "true or false is expected")})
        return default if text is None else text == "true"

    def owned(self, kind: str, id_: str) -> Resource:
        """Find a resource of this requester. Raises ApiError (404), for another's too."""
        resource = self.tx.get(kind, id_)
        if resource is None or resource.owner != self.owner:
            raise missing(f"{kind} {id_}")
        return resource


Handler = Callable[..., Answer]


@dataclass(frozen=True)
class Route:
    method: str
    rule: str
    name: str
    handler: Handler


@dataclass
class Routes:
    """The endpoints of one module; a name is what faults and counters call the endpoint."""

    listed: list[Route] = field(default_factory=list)

    def add(self, method: str, rule: str, name: str) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            self.listed.append(Route(method, "/api" + rule, name, handler))
            return handler

        return register
