"""Skills of a requester, and the values that performers have in them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from sandbox.checks import Field, check_fields
from sandbox.errors import invalid, problem
from sandbox.listing import Listing
from sandbox.routes import Answer, Call, Routes
from sandbox.store import Resource

routes = Routes()
FIELDS = {
    "name": Field("text", required=True, may_be_blank=False),
    "private_comment": Field("text"),
    "hidden": Field("boolean"),
    "skill_ttl_hours": Field("integer", minimum=1),
    "public_name": Field("object"),
    "public_requester_description": Field("object"),
}
USER_SKILL_FIELDS = {
    "skill_id": Field("text", required=True),
    "user_id": Field("text", required=True, may_be_blank=False),
    "value": Field("number", required=True, minimum=0, maximum=100),
}
READ_ONLY = ("id", "created", "training", "owner")
LISTING = Listing(equal=("name",), ignored=("global",), max_limit=100, comma_lists=())
USER_SKILL_LISTING = Listing(
    equal=("user_id", "skill_id"), times=("created", "modified"), max_limit=1000
)


@routes.add("POST", "/v1/skills", "skill_create")
def create_skill(call: Call) -> Answer:
    form = {name: value for name, value in call.form().items() if name not in READ_ONLY}
    _refuse(check_fields(form, FIELDS))
    doc = {
        "hidden": True,
        **form,
        "id": str(call.tx.next_number("skill")),
        "created": call.now,
        "training": False,
        "owner": call.owner_doc,
    }
    call.tx.insert(Resource("skill", doc["id"], call.owner, doc))
    return Answer(201, doc)


@routes.add("GET", "/v1/skills", "skill_list")
def list_skills(call: Call) -> Answer:
    return LISTING.page(call.tx.find("skill", owner=call.owner), call.query)


@routes.add("GET", "/v1/skills/<id_>", "skill_get")
def get_skill(call: Call, id_: str) -> Answer:
    return Answer(200, call.owned("skill", id_).doc)


@routes.add("PUT", "/v1/skills/<id_>", "skill_update")
def update_skill(call: Call, id_: str) -> Answer:
    skill = call.owned("skill", id_)
    form = {name: value for name, value in call.form().items() if name not in READ_ONLY}
    _refuse(check_fields(form, FIELDS))
    kept = {name: skill.doc[name] for name in READ_ONLY}
    skill.doc = {"hidden": True, **form, **kept}
    call.tx.save(skill)
    return Answer(200, skill.doc)


@routes.add("PUT", "/v1/user-skills", "user_skill_put")
def put_user_skill(call: Call) -> Answer:
    form = call.form()
    problems = check_fields(form, USER_SKILL_FIELDS)
    if "skill_id" not in problems:
        skill = call.tx.get("skill", form["skill_id"])
        if skill is None or skill.owner != call.owner:
            problems["skill_id"] = problem("ENTITY_DOES_NOT_EXIST", "The skill does not exist")
    _refuse(problems)
    exact = Decimal(form["value"])
    values = {
        "value": int(exact.quantize(Decimal(1), ROUND_HALF_UP)),
        "exact_value": form["value"],
        "modified": call.now,
    }
    held = call.tx.find(
        "user_skill", owner=call.owner, parent=form["skill_id"], user_id=form["user_id"]
    )
    if held:
        held[0].doc |= values
        call.tx.save(held[0])
        return Answer(200, held[0].doc)
    doc = {
        "id": str(call.tx.next_number("user_skill")),
        "skill_id": form["skill_id"],
        "user_id": form["user_id"],
        "created": call.now,
        **values,
    }
    call.tx.insert(
        Resource("user_skill", doc["id"], call.owner, doc, parent=form["skill_id"],
                 user_id=form["user_id"])
    )  # fmt: skip
    return Answer(200, doc)


def _refuse(problems: dict[str, dict[str, object]]) -> None:
    if problems:
        raise invalid(problems)


@routes.add("GET", "/v1/user-skills", "user_skill_list")
def list_user_skills(call: Call) -> Answer:
    found = call.tx.find("user_skill", owner=call.owner, user_id=call.query.get("user_id"))
    return USER_SKILL_LISTING.page(found, call.query)


@routes.add("GET", "/v1/user-skills/<id_>", "user_skill_get")
def get_user_skill(call: Call, id_: str) -> Answer:
    return Answer(200, call.owned("user_skill", id_).doc)


@routes.add("DELETE", "/v1/user-skills/<id_>", "user_skill_delete")
def delete_user_skill(call: Call, id_: str) -> Answer:
    call.tx.delete(call.owned("user_skill", id_))
    return Answer(204)
