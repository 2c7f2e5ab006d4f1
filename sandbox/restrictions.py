"""Bans: of a performer in a pool, a project, or all of a requester's projects."""

from __future__ import annotations

from sandbox.checks import Field, check_fields, required
from sandbox.errors import invalid, problem
from sandbox.listing import Listing
from sandbox.routes import Answer, Call, Routes
from sandbox.store import Resource, Transaction
from sandbox.wire import Json, format_time, parse_time

routes = Routes()
TARGETS = {"POOL": "pool_id", "PROJECT": "project_id", "ALL_PROJECTS": ""}
FIELDS = {
    "scope": Field("text", required=True, choices=(*TARGETS, "SYSTEM")),
    "user_id": Field("text", required=True, may_be_blank=False),
    "project_id": Field("text"),
    "pool_id": Field("text"),
    "private_comment": Field("text", max_length=499),
    "will_expire": Field("time"),
}
LISTING = Listing(equal=("scope", "user_id", "project_id", "pool_id"), max_limit=500)


def is_restricted(tx: Transaction, pool: Resource, user_id: str, now: str) -> bool:
    """Is the performer banned by Toloka, or by the pool's requester in a scope around it?"""
    row = tx.execute("SELECT banned FROM performer WHERE user_id = ?", user_id).fetchone()
    if row is not None and row["banned"]:
        return True
    return any(
        _holds(one.doc, pool) and not _is_over(one.doc, now)
        for one in tx.find("restriction", owner=pool.owner, user_id=user_id)
    )


def _holds(doc: Json, pool: Resource) -> bool:
    if doc["scope"] == "POOL":
        return bool(doc["pool_id"] == pool.id)
    return doc["scope"] == "ALL_PROJECTS" or bool(doc["project_id"] == pool.parent)


def _is_over(doc: Json, now: str) -> bool:
    ends = doc.get("will_expire")
    return ends is not None and format_time(parse_time(ends)) <= now


@routes.add("PUT", "/v1/user-restrictions", "restriction_put")
def put_restriction(call: Call) -> Answer:
    """Ban, or change the ban of the same performer, scope and target."""
    form = _checked_form(call)
    target = TARGETS[form["scope"]]
    for one in call.tx.find("restriction", owner=call.owner, user_id=form["user_id"]):
        if one.doc["scope"] == form["scope"] and one.doc.get(target) == form.get(target):
            one.doc = {**form, "id": one.id, "created": one.doc["created"]}
            call.tx.save(one)
            return Answer(200, one.doc)
    doc = {**form, "id": str(call.tx.next_number("restriction")), "created": call.now}
    call.tx.insert(Resource("restriction", doc["id"], call.owner, doc, user_id=form["user_id"]))
    return Answer(200, doc)


def _checked_form(call: Call) -> Json:
    form = {name: one for name, one in call.form().items() if name not in {"id", "created"}}
    problems = check_fields(form, FIELDS)
    if form.get("scope") == "SYSTEM":
        problems["scope"] = problem("VALUE_NOT_ALLOWED", "The scope is Toloka's own")
    target = TARGETS.get(str(form.get("scope")))
    if target and target not in problems:
        if form.get(target) is None:
            problems[target] = required()
        else:
            found = call.tx.get(target.removesuffix("_id"), form[target])
            if found is None or found.owner != call.owner:
                problems[target] = problem("ENTITY_DOES_NOT_EXIST", "It does not exist")
    if problems:
        raise invalid(problems)
    return form


@routes.add("GET", "/v1/user-restrictions", "restriction_list")
def list_restrictions(call: Call) -> Answer:
    found = call.tx.find("restriction", owner=call.owner, user_id=call.query.get("user_id"))
    return LISTING.page(found, call.query)


@routes.add("GET", "/v1/user-restrictions/<id_>", "restriction_get")
def get_restriction(call: Call, id_: str) -> Answer:
    return Answer(200, call.owned("restriction", id_).doc)


@routes.add("DELETE", "/v1/user-restrictions/<id_>", "restriction_delete")
def delete_restriction(call: Call, id_: str) -> Answer:
    call.tx.delete(call.owned("restriction", id_))
    return Answer(204)
