"""The requests and answers of tests/cases/toloka, which the sandbox satisfies as well."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest

from integration.toloka import transport
from integration.toloka.client import TolokaClient
from integration.toloka.errors import (
    AccountError,
    ConflictError,
    OutcomeUnknownError,
    RefusedError,
    TolokaError,
)
from integration.toloka.payloads import Submit, UserBonus, UserRestriction
from integration.toloka.transport import Answer, Credentials, TimeLimits
from integration.toloka.wire import read_json, write_json
from tests.factories import TolokaAccountFactory
from tests.integration.toloka.raw_server import reply, serve

CASES = Path(__file__).resolve().parents[2] / "cases" / "toloka"
VALUES = {
    "project_id": "118901",
    "pool_id": "40210",
    "training_id": "40211",
    "skill_id": "52817",
    "user_skill_id": "8001",
    "foreign_pool_id": "50999",
    "fresh_uuid": "5a0d2f3e-9a0f-4a51-8a52-0f6e3f1b7c21",
    "user_id": "9f1b6c0e2d7a4f58b3c1d2e4f5a60718",
    "assignment_id": "0000009d12--66c5f1aa90b1c20c7d1e44f0",
    "operation_id": "0b9d5e7e-6e5c-4a52-9a0e-2f2b7c3e9a11",
    "restriction_id": "7001",
    "subscription_id": "9001",
    "foreign_assignment_id": "000000c737--66c5f1aa90b1c20c7d1e44f1",
    "token": "lab-token",
}
ERRORS: dict[int, type[TolokaError]] = {
    401: AccountError,
    403: AccountError,
    405: AccountError,
    409: ConflictError,
    500: OutcomeUnknownError,
}


def fill(value: Any) -> Any:
    if isinstance(value, dict):
        return {fill(key): fill(item) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item) for item in value]
    if not isinstance(value, str):
        return value
    number = re.fullmatch(r"\{(\w+):int\}", value)
    if number:
        return int(VALUES[number[1]])
    return re.sub(r"\{(\w+)\}", lambda found: VALUES.get(found[1], found[0]), value)


def load_cases() -> list[Any]:
    cases = []
    for path in sorted(CASES.glob("*.json")):
        for case in json.loads(path.read_text(), parse_float=Decimal)["cases"]:
            cases.append(pytest.param(fill(case), id=f"{path.stem}: {case['name']}"))
    return cases


ALL = load_cases()
OURS = [one for one in ALL if one.values[0].get("client", True)]


def answer_of(case: Any) -> bytes:
    body = case["answer"].get("body")
    return reply(f"{case['answer']['status']} Said", b"" if body is None else to_json(body))


def to_json(value: Any) -> bytes:
    return write_json(value).encode()


def read_moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def read_log(text: str) -> Any:
    return json.loads(text)


def make_submit(body: dict[str, Any]) -> Submit | bytes:
    """Make the report as the product makes it; a case that leaves more out goes as it is."""
    optional = {"quality"}
    if set(Submit.__dataclass_fields__) - set(body) - optional:
        return to_json(body)
    return Submit(
        **{
            **body,
            "reward": Decimal(body["reward"]),
            "quality": body.get("quality"),
            "custom_log": read_log(body["custom_log"]),
            "start_time": read_moment(body["start_time"]),
            "end_time": read_moment(body["end_time"]),
        }
    )


def make_bonus(body: dict[str, Any]) -> UserBonus:
    return UserBonus(**{**body, "amount": Decimal(body["amount"])})


def make_restriction(body: dict[str, Any]) -> UserRestriction:
    moment = body.get("will_expire")
    return UserRestriction(**{**body, "will_expire": read_moment(moment) if moment else None})


Call = Callable[[TolokaClient, re.Match[str], Any, dict[str, str]], Any]
CALLS: dict[str, Call] = {
    r"GET /requester": lambda c, m, b, q: c.get_requester(),
    r"POST /projects": lambda c, m, b, q: c.create_project(b),
    r"GET /projects": lambda c, m, b, q: c.list_projects(**q),
    r"GET /projects/(\w+)": lambda c, m, b, q: c.get_project(m[1]),
    r"PUT /projects/(\w+)": lambda c, m, b, q: c.update_project(m[1], b),
    r"POST /projects/(\w+)/archive": lambda c, m, b, q: c.archive_project(m[1]),
    r"POST /pools": lambda c, m, b, q: c.create_pool(b),
    r"GET /pools": lambda c, m, b, q: c.list_pools(**q),
    r"GET /pools/(\w+)": lambda c, m, b, q: c.get_pool(m[1]),
    r"PUT /pools/(\w+)": lambda c, m, b, q: c.update_pool(m[1], b),
    r"POST /pools/(\w+)/open": lambda c, m, b, q: c.open_pool(m[1]),
    r"POST /pools/(\w+)/close": lambda c, m, b, q: c.close_pool(m[1]),
    r"POST /pools/(\w+)/archive": lambda c, m, b, q: c.archive_pool(m[1]),
    r"GET /operations/([\w-]+)": lambda c, m, b, q: c.get_operation(m[1]),
    r"GET /assignments": lambda c, m, b, q: c.list_assignments(**q),
    r"GET /assignments/([\w-]+)": lambda c, m, b, q: c.get_assignment(m[1]),
    r"POST /tasks/external/submit": lambda c, m, b, q: c.submit(make_submit(b)),
    r"POST /tasks": lambda c, m, b, q: c.create_task(b),
    r"POST /user-bonuses": lambda c, m, b, q: c.create_user_bonus(
        make_bonus(b), operation_id=UUID(q["operation_id"])
    ),
    r"PUT /user-restrictions": lambda c, m, b, q: c.set_user_restriction(make_restriction(b)),
    r"GET /user-restrictions": lambda c, m, b, q: c.list_user_restrictions(**q),
    r"DELETE /user-restrictions/(\w+)": lambda c, m, b, q: c.delete_user_restriction(m[1]),
    r"POST /skills": lambda c, m, b, q: c.create_skill(b),
    r"PUT /user-skills": lambda c, m, b, q: c.set_user_skill(
        skill_id=b["skill_id"], user_id=b["user_id"], value=Decimal(b["value"])
    ),
    r"DELETE /user-skills/(\w+)": lambda c, m, b, q: c.delete_user_skill(m[1]),
    r"GET /user-metadata/(\w+)": lambda c, m, b, q: c.get_user_metadata(m[1]),
    r"PUT /webhook-subscriptions": lambda c, m, b, q: c.put_webhook_subscriptions(b),
}


def call(client: TolokaClient, request: dict[str, Any]) -> Any:
    wanted = f"{request['method']} {request['path'].removeprefix('/api/v1')}"
    for pattern, function in CALLS.items():
        match = re.fullmatch(pattern, wanted)
        if match:
            return function(client, match, request.get("body"), request.get("query", {}))
    raise AssertionError(f"the client has no method for {wanted}")


def typed(value: Any) -> Any:
    """Make 1, True and "1" three different things, and 1 and 1.0 one: both are JSON's number."""
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return ("number", Decimal(value))
    return (type(value).__name__, value)


