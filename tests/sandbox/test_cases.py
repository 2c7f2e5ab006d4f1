"""The sandbox answers as the documentation's cases say."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.sandbox.running import OTHER_TOKEN, TOKEN, RunningSandbox

CASES = Path(__file__).resolve().parents[1] / "cases" / "toloka"


def load_cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{path.stem}: {case['name']}")
        for path in sorted(CASES.glob("*.json"))
        for case in json.loads(path.read_text())["cases"]
    ]


def find_body(family: str, name: str) -> Any:
    """The body of a case's request, to make the same thing where a case needs it beforehand."""
    cases = json.loads((CASES / f"{family}.json").read_text())["cases"]
    return next(case["request"]["body"] for case in cases if case["name"] == name)


class Given:
    """Makes what a case's ``given`` names, in one and the same sandbox, and keeps the ids."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox
        self.ids = {"fresh_uuid": str(uuid.uuid4()), "token": TOKEN}

    def make(self, name: str) -> None:
        makers: dict[str, Callable[[], None]] = {
            "project": self.project,
            "pool": self.pool,
            "open_pool": self.open_pool,
            "archived_pool": lambda: self.act_on_pool("archive"),
            "performer": self.performer,
            "assignment": self.assignment,
            "finished_assignment": self.finished_assignment,
            "expired_assignment": self.expired_assignment,
            "skill": self.skill,
            "user_skill": self.user_skill,
            "restriction": self.restriction,
            "operation": self.open_pool,
            "training": self.training,
            "webhook": self.webhook,
            "foreign_pool": self.foreign_pool,
            "foreign_assignment": self.foreign_assignment,
            "poor": self.poor,
        }
        makers[name]()

    def project(self) -> None:
        form = find_body("projects", "create an external project")
        self.ids["project_id"] = self.sandbox.ask("POST", "/api/v1/projects", form)["id"]

    def pool(self) -> None:
        self.ids["pool_id"] = self.sandbox.make_pool(opened=False)
        pool = self.sandbox.ask("GET", f"/api/v1/pools/{self.ids['pool_id']}")
        self.ids["project_id"] = pool["project_id"]

    def act_on_pool(self, action: str) -> None:
        if "pool_id" not in self.ids:
            self.pool()
        path = f"/api/v1/pools/{self.ids['pool_id']}/{action}"
        self.ids["operation_id"] = self.sandbox.finish("POST", path)["id"]

    def open_pool(self) -> None:
        self.act_on_pool("open")

    def performer(self) -> None:
        self.ids["user_id"] = self.sandbox.make_performer()

    def assignment(self) -> None:
        self.open_pool()
        self.performer()
        ids = self.ids
        ids["assignment_id"] = self.sandbox.press_start(ids["pool_id"], ids["user_id"])

    def finished_assignment(self) -> None:
        self.assignment()
        pool_id, user_id = int(self.ids["pool_id"]), self.ids["user_id"]
        form = {"pool_id": pool_id, "user_id": user_id, "reward": 0, "close_session": True}
        assert self.sandbox.submit(form).status_code == 200

    def expired_assignment(self) -> None:
        self.assignment()
        self.sandbox.ask("POST", f"/control/assignments/{self.ids['assignment_id']}/expire")

    def skill(self) -> None:
        form = {"name": "Road signs"}
        self.ids["skill_id"] = self.sandbox.ask("POST", "/api/v1/skills", form)["id"]

    def user_skill(self) -> None:
        self.skill()
        self.performer()
        form = {"skill_id": self.ids["skill_id"], "user_id": self.ids["user_id"], "value": 80}
        self.ids["user_skill_id"] = self.sandbox.ask("PUT", "/api/v1/user-skills", form)["id"]

    def restriction(self) -> None:
        self.project()
        self.performer()
        form = {"scope": "PROJECT", "user_id": self.ids["user_id"]}
        form["project_id"] = self.ids["project_id"]
        answer = self.sandbox.ask("PUT", "/api/v1/user-restrictions", form)
        self.ids["restriction_id"] = answer["id"]

    def training(self) -> None:
        self.project()
        form = self.fill(find_body("trainings", "create a training"))
        self.ids["training_id"] = self.sandbox.ask("POST", "/api/v1/trainings", form)["id"]

    def webhook(self) -> None:
        self.pool()
        form = {"webhook_url": "https://labels.example.org/toloka/events/", "secret_key": "s"}
        forms = [{**form, "event_type": "POOL_CLOSED", "pool_id": self.ids["pool_id"]}]
        answer = self.sandbox.ask("PUT", "/api/v1/webhook-subscriptions", forms)
        self.ids["subscription_id"] = answer["items"]["0"]["id"]

    def foreign_pool(self) -> None:
        self.ids["foreign_pool_id"] = self.sandbox.make_pool(token=OTHER_TOKEN)

    def foreign_assignment(self) -> None:
        self.foreign_pool()
        user_id = self.sandbox.make_performer()
        started = self.sandbox.press_start(self.ids["foreign_pool_id"], user_id)
        self.ids["foreign_assignment_id"] = started

    def poor(self) -> None:
        form = {"name": "lab", "token": TOKEN, "balance": 0}
        self.sandbox.ask("POST", "/control/requesters", form)

    def fill(self, value: Any) -> Any:
        """Put ids in the place of ``{names}``; of one that nothing made, any valid one."""
        if isinstance(value, dict):
            return {name: self.fill(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.fill(one) for one in value]
        if not isinstance(value, str):
            return value
        whole = re.fullmatch(r"\{(\w+):int\}", value)
        if whole:
            return int(self.ids[whole[1]])
        return re.sub(r"\{(\w+)\}", lambda found: self.ids.get(found[1], found[0]), value)

    def send(self, request: dict[str, Any]) -> requests.Response:
        headers = {"Authorization": f"OAuth {TOKEN}"}
        data = request.get("raw_body")
        if "body" in request:
            data = json.dumps(self.fill(request["body"]))
        if data is not None:
            headers["Content-Type"] = "application/json"
        headers |= self.fill(request.get("headers", {}))
        return requests.request(
            request["method"],
            self.sandbox.url + self.fill(request["path"]),
            params=self.fill(request["query"]),
            data=data,
            headers={name: one for name, one in headers.items() if one is not None},
            timeout=20,
        )


def json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return {dict: "object", list: "list", str: "text", type(None): "null"}.get(
        type(value), "number"
    )


def check_shape(found: Any, example: Any, path: str, *, exact: bool) -> None:
    """Every key of the example is there, of the same type; ``exact``: and no other."""
    if example is None:
        return
    assert json_type(found) == json_type(example), f"{path}: {found!r} is not like {example!r}"
    if isinstance(example, dict):
        assert example.keys() <= found.keys(), f"{path}: {found}"
        assert not exact or example.keys() == found.keys(), f"{path}: {found}"
        for name, one in example.items():
            check_shape(found[name], one, f"{path}.{name}", exact=exact)
    elif isinstance(example, list):
        for number, one in enumerate(example):
            check_shape(found[number], one, f"{path}.{number}", exact=exact)


MISSING = object()


def look_up(value: Any, path: str) -> Any:
    """Follow a dotted path; a key may itself hold dots (paths of field errors do)."""
    if not path:
        return value
    if isinstance(value, list):
        head, _, rest = path.partition(".")
        return look_up(value[int(head)], rest) if int(head) < len(value) else MISSING
    if not isinstance(value, dict):
        return MISSING
    for name in sorted(value, key=len, reverse=True):
        if path == name or path.startswith(name + "."):
            return look_up(value[name], path[len(name) + 1 :])
    return MISSING


def without_texts(payload: Any) -> Any:
    """Field errors compare by their codes: the wording is anyone's."""
    if isinstance(payload, dict):
        kept = {name: one for name, one in payload.items() if name not in {"message", "params"}}
        return {name: without_texts(one) for name, one in kept.items()}
    return payload


