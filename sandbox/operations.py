"""Operations: what takes its time, from PENDING over RUNNING to SUCCESS or FAIL."""

from __future__ import annotations

import uuid
from typing import Any

from sandbox.checks import Field, check_value
from sandbox.errors import ApiError, invalid, problem
from sandbox.listing import Listing
from sandbox.routes import Answer, Call, Routes
from sandbox.store import Resource, Transaction
from sandbox.wire import Json

routes = Routes()
LISTING = Listing(
    equal=("type", "status"),
    times=("submitted", "finished"),
    max_limit=500,
    ids_are_numbers=False,
)
UNFINISHED = ("PENDING", "RUNNING")


def start(
    call: Call,
    type_: str,
    parameters: Json,
    *,
    id_: str | None = None,
    details: Json | None = None,
    log: list[Json] | None = None,
    outcome: str | None = None,
) -> Answer:
    """Begin an operation; ``sandbox.clock`` carries it on, and out. ``details`` show at its end."""
    seconds = float(call.settings.operation_seconds)
    doc: Json = {
        "id": id_ or str(uuid.uuid4()),
        "type": type_,
        "status": "PENDING",
        "submitted": call.now,
        "progress": 0,
        "parameters": parameters,
    }
    private = {
        "finish_at": str(call.moment.timestamp() + seconds),
        "outcome": outcome or call.settings.operation_outcome,
        "details": details,
        "log": log or [],
    }
    # Its subject is its parent, so that a pool's unfinished operation is found quickly.
    subject = next((parameters[key] for key in ("pool_id", "project_id") if key in parameters), "")
    due = call.moment.timestamp() + seconds / 3
    call.tx.insert(
        Resource("operation", doc["id"], call.owner, doc, parent=subject, due=due, private=private)
    )
    return Answer(202, doc)


def has_unfinished(tx: Transaction, pool_id: str) -> bool:
    return any(tx.find("operation", parent=pool_id, status=status) for status in UNFINISHED)


def asked_operation_id(call: Call) -> str | None:
    """The ``operation_id`` of an asynchronous request, where it has one; it must be new.

    Raises ApiError: 400 where it is no UUID, 409 where it was used before.
    """
    id_ = call.query.get("operation_id")
    if id_ is None:
        return None
    try:
        uuid.UUID(id_)
    except ValueError as error:
        raise invalid({"operation_id": problem("UUID_EXPECTED", "Value is no UUID")}) from error
    if call.tx.get("operation", id_) is not None:
        raise ApiError("OPERATION_ALREADY_EXISTS", f"Operation {id_} exists already")
    return id_


def start_batch(
    call: Call, kind: str, *, items: list[Any], made: dict[int, Json], problems: dict[int, Json]
) -> Answer:
    """Begin the operation of a batch whose items were made, or all refused, just now.

    The log echoes each posted item whole, with the client's own ``__item_idx``; after an
    all-or-nothing failure it lists failures alone, as the official client expects.
    """
    noun = "USER_BONUS" if kind == "user_bonus" else kind.upper()
    done = "PERSIST" if kind == "user_bonus" else "CREATE"
    log = []
    for number, item in enumerate(items):
        if number in made:
            output: Json = {f"{kind}_id": made[number]["id"]}
            log.append({"type": f"{noun}_{done}", "success": True, "input": item, "output": output})
        elif number in problems:
            entry = {"type": f"{noun}_VALIDATE", "success": False, "input": item}
            log.append({**entry, "output": problems[number]})
    counts = {
        "total_count": len(items),
        "valid_count": len(items) - len(problems),
        "not_valid_count": len(problems),
        "success_count": len(made),
        "failed_count": len(items) - len(made),
    }
    parameters = {
        name: call.flag(name) for name in ("skip_invalid_items", "allow_defaults", "open_pool")
    }
    return start(
        call,
        f"{noun}.BATCH_CREATE",
        parameters,
        id_=asked_operation_id(call),
        details=counts,
        log=log,
        outcome="SUCCESS" if made else "FAIL",
    )


def check_batch(call: Call, *, most: int) -> tuple[list[Any], bool]:
    """The posted items, and whether they came as a list. Raises ApiError (400, 413)."""
    body = call.json()
    items = body if isinstance(body, list) else [body]
    if not all(check_value(item, Field("object")) is None for item in items) or not items:
        raise ApiError("VALIDATION_ERROR", "The body must be an object or a list of objects")
    if len(items) > most and not call.flag("async_mode"):
        raise ApiError("PAYLOAD_TOO_LARGE", f"More than {most} items in a synchronous request")
    return items, isinstance(body, list)


@routes.add("GET", "/v1/operations", "operation_list")
def list_operations(call: Call) -> Answer:
    return LISTING.page(call.tx.find("operation", owner=call.owner), call.query)


@routes.add("GET", "/v1/operations/<id_>", "operation_get")
def get_operation(call: Call, id_: str) -> Answer:
    return Answer(200, call.owned("operation", id_).doc)


@routes.add("GET", "/v1/operations/<id_>/log", "operation_log")
def get_operation_log(call: Call, id_: str) -> Answer:
    operation = call.owned("operation", id_)
    return Answer(200, [] if operation.status in UNFINISHED else operation.private["log"])
