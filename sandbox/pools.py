"""Pools and trainings, which share ids and life: closed, open, archived."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox import operations, webhooks
from sandbox.checks import Field, check_fields, required
from sandbox.errors import ApiError, Problems, invalid, problem
from sandbox.filters import check_filter
from sandbox.listing import Listing
from sandbox.routes import Answer, Call, Routes
from sandbox.store import Resource, Transaction
from sandbox.wire import Json, parse_time

routes = Routes()
LEAST_REWARD = Decimal("0.005")
REOPEN_AFTER_SECONDS = 15 * 60
DURATION = Field("integer", required=True, minimum=5, maximum=2147483647)
POOL_FIELDS = {
    "project_id": Field("text", required=True),
    "private_name": Field("text", required=True, may_be_blank=False),
    "private_comment": Field("text"),
    "public_description": Field("text"),
    "may_contain_adult_content": Field("boolean"),
    "will_expire": Field("time", required=True),
    "reward_per_assignment": Field("number", required=True, minimum=0),
    "assignment_max_duration_seconds": DURATION,
    "auto_accept_solutions": Field("boolean"),
    "auto_accept_period_day": Field("integer", minimum=1, maximum=21),
    "auto_close_after_complete_delay_seconds": Field("integer", minimum=0, maximum=259200),
    "priority": Field("integer", minimum=0, maximum=100),
    "defaults": Field("object", required=True),
    "filter": Field("object"),
    "quality_control": Field("object"),
    "speed_quality_balance": Field("object"),
    "mixer_config": Field("object"),
    "metadata": Field("object"),
}
TRAINING_FIELDS = {
    "project_id": Field("text", required=True),
    "private_name": Field("text", required=True, may_be_blank=False),
    "training_tasks_in_task_suite_count": Field("integer", required=True, minimum=1),
    "inherited_instructions": Field("boolean"),
    "task_suites_required_to_pass": Field("integer", minimum=1),
    "assignment_max_duration_seconds": Field("integer", minimum=5, maximum=2147483647),
    "may_contain_adult_content": Field("boolean"),
    "retry_training_after_days": Field("integer", minimum=1),
}
OVERLAP_FIELDS = {
    "default_overlap_for_new_task_suites": Field(
        "integer", required=True, minimum=0, maximum=30000
    ),
    "default_overlap_for_new_tasks": Field("integer", minimum=0, maximum=30000),
}
BALANCE_FIELDS = {
    "TOP_PERCENTAGE_BY_QUALITY": {
        "percent": Field("integer", required=True, minimum=10, maximum=100)
    },
    "BEST_CONCURRENT_USERS_BY_QUALITY": {
        "count": Field("integer", required=True, minimum=0, maximum=100)
    },
}
READ_ONLY = (
    "id", "status", "last_close_reason", "created", "last_started", "last_stopped", "type", "owner",
)  # fmt: skip
LISTING = Listing(
    equal=("status", "project_id"), times=("created", "last_started"), default_limit=20
)


def create(call: Call, fields: dict[str, Field], type_: str) -> Answer:
    form = _checked_form(call, fields)
    return Answer(201, _insert(call.tx, call.owner, form, type_, call.now).doc)


def _insert(tx: Transaction, owner: str, form: Json, type_: str, now: str) -> Resource:
    doc = {
        **({"auto_accept_solutions": True} if type_ == "REGULAR" else {}),
        **form,
        "id": str(tx.next_number("pool")),
        "status": "CLOSED",
        "last_close_reason": "MANUAL",
        "created": now,
        "type": type_,
        "owner": {"id": owner, "myself": True},
    }
    return tx.insert(Resource("pool", doc["id"], owner, doc, parent=form["project_id"]))


def update(call: Call, pool: Resource, fields: dict[str, Field]) -> Answer:
    if pool.status != "CLOSED":
        raise _wrong_status(pool, "CLOSED")
    kept = {name: pool.doc[name] for name in READ_ONLY if name in pool.doc}
    pool.doc = {**_checked_form(call, fields), **kept}
    call.tx.save(pool)
    return Answer(200, pool.doc)


def act(call: Call, pool: Resource, action: str) -> Answer:
    """Begin to open, close, archive or clone; 204 where the pool is so already."""
    if operations.has_unfinished(call.tx, pool.id):
        raise ApiError("POOL_LOCKED_BY_ANOTHER_OPERATION", "Another operation is running")
    wanted = {
        "open": "OPEN",
        "close": "CLOSED",
        "close-for-update": "CLOSED",
        "archive": "ARCHIVED",
    }
    if pool.status == wanted.get(action):
        return Answer(204)
    if pool.status == "ARCHIVED" and action != "clone":
        raise _wrong_status(pool, "OPEN", "CLOSED")
    if action == "archive" and pool.status != "CLOSED":
        raise _wrong_status(pool, "CLOSED")
    if action == "open":
        _check_can_open(call, pool)
    training = pool.doc["type"] == "TRAINING"
    verb = "CLOSE" if action == "close-for-update" else action.upper()
    parameters = {"pool_id": pool.id, **({"training_id": pool.id} if training else {})}
    if action == "close-for-update":
        parameters["reason"] = "FOR_UPDATE"
    return operations.start(call, f"{'TRAINING' if training else 'POOL'}.{verb}", parameters)


def _check_can_open(call: Call, pool: Resource) -> None:
    project = call.owned("project", pool.parent)
    if project.status != "ACTIVE":
        raise ApiError("PROJECT_INAPPROPRIATE_STATUS", "The project is archived")
    if call.balance <= 0:
        raise ApiError("NOT_ENOUGH_BALANCE", "There is no money on the account")
    is_external = project.doc.get("assignments_issuing_type") == "EXTERNAL"
    works_elsewhere = is_external and pool.doc["type"] == "REGULAR"
    needs_tasks = call.settings.empty_pool_refused or not works_elsewhere
    has_tasks = any(call.tx.find(kind, parent=pool.id) for kind in ("task", "task_suite"))
    if needs_tasks and not has_tasks:
        raise ApiError("EMPTY_POOL", "The pool has no tasks")


def finish_open(tx: Transaction, pool: Resource, now: str) -> None:
    pool.doc |= {"status": "OPEN", "last_started": now}
    # A training has no end of its own.
    pool.due = (
        parse_time(pool.doc["will_expire"]).timestamp() if "will_expire" in pool.doc else None
    )
    tx.save(pool)


def close(tx: Transaction, pool: Resource, *, reason: str, now: str) -> None:
    """Close an open pool, for a reason of Toloka's list, and tell those who subscribed to that."""
    pool.doc |= {"status": "CLOSED", "last_close_reason": reason, "last_stopped": now}
    pool.due = (
        parse_time(now).timestamp() + REOPEN_AFTER_SECONDS if reason == "FOR_UPDATE" else None
    )
    tx.save(pool)
    webhooks.emit(tx, pool, "POOL_CLOSED", now, close_reason=reason)


