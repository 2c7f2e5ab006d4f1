"""The sandbox's own SQLite file: one connection, one writer at a time, durable against a kill."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from sandbox.wire import Json, dump_json, parse_json

SCHEMA = """
CREATE TABLE IF NOT EXISTS requester (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, token TEXT NOT NULL UNIQUE,
    balance TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS performer (
    user_id TEXT PRIMARY KEY, created TEXT NOT NULL, profile TEXT NOT NULL,
    banned INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS resource (
    number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL,
    owner TEXT NOT NULL, parent TEXT NOT NULL, user_id TEXT NOT NULL, status TEXT NOT NULL,
    due REAL, doc TEXT NOT NULL, private TEXT NOT NULL, UNIQUE (kind, id));
CREATE INDEX IF NOT EXISTS resource_by_parent ON resource (kind, parent, user_id);
CREATE INDEX IF NOT EXISTS resource_by_owner ON resource (kind, owner, user_id);
CREATE INDEX IF NOT EXISTS resource_by_due ON resource (due) WHERE due IS NOT NULL;
CREATE TABLE IF NOT EXISTS submit (
    number INTEGER PRIMARY KEY AUTOINCREMENT, received TEXT NOT NULL, owner TEXT NOT NULL,
    pool_id TEXT NOT NULL, user_id TEXT NOT NULL, retry_id TEXT NOT NULL,
    reward TEXT, quality TEXT,
    close_session INTEGER NOT NULL, applied INTEGER NOT NULL, duplicate INTEGER NOT NULL,
    status INTEGER, raw TEXT NOT NULL, answer TEXT, fault TEXT NOT NULL,
    assignment_id TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS submit_by_retry ON submit (pool_id, user_id, retry_id);
CREATE INDEX IF NOT EXISTS submit_by_user ON submit (user_id);
CREATE TABLE IF NOT EXISTS entry (
    number INTEGER PRIMARY KEY AUTOINCREMENT, booked TEXT NOT NULL, owner TEXT NOT NULL,
    user_id TEXT NOT NULL, pool_id TEXT NOT NULL, kind TEXT NOT NULL, amount TEXT NOT NULL,
    fee TEXT NOT NULL, reference TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS entry_by_user ON entry (user_id);
CREATE TABLE IF NOT EXISTS delivery (
    number INTEGER PRIMARY KEY AUTOINCREMENT, subscription_id TEXT NOT NULL, url TEXT NOT NULL,
    secret TEXT NOT NULL, body TEXT NOT NULL, due REAL, attempts INTEGER NOT NULL,
    outcome TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS delivery_by_due ON delivery (due) WHERE due IS NOT NULL;
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
TABLES = (
    "performer",
    "resource",
    "submit",
    "entry",
    "delivery",
    "setting",
)
# Ids of different kinds come from different ranges, so that a mix-up ends in a 404.
FIRST_NUMBERS = {"project": 118_900, "pool": 40_200, "skill": 52_800, "restriction": 7_000}


@dataclass
class Resource:
    """A thing of the API: ``doc`` is what the requester sees, ``private`` what he does not.

    ``parent`` is the project of a pool and the pool of everything in it; ``due`` is the time (Unix,
    seconds) at which something happens to it by itself.
    """

    kind: str
    id: str
    owner: str
    doc: Json
    parent: str = ""
    user_id: str = ""
    due: float | None = None
    private: Json = field(default_factory=dict)

    @property
    def status(self) -> str:
        return str(self.doc.get("status", ""))


class Transaction:
    """Reads and writes under the store's lock; see ``Store.transaction``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        return self._connection.execute(sql, values)

    def next_number(self, name: str) -> int:
        row = self.execute(
            "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + 1"
            " RETURNING value",
            name,
            FIRST_NUMBERS.get(name, 0) + 1,
        ).fetchone()
        return int(row["value"])

    def insert(self, resource: Resource) -> Resource:
        self.execute(
            "INSERT INTO resource (kind, id, owner, parent, user_id, status, due, doc, private)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            resource.kind,
            resource.id,
            resource.owner,
            resource.parent,
            resource.user_id,
            resource.status,
            resource.due,
            dump_json(resource.doc),
            dump_json(resource.private),
        )
        return resource

    def save(self, resource: Resource) -> None:
        self.execute(
            "UPDATE resource SET status = ?, due = ?, doc = ?, private = ?"
            " WHERE kind = ? AND id = ?",
            resource.status,
            resource.due,
            dump_json(resource.doc),
            dump_json(resource.private),
            resource.kind,
            resource.id,
        )

    def delete(self, resource: Resource) -> None:
        self.execute("DELETE FROM resource WHERE kind = ? AND id = ?", resource.kind, resource.id)

    def get(self, kind: str, id_: str) -> Resource | None:
        rows = self.execute("SELECT * FROM resource WHERE kind = ? AND id = ?", kind, id_)
        return next(map(_read_resource, rows), None)

    def find(
        self,
        kind: str,
        *,
        owner: str | None = None,
        parent: str | None = None,
        user_id: str | None = None,
        status: str | None = None,
    ) -> list[Resource]:
        """Find resources in the order they were made; criteria that are None do not count."""
        given = {"owner": owner, "parent": parent, "user_id": user_id, "status": status}
        criteria = {name: value for name, value in given.items() if value is not None}
        clauses = "".join(f" AND {name} = ?" for name in criteria)
        rows = self.execute(
            f"SELECT * FROM resource WHERE kind = ?{clauses} ORDER BY number",  # noqa: S608 fixed names
            kind,
            *criteria.values(),
        )
        return [_read_resource(row) for row in rows]

    def find_due(self, now: float) -> list[Resource]:
        rows = self.execute("SELECT * FROM resource WHERE due <= ? ORDER BY due, number", now)
        return [_read_resource(row) for row in rows]

    def book(
        self, *, booked: str, owner: str, user_id: str, pool_id: str, kind: str, amount: Decimal,
        fee: Decimal, reference: str,
    ) -> None:  # fmt: skip
        """Pay a performer and take amount and fee from the requester's balance."""
        row = self.execute("SELECT balance FROM requester WHERE id = ?", owner).fetchone()
        balance = Decimal(row["balance"]) - amount - fee
        self.execute("UPDATE requester SET balance = ? WHERE id = ?", format(balance, "f"), owner)
        self.execute(
            "INSERT INTO entry (booked, owner, user_id, pool_id, kind, amount, fee, reference)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            booked,
            owner,
            user_id,
            pool_id,
            kind,
            format(amount, "f"),
            format(fee, "f"),
            reference,
        )


def _read_resource(row: sqlite3.Row) -> Resource:
    return Resource(
        kind=row["kind"],
        id=row["id"],
        owner=row["owner"],
        parent=row["parent"],
        user_id=row["user_id"],
        due=row["due"],
        doc=parse_json(row["doc"]),
        private=parse_json(row["private"]),
    )


class Store:
    """Opens (and makes) the file at ``path``."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        # A commit then outlives the process; only a failing machine could lose it.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commit at the end, roll back where an exception leaves the block."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(self._connection)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def clear(self) -> None:
        """Forget everything but the requesters. Ids are not used again."""
        with self.transaction() as transaction:
            for table in TABLES:
                transaction.execute(f"DELETE FROM {table}")  # noqa: S608 names from the tuple above

    def close(self) -> None:
        with self._lock:
            self._connection.close()
