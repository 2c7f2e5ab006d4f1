"""The control interface in JSON: state, faults, settings, and what else happens at Toloka."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import wraps
from typing import Any

from flask import Blueprint, Response, request

from sandbox import accounts, assignments, performers, pools, state
from sandbox.application import Sandbox, write_answer
from sandbox.clock import settle
from sandbox.errors import ApiError, error_body, missing
from sandbox.projects import is_loopback
from sandbox.routes import Answer
from sandbox.settings import change_settings, load_settings
from sandbox.store import Transaction
from sandbox.wire import Json, dump_json, format_time, parse_json, utc_now

View = Callable[..., Answer]
CLOSE_REASONS = (
    "MANUAL", "EXPIRED", "COMPLETED", "NOT_ENOUGH_BALANCE", "ASSIGNMENTS_LIMIT_EXCEEDED",
    "BLOCKED",
)  # fmt: skip


def refuse_strangers() -> Response | None:
    """Let in this machine alone, and no other site's page in a browser of it."""
    origin = request.headers.get("Origin")
    if not is_loopback(request.remote_addr or "") or (
        origin not in (None, request.host_url.rstrip("/"))
    ):
        return write_answer(Answer(403, error_body("ACCESS_DENIED", "For this machine alone")))
    return None


def make_blueprint(sandbox: Sandbox) -> Blueprint:
    blueprint = Blueprint("control", "sandbox", url_prefix="/control")
    blueprint.before_request(refuse_strangers)

    def view(rule: str, method: str) -> Callable[[View], View]:
        def register(function: View) -> View:
            @wraps(function)
            def respond(**path: str) -> Response:
                try:
                    with sandbox.store.transaction() as tx:
                        settle(tx)
                        answer = function(tx, **path)
                except ApiError as refusal:
                    answer = Answer(refusal.status, refusal.body)
                except ValueError as error:
                    answer = Answer(400, error_body("VALIDATION_ERROR", str(error)))
                return write_answer(answer)

            blueprint.add_url_rule(rule, view_func=respond, methods=[method])
            return function

        return register

    @view("/state", "GET")
    def get_state(tx: Transaction) -> Answer:
        only = [name for name in request.args.get("only", "").split(",") if name]
        return Answer(200, state.describe(sandbox, tx, only=only))

    @view("/faults", "GET")
    def list_faults(tx: Transaction) -> Answer:
        return Answer(200, sandbox.faults.describe())

    @view("/faults", "POST")
    def add_fault(tx: Transaction) -> Answer:
        fault = sandbox.faults.add(_form())
        return Answer(201, {"number": fault.number, "endpoint": fault.endpoint, "kind": fault.kind})

    @view("/faults", "DELETE")
    def clear_faults(tx: Transaction) -> Answer:
        sandbox.faults.clear()
        return Answer(204)

    @view("/settings", "GET")
    def get_settings(tx: Transaction) -> Answer:
        return Answer(200, vars(load_settings(tx)))

    @view("/settings", "POST")
    def set_settings(tx: Transaction) -> Answer:
        return Answer(200, vars(change_settings(tx, _form())))

    @view("/requesters", "POST")
    def put_requester(tx: Transaction) -> Answer:
        form = _form()
        given = {"name": form.get("name", "requester"), "token": form.get("token")}
        if not all(isinstance(one, str) and one for one in given.values()):
            raise ValueError("name and token are needed, as text")
        balance = form.get("balance")
        account = accounts.Account(
            **given, balance=accounts.DEFAULT_BALANCE if balance is None else Decimal(balance)
        )
        id_ = accounts.put_account(tx, account, keep_balance=balance is None)
        return Answer(200, {"id": id_, "name": account.name})

    @view("/performers", "POST")
    def put_performer(tx: Transaction) -> Answer:
        form = _form()
        id_ = performers.make_performer(
            tx, user_id=form.get("user_id"), profile=form.get("profile")
        )
        if "banned" in form:
            tx.execute(
                "UPDATE performer SET banned = ? WHERE user_id = ?", form["banned"] is True, id_
            )
        return Answer(200, {"user_id": id_, "profile": performers.get_profile(tx, id_)})

    @view("/start", "POST")
    def start(tx: Transaction) -> Answer:
        form = _form()
        settings = load_settings(tx)
        pool_id, user_id = str(form.get("pool_id", "")), str(form.get("user_id", ""))
        return Answer(200, performers.start(tx, settings, pool_id=pool_id, user_id=user_id))

    @view("/assignments/<id_>/expire", "POST")
    def expire_assignment(tx: Transaction, id_: str) -> Answer:
        assignment = tx.get("assignment", id_)
        if assignment is None:
            raise missing(f"assignment {id_}")
        assignments.expire(tx, assignment, format_time(utc_now()))
        return Answer(200, assignment.doc)

    @view("/pools/<id_>/close", "POST")
    def close_pool(tx: Transaction, id_: str) -> Answer:
        pool = tx.get("pool", id_)
        if pool is None or pool.status != "OPEN":
            raise missing(f"open pool {id_}")
        reason = _form().get("reason", "BLOCKED")
        if reason not in CLOSE_REASONS:
            raise ValueError(f"reason: one of {', '.join(CLOSE_REASONS)} is needed")
        pools.close(tx, pool, reason=reason, now=format_time(utc_now()))
        return Answer(200, pool.doc)

    @blueprint.post("/reset")
    def reset() -> Response:
        sandbox.faults.clear()
        sandbox.store.clear()
        sandbox.traffic.clear()
        return write_answer(Answer(204))

    return blueprint


def _form() -> Json:
    form: Any = parse_json(request.get_data() or b"{}")
    if not isinstance(form, dict):
        raise ValueError(f"a JSON object is needed, not {dump_json(form)[:60]}")
    return form
