"""Assignments: given by *Start*, ended by a closing submit, by the clock or by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from sandbox import webhooks
from sandbox.checks import Field, check_fields
from sandbox.errors import ApiError, invalid, missing, problem
from sandbox.listing import Listing
from sandbox.routes import Answer, Call, Routes
from sandbox.settings import Settings
from sandbox.store import Resource, Transaction
from sandbox.wire import format_time, make_work_id

routes = Routes()
DEFAULT_SECONDS = 3600
LISTING = Listing(
    equal=("status", "pool_id", "task_suite_id", "user_id"),
    times=("created", "submitted", "accepted", "rejected", "skipped", "expired"),
    ignored=("task_id",),
    max_limit=100_000,
    ids_are_numbers=False,
)
PATCH_FIELDS = {
    "status": Field("text", required=True, choices=("ACCEPTED", "REJECTED")),
    "public_comment": Field("text", max_length=2048),
}
# What an assignment may be to become what the requester asks for.
BEFORE = {"ACCEPTED": ("SUBMITTED", "REJECTED"), "REJECTED": ("SUBMITTED",)}


def give_assignment(
    tx: Transaction, settings: Settings, pool: Resource, user_id: str, moment: datetime
) -> Resource:
    """Give the performer's ACTIVE assignment of the pool, or a new one with a deadline."""
    if settings.reuse_active_assignment:
        active = find_active(tx, pool.id, user_id)
        if active:
            return active[-1]
    now = format_time(moment)
    doc = {
        "id": make_work_id(pool.id, tx.next_number("work"), moment),
        "task_suite_id": make_work_id(pool.id, tx.next_number("work"), moment),
        "pool_id": pool.id,
        "user_id": user_id,
        "status": "ACTIVE",
        "reward": pool.doc["reward_per_assignment"],
        "tasks": [],
        "mixed": False,
        "automerged": False,
        "created": now,
        "owner": {"id": pool.owner, "myself": True},
    }
    lasts = pool.doc.get("assignment_max_duration_seconds", DEFAULT_SECONDS)
    deadline = moment + timedelta(seconds=min(lasts, 100 * 365 * 86400))
    assignment = tx.insert(
        Resource("assignment", doc["id"], pool.owner, doc, parent=pool.id, user_id=user_id,
                 due=deadline.timestamp(), private={"deadline": format_time(deadline)})
    )  # fmt: skip
    _emit(tx, assignment, "ASSIGNMENT_CREATED", now)
    return assignment


def find_active(tx: Transaction, pool_id: str, user_id: str) -> list[Resource]:
    return tx.find("assignment", parent=pool_id, user_id=user_id, status="ACTIVE")


def finish(tx: Transaction, settings: Settings, assignment: Resource, now: str) -> None:
    """End an ACTIVE assignment as worked on: ACCEPTED at once where its pool accepts by itself."""
    pool = tx.get("pool", assignment.parent)
    accepts = pool is None or pool.doc.get("auto_accept_solutions") is not False
    assignment.doc |= {"status": "SUBMITTED", "submitted": now}
    assignment.due = None
    tx.save(assignment)
    _emit(tx, assignment, "ASSIGNMENT_SUBMITTED", now)
    if accepts:
        _accept(tx, settings, assignment, now)


def expire(tx: Transaction, assignment: Resource, now: str) -> None:
    """End an assignment whose time is over. Raises ApiError where it is not ACTIVE."""
    if assignment.status != "ACTIVE":
        raise wrong_status(assignment, "ACTIVE")
    assignment.doc |= {"status": "EXPIRED", "expired": now}
    assignment.due = None
    tx.save(assignment)
    _emit(tx, assignment, "ASSIGNMENT_EXPIRED", now)


def _accept(tx: Transaction, settings: Settings, assignment: Resource, now: str) -> None:
    assignment.doc |= {"status": "ACCEPTED", "accepted": now}
    tx.save(assignment)
    _emit(tx, assignment, "ASSIGNMENT_APPROVED", now)
    price = Decimal(assignment.doc["reward"])
    if settings.pay_base_price and price and not assignment.private.get("paid"):
        assignment.private["paid"] = True
        tx.save(assignment)
        tx.book(
            booked=now, owner=assignment.owner, user_id=assignment.user_id,
            pool_id=assignment.parent, kind="base_price", amount=price, fee=price * settings.fee,
            reference=assignment.id,
        )  # fmt: skip


def wrong_status(assignment: Resource, *appropriate: str) -> ApiError:
    return ApiError(
        "INAPPROPRIATE_STATUS",
        f"The assignment is {assignment.status}",
        {"appropriate_statuses": list(appropriate)},
    )


def _emit(tx: Transaction, assignment: Resource, type_: str, now: str) -> None:
    pool = tx.get("pool", assignment.parent)
    if pool is not None:
        webhooks.emit(
            tx, pool, type_, now, assignment_id=assignment.id,
            task_suite_id=assignment.doc["task_suite_id"], user_id=assignment.user_id,
        )  # fmt: skip


@routes.add("GET", "/v1/assignments", "assignment_list")
def list_assignments(call: Call) -> Answer:
    found = call.tx.find(
        "assignment",
        owner=call.owner,
        parent=call.query.get("pool_id"),
        user_id=call.query.get("user_id"),
    )
    if "task_id" in call.query:
        # Work done elsewhere holds no tasks of Toloka's.
        found = []
    return LISTING.page(found, call.query)


@routes.add("GET", "/v1/assignments/<id_>", "assignment_get")
def get_assignment(call: Call, id_: str) -> Answer:
    return Answer(200, call.owned("assignment", id_).doc)


@routes.add("PATCH", "/v1/assignments/<id_>", "assignment_patch")
def patch_assignment(call: Call, id_: str) -> Answer:
    """Accept or reject what was submitted; the same decision again changes nothing."""
    assignment = call.owned("assignment", id_)
    form = call.form()
    problems = check_fields(form, PATCH_FIELDS)
    if form.get("status") == "REJECTED" and not form.get("public_comment"):
        problems["public_comment"] = problem("VALUE_REQUIRED", "A rejection needs a comment")
    if problems:
        raise invalid(problems)
    pool = call.tx.get("pool", assignment.parent)
    if pool is None or pool.status == "ARCHIVED":
        raise ApiError("POOL_INAPPROPRIATE_STATUS", "The pool is archived")
    wanted = form["status"]
    if assignment.status == wanted:
        return Answer(200, assignment.doc)
    if assignment.status not in BEFORE[wanted]:
        raise wrong_status(assignment, *BEFORE[wanted])
    assignment.doc["public_comment"] = form.get("public_comment")
    if wanted == "ACCEPTED":
        _accept(call.tx, call.settings, assignment, call.now)
    else:
        assignment.doc |= {"status": "REJECTED", "rejected": call.now}
        call.tx.save(assignment)
        _emit(call.tx, assignment, "ASSIGNMENT_REJECTED", call.now)
    return Answer(200, assignment.doc)


@routes.add("GET", "/v1/attachments", "attachment_list")
def list_attachments(call: Call) -> Answer:
    """Files of performers: work done elsewhere leaves none here."""
    return Answer(200, {"items": [], "has_more": False})


@routes.add("GET", "/v1/attachments/<id_>", "attachment_get")
def get_attachment(call: Call, id_: str) -> Answer:
    raise missing(f"attachment {id_}")
