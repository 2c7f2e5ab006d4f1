"""What happens by itself as time goes on: operations, expiry, reopening, deliveries."""

from __future__ import annotations

import logging
import threading

from sandbox import assignments, pools, webhooks
from sandbox.settings import load_settings
from sandbox.store import Resource, Store, Transaction
from sandbox.wire import format_time, utc_now

logger = logging.getLogger(__name__)
TICK_SECONDS = 0.2


def settle(tx: Transaction) -> None:
    """Carry out what is due by now. Runs before each request, so that none sees the past."""
    moment = utc_now()
    now = format_time(moment)
    # An operation may come due again at once, from PENDING to RUNNING to its end.
    while due := tx.find_due(moment.timestamp()):
        for resource in due:
            if resource.kind == "operation":
                _advance(tx, resource, now)
            elif resource.kind == "assignment":
                assignments.expire(tx, resource, now)
            elif (
                resource.doc.get("last_close_reason") == "FOR_UPDATE"
                and resource.status == "CLOSED"
            ):
                pools.finish_open(tx, resource, now)
            else:
                pools.close(tx, resource, reason="EXPIRED", now=now)


def _advance(tx: Transaction, operation: Resource, now: str) -> None:
    if operation.status == "PENDING":
        operation.doc |= {"status": "RUNNING", "started": now, "progress": 40}
        operation.due = float(operation.private["finish_at"])
        tx.save(operation)
        return
    outcome = operation.private["outcome"]
    operation.doc |= {"status": outcome, "finished": now, "progress": 100}
    details = operation.private["details"]
    if outcome == "SUCCESS":
        details = _carry_out(tx, operation, now) or details
    if details is not None:
        operation.doc["details"] = details
    operation.due = None
    tx.save(operation)


def _carry_out(tx: Transaction, operation: Resource, now: str) -> dict[str, str] | None:
    """Do what the operation is for; returns its details, where it has any."""
    parameters = operation.doc["parameters"]
    if operation.doc["type"] == "PROJECT.ARCHIVE":
        project = tx.get("project", parameters["project_id"])
        if project is not None:
            project.doc["status"] = "ARCHIVED"
            tx.save(project)
        return None
    pool = tx.get("pool", parameters.get("pool_id", ""))
    if pool is None:
        return None
    match operation.doc["type"].partition(".")[2]:
        case "OPEN":
            pools.finish_open(tx, pool, now)
        case "CLOSE":
            # It may have closed for another reason meanwhile, which stays.
            if pool.status == "OPEN":
                pools.close(tx, pool, reason=parameters.get("reason", "MANUAL"), now=now)
        case "ARCHIVE":
            pools.archive(tx, pool)
        case "CLONE":
            id_ = pools.clone(tx, pool, now).id
            return {"training_id": id_} if pool.doc["type"] == "TRAINING" else {"pool_id": id_}
    return None


class Clock(threading.Thread):
    """Lets the time go on while nobody asks, and delivers events."""

    def __init__(self, store: Store) -> None:
        super().__init__(name="clock", daemon=True)
        self._store = store
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(TICK_SECONDS):
            try:
                with self._store.transaction() as tx:
                    settle(tx)
                    twice = load_settings(tx).webhook_duplicates
                webhooks.deliver_due(self._store, twice=twice)
            except Exception:
                # The clock must go on whatever a single event does; the error is in the log.
                logger.exception("a tick failed")

    def stop(self) -> None:
        self._stopped.set()
        self.join(timeout=1)
