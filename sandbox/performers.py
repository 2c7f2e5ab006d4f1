"""Performers: profiles, skills as filters see them, and the way to an assignment."""

from __future__ import annotations

import secrets
from decimal import Decimal
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from sandbox import assignments, filters, restrictions
from sandbox.errors import ApiError, missing
from sandbox.routes import Answer, Call, Routes
from sandbox.settings import Settings
from sandbox.store import Resource, Transaction
from sandbox.wire import Json, dump_json, format_time, parse_json, utc_now

routes = Routes()
DEFAULT_PROFILE: Json = {
    "country": "DE",
    "citizenship": "DE",
    "languages": ["DE", "EN"],
    "gender": "FEMALE",
    "education": "HIGH",
    "adult_allowed": True,
    "verified": True,
    "date_of_birth": 631152000,
    "city": 177,
    "attributes": {
        "country_by_phone": "DE",
        "country_by_ip": "DE",
        "region_by_phone": [225, 96, 177],
        "region_by_ip": [225, 96, 177],
        "client_type": "BROWSER",
        "device_category": "PERSONAL_COMPUTER",
        "os_family": "LINUX",
        "user_agent_type": "BROWSER",
        "user_agent_family": "CHROME",
    },
}


def make_performer(
    tx: Transaction, *, user_id: str | None = None, profile: Json | None = None
) -> str:
    """Make a performer, or change one's profile key by key. Returns the user id."""
    id_ = user_id or secrets.token_hex(16)
    row = tx.execute("SELECT profile FROM performer WHERE user_id = ?", id_).fetchone()
    known = parse_json(row["profile"]) if row else DEFAULT_PROFILE
    changed = dump_json({**known, **(profile or {})})
    if row:
        tx.execute("UPDATE performer SET profile = ? WHERE user_id = ?", changed, id_)
    else:
        now = format_time(utc_now())
        tx.execute("INSERT INTO performer VALUES (?, ?, ?, 0)", id_, now, changed)
    return id_


def get_profile(tx: Transaction, user_id: str) -> Json:
    """Raises ApiError (404) where nobody has that id."""
    row = tx.execute("SELECT profile FROM performer WHERE user_id = ?", user_id).fetchone()
    if row is None:
        raise missing(f"performer {user_id}")
    profile: Json = parse_json(row["profile"])
    return profile


def fits_pool(tx: Transaction, pool: Resource, user_id: str) -> bool:
    skills = {
        one.doc["skill_id"]: Decimal(one.doc["exact_value"])
        for one in tx.find("user_skill", owner=pool.owner, user_id=user_id)
    }
    return filters.fits(pool.doc.get("filter"), get_profile(tx, user_id), skills)


def list_cards(tx: Transaction, user_id: str, now: str) -> list[tuple[Resource, Resource]]:
    """The external pools (each with its project) that this performer may start, newest first."""
    cards = []
    for pool in tx.find("pool", status="OPEN"):
        project = tx.get("project", pool.parent)
        if (
            project is not None
            and project.doc.get("assignments_issuing_type") == "EXTERNAL"
            and not restrictions.is_restricted(tx, pool, user_id, now)
            and fits_pool(tx, pool, user_id)
        ):
            cards.append((pool, project))
    return cards[::-1]


def start(tx: Transaction, settings: Settings, *, pool_id: str, user_id: str) -> Json:
    """What pressing Start does: an ACTIVE assignment, and where the browser is sent with it.

    Raises ApiError: 404 for an unknown pool or performer, 409 where the card is not his to start.
    """
    moment = utc_now()
    pool = tx.get("pool", pool_id)
    if pool is None:
        raise missing(f"pool {pool_id}")
    get_profile(tx, user_id)
    cards = [one for one in list_cards(tx, user_id, format_time(moment)) if one[0].id == pool_id]
    if not cards:
        raise ApiError(
            "CONFLICT_STATE",
            "This card cannot be started: its pool is not open or not external, its filter does"
            " not fit the performer, or he is restricted",
        )
    assignment = assignments.give_assignment(tx, settings, pool, user_id, moment)
    address = cards[0][1].doc["assignments_issuing_view_config"]["redirect_url"]
    return {
        "assignment_id": assignment.id,
        "redirect_url": _add_assignment(address, assignment.id, settings),
    }


def _add_assignment(address: str, assignment_id: str, settings: Settings) -> str:
    parts = urlsplit(address)
    if settings.redirect_in_path:
        path = f"{parts.path.rstrip('/')}/{quote(assignment_id)}/"
        return urlunsplit(parts._replace(path=path))
    query = [
        *parse_qsl(parts.query, keep_blank_values=True),
        (settings.redirect_param, assignment_id),
    ]
    return urlunsplit(parts._replace(query=urlencode(query)))


@routes.add("GET", "/v1/user-metadata/<user_id>", "user_metadata_get")
def get_user_metadata(call: Call, user_id: str) -> Answer:
    profile = get_profile(call.tx, user_id)
    shown = ("country", "languages", "adult_allowed", "attributes")
    return Answer(200, {"id": user_id, **{name: profile.get(name) for name in shown}})
