"""The JSON that a performer's page starts from and is answered with."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from integration.money import plain
from labeling import assignments
from labeling.assignments import Turn
from labeling.enums import WaitReason
from labeling.models import Session
from labeling.serving import Page
from labeling.versions import get_version

LOOK_AGAIN_S = 10
"""After how many seconds a page that finds nothing free should ask again."""


def session_state(session_id: UUID, browser_key: str | None, *, now: datetime) -> dict[str, Any]:
    """Return the whole state of a session, giving a page where none is out.

    ``browser_key`` is the digest of the cookie's key. Raises NotYoursError.
    """
    turn = assignments.look(session_id, browser_key=browser_key, now=now)
    version = get_version(turn.session.pool.version_id)
    return {
        **turn_state(turn, now=now),
        "project": {
            "public_name": version.project.public_name,
            "instructions": version.instructions,
            "view_spec": version.view_spec,
        },
        "urls": {"api": f"/label/api/sessions/{session_id}", "back": way_back(turn.session)},
    }


def turn_state(turn: Turn, *, now: datetime) -> dict[str, Any]:
    """Return what every call about pages answers: the session, and a page or the reason."""
    return {
        "session": _show_session(turn.session),
        "assignment": show_page(turn.page, drafts=turn.drafts) if turn.page else None,
        **({"reason": show_reason(turn.reason)} if turn.reason else {}),
        **({"feedback": turn.feedback} if turn.feedback else {}),
        **({"repeat": True} if turn.is_repeat else {}),
        "server_time": stamp(now),
    }


def show_page(page: Page, *, drafts: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "id": str(page.id),
        "expires_at": stamp(page.expires_at),
        "reward": plain(page.reward),
        "tasks": page.tasks,
        **({"drafts": drafts} if drafts else {}),
    }


def show_reason(reason: WaitReason) -> dict[str, Any]:
    shown: dict[str, Any] = {"code": str(reason), "message": str(reason.label)}
    if reason == WaitReason.NONE_FREE_NOW:
        shown["retry_after_s"] = LOOK_AGAIN_S
    return shown


def way_back(session: Session) -> str:
    """Return where the performer came from."""
    visit = session.visit
    if visit.account:
        return visit.account.way_back
    return visit.partner_key.return_url if visit.partner_key else ""


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _show_session(session: Session) -> dict[str, Any]:
    # No quality: on short pages its changes would tell which tasks are golden.
    return {
        "id": str(session.pk),
        "status": session.status,
        "progress": {"submitted": session.tasks_submitted, "total": None},
        "earned": plain(session.earned),
        "currency": "USD",
        "can_skip": session.pool.max_skips_in_row > 0,
    }