def archive(tx: Transaction, pool: Resource) -> None:
    pool.doc["status"] = "ARCHIVED"
    pool.due = None
    tx.save(pool)


def clone(tx: Transaction, pool: Resource, now: str) -> Resource:
    form = {name: value for name, value in pool.doc.items() if name not in READ_ONLY}
    return _insert(tx, pool.owner, form, pool.doc["type"], now)


def _wrong_status(pool: Resource, *appropriate: str) -> ApiError:
    return ApiError(
        "POOL_INAPPROPRIATE_STATUS",
        f"The pool is {pool.status}",
        {"appropriate_statuses": list(appropriate)},
    )


def _checked_form(call: Call, fields: dict[str, Field]) -> Json:
    form = {name: value for name, value in call.form().items() if name not in READ_ONLY}
    problems = check_fields(form, fields)
    if "project_id" not in problems:
        project = call.tx.get("project", form["project_id"])
        if project is None or project.owner != call.owner:
            problems["project_id"] = problem("ENTITY_DOES_NOT_EXIST", "The project does not exist")
    if fields is POOL_FIELDS:
        problems |= _check_pool(form, problems)
    if problems:
        raise invalid(problems)
    return form


def _check_pool(form: Json, problems: Problems) -> Problems:
    found: Problems = {}
    reward = form.get("reward_per_assignment")
    if "reward_per_assignment" not in problems and 0 < Decimal(reward or 0) < LEAST_REWARD:
        found["reward_per_assignment"] = problem(
            "VALUE_LESS_THAN_MIN", f"A price is 0 or at least {LEAST_REWARD}"
        )
    if "defaults" not in problems:
        found |= check_fields(form["defaults"], OVERLAP_FIELDS, prefix="defaults.")
    elif form.get("defaults") is None:
        found["defaults.default_overlap_for_new_task_suites"] = required()
    if form.get("filter") is not None:
        found |= check_filter(form["filter"])
    if isinstance(form.get("speed_quality_balance"), dict):
        found |= _check_balance(form["speed_quality_balance"])
    return found


