"""Bonuses: money outside of submits, with a true key against paying twice: ``operation_id``."""

from __future__ import annotations

from decimal import Decimal

from sandbox.batches import create_batch
from sandbox.checks import Field, check_fields, required
from sandbox.errors import ApiError, Problems, problem
from sandbox.listing import Listing
from sandbox.routes import Answer, Call, Routes
from sandbox.store import Resource
from sandbox.wire import Json, dump_json

routes = Routes()
MOST_PER_REQUEST = 100
FIELDS = {
    "user_id": Field("text", required=True, may_be_blank=False),
    "amount": Field("number", required=True, minimum=Decimal("0.005"), maximum=100),
    "private_comment": Field("text"),
    "public_title": Field("object"),
    "public_message": Field("object"),
    "without_message": Field("boolean"),
    "assignment_id": Field("text"),
}
LISTING = Listing(equal=("user_id", "assignment_id", "private_comment"), comma_lists=())


@routes.add("POST", "/v1/user-bonuses", "bonus_create")
def create_bonuses(call: Call) -> Answer:
    seen: set[str] = set()
    free = call.balance

    def check(item: Json) -> Problems:
        nonlocal free
        problems = check_fields(item, FIELDS, closed=True)
        if not item.get("without_message"):
            for name in ("public_title", "public_message"):
                if item.get(name) is None:
                    problems[name] = required()
        user = "SELECT 1 FROM performer WHERE user_id = ?"
        if "user_id" not in problems and not call.tx.execute(user, item["user_id"]).fetchone():
            problems["user_id"] = problem("ENTITY_DOES_NOT_EXIST", "The performer does not exist")
        if problems:
            return problems
        same = dump_json([item.get(name) for name in FIELDS if name != "assignment_id"])
        if same in seen:
            return {"": problem("ENTITY_CONFLICT", "The same bonus is twice in one request")}
        seen.add(same)
        free -= Decimal(item["amount"]) * (1 + call.settings.fee)
        if free < 0:
            raise ApiError("NOT_ENOUGH_BALANCE", "There is not enough money on the account")
        return {}

    def make(item: Json) -> Json:
        # Ids have one width: the official client compares them as text.
        doc = {**item, "id": f"{call.tx.next_number('bonus'):010d}", "created": call.now}
        call.tx.insert(Resource("user_bonus", doc["id"], call.owner, doc, user_id=item["user_id"]))
        assignment = call.tx.get("assignment", item.get("assignment_id") or "")
        amount = Decimal(item["amount"])
        call.tx.book(
            booked=call.now, owner=call.owner, user_id=item["user_id"],
            pool_id=assignment.parent if assignment else "", kind="bonus", amount=amount,
            fee=amount * call.settings.fee, reference=doc["id"],
        )  # fmt: skip
        return doc

    return create_batch(call, "user_bonus", most=MOST_PER_REQUEST, check=check, make=make)


@routes.add("GET", "/v1/user-bonuses", "bonus_list")
def list_bonuses(call: Call) -> Answer:
    found = call.tx.find("user_bonus", owner=call.owner, user_id=call.query.get("user_id"))
    return LISTING.page(found, call.query)


@routes.add("GET", "/v1/user-bonuses/<id_>", "bonus_get")
def get_bonus(call: Call, id_: str) -> Answer:
    return Answer(200, call.owned("user_bonus", id_).doc)
