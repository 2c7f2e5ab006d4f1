"""The calls of the labeling page. Each reads the request, calls one function, shapes the answer."""

import json
import logging
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django.db import DataError
from django.http import HttpRequest, JsonResponse
from django.middleware.csrf import get_token
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from integration import jobs as integration_jobs
from integration.arrivals import browser_digest
from labeling import assignments, attachments, leases
from labeling.assignments import Turn
from labeling.errors import (
    InvalidInputError,
    LabelingError,
    LeaseLostError,
    StateConflictError,
)
from labeling.nudge import nudge
from labeling.performer.browser import read_browser_key
from labeling.performer.state import (
    session_state,
    show_reason,
    stamp,
    turn_state,
    way_back,
)
from labeling.sessions import NotYoursError, TakenOverError
from labeling.submissions import read_id, read_submission

logger = logging.getLogger(__name__)

STATUS: dict[type[LabelingError], int] = {
    InvalidInputError: 422,
    LeaseLostError: 409,
    TakenOverError: 409,
    StateConflictError: 409,
    NotYoursError: 404,
}

HEARTBEAT_LIMIT = 1024 * 1024

View = Callable[..., JsonResponse]


def json_call(view: View) -> View:
    """Answer the domain's errors as JSON, and never let an answer be cached."""

    @never_cache
    @wraps(view)
    def answer(request: HttpRequest, **ids: UUID) -> JsonResponse:
        try:
            return view(request, **ids)
        except (DataError, UnicodeEncodeError):
            # Legal JSON that can't be kept: a zero byte, half a surrogate pair, a number too large.
            body = {
                "code": "VALIDATION_ERROR",
                "message": "A value can't be stored.",
                "payload": {},
            }
            return JsonResponse(body, status=422)
        except LabelingError as error:
            status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
            body = {"code": error.code, "message": error.message, "payload": error.payload}
            if isinstance(error, LeaseLostError):
                body |= _what_now(request, ids["session_id"])
            return JsonResponse(body, status=status)

    return answer


def _what_now(request: HttpRequest, session_id: UUID) -> dict[str, Any]:
    now = timezone.now()
    turn = assignments.look(session_id, browser_key=_browser(request), now=now)
    return turn_state(turn, now=now)


@require_GET
@json_call
def show_session(request: HttpRequest, session_id: UUID) -> JsonResponse:
    get_token(request)  # sets the cookie anew where it has gone
    return JsonResponse(session_state(session_id, _browser(request), now=timezone.now()))


@require_POST
@json_call
def submit(request: HttpRequest, session_id: UUID, assignment_id: UUID) -> JsonResponse:
    submission = read_submission(_body(request))
    now = timezone.now()
    turn = assignments.submit(
        session_id, assignment_id, submission, browser_key=_browser(request), now=now
    )
    nudge(integration_jobs.deliver_due_payments)
    return _answer(request, turn, now=now)


@require_POST
@json_call
def skip(request: HttpRequest, session_id: UUID, assignment_id: UUID) -> JsonResponse:
    reason = _body(request).get("reason", "")
    if not isinstance(reason, str):
        raise InvalidInputError("reason: text is expected")
    now = timezone.now()
    turn = assignments.skip(
        session_id, assignment_id, reason=reason, browser_key=_browser(request), now=now
    )
    nudge(integration_jobs.deliver_due_payments)
    return _answer(request, turn, now=now)


@require_POST
@json_call
def check(request: HttpRequest, session_id: UUID, assignment_id: UUID) -> JsonResponse:
    body = _body(request)
    output = body.get("output_values")
    if not isinstance(output, dict):
        raise InvalidInputError("output_values: an object is expected")
    is_right, hint = assignments.check_training(
        session_id,
        assignment_id,
        task_id=read_id(body.get("task_id"), "task_id"),
        output_values=output,
        browser_key=_browser(request),
        now=timezone.now(),
    )
    return JsonResponse({"correct": is_right, **({"hint": hint} if hint else {})})


@require_POST
@json_call
def heartbeat(request: HttpRequest, session_id: UUID, assignment_id: UUID) -> JsonResponse:
    body = _body(request)
    drafts, problems = body.get("drafts"), body.get("problems", [])
    if not (drafts is None or isinstance(drafts, dict)) or not isinstance(problems, list):
        raise InvalidInputError("drafts: an object, problems: a list is expected")
    if len(request.body) > HEARTBEAT_LIMIT:
        raise InvalidInputError(f"a heartbeat takes at most {HEARTBEAT_LIMIT} bytes")
    now = timezone.now()
    lease = leases.keep_alive(
        session_id,
        assignment_id,
        drafts=drafts,
        problems=problems[:20],
        browser_key=_browser(request),
        now=now,
    )
    request.META["visit_id"] = lease.session.visit_id
    return JsonResponse(
        {
            "expires_at": stamp(lease.expires_at) if lease.expires_at else None,
            "server_time": stamp(now),
            **({"stopped": show_reason(lease.stopped)} if lease.stopped else {}),
        }
    )


@require_POST
@json_call
def finish(request: HttpRequest, session_id: UUID) -> JsonResponse:
    now = timezone.now()
    turn = assignments.finish(session_id, browser_key=_browser(request), now=now)
    nudge(integration_jobs.deliver_due_payments)
    return _answer(request, turn, now=now, return_url=way_back(turn.session))


@require_POST
@json_call
def attach(request: HttpRequest, session_id: UUID, assignment_id: UUID) -> JsonResponse:
    file = request.FILES.get("file")
    if file is None:
        raise InvalidInputError("file: a file is expected")
    attachment = attachments.attach(
        session_id,
        assignment_id,
        task_id=read_id(request.POST.get("task_id"), "task_id"),
        path=request.POST.get("path", ""),
        file=file,
        browser_key=_browser(request),
        now=timezone.now(),
    )
    return JsonResponse(
        {
            "id": str(attachment.pk),
            "name": attachment.name,
            "media_type": attachment.media_type,
        },
        status=201,
    )


@require_http_methods(["DELETE"])
@json_call
def detach(
    request: HttpRequest, session_id: UUID, assignment_id: UUID, attachment_id: UUID
) -> JsonResponse:
    attachments.detach(
        session_id,
        assignment_id,
        attachment_id,
        browser_key=_browser(request),
        now=timezone.now(),
    )
    return JsonResponse({})


def _answer(request: HttpRequest, turn: Turn, *, now: datetime, **more: Any) -> JsonResponse:
    request.META["visit_id"] = turn.session.visit_id  # for the lines of the log
    return JsonResponse({**turn_state(turn, now=now), **more})


def _browser(request: HttpRequest) -> str | None:
    key = read_browser_key(request)
    return browser_digest(key) if key else None


def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"The body is no JSON: {error}") from None
    if not isinstance(body, dict):
        raise InvalidInputError("The body must be a JSON object.")
    return body
