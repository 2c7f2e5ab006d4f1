"""The Flask application: every endpoint behind one gate of token, transaction and JSON errors."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from functools import partial
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from sandbox import (
    accounts,
    analytics,
    assignments,
    bonuses,
    operations,
    performers,
    pools,
    projects,
    restrictions,
    skills,
    submits,
    tasks,
    trainings,
    webhooks,
)
from sandbox.clock import settle
from sandbox.errors import ApiError, error_body
from sandbox.faults import Faults
from sandbox.routes import Answer, Call, Handler
from sandbox.settings import Settings, load_settings
from sandbox.store import Store
from sandbox.wire import Json, dump_json, format_time, utc_now

logger = logging.getLogger(__name__)
MODULES = (
    accounts, analytics, assignments, bonuses, operations, performers, pools, projects,
    restrictions, skills, submits, tasks, trainings, webhooks,
)  # fmt: skip
MOST_BODY_BYTES = 16 * 1024 * 1024
CODE_OF_STATUS = {404: "DOES_NOT_EXIST", 405: "METHOD_NOT_ALLOWED", 413: "PAYLOAD_TOO_LARGE"}
REQUESTS_REMEMBERED = 200


class Traffic:
    """Counts requests by endpoint and status, and remembers the latest; of this process alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, int]] = Counter()
        self._latest: deque[Json] = deque(maxlen=REQUESTS_REMEMBERED)

    def note(self, endpoint: str, method: str, path: str, status: int) -> None:
        one = {"at": format_time(utc_now()), "endpoint": endpoint, "method": method, "path": path}
        with self._lock:
            self._counts[endpoint, status] += 1
            self._latest.append({**one, "status": status})

    def describe(self) -> Json:
        with self._lock:
            counts = dict(self._counts)
            latest = list(self._latest)
        by_endpoint: dict[str, Json] = {}
        for (endpoint, status), count in sorted(counts.items()):
            by_endpoint.setdefault(endpoint, {})[str(status)] = count
        total = sum(counts.values())
        return {"count": total, "by_endpoint": by_endpoint, "latest": latest}

    def clear(self) -> None:
        with self._lock:
            self._counts.clear()
            self._latest.clear()


class Sandbox:
    """The parts of a running sandbox that its pages and its API share."""

    def __init__(self, store: Store, *, return_url: str = "") -> None:
        self.store = store
        self.return_url = return_url
        self.faults = Faults(store)
        self.traffic = Traffic()

    def answer(self, handler: Handler, **path: str) -> Response:
        """Run one endpoint of the API for the request at hand."""
        try:
            with self.store.transaction() as tx:
                settle(tx)
                settings = load_settings(tx)
                owner = _authorize(accounts.find_owner(tx, _authorization()), settings)
                call = Call(
                    tx=tx,
                    owner=owner,
                    settings=settings,
                    moment=utc_now(),
                    query=request.args.to_dict(),
                    raw=request.get_data(),
                    content_type=request.content_type or "",
                    fault=request.environ.get("sandbox.fault", ""),
                )
                answer = handler(call, **path)
        except ApiError as refusal:
            answer = Answer(refusal.status, refusal.body)
        return write_answer(answer)


def _authorization() -> str:
    # As it was sent: Flask's own reading knows other schemes than Toloka's.
    return request.headers.get("Authorization", "")


def _authorize(owner: str | None, settings: Settings) -> str:
    if owner is not None:
        return owner
    if settings.unknown_token_status == 403 and _authorization():
        raise ApiError("ACCESS_DENIED", "The token may not do this")
    raise ApiError("AUTHENTICATION_ERROR", "The token is missing or unknown")


def write_answer(answer: Answer) -> Response:
    body = answer.body if isinstance(answer.body, bytes) else b""
    if answer.body is not None and not isinstance(answer.body, bytes):
        body = dump_json(answer.body).encode()
    response = Response(body, answer.status)
    if answer.status == 204:
        response.headers.pop("Content-Type", None)
    else:
        response.headers["Content-Type"] = answer.media_type
    return response


def create_application(sandbox: Sandbox) -> Flask:
    app = Flask("sandbox")
    app.config["MAX_CONTENT_LENGTH"] = MOST_BODY_BYTES
    app.config["PROPAGATE_EXCEPTIONS"] = False
    for module in MODULES:
        for route in module.routes.listed:
            app.add_url_rule(
                route.rule,
                route.name,
                partial(sandbox.answer, route.handler),
                methods=[route.method],
                provide_automatic_options=False,
            )
    app.register_error_handler(HTTPException, _refuse_http)
    app.register_error_handler(Exception, _fail)

    @app.after_request
    def note(response: Response) -> Response:
        if request.path.startswith("/api/"):
            sandbox.traffic.note(
                request.endpoint or "unknown", request.method, request.path, response.status_code
            )
        return response

    return app


def _refuse_http(error: HTTPException) -> Any:
    status = error.code or 500
    if not request.path.startswith(("/api/", "/control/")):
        return error
    code = CODE_OF_STATUS.get(status, "VALIDATION_ERROR" if status < 500 else "INTERNAL_ERROR")
    return write_answer(Answer(status, error_body(code, error.description or error.name)))


def _fail(error: Exception) -> Response:
    logger.error("request failed", exc_info=error)
    return write_answer(Answer(500, error_body("INTERNAL_ERROR", "The sandbox itself failed")))