@pytest.mark.parametrize("case", load_cases())
def test_sandbox_answers_as_the_case_says(sandbox: RunningSandbox, case: dict[str, Any]) -> None:
    given = Given(sandbox)
    for name in case["given"]:
        given.make(name)
    for step in case.get("before", []):
        assert given.send(step["request"]).status_code == step["status"]

    answer = given.send(case["request"])

    expected = case["answer"]
    assert answer.status_code == expected["status"], answer.text
    if expected["body"] is None:
        assert answer.content == b""
        return
    found, example = answer.json(), given.fill(expected["body"])
    check_shape(found, example, "answer", exact=expected.get("exact", False))
    for path in expected.get("equal", []):
        assert without_texts(look_up(found, path)) == without_texts(look_up(example, path)), path
    for path in expected.get("absent", []):
        assert look_up(found, path) is MISSING, path


def test_every_case_is_well_formed() -> None:
    keys = {"name", "client", "given", "before", "request", "answer"}
    cases = [parameters.values[0] for parameters in load_cases()]

    assert len(cases) > 150
    for case in cases:
        assert case.keys() <= keys
        assert {"method", "path", "query"} <= case["request"].keys()
        assert {"status", "body"} <= case["answer"].keys()
        for path in case["answer"].get("equal", []):
            assert look_up(case["answer"]["body"], path) is not MISSING, case["name"]
