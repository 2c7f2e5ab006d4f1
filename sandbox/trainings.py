"""Trainings: pools of another form under addresses of their own."""

from __future__ import annotations

from sandbox import pools
from sandbox.errors import missing
from sandbox.routes import Answer, Call, Routes
from sandbox.store import Resource

routes = Routes()


def _owned_training(call: Call, id_: str) -> Resource:
    training = call.owned("pool", id_)
    if training.doc["type"] != "TRAINING":
        raise missing(f"training {id_}")
    return training


@routes.add("POST", "/v1/trainings", "training_create")
def create_training(call: Call) -> Answer:
    return pools.create(call, pools.TRAINING_FIELDS, "TRAINING")


@routes.add("GET", "/v1/trainings", "training_list")
def list_trainings(call: Call) -> Answer:
    found = call.tx.find("pool", owner=call.owner)
    return pools.LISTING.page((one for one in found if one.doc["type"] == "TRAINING"), call.query)


@routes.add("GET", "/v1/trainings/<id_>", "training_get")
def get_training(call: Call, id_: str) -> Answer:
    return Answer(200, _owned_training(call, id_).doc)


@routes.add("PUT", "/v1/trainings/<id_>", "training_update")
def update_training(call: Call, id_: str) -> Answer:
    return pools.update(call, _owned_training(call, id_), pools.TRAINING_FIELDS)


@routes.add("POST", "/v1/trainings/<id_>/<any(open, close, archive, clone):action>", "training_act")
def act_on_training(call: Call, id_: str, action: str) -> Answer:
    return pools.act(call, _owned_training(call, id_), action)
