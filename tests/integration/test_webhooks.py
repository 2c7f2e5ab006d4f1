import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from integration import webhooks
from integration.enums import ListingStatus
from integration.models import Listing, WebhookEvent
from integration.webhooks import WebhookRefused
from tests.factories import ListingFactory
from tests.integration.racing import race

pytestmark = pytest.mark.django_db


@pytest.fixture
def listing():
    return ListingFactory.create()


@pytest.fixture
def now():
    return timezone.now()


def event(listing, **fields):
    return {
        "uuid": "0b9d5e7e-6e5c-4a52-9a0e-2f2b7c3e9a11",
        "event_time": "2026-11-21T20:44:10.402",
        "type": "POOL_CLOSED",
        "project_id": listing.toloka_project_id,
        "pool_id": listing.toloka_pool_id,
        "close_reason": "EXPIRED",
        **fields,
    }


def sign(secret, body, moment, *, version="1"):
    moment_ms = int(moment.timestamp() * 1000)
    text = f"{moment_ms}.{version}.".encode() + body
    digest = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    return f"{{v={version}, ts={moment_ms}, sign={digest}}}"


def deliver(listing, *events, now, signature=None, body=None, key=None):
    body = body if body is not None else json.dumps({"events": events}).encode()
    return webhooks.receive(
        arrival_key=key or listing.account.arrival_key,
        signature=signature or sign(listing.account.webhook_secret, body, now),
        body=body,
        now=now,
    )


def refusal(*args, **more):
    with pytest.raises(WebhookRefused) as refused:
        deliver(*args, **more)
    return refused.value.code


def status_of(listing):
    return Listing.objects.get(pk=listing.pk).status


def test_the_closing_of_a_pool_closes_the_card_and_says_why(listing, now):
    assert deliver(listing, event(listing), now=now) == 1

    listing.refresh_from_db()
    assert (listing.status, "EXPIRED" in listing.last_error) == (ListingStatus.CLOSED, True)


def test_an_event_acts_once(listing, now):
    deliver(listing, event(listing), now=now)
    Listing.objects.update(status=ListingStatus.OPEN)

    assert deliver(listing, event(listing), event(listing), now=now) == 0
    assert status_of(listing) == ListingStatus.OPEN


def test_a_card_that_we_are_closing_is_left_to_the_sweep(listing, now):
    Listing.objects.update(status=ListingStatus.CLOSING)

    deliver(listing, event(listing), now=now)

    assert status_of(listing) == ListingStatus.CLOSING


def test_an_event_of_another_account_s_pool_closes_nothing(listing, now):
    other = ListingFactory.create()

    deliver(other, event(listing), now=now)

    assert status_of(listing) == ListingStatus.OPEN


def test_other_events_are_kept_and_change_nothing(listing, now):
    assert deliver(listing, event(listing, type="ASSIGNMENT_EXPIRED"), now=now) == 1

    assert WebhookEvent.objects.get().event_type == "ASSIGNMENT_EXPIRED"
    assert status_of(listing) == ListingStatus.OPEN


@pytest.mark.parametrize("secret", ["", "another secret"])
def test_a_wrong_signature_is_refused(listing, now, secret):
    body = json.dumps({"events": [event(listing)]}).encode()

    code = refusal(listing, now=now, body=body, signature=sign(secret, body, now))

    assert (code, status_of(listing)) == ("bad_signature", ListingStatus.OPEN)


@pytest.mark.parametrize("signature", ["x", "{v=1, ts=1, sign=}", "v=1,ts=abc,sign=" + "0" * 64])
def test_a_header_of_another_shape_is_refused(listing, now, signature):
    assert refusal(listing, event(listing), now=now, signature=signature) == "bad_signature"


def test_a_changed_body_is_refused(listing, now):
    body = json.dumps({"events": [event(listing)]}).encode()
    signature = sign(listing.account.webhook_secret, body, now)

    assert refusal(listing, now=now, body=body + b" ", signature=signature) == "bad_signature"


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_old_signature_is_refused(listing, now, minutes):
    body = json.dumps({"events": [event(listing)]}).encode()
    moment = now + timedelta(minutes=minutes)
    signature = sign(listing.account.webhook_secret, body, moment)

    assert refusal(listing, now=now, body=body, signature=signature) == "too_old"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"events": 1}', b'{"events": [1]}', b'{"events": [{}]}', b"\xff"]
)
def test_a_body_of_another_shape_is_refused(listing, now, body):
    assert refusal(listing, now=now, body=body) == "malformed"


def test_an_unknown_key_is_refused(listing, now):
    assert refusal(listing, event(listing), now=now, key="unknown") == "unknown_key"


@pytest.mark.django_db(transaction=True)
def test_the_same_event_delivered_at_once_is_taken_once(listing, now):
    taken = race(*[lambda: deliver(listing, event(listing), now=now)] * 4)

    assert sorted(taken) == [0, 0, 0, 1]


def test_old_events_are_forgotten(listing, now):
    deliver(listing, event(listing), now=now)

    assert webhooks.forget_old_events(now + timedelta(days=29)) == 0
    assert webhooks.forget_old_events(now + timedelta(days=31)) == 1
