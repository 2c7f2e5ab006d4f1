"""WSGI middleware in which a request runs into the fault that waits for it."""

from __future__ import annotations

import io
import socket
import struct
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from sandbox.errors import error_body
from sandbox.faults import Fault, Faults
from sandbox.wire import dump_json

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from flask import Flask

ERROR_CODES = {
    400: "VALIDATION_ERROR",
    401: "AUTHENTICATION_ERROR",
    403: "ACCESS_DENIED",
    404: "DOES_NOT_EXIST",
    405: "METHOD_NOT_ALLOWED",
    409: "CONFLICT_STATE",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "TOO_MANY_REQUESTS",
    503: "REMOTE_SERVICE_UNAVAILABLE",
}
HTML_PAGE = b"<!doctype html><title>Bad gateway</title><h1>502</h1><p>The upstream is away.</p>"


class FaultyServer:
    """Wraps the application; everything but the API, and all without faults, passes by."""

    def __init__(
        self, app: Flask, faults: Faults, note: Callable[[str, str, str, int], None]
    ) -> None:
        self._app = app
        self._faults = faults
        self._note = note

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self._faults.is_idle or not environ["PATH_INFO"].startswith("/api/"):
            return self._app(environ, start_response)
        raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        endpoint = self._find_endpoint(environ)
        text = f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}\n"
        fault = self._faults.take(endpoint, text + raw.decode(errors="replace"))
        environ["wsgi.input"] = io.BytesIO(raw)
        if fault is None:
            return self._app(environ, start_response)
        request = _Faulted(self._app, environ, raw, fault)
        if fault.moment == "before":
            self._faults.note_lost(endpoint, raw, fault)
            status = 0
        else:
            status = request.run()
        if fault.base == "duplicate":
            status = request.run()
        if fault.moment == "before":
            self._note(endpoint, environ["REQUEST_METHOD"], environ["PATH_INFO"], status)
        return self._strike(request, fault, endpoint, start_response)

    def _find_endpoint(self, environ: WSGIEnvironment) -> str:
        try:
            endpoint, _ = self._app.url_map.bind_to_environ(environ).match()
        except (HTTPException, RequestRedirect):
            return "unknown"
        return str(endpoint)

    def _strike(
        self, request: _Faulted, fault: Fault, endpoint: str, start_response: StartResponse
    ) -> Iterable[bytes]:
        connection: socket.socket = request.environ["werkzeug.socket"]
        if fault.base in {"timeout", "hang"}:
            self._faults.hold(fault, endpoint, connection)
            raise ConnectionAbortedError("the fault ended without an answer")
        if fault.base == "reset":
            # Closing with a linger time of 0 sends RST instead of FIN.
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            raise ConnectionResetError("the fault resets the connection")
        if fault.base == "slow":
            self._faults.hold(fault, endpoint, connection)
        if fault.base in {"slow", "duplicate"}:
            return request.give(start_response)
        if fault.base == "truncated":
            return request.give(start_response, missing_bytes=100)
        if fault.base == "huge":
            return request.give_huge(start_response)
        if fault.base == "empty":
            return request.give(start_response, body=b"", status=fault.status)
        if fault.base == "html":
            status = fault.status or (502 if fault.moment == "before" else None)
            return request.give(start_response, body=HTML_PAGE, status=status, media="text/html")
        status = int(fault.base)
        code = fault.code or ERROR_CODES.get(status, "INTERNAL_ERROR")
        body = dump_json(error_body(code, f"The sandbox was told to answer {status}")).encode()
        return request.give(start_response, body=body, status=status)


class _Faulted:
    """A request that runs into a fault: the application's answer is kept until it is let out."""

    def __init__(self, app: Flask, environ: WSGIEnvironment, raw: bytes, fault: Fault) -> None:
        self.environ = environ
        self._app = app
        self._raw = raw
        self._fault = fault
        self._status = 200
        self._headers: list[tuple[str, str]] = [("Content-Type", "application/json")]
        self._body = b""

    def run(self) -> int:
        """Let the application work on the request, once more where it did already."""
        environ = {
            **self.environ,
            "wsgi.input": io.BytesIO(self._raw),
            "sandbox.fault": self._fault.kind,
        }

        def keep(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            self._status = int(status.split()[0])
            self._headers = headers

        chunks = self._app(environ, keep)
        try:
            self._body = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        return self._status

    def give(
        self,
        start_response: StartResponse,
        *,
        body: bytes | None = None,
        status: int | None = None,
        media: str | None = None,
        missing_bytes: int = 0,
    ) -> Iterable[bytes]:
        sent = self._body if body is None else body
        headers = [("Content-Length", str(len(sent) + missing_bytes))]
        start_response(_status_line(status or self._status), headers + self._other_headers(media))
        return [sent]

    def give_huge(self, start_response: StartResponse) -> Iterable[bytes]:
        start_response(_status_line(self._fault.status or self._status), self._other_headers(None))
        return self._make_huge_json()

    def _make_huge_json(self) -> Iterable[bytes]:
        yield b'{"padding": "'
        for _ in range(self._fault.size_mb):
            yield b"x" * 1024 * 1024
        yield b'"}'

    def _other_headers(self, media: str | None) -> list[tuple[str, str]]:
        kept = [
            (name, value)
            for name, value in self._headers
            if name.lower() != "content-length" and not (media and name.lower() == "content-type")
        ]
        if media:
            kept.append(("Content-Type", media))
        if self._fault.retry_after is not None:
            kept.append(("Retry-After", self._fault.retry_after))
        return kept


def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"
