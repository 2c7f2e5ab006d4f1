"""Rows that belong to a card, with all that a delivery needs."""

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from integration import payments
from integration.enums import StopReason
from integration.models import Attempt, Listing, Payment, TolokaAccount, Visit, WorkReport
from tests.factories import ListingFactory, PerformerFactory, TolokaAccountFactory, VisitFactory
from tests.sandbox.running import TOKEN, RunningSandbox

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
"""Where a test gives its own time; what Toloka judges by its clock takes the real one."""

NUMBERS = itertools.count(1)


def make_account(sandbox: RunningSandbox, **fields: Any) -> TolokaAccount:
    values = {
        "api_url": sandbox.url,
        "token": TOKEN,
        "redirect_registered": True,
        "submits_per_second": 1000,
        **fields,
    }
    account = TolokaAccountFactory.create(**values)
    account.refresh_from_db()  # defaults that are text become Decimal
    return account


def make_card(sandbox: RunningSandbox, account: TolokaAccount, **fields: Any) -> Listing:
    """Make an open pool in the sandbox and the listing of it."""
    return ListingFactory.create(account=account, toloka_pool_id=sandbox.make_pool(), **fields)


def make_visit(sandbox: RunningSandbox, listing: Listing, **fields: Any) -> Visit:
    """Make a performer press Start in the sandbox, and his visit here."""
    user_id = sandbox.make_performer()
    assignment_id = sandbox.press_start(listing.toloka_pool_id, user_id)
    performer = PerformerFactory.create(external_id=user_id)
    return VisitFactory.create(
        listing=listing, performer=performer, assignment_id=assignment_id, **fields
    )


def come_again(visit: Visit, **fields: Any) -> Visit:
    """Make a newer visit of the same performer at the same card, without asking the sandbox."""
    return VisitFactory.create(listing=visit.listing, performer=visit.performer, **fields)


def owe(visit: Visit, amount: str = "0.02", *, now: datetime = NOON, **fields: Any) -> Payment:
    values: dict[str, Any] = {
        "visit": visit,
        "requester_id": requester_of(visit),
        "reason": f"assignment:{next(NUMBERS)}",
        "amount": Decimal(amount),
        "started_at": now - timedelta(minutes=1),
        "ended_at": now,
        "quality": Decimal("0.5"),
        "skipped": False,
        "golden": 1,
        "training": 0,
        "real": 3,
        "custom_log": {"session": "s-1"},
        "close_session": False,
        "held": False,
        "now": now,
        **fields,
    }
    return payments.owe_report(**values)


def requester_of(visit: Visit) -> int:
    if visit.account:
        return visit.account.requester_id
    assert visit.partner_key
    return visit.partner_key.requester_id


def close(visit: Visit, *, now: datetime = NOON, skipped: bool = False) -> bool:
    return payments.close_visit(
        visit_id=visit.pk,
        requester_id=requester_of(visit),
        reason=StopReason.FINISHED,
        skipped=skipped,
        now=now,
    )


def report_of(payment: Payment) -> WorkReport:
    return WorkReport.objects.get(payment_id=payment.pk)


def state_of(payment: Payment) -> str:
    return Payment.objects.get(pk=payment.pk).state


def outcomes_of(payment: Payment) -> list[str]:
    return list(
        Attempt.objects.filter(payment_id=payment.pk)
        .order_by("number")
        .values_list("outcome", flat=True)
    )
