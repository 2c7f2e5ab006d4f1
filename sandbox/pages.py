"""Two HTML pages: what a performer sees in Toloka, and the control of this sandbox."""

from __future__ import annotations

import json
import secrets
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from sandbox import performers, state
from sandbox.application import MODULES, Sandbox
from sandbox.clock import settle
from sandbox.control import refuse_strangers
from sandbox.errors import ApiError
from sandbox.faults import KINDS
from sandbox.settings import CHOICES, Settings, change_settings, load_settings
from sandbox.store import Resource, Transaction
from sandbox.wire import Json, dump_json, format_time, parse_json, utc_now

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as BaseResponse

# A name of its own: cookies do not tell ports apart, and the product runs on the same host.
COOKIE = "sandbox_performer"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'"
)
LATEST = 50
ENDPOINTS = sorted(route.name for module in MODULES for route in module.routes.listed)
FAULT_KINDS = sorted(
    {f"{kind}_{moment}" for kind, one in KINDS.items() if one for moment in ("before", "after")}
    | {kind for kind, one in KINDS.items() if not one}
    | {"429", "503", "500_before", "500_after", "502_before", "502_after", "401", "409"}
)


def make_blueprint(sandbox: Sandbox) -> Blueprint:
    blueprint = Blueprint("pages", "sandbox")

    @blueprint.after_app_request
    def protect(response: Response) -> Response:
        # form-action is left open: Start leads to the partner's site.
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Referrer-Policy", "same-origin")
        return response

    @blueprint.get("/")
    def show_performer() -> BaseResponse:
        user_id = request.args.get("performer") or request.cookies.get(COOKIE, "")
        with sandbox.store.transaction() as tx:
            settle(tx)
            page = _describe_performer(tx, user_id)
        response = make_response(
            render_template("performer.html", return_url=sandbox.return_url, **page)
        )
        if page["user_id"]:
            response.set_cookie(COOKIE, page["user_id"], httponly=True, samesite="Lax")
        return response

    @blueprint.post("/performers")
    def choose_performer() -> BaseResponse:
        user_id = request.form.get("user_id", "").strip() or secrets.token_hex(16)
        with sandbox.store.transaction() as tx:
            performers.make_performer(tx, user_id=user_id)
        return redirect(url_for("pages.show_performer", performer=user_id), 303)

    @blueprint.post("/performers/<user_id>/profile")
    def change_profile(user_id: str) -> BaseResponse:
        try:
            profile = parse_json(request.form.get("profile", ""))
            if not isinstance(profile, dict):
                raise ValueError("a profile is a JSON object")
        except ValueError as error:
            return make_response(render_template("problem.html", message=str(error)), 400)
        with sandbox.store.transaction() as tx:
            performers.make_performer(tx, user_id=user_id, profile=profile)
        return redirect(url_for("pages.show_performer", performer=user_id), 303)

    @blueprint.post("/start")
    def start() -> BaseResponse:
        pool_id, user_id = request.form.get("pool_id", ""), request.form.get("user_id", "")
        try:
            with sandbox.store.transaction() as tx:
                settle(tx)
                settings = load_settings(tx)
                started = performers.start(tx, settings, pool_id=pool_id, user_id=user_id)
        except ApiError as refusal:
            problem = render_template("problem.html", message=refusal.message)
            return make_response(problem, refusal.status)
        return redirect(started["redirect_url"], 302)

    @blueprint.get("/control")
    def show_control() -> BaseResponse:
        refused = refuse_strangers()
        if refused is not None:
            return refused
        with sandbox.store.transaction() as tx:
            settle(tx)
            settings = load_settings(tx)
            described = state.describe(sandbox, tx)
        return make_response(
            render_template(
                "control.html",
                state=described,
                switches=_describe_switches(settings),
                submits=described["submits"][: -LATEST - 1 : -1],
                kinds=FAULT_KINDS,
                endpoints=ENDPOINTS,
                as_json=dump_json,
            )
        )

    @blueprint.post("/control/form/<action>")
    def control(action: str) -> BaseResponse:
        refused = refuse_strangers()
        if refused is not None:
            return refused
        try:
            _act(sandbox, action)
        except (ValueError, ApiError) as error:
            return make_response(render_template("problem.html", message=str(error)), 400)
        return redirect(url_for("pages.show_control"), 303)

    return blueprint


