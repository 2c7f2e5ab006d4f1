"""Tasks and task suites: stored and given back; an external pool has at most a placeholder."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox import operations
from sandbox.batches import create_batch
from sandbox.checks import Field, check_fields, check_value, is_web_address, required
from sandbox.errors import ApiError, Problems, invalid, problem
from sandbox.listing import Listing
from sandbox.routes import Answer, Call, Routes
from sandbox.store import Resource
from sandbox.wire import Json, make_work_id

routes = Routes()
MOST_PER_REQUEST = 5000
OVERLAP = {
    "overlap": Field("integer", minimum=0, maximum=30000),
    "infinite_overlap": Field("boolean"),
}
TASK_FIELDS = {
    "pool_id": Field("text", required=True),
    "input_values": Field("object", required=True),
    "known_solutions": Field("list"),
    "baseline_solutions": Field("list"),
    "message_on_unknown_solution": Field("text"),
    "reserved_for": Field("list"),
    "unavailable_for": Field("list"),
    **OVERLAP,
}
SUITE_FIELDS = {
    "pool_id": Field("text", required=True),
    "tasks": Field("list", required=True),
    "mixed": Field("boolean"),
    "issuing_order_override": Field("number"),
    "reserved_for": Field("list"),
    "unavailable_for": Field("list"),
    **OVERLAP,
}
PATCH_FIELDS = {
    **OVERLAP,
    "known_solutions": Field("list"),
    "baseline_solutions": Field("list"),
    "message_on_unknown_solution": Field("text"),
    "issuing_order_override": Field("number"),
}
VALUE_FIELDS = {
    "string": Field("text"),
    "url": Field("text"),
    "file": Field("text"),
    "coordinates": Field("text"),
    "integer": Field("integer"),
    "float": Field("number"),
    "boolean": Field("boolean"),
}
LISTING = Listing(
    equal=("pool_id", "overlap"),
    numbers=("overlap",),
    ignored=("task_id",),
    max_limit=100_000,
    ids_are_numbers=False,
)


@routes.add("POST", "/v1/tasks", "task_create")
def create_tasks(call: Call) -> Answer:
    return _create(call, "task")


@routes.add("POST", "/v1/task-suites", "task_suite_create")
def create_task_suites(call: Call) -> Answer:
    return _create(call, "task_suite")


def _create(call: Call, kind: str) -> Answer:
    used: dict[str, Resource] = {}
    allows_defaults = call.flag("allow_defaults")

    def check(item: Json) -> Problems:
        problems = check_fields(item, TASK_FIELDS if kind == "task" else SUITE_FIELDS)
        pool = None if "pool_id" in problems else call.tx.get("pool", item["pool_id"])
        if pool is None or pool.owner != call.owner:
            if "pool_id" not in problems:
                problems["pool_id"] = problem("ENTITY_DOES_NOT_EXIST", "The pool does not exist")
            return problems
        if pool.status == "ARCHIVED":
            raise ApiError("POOL_INAPPROPRIATE_STATUS", "The pool is archived")
        used[pool.id] = pool
        has_overlap = item.get("overlap") is not None or item.get("infinite_overlap")
        if not (has_overlap or allows_defaults or pool.doc["type"] == "TRAINING"):
            problems["overlap"] = required()
        return problems | _check_contents(call, pool, item, kind, problems)

    def make(item: Json) -> Json:
        return _insert(call, used[item["pool_id"]], item, kind)

    def open_pools() -> None:
        if call.flag("open_pool"):
            for pool in used.values():
                if pool.status == "CLOSED" and not operations.has_unfinished(call.tx, pool.id):
                    operations.start(call, "POOL.OPEN", {"pool_id": pool.id})

    return create_batch(call, kind, most=MOST_PER_REQUEST, check=check, make=make, after=open_pools)


def _check_contents(
    call: Call, pool: Resource, item: Json, kind: str, problems: Problems
) -> Problems:
    specification = call.owned("project", pool.parent).doc["task_spec"]
    if kind == "task":
        return {} if "input_values" in problems else _check_task(item, specification, "")
    if "tasks" in problems:
        return {}
    found: Problems = {}
    for number, task in enumerate(item["tasks"]):
        if not isinstance(task, dict) or not isinstance(task.get("input_values"), dict):
            found[f"tasks.{number}.input_values"] = problem("OBJECT_EXPECTED", "Inputs are needed")
        else:
            found |= _check_task(task, specification, f"tasks.{number}.")
    return found


def _check_task(task: Json, specification: Json, path: str) -> Problems:
    inputs = f"{path}input_values."
    problems = _check_values(task["input_values"], specification["input_spec"], inputs, whole=True)
    for number, solution in enumerate(task.get("known_solutions") or []):
        where = f"{path}known_solutions.{number}.output_values"
        values = solution.get("output_values") if isinstance(solution, dict) else None
        if not isinstance(values, dict):
            problems[where] = problem("OBJECT_EXPECTED", "Output values are needed")
        else:
            outputs = specification["output_spec"]
            problems |= _check_values(values, outputs, f"{where}.", whole=False)
    return problems


def _check_values(values: Json, specification: Json, path: str, *, whole: bool) -> Problems:
    problems: Problems = {
        path + name: problem("VALUE_NOT_ALLOWED", "The specification has no such field")
        for name in values.keys() - specification.keys()
    }
    for name, one in specification.items():
        value = values.get(name)
        if value is None:
            if whole and one.get("required", True):
                problems[path + name] = required()
            continue
        found = _check_one(value, str(one["type"]))
        if found:
            problems[path + name] = found
    return problems


def _check_one(value: Any, type_: str) -> Json | None:
    if type_.startswith("array_"):
        if not isinstance(value, list):
            return problem("ARRAY_EXPECTED", "A list is needed")
        return next(filter(None, (_check_one(one, type_[6:]) for one in value)), None)
    if type_ == "json":
        return None
    found = check_value(value, VALUE_FIELDS[type_])
    if found is None and type_ == "url" and not is_web_address(value):
        return problem("INVALID_URL_SYNTAX", "Value is no web address")
    return found


def _insert(call: Call, pool: Resource, item: Json, kind: str) -> Json:
    id_ = make_work_id(pool.id, call.tx.next_number("work"), call.moment)
    doc = {**item, "id": id_, "created": call.now, **_overlap(item, pool, kind)}
    if kind == "task_suite":
        doc["mixed"] = item.get("mixed") or False
        doc["tasks"] = [
            {**task, "id": make_work_id(pool.id, call.tx.next_number("work"), call.moment)}
            for task in item["tasks"]
        ]
    call.tx.insert(Resource(kind, id_, call.owner, doc, parent=pool.id))
    return doc


def _overlap(item: Json, pool: Resource, kind: str) -> Json:
    """Either infinite without a number, or a number: the official client takes no other pair."""
    if item.get("infinite_overlap") or pool.doc["type"] == "TRAINING":
        item.pop("overlap", None)
        return {"infinite_overlap": True}
    defaults = pool.doc["defaults"]
    suites = defaults["default_overlap_for_new_task_suites"]
    default = defaults.get("default_overlap_for_new_tasks") if kind == "task" else suites
    overlap = item.get("overlap")
    if overlap is None:
        overlap = suites if default is None else default
    return {"overlap": overlap, "infinite_overlap": False, "remaining_overlap": overlap}


def _list(call: Call, kind: str) -> Answer:
    found = call.tx.find(kind, owner=call.owner, parent=call.query.get("pool_id"))
    if "task_id" in call.query:
        wanted = call.query["task_id"]
        found = [one for one in found if any(t["id"] == wanted for t in one.doc["tasks"])]
    return LISTING.page(found, call.query)


def _patch(call: Call, kind: str, id_: str) -> Answer:
    resource = call.owned(kind, id_)
    form = call.form()
    problems = check_fields(form, PATCH_FIELDS)
    if problems:
        raise invalid(problems)
    changes = {name: one for name, one in form.items() if name in PATCH_FIELDS and one is not None}
    if changes.get("infinite_overlap"):
        resource.doc.pop("overlap", None)
        resource.doc.pop("remaining_overlap", None)
        changes.pop("overlap", None)
    elif "overlap" in changes:
        overlap = Decimal(changes["overlap"])
        changes |= {"infinite_overlap": False, "remaining_overlap": overlap}
    resource.doc |= changes
    call.tx.save(resource)
    return Answer(200, resource.doc)


@routes.add("GET", "/v1/tasks", "task_list")
def list_tasks(call: Call) -> Answer:
    return _list(call, "task")


@routes.add("GET", "/v1/tasks/<id_>", "task_get")
def get_task(call: Call, id_: str) -> Answer:
    return Answer(200, call.owned("task", id_).doc)


@routes.add("PATCH", "/v1/tasks/<id_>", "task_patch")
@routes.add("PATCH", "/v1/tasks/<id_>/set-overlap-or-min", "task_set_overlap")
def patch_task(call: Call, id_: str) -> Answer:
    return _patch(call, "task", id_)


@routes.add("GET", "/v1/task-suites", "task_suite_list")
def list_task_suites(call: Call) -> Answer:
    return _list(call, "task_suite")


@routes.add("GET", "/v1/task-suites/<id_>", "task_suite_get")
def get_task_suite(call: Call, id_: str) -> Answer:
    return Answer(200, call.owned("task_suite", id_).doc)


@routes.add("PATCH", "/v1/task-suites/<id_>", "task_suite_patch")
@routes.add("PATCH", "/v1/task-suites/<id_>/set-overlap-or-min", "task_suite_set_overlap")
def patch_task_suite(call: Call, id_: str) -> Answer:
    return _patch(call, "task_suite", id_)
