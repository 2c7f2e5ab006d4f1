"""Events that the sandbox sends, signed and at least once."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Receiver(ThreadingHTTPServer):
    """Keeps what it is sent; answers with ``statuses`` as long as there are any, then with 200."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Take)
        self.received = []
        self.statuses = []


class Take(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((dict(self.headers), body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format, *args):
        pass


@pytest.fixture
def receiver():
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def subscribe(sandbox, receiver, pool_id, *types):
    url = f"http://127.0.0.1:{receiver.server_port}/events"
    form = {"webhook_url": url, "pool_id": pool_id, "secret_key": "secret"}
    forms = [{**form, "event_type": one} for one in types]
    return sandbox.ask("PUT", "/api/v1/webhook-subscriptions", forms)["items"]


def wait_for_events(receiver, count, seconds=10):
    ends = time.monotonic() + seconds
    while len(receiver.received) < count and time.monotonic() < ends:
        time.sleep(0.02)
    assert len(receiver.received) >= count, receiver.received
    return [json.loads(body)["events"][0] for _, body in receiver.received]


def test_closing_a_pool_is_told_with_its_reason(sandbox, receiver):
    pool_id = sandbox.make_pool()
    subscribe(sandbox, receiver, pool_id, "POOL_CLOSED")

    sandbox.finish("POST", f"/api/v1/pools/{pool_id}/close")

    (event,) = wait_for_events(receiver, 1)
    assert (event["type"], event["pool_id"]) == ("POOL_CLOSED", pool_id)
    assert event["close_reason"] == "MANUAL"


def test_the_life_of_an_assignment_is_told(sandbox, receiver):
    pool_id, user_id = sandbox.make_pool(), sandbox.make_performer()
    subscribe(sandbox, receiver, pool_id, "ASSIGNMENT_CREATED", "ASSIGNMENT_APPROVED")

    assignment_id = sandbox.press_start(pool_id, user_id)
    body = {"pool_id": int(pool_id), "user_id": user_id, "reward": 0, "close_session": True}
    sandbox.submit(body)

    events = wait_for_events(receiver, 2)
    assert [one["type"] for one in events] == ["ASSIGNMENT_CREATED", "ASSIGNMENT_APPROVED"]
    assert {one["assignment_id"] for one in events} == {assignment_id}


def test_the_signature_is_that_of_the_body_as_sent(sandbox, receiver):
    pool_id = sandbox.make_pool()
    items = subscribe(sandbox, receiver, pool_id, "POOL_CLOSED")

    path = f"/api/v1/webhook-subscriptions/{items['0']['id']}/test"
    answer = sandbox.ask("POST", path)

    headers, body = receiver.received[0]
    found = re.fullmatch(r"\{v=1, ts=(\d+), sign=([0-9a-f]{64})\}", headers["Toloka-Signature"])
    assert found
    text = f"{found[1]}.1.".encode() + body
    assert found[2] == hmac.new(b"secret", text, hashlib.sha256).hexdigest()
    assert abs(time.time() * 1000 - int(found[1])) < 60_000
    assert answer["success"] is True
    assert answer["uuids"] == [json.loads(body)["events"][0]["uuid"]]


def test_what_was_refused_comes_again_under_the_same_uuid(sandbox, receiver):
    receiver.statuses = [500]
    pool_id = sandbox.make_pool()
    subscribe(sandbox, receiver, pool_id, "POOL_CLOSED")

    sandbox.finish("POST", f"/api/v1/pools/{pool_id}/close")

    first, second = wait_for_events(receiver, 2)
    assert first == second


def test_events_can_come_twice(sandbox, receiver):
    sandbox.configure(webhook_duplicates=True)
    pool_id = sandbox.make_pool()
    subscribe(sandbox, receiver, pool_id, "POOL_CLOSED")

    sandbox.finish("POST", f"/api/v1/pools/{pool_id}/close")

    first, second = wait_for_events(receiver, 2)
    assert first["uuid"] == second["uuid"]


def test_subscribing_twice_makes_one_subscription(sandbox, receiver):
    pool_id = sandbox.make_pool(opened=False)

    first = subscribe(sandbox, receiver, pool_id, "POOL_CLOSED")
    second = subscribe(sandbox, receiver, pool_id, "POOL_CLOSED")

    assert first == second
