"""External submits: the call by which a partner says what a performer did and is to be paid."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox import assignments, performers, pools, restrictions
from sandbox.checks import Field, check_fields
from sandbox.errors import ApiError, Problems, invalid, missing, problem
from sandbox.routes import Answer, Call, Routes
from sandbox.settings import Settings
from sandbox.store import Resource, Store, Transaction
from sandbox.wire import Json, dump_json, format_time, parse_json, parse_time, utc_now

routes = Routes()
COUNTS = ("golden_tasks_count", "training_tasks_count", "real_tasks_count")
FIELDS = {
    "pool_id": Field("integer", required=True, minimum=1, maximum=2**63 - 1),
    "user_id": Field("text", required=True, max_length=255, may_be_blank=False),
    "retry_id": Field("text", max_length=255, may_be_blank=False),
    "reward": Field("number", required=True, minimum=0),
    "quality": Field("number", minimum=0, maximum=1),
    "close_session": Field("boolean"),
    "custom_log": Field("json_text"),
    "start_time": Field("utc_time"),
    "end_time": Field("utc_time"),
    "skipped": Field("boolean"),
    **{name: Field("integer", minimum=0) for name in COUNTS},
}


@dataclass
class Outcome:
    """What became of a submit; a row of the table ``submit`` once it is known."""

    answer: Json
    status: int = 200
    applied: bool = False
    duplicate: bool = False
    assignment_id: str = ""


@routes.add("POST", "/v1/tasks/external/submit", "external_submit")
def submit(call: Call) -> Answer:
    """Apply a submit, or refuse it; either way it is on record, in the order of arrival."""
    try:
        outcome = _apply(call)
    except ApiError as refusal:
        outcome = Outcome(refusal.body, refusal.status)
    _record(call.tx, call.owner, call.now, call.raw, outcome, call.fault)
    return Answer(outcome.status, outcome.answer)


def record_lost(store: Store, raw: bytes, fault: str) -> None:
    """Put on record a submit that a fault swallowed before it was applied."""
    with store.transaction() as tx:
        _record(tx, "", format_time(utc_now()), raw, Outcome({}, 0), fault)


def _apply(call: Call) -> Outcome:
    form = _checked_form(call)
    pool = call.owned("pool", str(form["pool_id"]))
    user_id, tx = form["user_id"], call.tx
    held = tx.find("assignment", parent=pool.id, user_id=user_id)
    if not held:
        raise missing(f"performer {user_id} with work from pool {pool.id}")
    if call.settings.deduplicate_by_retry_id and form.get("retry_id"):
        earlier = _find_applied(tx, pool.id, user_id, form["retry_id"])
        if earlier is not None:
            return _repeat(call.settings, earlier)
    if pool.status == "ARCHIVED":
        raise ApiError("POOL_INAPPROPRIATE_STATUS", "The pool is archived")
    active = [one for one in held if one.status == "ACTIVE"]
    if not active and call.settings.late_submits == "refuse":
        raise assignments.wrong_status(held[-1], "ACTIVE")
    worked = any(form.get(name) for name in COUNTS)
    closes = form.get("close_session") is True
    if call.settings.empty_close_refused and closes and not form["reward"] and not worked:
        raise ApiError("CONFLICT_STATE", "A closing submit must report work")
    reward = Decimal(form["reward"])
    if not _pay(call, pool, user_id, reward, form.get("retry_id") or ""):
        body = ApiError("NOT_ENOUGH_BALANCE", "There is not enough money on the account")
        return Outcome(body.body, body.status, assignment_id=(active or held)[-1].id)
    if closes:
        for one in active:
            assignments.finish(tx, call.settings, one, call.now)
    answer = _flags(call, pool, user_id, form.get("quality"))
    return Outcome(answer, applied=True, assignment_id=(active or held)[-1].id)


def _pay(call: Call, pool: Resource, user_id: str, reward: Decimal, retry_id: str) -> bool:
    """Book a reward. Where the money is not enough the pool closes, and nothing is booked."""
    fee = reward * call.settings.fee
    # A reward of nothing may always be reported: a session is closed by it.
    if reward and call.balance < reward + fee:
        if pool.status == "OPEN":
            pools.close(call.tx, pool, reason="NOT_ENOUGH_BALANCE", now=call.now)
        return False
    if reward:
        call.tx.book(
            booked=call.now, owner=call.owner, user_id=user_id, pool_id=pool.id, kind="reward",
            amount=reward, fee=fee, reference=retry_id,
        )  # fmt: skip
    return True


def _checked_form(call: Call) -> Json:
    form = call.form()
    problems = check_fields(form, FIELDS, closed=True)
    if not problems.keys() & {"start_time", "end_time"}:
        problems |= _check_order(form)
    if problems:
        raise invalid(problems)
    return form


def _check_order(form: Json) -> Problems:
    begin, end = form.get("start_time"), form.get("end_time")
    if begin is None or end is None or parse_time(begin) <= parse_time(end):
        return {}
    return {"end_time": problem("VALUE_OUT_OF_BOUNDS", "The end is before the start")}


def _find_applied(tx: Transaction, pool_id: str, user_id: str, retry_id: str) -> Any:
    return tx.execute(
        "SELECT answer, assignment_id FROM submit"
        " WHERE pool_id = ? AND user_id = ? AND retry_id = ? AND applied = 1 ORDER BY number",
        pool_id,
        user_id,
        retry_id,
    ).fetchone()


def _repeat(settings: Settings, earlier: Any) -> Outcome:
    assignment_id = earlier["assignment_id"]
    if settings.duplicate_answer == "conflict":
        refusal = ApiError("CONFLICT_STATE", "A submit with this retry_id was applied before")
        return Outcome(refusal.body, refusal.status, duplicate=True, assignment_id=assignment_id)
    answer = parse_json(earlier["answer"])
    return Outcome(answer, duplicate=True, assignment_id=assignment_id)


def _flags(call: Call, pool: Resource, user_id: str, quality: Decimal | int | None) -> Json:
    restricted = restrictions.is_restricted(call.tx, pool, user_id, call.now)
    literal = call.settings.restriction_match_polarity == "restricted"
    flags = {
        "speed_quality_balance_match": _is_among_best(call.tx, pool, user_id, quality),
        "restriction_match": restricted if literal else not restricted,
        "filter_match": performers.fits_pool(call.tx, pool, user_id),
    }
    return {**flags, **call.settings.force_flags}


def _is_among_best(
    tx: Transaction, pool: Resource, user_id: str, quality: Decimal | int | None
) -> bool:
    """Is the performer in the pool's top N by mean quality? One of unknown quality is."""
    balance = pool.doc.get("speed_quality_balance")
    if not balance:
        return True
    known: dict[str, list[Decimal]] = {}
    rows = tx.execute(
        "SELECT user_id, quality FROM submit WHERE pool_id = ? AND applied AND quality IS NOT NULL",
        pool.id,
    )
    for row in rows:
        known.setdefault(row["user_id"], []).append(Decimal(row["quality"]))
    if quality is not None:
        known.setdefault(user_id, []).append(Decimal(quality))
    if user_id not in known:
        return True
    means = {one: sum(values) / len(values) for one, values in known.items()}
    better = sum(mean > means[user_id] for mean in means.values())
    if balance["type"] == "TOP_PERCENTAGE_BY_QUALITY":
        return bool(better * 100 < balance["percent"] * len(means))
    return bool(better < balance["count"])


def _record(
    tx: Transaction, owner: str, now: str, raw: bytes, outcome: Outcome, fault: str
) -> None:
    form = _readable(raw)
    quality = form.get("quality") if outcome.applied else None
    tx.execute(
        "INSERT INTO submit (received, owner, pool_id, user_id, retry_id, reward, quality,"
        " close_session, applied, duplicate, status, raw, answer, fault, assignment_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        now,
        owner,
        str(form.get("pool_id", "")),
        str(form.get("user_id", "")),
        str(form.get("retry_id") or ""),
        str(form.get("reward", "")),
        None if quality is None else str(quality),
        form.get("close_session") is True,
        outcome.applied,
        outcome.duplicate,
        outcome.status or None,
        raw.decode(errors="replace"),
        dump_json(outcome.answer),
        fault,
        outcome.assignment_id,
    )


def _readable(raw: bytes) -> Json:
    try:
        form = parse_json(raw)
    except ValueError:
        return {}
    return form if isinstance(form, dict) else {}