def _check_balance(balance: Json) -> Problems:
    fields = BALANCE_FIELDS.get(balance.get("type", ""))
    if fields is None:
        return {"speed_quality_balance.type": problem("UNKNOWN_ENUM_VALUE", "The type is unknown")}
    problems = check_fields(balance, fields, prefix="speed_quality_balance.")
    percent: Any = balance.get("percent", 10)
    if not problems and percent % 10:
        return {"speed_quality_balance.percent": problem("VALUE_NOT_ALLOWED", "Steps of 10")}
    return problems


@routes.add("POST", "/v1/pools", "pool_create")
def create_pool(call: Call) -> Answer:
    return create(call, POOL_FIELDS, "REGULAR")


@routes.add("GET", "/v1/pools", "pool_list")
def list_pools(call: Call) -> Answer:
    found = call.tx.find("pool", owner=call.owner)
    return LISTING.page((one for one in found if one.doc["type"] == "REGULAR"), call.query)


@routes.add("GET", "/v1/pools/<id_>", "pool_get")
def get_pool(call: Call, id_: str) -> Answer:
    return Answer(200, call.owned("pool", id_).doc)


@routes.add("PUT", "/v1/pools/<id_>", "pool_update")
def update_pool(call: Call, id_: str) -> Answer:
    return update(call, call.owned("pool", id_), POOL_FIELDS)


@routes.add("PATCH", "/v1/pools/<id_>", "pool_patch")
def patch_pool(call: Call, id_: str) -> Answer:
    pool = call.owned("pool", id_)
    if pool.status == "ARCHIVED":
        raise _wrong_status(pool, "OPEN", "CLOSED")
    form = call.form()
    problems = check_fields(form, {"priority": POOL_FIELDS["priority"]}, closed=True)
    if problems:
        raise invalid(problems)
    pool.doc |= form
    call.tx.save(pool)
    return Answer(200, pool.doc)


@routes.add("POST", "/v1/pools/<id_>/open", "pool_open")
def open_pool(call: Call, id_: str) -> Answer:
    return act(call, call.owned("pool", id_), "open")


@routes.add("POST", "/v1/pools/<id_>/close", "pool_close")
def close_pool(call: Call, id_: str) -> Answer:
    return act(call, call.owned("pool", id_), "close")


@routes.add("POST", "/v1/pools/<id_>/close-for-update", "pool_close_for_update")
def close_pool_for_update(call: Call, id_: str) -> Answer:
    return act(call, call.owned("pool", id_), "close-for-update")


@routes.add("POST", "/v1/pools/<id_>/archive", "pool_archive")
def archive_pool(call: Call, id_: str) -> Answer:
    return act(call, call.owned("pool", id_), "archive")


@routes.add("POST", "/v1/pools/<id_>/clone", "pool_clone")
def clone_pool(call: Call, id_: str) -> Answer:
    return act(call, call.owned("pool", id_), "clone")
