"""Toloka's events, over HTTP."""

import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from django.test import Client

from integration.models import Listing, WebhookEvent
from tests.factories import ListingFactory, TolokaAccountFactory

pytestmark = pytest.mark.django_db
SECRET = "a secret between Toloka and us"


@pytest.fixture
def card() -> Listing:
    account = TolokaAccountFactory(webhook_secret=SECRET)
    return ListingFactory(account=account, status="open")


def tell(card: Listing, *, secret: str = SECRET, key: str | None = None) -> Any:
    event = {
        "uuid": "5f0c7e0e-0000-4000-8000-000000000001",
        "event_time": "2026-11-21T12:00:00",
        "type": "POOL_CLOSED",
        "project_id": card.toloka_project_id,
        "pool_id": card.toloka_pool_id,
        "close_reason": "EXPIRED",
    }
    body = json.dumps({"events": [event]})
    moment = str(int(time.time() * 1000))
    sign = hmac.new(secret.encode(), f"{moment}.1.{body}".encode(), hashlib.sha256).hexdigest()
    return Client(enforce_csrf_checks=True).post(
        f"/toloka/{key or card.account.arrival_key}/events/",
        body,
        content_type="application/json",
        headers={"Toloka-Signature": f"{{v=1, ts={moment}, sign={sign}}}"},
    )


def test_event_is_taken_once(card: Listing) -> None:
    answers = [tell(card), tell(card)]

    assert [answer.json() for answer in answers] == [{"taken": 1}, {"taken": 0}]
    assert WebhookEvent.objects.count() == 1


def test_events_that_toloka_did_not_sign_change_nothing(card: Listing) -> None:
    answer = tell(card, secret="a guess")

    assert answer.status_code == 403
    assert not WebhookEvent.objects.exists()


def test_events_for_nobody_are_not_found(card: Listing) -> None:
    assert tell(card, key="nobodys").status_code == 404