@pytest.fixture(autouse=True)
def closed_session():
    yield
    transport.close_session()


@pytest.mark.django_db
@pytest.mark.parametrize("case", OURS)
def test_the_client_sends_the_request_and_understands_the_answer(case):
    request, answer = case["request"], case["answer"]
    result, error = None, None

    with serve(answer_of(case)) as (url, heard):
        account = TolokaAccountFactory.create(api_url=url, token=VALUES["token"])
        try:
            result = call(TolokaClient(account), request)
        except TolokaError as raised:
            error = raised

    head, _, body = heard[0].partition(b"\r\n\r\n")
    method, target, _ = head.decode().split("\r\n")[0].split(" ")
    assert (method, urlsplit(target).path) == (request["method"], request["path"])
    assert dict(parse_qsl(urlsplit(target).query)) == request.get("query", {})
    assert typed(read_json(body.decode()) if body else None) == typed(request.get("body"))
    if answer["status"] < 300:
        assert error is None
        assert_understood(result, answer)
    else:
        assert type(error) is ERRORS.get(answer["status"], RefusedError)
        assert error.code == answer["body"]["code"]
        assert error.answer
        assert error.answer.request_id == answer["body"]["request_id"]


def assert_understood(result: Any, answer: dict[str, Any]) -> None:
    body = answer.get("body")
    if body is None:
        assert result is None
    elif isinstance(result, Answer):
        assert typed(result.json) == typed(body)
    elif isinstance(result, str):
        assert result == body["id"]
    elif isinstance(result, list):
        assert len(result) == len(body["items"])
    elif isinstance(result, dict):
        assert typed(result) == typed(body)
    elif result is not None:
        assert result.id == body["id"]


@pytest.mark.parametrize("case", ALL)
def test_every_answer_is_classed_by_its_status(case):
    status = case["answer"]["status"]

    with serve(answer_of(case)) as (url, _):
        credentials = Credentials(api_url=url, environment="sandbox", token="lab-token")
        answer, kind = None, None
        try:
            answer = transport.send(
                credentials, "GET", "/api/v1/requester", limits=TimeLimits(2, 2, 2)
            )
        except TolokaError as error:
            answer, kind = error.answer, type(error)

    assert answer is not None
    assert kind is (None if status < 300 else ERRORS.get(status, RefusedError))
    assert answer.http_status == status
    assert typed(answer.json) == typed(case["answer"].get("body"))
