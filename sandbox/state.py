"""The whole state of a sandbox as one JSON object, for tests to assert on and people to read."""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from sandbox.settings import load_settings
from sandbox.store import Transaction
from sandbox.wire import Json, parse_json

if TYPE_CHECKING:
    from sandbox.application import Sandbox

KINDS = ("project", "pool", "assignment", "operation", "restriction", "skill", "user_skill")


def describe(sandbox: Sandbox, tx: Transaction, *, only: Collection[str] = ()) -> Json:
    """Describe everything but tokens and secrets; money is numbers, ids are text.

    ``only`` names the parts that are wanted, all of them where it is empty. Raises ValueError.
    """
    parts: dict[str, Callable[[], Any]] = {
        "requesters": lambda: _describe_requesters(tx),
        **{f"{kind}s": partial(_list_docs, tx, kind) for kind in KINDS},
        "webhook_subscriptions": lambda: _list_docs(tx, "webhook"),
        "bonuses": lambda: _list_docs(tx, "user_bonus"),
        "performers": lambda: describe_performers(tx),
        "submits": lambda: describe_submits(tx),
        "entries": lambda: describe_entries(tx),
        "rewards": lambda: sum_by_user(describe_entries(tx)),
        "deliveries": lambda: _describe_deliveries(tx),
        "requests": sandbox.traffic.describe,
        "faults": sandbox.faults.describe,
        "settings": lambda: vars(load_settings(tx)),
    }
    unknown = set(only) - parts.keys()
    if unknown:
        raise ValueError(f"unknown parts {sorted(unknown)}; known: {', '.join(parts)}")
    return {
        name: describe_part() for name, describe_part in parts.items() if name in (only or parts)
    }


def _list_docs(tx: Transaction, kind: str) -> list[Json]:
    return [one.doc for one in tx.find(kind)]


def _describe_requesters(tx: Transaction) -> list[Json]:
    return [
        {"id": row["id"], "name": row["name"], "balance": Decimal(row["balance"])}
        for row in tx.execute("SELECT * FROM requester ORDER BY id")
    ]


def _describe_deliveries(tx: Transaction) -> list[Json]:
    return [
        {
            "number": row["number"],
            "webhook_subscription_id": row["subscription_id"],
            "body": parse_json(row["body"]),
            "attempts": row["attempts"],
            "outcome": row["outcome"],
            "waiting": row["due"] is not None,
        }
        for row in tx.execute("SELECT * FROM delivery ORDER BY number")
    ]


def describe_performers(tx: Transaction) -> list[Json]:
    return [
        {
            "user_id": row["user_id"],
            "created": row["created"],
            "banned": bool(row["banned"]),
            "profile": parse_json(row["profile"]),
        }
        for row in tx.execute("SELECT * FROM performer ORDER BY created, user_id")
    ]


def describe_submits(tx: Transaction, user_id: str | None = None) -> list[Json]:
    """Every external submit in the order of arrival, also those that were refused or lost."""
    rows = tx.execute(
        "SELECT * FROM submit WHERE ? IS NULL OR user_id = ? ORDER BY number", user_id, user_id
    )
    return [
        {
            "number": row["number"],
            "received": row["received"],
            "requester": row["owner"],
            "pool_id": row["pool_id"],
            "user_id": row["user_id"],
            "retry_id": row["retry_id"],
            "assignment_id": row["assignment_id"],
            "applied": bool(row["applied"]),
            "duplicate": bool(row["duplicate"]),
            "status": row["status"],
            "fault": row["fault"],
            "raw": row["raw"],
            "body": _parse_or_none(row["raw"]),
            "answer": parse_json(row["answer"]),
        }
        for row in rows
    ]


def describe_entries(tx: Transaction, user_id: str | None = None) -> list[Json]:
    rows = tx.execute(
        "SELECT * FROM entry WHERE ? IS NULL OR user_id = ? ORDER BY number", user_id, user_id
    )
    return [
        {
            "booked": row["booked"],
            "requester": row["owner"],
            "user_id": row["user_id"],
            "pool_id": row["pool_id"],
            "kind": row["kind"],
            "amount": Decimal(row["amount"]),
            "fee": Decimal(row["fee"]),
            "reference": row["reference"],
        }
        for row in rows
    ]


def sum_by_user(entries: list[Json]) -> dict[str, Decimal]:
    """What each performer earned by submits; bonuses and base prices are apart."""
    sums: dict[str, Decimal] = {}
    for entry in entries:
        if entry["kind"] == "reward":
            sums[entry["user_id"]] = sums.get(entry["user_id"], Decimal(0)) + entry["amount"]
    return sums


def _parse_or_none(raw: str) -> Any:
    try:
        return parse_json(raw)
    except ValueError:
        return None
