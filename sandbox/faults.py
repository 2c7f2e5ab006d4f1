"""Faults: what a network and an ailing Toloka may do to a request, and which ones wait for one."""

from __future__ import annotations

import re
import select
import socket
import threading
import time
from dataclasses import asdict, dataclass
from decimal import Decimal

from sandbox import submits
from sandbox.store import Store
from sandbox.wire import Json, format_time, utc_now

# Kinds with the moment that is meant where none is named; "" means that there is but one.
KINDS = {
    "timeout": "after",
    "hang": "after",
    "reset": "after",
    "html": "before",
    "empty": "after",
    "huge": "after",
    "truncated": "",
    "slow": "",
    "duplicate": "",
}
DEFAULT_DELAY_S = {"timeout": 30.0, "slow": 3.0}
DEFAULT_SIZE_MB = 64
POLL_SECONDS = 0.1


@dataclass
class Fault:
    """``times`` matching requests get it, after the first ``skip`` ones.

    ``docs/sandbox.md`` explains kinds and fields.
    """

    number: int
    endpoint: str
    kind: str
    times: int = 1
    skip: int = 0
    contains: str = ""
    delay_s: float | None = None
    retry_after: str | None = None
    status: int | None = None
    code: str = ""
    size_mb: int = DEFAULT_SIZE_MB

    @property
    def base(self) -> str:
        return re.sub(r"_(before|after)$", "", self.kind)

    @property
    def moment(self) -> str:
        named = re.search(r"_(before|after)$", self.kind)
        return named.group(1) if named else KINDS.get(self.base, "before")


def read_fault(number: int, form: Json) -> Fault:
    """Read a fault from what the control page or a test sent. Raises ValueError."""
    known = set(Fault.__dataclass_fields__) - {"number"}
    unknown = form.keys() - known
    if unknown:
        raise ValueError(f"unknown keys {sorted(unknown)}; known: {', '.join(sorted(known))}")
    kind = str(form.get("kind", ""))
    fault = Fault(number, str(form.get("endpoint", "*")), kind)
    is_status = re.fullmatch(r"[45]\d\d", fault.base) is not None
    single = KINDS.get(fault.base) == ""
    if not is_status and (fault.base not in KINDS or (single and kind != fault.base)):
        raise ValueError(
            f"kind {kind!r} is unknown; known: {', '.join(KINDS)} or a status from 400 to 599,"
            " with _before or _after where both make sense"
        )
    for name in ("times", "skip", "size_mb", "status"):
        if form.get(name) is not None:
            if not isinstance(form[name], int) or isinstance(form[name], bool) or form[name] < 0:
                raise ValueError(f"{name}: {form[name]!r} is no whole number of at least 0")
            setattr(fault, name, form[name])
    if form.get("delay_s") is not None:
        if not isinstance(form["delay_s"], int | Decimal):
            raise ValueError(f"delay_s: {form['delay_s']!r} is no number of seconds")
        fault.delay_s = float(form["delay_s"])
    if form.get("retry_after") is not None:
        fault.retry_after = str(form["retry_after"])
    fault.contains = str(form.get("contains") or "")
    fault.code = str(form.get("code") or "")
    return fault


class Faults:
    """The faults that wait for requests, and the connections that are held silent just now."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self._made = 0
        self._held: dict[int, Json] = {}
        self._releases = 0

    def add(self, form: Json) -> Fault:
        """Raises ValueError."""
        with self._lock:
            self._made += 1
            fault = read_fault(self._made, form)
            self._waiting.append(fault)
            return fault

    def clear(self) -> None:
        """Forget all faults, and drop the connections that are held."""
        with self._lock:
            self._waiting.clear()
            self._releases += 1

    def describe(self) -> Json:
        with self._lock:
            waiting = [
                {name: one for name, one in asdict(fault).items() if one not in (None, "")}
                for fault in self._waiting
            ]
            for one in waiting:
                if isinstance(one.get("delay_s"), float):
                    one["delay_s"] = Decimal(str(one["delay_s"]))
            return {"waiting": waiting, "holding": list(self._held.values())}

    @property
    def is_idle(self) -> bool:
        return not self._waiting

    def take(self, endpoint: str, text: str) -> Fault | None:
        """Use up one time of the first fault that is meant for this request."""
        with self._lock:
            for fault in self._waiting:
                if fault.endpoint not in {"*", endpoint} or fault.contains not in text:
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                self._waiting = [one for one in self._waiting if one.times > 0]
                return fault
        return None

    def hold(self, fault: Fault, endpoint: str, connection: socket.socket) -> None:
        """Keep a connection silent: its client goes, the time is over, or all are let go."""
        limit = fault.delay_s or DEFAULT_DELAY_S.get(fault.base)
        ends = None if limit is None else time.monotonic() + limit
        mark = threading.get_ident()
        with self._lock:
            releases = self._releases
            since = format_time(utc_now())
            self._held[mark] = {"endpoint": endpoint, "kind": fault.kind, "since": since}
        try:
            while not _is_gone(connection):
                if ends is not None and time.monotonic() >= ends:
                    return
                with self._lock:
                    if self._releases != releases:
                        return
        finally:
            with self._lock:
                del self._held[mark]

    def note_lost(self, endpoint: str, raw: bytes, fault: Fault) -> None:
        if endpoint == "external_submit":
            submits.record_lost(self._store, raw, fault.kind)


def _is_gone(connection: socket.socket) -> bool:
    """Wait a moment; has the client closed the connection?"""
    readable, _, _ = select.select([connection], [], [], POLL_SECONDS)
    if not readable:
        return False
    try:
        if connection.recv(1, socket.MSG_PEEK) == b"":
            return True
    except OSError:
        return True
    # Something was sent on top; it stays readable, so that select alone would not wait.
    time.sleep(POLL_SECONDS)
    return False
