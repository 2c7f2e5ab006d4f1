"""Faults as a client's socket sees them, and what the sandbox has applied by then."""

from __future__ import annotations

import json
import socket
import time
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.sandbox.running import TOKEN, RunningSandbox

APPLIED, LOST = [True], [False]


def make_body(started: dict[str, str], **more: Any) -> dict[str, Any]:
    pool_id, user_id = int(started["pool_id"]), started["user_id"]
    return {"pool_id": pool_id, "user_id": user_id, "retry_id": "r1", "reward": 0.5, **more}


def send_raw(sandbox: RunningSandbox, body: dict[str, Any]) -> socket.socket:
    """Send a submit by hand. Returns the socket, from which the answer is still to be read."""
    address = urlsplit(sandbox.url)
    connection = socket.create_connection((address.hostname, address.port), timeout=10)
    data = json.dumps(body).encode()
    head = (
        f"POST /api/v1/tasks/external/submit HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"Authorization: OAuth {TOKEN}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    )
    connection.sendall(head.encode() + data)
    return connection


def read_applied(sandbox: RunningSandbox) -> list[bool]:
    return [one["applied"] for one in sandbox.state()["submits"]]


def wait_for_holding(sandbox: RunningSandbox, count: int) -> None:
    for _ in range(200):
        if len(sandbox.state()["faults"]["holding"]) == count:
            return
        time.sleep(0.02)
    raise AssertionError(f"never {count} held: {sandbox.state()['faults']}")


@pytest.mark.parametrize(("kind", "applied"), [("hang_before", LOST), ("hang_after", APPLIED)])
def test_hang_keeps_silent_until_the_client_goes(sandbox, started, kind, applied):
    sandbox.fault(kind)

    with send_raw(sandbox, make_body(started)) as connection:
        wait_for_holding(sandbox, 1)
        assert read_applied(sandbox) == applied
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)

    wait_for_holding(sandbox, 0)
    assert read_applied(sandbox) == applied


def test_hang_after_applying_outlives_a_kill(start_sandbox):
    sandbox = start_sandbox()
    pool_id, user_id = sandbox.make_pool(), sandbox.make_performer()
    sandbox.press_start(pool_id, user_id)
    sandbox.fault("hang_after")

    with send_raw(sandbox, make_body({"pool_id": pool_id, "user_id": user_id})):
        wait_for_holding(sandbox, 1)
        sandbox.end(9)
    sandbox.start()

    assert read_applied(sandbox) == APPLIED
    assert sandbox.state()["rewards"] == {user_id: Decimal("0.5")}


def test_clearing_the_faults_lets_go_what_is_held(sandbox, started):
    sandbox.fault("hang_before")

    with send_raw(sandbox, make_body(started)) as connection:
        wait_for_holding(sandbox, 1)
        sandbox.ask("DELETE", "/control/faults")

        assert connection.recv(100) == b""


@pytest.mark.parametrize(("kind", "applied"), [("reset_before", LOST), ("reset_after", APPLIED)])
def test_reset_is_a_reset_and_no_orderly_end(sandbox, started, kind, applied):
    sandbox.fault(kind)

    with send_raw(sandbox, make_body(started)) as connection, pytest.raises(ConnectionResetError):
        connection.recv(100)

    assert read_applied(sandbox) == applied


@pytest.mark.parametrize(
    ("kind", "applied"), [("timeout_before", LOST), ("timeout_after", APPLIED)]
)
def test_timeout_ends_without_an_answer(sandbox, started, kind, applied):
    sandbox.fault(kind, delay_s=0.3)

    began = time.monotonic()
    with send_raw(sandbox, make_body(started)) as connection:
        assert connection.recv(100) == b""

    assert time.monotonic() - began >= 0.3
    assert read_applied(sandbox) == applied


