"""What a requester reads about a pool as a whole: numbers and the table of assignments."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox import operations
from sandbox.errors import ApiError, Problems, invalid, problem
from sandbox.routes import Answer, Call, Routes
from sandbox.store import Resource, Transaction
from sandbox.wire import Json

routes = Routes()
STATUS_COUNTS = {
    "submitted_assignments_count": ("SUBMITTED", "ACCEPTED", "REJECTED"),
    "skipped_assignments_count": ("SKIPPED",),
    "rejected_assignments_count": ("REJECTED",),
    "approved_assignments_count": ("ACCEPTED",),
}
TSV_STATUS = {"ACCEPTED": "APPROVED"}
TSV_COLUMNS = (
    "link", "assignment_id", "task_id", "task_suite_id", "worker_id", "status", "started",
    "submitted", "accepted", "rejected", "skipped", "expired", "reward",
)  # fmt: skip


@routes.add("POST", "/staging/analytics-2", "analytics")
def ask_analytics(call: Call) -> Answer:
    requests = call.json()
    if not isinstance(requests, list) or not all(isinstance(one, dict) for one in requests):
        raise ApiError("VALIDATION_ERROR", "The body must be a list of objects")
    problems: dict[str, Problems] = {}
    results = []
    for number, one in enumerate(requests):
        pool = call.owned("pool", str(one.get("subject_id")))
        try:
            result = _measure(call.tx, pool, str(one.get("name")))
        except KeyError:
            problems[str(number)] = {"name": problem("UNKNOWN_ENUM_VALUE", "Not known here")}
            continue
        results.append({"request": one, "result": result, "finished": call.now})
    if problems:
        raise invalid(problems)
    details = {"value": results}
    return operations.start(call, "ANALYTICS", {"value": requests}, details=details)


def _measure(tx: Transaction, pool: Resource, name: str) -> Any:
    held = tx.find("assignment", parent=pool.id)
    if name in STATUS_COUNTS:
        return sum(one.status in STATUS_COUNTS[name] for one in held)
    if name == "real_tasks_count":
        return sum(not task.doc.get("known_solutions") for task in tx.find("task", parent=pool.id))
    if name == "unique_workers_count":
        return len({one.user_id for one in held})
    if name == "unique_submitters_count":
        return len({one.user_id for one in held if one.doc.get("submitted")})
    if name == "spent_budget":
        rows = tx.execute("SELECT amount, fee FROM entry WHERE pool_id = ?", pool.id)
        return sum((Decimal(row["amount"]) + Decimal(row["fee"]) for row in rows), Decimal(0))
    if name == "completion_percentage":
        return {"value": 100 if pool.doc.get("last_close_reason") == "COMPLETED" else 0}
    raise KeyError(name)


@routes.add("GET", "/new/requester/pools/<id_>/assignments.tsv", "assignment_table")
def get_assignment_table(call: Call, id_: str) -> Answer:
    """A row an assignment: external work has no tasks of Toloka's to give one row each."""
    pool = call.owned("pool", id_)
    specification = call.owned("project", pool.parent).doc["task_spec"]
    wanted = call.query.get("status", "APPROVED").split(",")
    asked = call.query.get("field", "").split(",")
    chosen = [name for name in TSV_COLUMNS if f"ASSIGNMENT:{name}" in asked] or list(TSV_COLUMNS)
    head = [
        *(f"INPUT:{name}" for name in specification["input_spec"]),
        *(f"OUTPUT:{name}" for name in specification["output_spec"]),
        *(f"GOLDEN:{name}" for name in specification["output_spec"]),
        "HINT:text",
    ]
    rows = [[*head, *(f"ASSIGNMENT:{name}" for name in chosen), "ACCEPT:verdict", "ACCEPT:comment"]]
    for one in call.tx.find("assignment", parent=pool.id):
        status = TSV_STATUS.get(one.status, one.status)
        if status in wanted:
            values = _columns(one.doc, status)
            rows.append([*("" for _ in head), *(values[name] for name in chosen), "", ""])
    text = "".join("\t".join(row) + "\n" for row in rows)
    return Answer(200, text.encode(), "text/tab-separated-values; charset=utf-8")


def _columns(doc: Json, status: str) -> dict[str, str]:
    values = {
        **doc,
        "assignment_id": doc["id"],
        "worker_id": doc["user_id"],
        "status": status,
        "started": doc["created"],
    }
    return {name: str(values.get(name) or "") for name in TSV_COLUMNS}
