"""The switches of a running sandbox: where the documentation is silent, either way can be had."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any

from sandbox.store import Transaction
from sandbox.wire import Json, dump_json, parse_json

FLAGS = ("speed_quality_balance_match", "restriction_match", "filter_match")
CHOICES: dict[str, tuple[Any, ...]] = {
    "duplicate_answer": ("repeat", "conflict"),
    "restriction_match_polarity": ("restricted", "passes"),
    "late_submits": ("refuse", "accept"),
    "operation_outcome": ("SUCCESS", "FAIL"),
    "unknown_token_status": (401, 403),
}


@dataclass
class Settings:
    """Each field is explained in ``docs/sandbox.md``."""

    deduplicate_by_retry_id: bool = True
    duplicate_answer: str = "repeat"
    late_submits: str = "refuse"
    empty_close_refused: bool = False
    restriction_match_polarity: str = "restricted"
    force_flags: Json = field(default_factory=dict)
    fee: Decimal = Decimal("0.2")
    pay_base_price: bool = False
    empty_pool_refused: bool = False
    operation_seconds: Decimal = Decimal("0.3")
    operation_outcome: str = "SUCCESS"
    redirect_param: str = "assignment_id"
    redirect_in_path: bool = False
    reuse_active_assignment: bool = True
    registered_redirects: list[str] = field(default_factory=list)
    loopback_redirects_registered: bool = True
    unknown_token_status: int = 401
    webhook_duplicates: bool = False


def load_settings(transaction: Transaction) -> Settings:
    rows = transaction.execute("SELECT name, value FROM setting")
    return Settings(**{row["name"]: parse_json(row["value"]) for row in rows})


def change_settings(transaction: Transaction, changes: Json) -> Settings:
    """Set the named switches. Raises ValueError where a name or a value is unknown."""
    defaults = Settings()
    known = {one.name for one in fields(Settings)}
    for name, value in changes.items():
        if name not in known:
            raise ValueError(f"setting {name!r} is unknown; known: {', '.join(sorted(known))}")
        transaction.execute(
            "INSERT OR REPLACE INTO setting VALUES (?, ?)",
            name,
            dump_json(_checked(name, value, getattr(defaults, name))),
        )
    return load_settings(transaction)


def _checked(name: str, value: Any, default: Any) -> Any:
    if name in CHOICES and value not in CHOICES[name]:
        raise ValueError(f"{name}: {value!r} is none of {CHOICES[name]}")
    if isinstance(default, Decimal):
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or value < 0:
            raise ValueError(f"{name}: {value!r} is no number of at least 0")
        return Decimal(value)
    if type(value) is not type(default):
        raise ValueError(f"{name}: {value!r} should be of type {type(default).__name__}")
    if name == "force_flags" and not set(value) <= set(FLAGS):
        raise ValueError(f"force_flags: keys are {', '.join(FLAGS)}")
    if name == "redirect_param" and not value:
        raise ValueError("redirect_param: a name is needed")
    if name == "registered_redirects" and not all(isinstance(one, str) and one for one in value):
        raise ValueError("registered_redirects: a list of address prefixes is needed")
    return value
