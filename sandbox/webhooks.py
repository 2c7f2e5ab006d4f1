"""Webhooks: subscriptions, and events queued with the change that they tell of."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import urllib.error
import urllib.request
import uuid
from typing import Any

from sandbox.checks import Field, check_fields
from sandbox.errors import Problems, invalid, problem
from sandbox.listing import Listing
from sandbox.routes import Answer, Call, Routes
from sandbox.store import Resource, Store, Transaction
from sandbox.wire import Json, dump_json, format_time, utc_now

routes = Routes()
EVENT_TYPES = (
    "POOL_CLOSED", "DYNAMIC_OVERLAP_COMPLETED", "ASSIGNMENT_CREATED", "ASSIGNMENT_SUBMITTED",
    "ASSIGNMENT_SKIPPED", "ASSIGNMENT_EXPIRED", "ASSIGNMENT_APPROVED", "ASSIGNMENT_REJECTED",
)  # fmt: skip
FIELDS = {
    "webhook_url": Field("url", required=True),
    "event_type": Field("text", required=True, choices=EVENT_TYPES),
    "pool_id": Field("text", required=True),
    "secret_key": Field("text"),
}
LISTING = Listing(equal=("event_type", "pool_id"))
DELIVERY_TIMEOUT_S = 5.0
MOST_ATTEMPTS = 6


def emit(tx: Transaction, pool: Resource, type_: str, now: str, **extra: Any) -> None:
    """Queue an event for every subscription to it; it leaves after the transaction's commit."""
    for subscription in tx.find("webhook", parent=pool.id, user_id=type_):
        event = _event(subscription, type_, now, project_id=pool.parent, **extra)
        queue(tx, subscription, event)


def queue(tx: Transaction, subscription: Resource, event: Json) -> None:
    tx.execute(
        "INSERT INTO delivery (subscription_id, url, secret, body, due, attempts, outcome)"
        " VALUES (?, ?, ?, ?, ?, 0, 'queued')",
        subscription.id,
        subscription.doc["webhook_url"],
        subscription.private["secret_key"],
        dump_json({"events": [event]}),
        utc_now().timestamp(),
    )


def _event(subscription: Resource, type_: str, now: str, **extra: Any) -> Json:
    return {
        "uuid": str(uuid.uuid4()),
        "event_time": now,
        "type": type_,
        "webhook_subscription_id": subscription.id,
        "pool_id": subscription.doc["pool_id"],
        **extra,
    }


def deliver_due(store: Store, *, twice: bool) -> None:
    """Send what is due, without the store's lock; what failed is due again, ever later.

    ``twice``: every event is sent two times under one uuid, as "at least once" permits.
    """
    with store.transaction() as tx:
        due = tx.execute(
            "SELECT * FROM delivery WHERE due <= ? ORDER BY number LIMIT 20",
            utc_now().timestamp(),
        ).fetchall()
    for row in due:
        outcome, taken = "", False
        for _ in range(2 if twice else 1):
            outcome, taken = _send(row["url"], row["secret"], row["body"])
        attempts = row["attempts"] + 1
        again = None if taken or attempts >= MOST_ATTEMPTS else utc_now().timestamp() + 2**attempts
        with store.transaction() as tx:
            tx.execute(
                "UPDATE delivery SET due = ?, attempts = ?, outcome = ? WHERE number = ?",
                again,
                attempts,
                outcome,
                row["number"],
            )


def sign(secret: str, body: str, timestamp_ms: int) -> str:
    """The header ``Toloka-Signature``, braces and all: HMAC-SHA256 over ``<ts>.<v>.<raw body>``."""
    text = f"{timestamp_ms}.1.{body}"
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"{{v=1, ts={timestamp_ms}, sign={digest}}}"


