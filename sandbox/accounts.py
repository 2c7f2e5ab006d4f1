"""Requester accounts: tokens and balances."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from sandbox.routes import Answer, Call, Routes
from sandbox.store import Transaction

routes = Routes()
DEFAULT_BALANCE = Decimal(1000)


@dataclass(frozen=True)
class Account:
    """What the command line says: ``token``, ``name:token`` or ``name:token:balance``."""

    name: str
    token: str
    balance: Decimal = DEFAULT_BALANCE


def parse_account(text: str) -> Account:
    """Read an account from the command line. Raises ValueError."""
    name, token, balance = ["requester", *text.split(":")] if ":" not in text else [
        *text.split(":"),
        str(DEFAULT_BALANCE),
    ][:3]  # fmt: skip
    if not name or not token:
        raise ValueError(f"{text!r} is not of the form token, name:token or name:token:balance")
    try:
        return Account(name, token, Decimal(balance))
    except InvalidOperation as error:
        raise ValueError(f"balance {balance!r} is no number") from error


def put_account(tx: Transaction, account: Account, *, keep_balance: bool) -> str:
    """Make a requester, or give the one of that name a new token. Returns its id."""
    row = tx.execute("SELECT id, balance FROM requester WHERE name = ?", account.name).fetchone()
    id_ = row["id"] if row else f"req-{tx.next_number('requester')}"
    balance = row["balance"] if row and keep_balance else format(account.balance, "f")
    # A token serves one account: the one that got it last.
    tx.execute("UPDATE requester SET token = 'replaced-' || id WHERE token = ?", account.token)
    tx.execute(
        "INSERT OR REPLACE INTO requester VALUES (?, ?, ?, ?)",
        id_,
        account.name,
        account.token,
        balance,
    )
    return str(id_)


def find_owner(tx: Transaction, authorization: str) -> str | None:
    """Find the requester whose token the header holds, in either of Toloka's schemes."""
    scheme, _, token = authorization.partition(" ")
    if scheme not in {"OAuth", "ApiKey"}:
        return None
    row = tx.execute("SELECT id FROM requester WHERE token = ?", token.strip()).fetchone()
    return str(row["id"]) if row else None


@routes.add("GET", "/v1/requester", "requester_get")
def get_requester(call: Call) -> Answer:
    row = call.tx.execute("SELECT name FROM requester WHERE id = ?", call.owner).fetchone()
    body = {"id": call.owner, "balance": call.balance, "public_name": {"EN": row["name"]}}
    return Answer(200, body)
