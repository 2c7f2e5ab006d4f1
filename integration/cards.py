"""What a card says to Toloka, and what Toloka says about it in words for people."""

import json
from decimal import Decimal
from typing import Any, Final

from django.conf import settings

from integration.enums import ListingStatus
from integration.models import Listing, TolokaAccount
from integration.money import plain
from integration.toloka.errors import AccountError, NotSentError, TolokaError
from integration.toloka.payloads import (
    STUB_TASK_SPEC,
    OperationSent,
    PoolSent,
    write_naive_time,
)
from integration.toloka.wire import clean_text

MOST_FILTER_SIGNS: Final = 10_000
FAR_YEARS: Final = 1
CURES: Final = {
    "NOT_ENOUGH_BALANCE": "put money on the account in Toloka, then open again",
    "EMPTY_POOL": "set “placeholder task” of the account to make one, then open again",
    "POOL_LOCKED_BY_ANOTHER_OPERATION": "wait until Toloka is done, then try again",
    "POOL_INAPPROPRIATE_STATUS": "refresh the card to see how it stands in Toloka",
    "PROJECT_INAPPROPRIATE_STATUS": "the project was archived in Toloka; make a new card",
    "UNARCHIVED_POOLS_CONFLICT": "archive the project's other pools in Toloka first",
    "DOES_NOT_EXIST": "it was removed in Toloka, or belongs to another account; make a new card",
}


def redirect_url(account: TolokaAccount) -> str:
    """Return where Toloka sends performers: one stable address for each account."""
    return f"{settings.PUBLIC_URL.rstrip('/')}/toloka/{account.arrival_key}/start/"


def webhook_url(account: TolokaAccount) -> str:
    """Return where Toloka sends what happens to a card."""
    return f"{settings.PUBLIC_URL.rstrip('/')}/toloka/{account.arrival_key}/events/"


def project_form(listing: Listing) -> dict[str, Any]:
    """Return the form of the EXTERNAL project; the marker finds it again."""
    told = {
        "ptmik_bonus_price_min": _price(listing.price_min),
        "ptmik_bonus_price_max": _price(listing.price_max),
        "ptmik_partner_name": listing.partner_name,
        "ptmik_partner_url": listing.partner_url or settings.PUBLIC_URL,
    }
    as_list = listing.account.metadata_as_list
    form: dict[str, Any] = {
        "public_name": listing.public_name,
        "public_description": listing.public_description,
        "private_comment": listing.marker,
        "assignments_issuing_type": "EXTERNAL",
        "assignments_issuing_view_config": {"redirect_url": redirect_url(listing.account)},
        "metadata": {name: [value] if as_list else value for name, value in told.items() if value},
        "task_spec": STUB_TASK_SPEC,
    }
    if listing.public_instructions:
        form["public_instructions"] = listing.public_instructions
    return form


def _price(value: Decimal | None) -> str:
    return "" if value is None else plain(value)


def pool_form(listing: Listing) -> dict[str, Any]:
    """Return the form of the pool; its price is what Toloka demands, the pay is in the reports."""
    expires = listing.will_expire or listing.created_at.replace(
        year=listing.created_at.year + FAR_YEARS, day=min(listing.created_at.day, 28)
    )
    form: dict[str, Any] = {
        "project_id": listing.toloka_project_id,
        "private_name": listing.public_name,
        "private_comment": listing.marker,
        "may_contain_adult_content": listing.may_contain_adult_content,
        "will_expire": write_naive_time(expires),
        "reward_per_assignment": listing.account.pool_base_price,
        "assignment_max_duration_seconds": listing.assignment_max_duration_seconds,
        "auto_accept_solutions": True,
        "defaults": {
            "default_overlap_for_new_task_suites": 1,
            "default_overlap_for_new_tasks": 1,
        },
    }
    for name in ("filter", "speed_quality_balance"):
        if getattr(listing, name):
            form[name] = _exact(getattr(listing, name))
    return form


def _exact(value: Any) -> Any:
    """Return JSON from a column with its fractions as Decimal, digit for digit."""
    return json.loads(json.dumps(value), parse_float=Decimal)


def placeholder_form(listing: Listing) -> dict[str, Any]:
    """Return a task that is there only because Toloka opens no empty pool."""
    return {
        "pool_id": listing.toloka_pool_id,
        "input_values": {"stub": "placeholder"},
        "infinite_overlap": True,
    }


def status_in_toloka(pool: PoolSent, status: str) -> str:
    """Return our status for the pool's, given our wish ``status``.

    A wish to close stands until Toloka was told of it and has closed.
    """
    if pool.status == "ARCHIVED":
        return ListingStatus.ARCHIVED
    if pool.status == "CLOSED":
        return ListingStatus.CLOSED
    if pool.status == "OPEN" and status != ListingStatus.CLOSING:
        return ListingStatus.OPEN
    return status


def describe(operation: OperationSent) -> str:
    """Put the details of a failed operation into one line."""
    return clean_text(json.dumps(dict(operation.details), default=str)) or "no details"


def explain(problem: Exception) -> str:
    """Return Toloka's message and what would cure it."""
    if not isinstance(problem, TolokaError):
        return str(problem)
    code, message = problem.code, problem.message
    if isinstance(problem, AccountError):
        return f"{message}; check the account's token, address and environment"
    if isinstance(problem, NotSentError):
        return f"{message}; it will be tried again"
    fields = problem.payload if isinstance(problem.payload, dict) else {}
    if any("redirect_url" in str(name) for name in fields) or "redirect" in message.lower():
        return f"{message}; have Toloka's support register the redirect address"
    cure = CURES.get(code)
    return f"{message}; {cure}" if cure else message