def _send(url: str, secret: str, body: str) -> tuple[str, bool]:
    """POST one body. Returns what came of it, and whether it was taken (a 2xx)."""
    headers = {"Content-Type": "application/json"}
    if secret:
        headers["Toloka-Signature"] = sign(secret, body, int(utc_now().timestamp() * 1000))
    # The form of a subscription lets no scheme but http and https through.
    request = urllib.request.Request(url, body.encode(), headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=DELIVERY_TIMEOUT_S) as answer:  # noqa: S310
            return str(answer.status), True
    except urllib.error.HTTPError as error:
        with error:
            return str(error.code), False
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__, False


@routes.add("PUT", "/v1/webhook-subscriptions", "webhook_upsert")
def put_subscriptions(call: Call) -> Answer:
    """Upsert a list of subscriptions; one is told from another by address, event and pool."""
    forms = call.json()
    if not isinstance(forms, list) or not all(isinstance(form, dict) for form in forms):
        raise invalid({"": problem("ARRAY_EXPECTED", "A list of subscriptions is needed")})
    problems = {str(number): _check(call, form) for number, form in enumerate(forms)}
    found = {number: one for number, one in problems.items() if one}
    if len(found) == len(forms):
        raise invalid(found)
    items = {
        str(number): _upsert(call, form).doc
        for number, form in enumerate(forms)
        if str(number) not in found
    }
    return Answer(200, {"items": items, "validation_errors": found})


def _check(call: Call, form: Json) -> Problems:
    problems = check_fields(form, FIELDS)
    if "pool_id" not in problems:
        pool = call.tx.get("pool", form["pool_id"])
        if pool is None or pool.owner != call.owner:
            problems["pool_id"] = problem("ENTITY_DOES_NOT_EXIST", "The pool does not exist")
    return problems


def _upsert(call: Call, form: Json) -> Resource:
    private = {"secret_key": form.get("secret_key") or ""}
    for one in call.tx.find("webhook", parent=form["pool_id"], user_id=form["event_type"]):
        if one.doc["webhook_url"] == form["webhook_url"]:
            one.private = private
            call.tx.save(one)
            return one
    doc = {
        "id": str(call.tx.next_number("webhook")),
        "webhook_url": form["webhook_url"],
        "event_type": form["event_type"],
        "pool_id": form["pool_id"],
        "created": call.now,
    }
    # The event type stands where other resources name their performer: both are looked up alike.
    return call.tx.insert(
        Resource("webhook", doc["id"], call.owner, doc, parent=form["pool_id"],
                 user_id=form["event_type"], private=private)
    )  # fmt: skip


@routes.add("GET", "/v1/webhook-subscriptions", "webhook_list")
def list_subscriptions(call: Call) -> Answer:
    return LISTING.page(call.tx.find("webhook", owner=call.owner), call.query)


@routes.add("GET", "/v1/webhook-subscriptions/<id_>", "webhook_get")
def get_subscription(call: Call, id_: str) -> Answer:
    return Answer(200, call.owned("webhook", id_).doc)


@routes.add("DELETE", "/v1/webhook-subscriptions/<id_>", "webhook_delete")
def delete_subscription(call: Call, id_: str) -> Answer:
    call.tx.delete(call.owned("webhook", id_))
    return Answer(204)


@routes.add("POST", "/v1/webhook-subscriptions/<id_>/test", "webhook_test")
def test_subscription(call: Call, id_: str) -> Answer:
    subscription = call.owned("webhook", id_)
    pool = call.owned("pool", subscription.doc["pool_id"])
    event = _event(subscription, "TEST_EVENT", call.now, project_id=pool.parent)
    body = dump_json({"events": [event]})
    url, secret = subscription.doc["webhook_url"], subscription.private["secret_key"]
    outcome, taken = _send(url, secret, body)
    answer = {
        "success": taken,
        "responseReceivedAt": format_time(utc_now()),
        "errorType": None if taken else "BAD_ANSWER" if outcome.isdecimal() else outcome,
        "originalStatusCode": int(outcome) if outcome.isdecimal() else None,
        "uuids": [event["uuid"]],
    }
    return Answer(200, answer)