@pytest.mark.parametrize(
    ("kind", "status", "code", "applied"),
    [
        ("500_before", 500, "INTERNAL_ERROR", LOST),
        ("500_after", 500, "INTERNAL_ERROR", APPLIED),
        ("502", 502, "INTERNAL_ERROR", LOST),
        ("503", 503, "REMOTE_SERVICE_UNAVAILABLE", LOST),
        ("504_after", 504, "INTERNAL_ERROR", APPLIED),
        ("429", 429, "TOO_MANY_REQUESTS", LOST),
        ("403", 403, "ACCESS_DENIED", LOST),
    ],
)
def test_status_faults_answer_in_tolokas_form(sandbox, started, kind, status, code, applied):
    sandbox.fault(kind, retry_after="2")

    answer = sandbox.submit(make_body(started))

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Retry-After"] == "2"
    assert read_applied(sandbox) == applied


def test_html_instead_of_json(sandbox, started):
    sandbox.fault("html")

    answer = sandbox.submit(make_body(started))

    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html")
    assert answer.text.startswith("<!doctype html>")
    assert read_applied(sandbox) == LOST


def test_empty_answer_after_applying(sandbox, started):
    sandbox.fault("empty")

    answer = sandbox.submit(make_body(started))

    assert (answer.status_code, answer.content) == (200, b"")
    assert read_applied(sandbox) == APPLIED


def test_huge_answer(sandbox, started):
    sandbox.fault("huge", size_mb=2)

    answer = sandbox.submit(make_body(started))

    assert answer.status_code == 200
    assert len(answer.json()["padding"]) == 2 * 1024 * 1024


def test_truncated_answer_breaks_off(sandbox, started):
    sandbox.fault("truncated")

    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        sandbox.submit(make_body(started))
    assert read_applied(sandbox) == APPLIED


def test_slow_answers_late_and_rightly(sandbox, started):
    sandbox.fault("slow", delay_s=0.4)

    began = time.monotonic()
    answer = sandbox.submit(make_body(started))

    assert time.monotonic() - began >= 0.4
    assert answer.json()["filter_match"] is True


@pytest.mark.parametrize(("deduplicates", "paid"), [(True, "0.5"), (False, "1.0")])
def test_duplicate_delivers_a_request_twice(sandbox, started, deduplicates, paid):
    sandbox.configure(deduplicate_by_retry_id=deduplicates)
    sandbox.fault("duplicate")

    assert sandbox.submit(make_body(started)).status_code == 200

    assert sandbox.state()["rewards"] == {started["user_id"]: Decimal(paid)}


def test_a_fault_hits_as_often_as_told_then_never_again(sandbox, started):
    sandbox.fault("500_before", times=2, skip=1)

    statuses = [sandbox.submit(make_body(started)).status_code for _ in range(4)]

    assert statuses == [200, 500, 500, 200]


def test_a_fault_hits_its_endpoint_and_its_text_alone(sandbox, started):
    sandbox.fault("500_before", "assignment_get", contains=started["assignment_id"])
    path = f"/api/v1/assignments/{started['assignment_id']}"

    assert sandbox.submit(make_body(started)).status_code == 200
    assert sandbox.call("GET", path[:-1] + "x").status_code == 404
    assert sandbox.call("GET", path).status_code == 500
    assert sandbox.call("GET", path).status_code == 200


def test_a_fault_for_any_endpoint(sandbox):
    sandbox.fault("503", "*")

    assert sandbox.call("GET", "/api/v1/requester").status_code == 503


@pytest.mark.parametrize(
    "form",
    [
        {"kind": "explode"},
        {"kind": "slow_before"},
        {"kind": "200"},
        {"kind": "429", "times": "many"},
        {"kind": "429", "tiems": 1},
    ],
)
def test_a_fault_that_is_none_is_refused(sandbox, form):
    answer = sandbox.call("POST", "/control/faults", form)

    assert answer.status_code == 400
    assert answer.json()["code"] == "VALIDATION_ERROR"
