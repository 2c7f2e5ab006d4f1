"""Making many things by one request: tasks, task suites, bonuses; at once or as an operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox import operations
from sandbox.errors import Problems, invalid
from sandbox.routes import Answer, Call
from sandbox.wire import Json

CLIENT_MARK = "__item_idx"


def create_batch(
    call: Call,
    kind: str,
    *,
    most: int,
    check: Callable[[Json], Problems],
    make: Callable[[Json], Json],
    after: Callable[[], None] | None = None,
) -> Answer:
    """Check every item, then make all, or with ``skip_invalid_items`` the valid ones.

    ``check`` finds what is wrong with an item, ``make`` stores it and returns it as the requester
    sees it. ``after`` runs where something was made.
    """
    items, is_list = operations.check_batch(call, most=most)
    asynchronous = call.flag("async_mode")
    if asynchronous:
        operations.asked_operation_id(call)
    # The official client's own mark is no field, but has to come back in the operation's log.
    bare = [{key: one for key, one in item.items() if key != CLIENT_MARK} for item in items]
    found = {number: check(item) for number, item in enumerate(bare)}
    problems: dict[int, Problems] = {number: one for number, one in found.items() if one}
    made: dict[int, Json] = {}
    if not problems or call.flag("skip_invalid_items"):
        made = {n: make(item) for n, item in enumerate(bare) if n not in problems}
    if made and after is not None:
        after()
    if asynchronous:
        return operations.start_batch(call, kind, items=items, made=made, problems=dict(problems))
    if not made:
        raise invalid(_by_text(problems) if is_list else problems[0])
    if not is_list:
        return Answer(201, made[0])
    body: Json = {"items": _by_text(made)}
    if problems:
        body["validation_errors"] = _by_text(problems)
    return Answer(201, body)


def _by_text(by_number: dict[int, Any]) -> dict[str, Any]:
    return {str(number): one for number, one in by_number.items()}
