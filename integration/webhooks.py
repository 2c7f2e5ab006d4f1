"""What Toloka tells us: checked, taken once, and turned into a reason to look."""

import hashlib
import hmac
import logging
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from integration import cards
from integration.enums import ListingStatus
from integration.models import Listing, TolokaAccount, WebhookEvent
from integration.toloka.client import TolokaClient
from integration.toloka.errors import TolokaError
from integration.toloka.payloads import write_webhook
from integration.toloka.wire import clean_text, read_json

logger = logging.getLogger(__name__)

OLDEST: Final = timedelta(minutes=5)
KEPT: Final = timedelta(days=30)
MOST_BYTES: Final = 1024 * 1024
SIGNATURE: Final = re.compile(
    r"\s*\{?\s*v=(\w+)\s*,\s*ts=(\d{1,16})\s*,\s*sign=([0-9a-fA-F]{64})\s*\}?\s*"
)
EVENT_TYPES: Final = ("POOL_CLOSED",)


class WebhookRefused(Exception):  # noqa: N818  # an ordinary ending, answered with a status
    """Not from Toloka, or not readable: ``code`` is unknown_key, bad_signature, too_old or
    malformed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def subscribe(client: TolokaClient, listing: Listing) -> bool:
    """Ask Toloka to tell of the card's pool. A failure is no harm: the card is looked at anyway."""
    forms = [
        write_webhook(
            url=cards.webhook_url(listing.account),
            event_type=event_type,
            pool_id=listing.toloka_pool_id,
            secret_key=listing.account.webhook_secret,
        )
        for event_type in EVENT_TYPES
    ]
    try:
        client.put_webhook_subscriptions(forms)
    except TolokaError as error:
        logger.warning("listing %s: no webhook subscription: %s", listing.pk, error.message)
        return False
    return True


def receive(*, arrival_key: str, signature: str, body: bytes, now: datetime) -> int:
    """Take a delivery of events for the account with this arrival key; return how many were new.

    ``signature`` is the header ``Toloka-Signature``. Raises WebhookRefused.
    """
    account = TolokaAccount.objects.filter(arrival_key=arrival_key, is_active=True).first()
    if account is None:
        raise WebhookRefused("unknown_key")
    check_signature(account.webhook_secret, signature=signature, body=body, now=now)
    return sum(_take(account, event, now=now) for event in _read_events(body))


def check_signature(secret: str, *, signature: str, body: bytes, now: datetime) -> None:
    """Raise WebhookRefused unless ``{v=1, ts=<ms>, sign=<hex>}`` signs ``<ts>.<v>.<body>``."""
    found = SIGNATURE.fullmatch(signature)
    if not found or not secret:
        raise WebhookRefused("bad_signature")
    version, moment_ms, sign = found.groups()
    signed = f"{moment_ms}.{version}.".encode() + body
    right = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right, sign.lower()):
        raise WebhookRefused("bad_signature")
    age_s = now.timestamp() - int(moment_ms) / 1000
    if abs(age_s) > OLDEST.total_seconds():
        raise WebhookRefused("too_old")


def _read_events(body: bytes) -> list[Mapping[str, Any]]:
    try:
        content = read_json(body[:MOST_BYTES].decode())
    except ValueError:
        raise WebhookRefused("malformed") from None
    events = content.get("events") if isinstance(content, dict) else None
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise WebhookRefused("malformed")
    return events


@transaction.atomic
def _take(account: TolokaAccount, event: Mapping[str, Any], *, now: datetime) -> bool:
    """Act on an event unless it came before; False then."""
    event_id = clean_text(event.get("uuid"), limit=64)
    pool_id = clean_text(event.get("pool_id"), limit=64)
    if not event_id:
        raise WebhookRefused("malformed")
    _, is_new = WebhookEvent.objects.get_or_create(
        account=account,
        uuid=event_id,
        defaults={
            "event_type": clean_text(event.get("type"), limit=64),
            "toloka_pool_id": pool_id,
            "received_at": now,
        },
    )
    if is_new and event.get("type") == "POOL_CLOSED" and pool_id:
        _note_closed(account, pool_id, clean_text(event.get("close_reason"), limit=100))
    return is_new


def _note_closed(account: TolokaAccount, pool_id: str, reason: str) -> None:
    """Mark the card closed; one that we close ourselves has the sweep to see it through."""
    why = "" if reason in ("", "MANUAL") else f"Toloka closed the pool: {reason}"
    closed = Listing.objects.filter(
        account=account, toloka_pool_id=pool_id, status=ListingStatus.OPEN
    ).update(status=ListingStatus.CLOSED, last_error=why)
    if closed:
        logger.info("pool of a listing closed in Toloka: %s", reason or "no reason given")


def forget_old_events(now: datetime) -> int:
    """Delete events that can't come again, as their signature would be too old."""
    return WebhookEvent.objects.filter(received_at__lt=now - KEPT).delete()[0]