def _describe_performer(tx: Transaction, user_id: str) -> Json:
    """What the performer's page shows; without a (known) performer only the choice of one."""
    known = [row["user_id"] for row in tx.execute("SELECT user_id FROM performer ORDER BY created")]
    page: Json = {"user_id": "", "known": known, "cards": [], "history": []}
    if user_id not in known:
        return page
    entries = state.describe_entries(tx, user_id)
    submits = [one for one in state.describe_submits(tx, user_id) if one["applied"]]
    cards = performers.list_cards(tx, user_id, format_time(utc_now()))
    return page | {
        "user_id": user_id,
        "profile": json.dumps(_plain(performers.get_profile(tx, user_id)), indent=2),
        "cards": [_describe_card(tx, pool, project, user_id) for pool, project in cards],
        "earned": sum((entry["amount"] for entry in entries), Decimal(0)),
        "entries": [one for one in entries if one["kind"] != "reward"][::-1],
        "history": submits[: -LATEST - 1 : -1],
        "submit_count": len(submits),
    }


def _describe_card(tx: Transaction, pool: Resource, project: Resource, user_id: str) -> Json:
    metadata = project.doc.get("metadata") or {}

    def first(name: str) -> str:
        return str(next(iter(metadata.get(f"ptmik_{name}") or [""])))

    held = tx.find("assignment", parent=pool.id, user_id=user_id, status="ACTIVE")
    return {
        "pool_id": pool.id,
        "title": project.doc["public_name"],
        "description": pool.doc.get("public_description") or project.doc["public_description"],
        "price_hint": _describe_price(first("bonus_price_min"), first("bonus_price_max"))
        or f"${pool.doc['reward_per_assignment']}",
        "partner": first("partner_name"),
        "deadline": held[-1].private["deadline"] if held else "",
    }


def _describe_price(least: str, most: str) -> str:
    """The partner's hint of what a page pays, or nothing where he gives none."""
    if least and most:
        return f"about ${least} to ${most} a page"
    if most:
        return f"up to ${most} a page"
    return f"from ${least} a page" if least else ""


def _describe_switches(settings: Settings) -> list[Json]:
    """Each setting as a row of the form: a choice, or a text that holds JSON."""
    return [
        {
            "name": name,
            "text": dump_json(value),
            "choices": [dump_json(one) for one in CHOICES.get(name, ())]
            or (["true", "false"] if isinstance(value, bool) else []),
        }
        for name, value in vars(settings).items()
    ]


def _act(sandbox: Sandbox, action: str) -> None:
    """Do what a form of the control page asks for. Raises ValueError."""
    form = {name: text.strip() for name, text in request.form.items() if text.strip()}
    if action == "faults":
        whole = ("times", "skip")
        fault: Json = {
            name: int(text) if name in whole else _number(text) if name == "delay_s" else text
            for name, text in form.items()
        }
        sandbox.faults.add(fault)
    elif action == "clear-faults":
        sandbox.faults.clear()
    elif action == "settings":
        with sandbox.store.transaction() as tx:
            change_settings(tx, {name: parse_json(text) for name, text in form.items()})
    elif action == "ban":
        with sandbox.store.transaction() as tx:
            tx.execute(
                "UPDATE performer SET banned = 1 - banned WHERE user_id = ?",
                form.get("user_id", ""),
            )
    else:
        raise ValueError(f"{action!r} is unknown")


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is no number") from error


def _plain(value: Any) -> Any:
    """The same without Decimal, which the json module cannot write."""
    return json.loads(dump_json(value))
