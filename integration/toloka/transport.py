"""HTTP to Toloka: authorization, time limits, and what an answer or its absence means.

Nothing is retried here: whether a repeat is harmless is known to those who call. Texts of errors
are our own, since those of the libraries quote addresses, which hold assignment ids.
"""

import io
import logging
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import requests
import urllib3
from django.utils import timezone

from integration.enums import AuthScheme, Environment
from integration.toloka.errors import (
    AccountError,
    ConflictError,
    NotSentError,
    OutcomeUnknownError,
    RateLimitedError,
    RefusedError,
    TolokaError,
    UnavailableError,
)
from integration.toloka.wire import clean_text, read_json

logger = logging.getLogger(__name__)

MOST_BYTES: Final = 1024 * 1024
MOST_RETRY_AFTER_S: Final = 3600.0
HOSTS: Final = {
    Environment.PRODUCTION: {"toloka.dev", "platform.toloka.ai"},
    Environment.SANDBOX: {"sandbox.toloka.dev", "platform.sandbox.toloka.ai"},
}
LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class TimeLimits:
    """Seconds to connect, between two bytes of the answer, and for the answer's whole body."""

    connect_s: float = 5.0
    read_s: float = 20.0
    body_s: float = 20.0


@dataclass(frozen=True)
class Answer:
    """What came back. ``json`` is None where the body is no JSON (or is JSON's null)."""

    http_status: int
    text: str
    json: Any
    request_id: str
    latency_ms: int


@dataclass(frozen=True)
class Credentials:
    """Where to call and as whom."""

    api_url: str
    environment: str
    token: str = field(repr=False)
    auth_scheme: str = AuthScheme.AUTO


class _WatchedBody(io.BytesIO):
    """A request body that knows whether anyone began to write it out."""

    was_read = False

    def read(self, size: int | None = -1, /) -> bytes:
        self.was_read = True
        return super().read(size)


class _Authorization(requests.auth.AuthBase):
    """Sets the header, and so keeps ``requests`` from taking another one from a .netrc file."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._value
        return request


_local = threading.local()


def _session() -> requests.Session:
    """Return this thread's session; a forked process does not share its parent's sockets."""
    if getattr(_local, "pid", None) != os.getpid():
        session = requests.Session()
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        _local.session, _local.pid = session, os.getpid()
    made: requests.Session = _local.session
    return made


def close_session() -> None:
    """Close this thread's connections, before the thread ends."""
    if getattr(_local, "pid", None) == os.getpid():
        _local.session.close()
        _local.pid = None


def choose_scheme(token: str, scheme: str) -> str:
    """Name the scheme of the Authorization header, by the token's shape unless it is set.

    Exactly two dots, the first at 22, 23 or 24: a newer key (Toloka's official client's rule).
    """
    if scheme == AuthScheme.AUTO:
        looks_new = token.count(".") == 2 and token.index(".") in (22, 23, 24)
        scheme = AuthScheme.API_KEY if looks_new else AuthScheme.OAUTH
    return "ApiKey" if scheme == AuthScheme.API_KEY else "OAuth"


def check_address(credentials: Credentials) -> SplitResult:
    """Return the API address in parts, or raise AccountError where it must not be called.

    A token of one environment never travels to the other's host, nor unencrypted to a host that
    is not this machine, unless it is a sandbox's.
    """
    try:
        parts = urlsplit(credentials.api_url)
        host = (parts.hostname or "").rstrip(".")
        _ = parts.port
    except ValueError:
        raise AccountError(f"the API address {credentials.api_url!r} is no address") from None
    if parts.scheme not in ("http", "https") or not host:
        raise AccountError(f"the API address {credentials.api_url!r} is no address")
    for environment, hosts in HOSTS.items():
        if host in hosts and environment != credentials.environment:
            raise AccountError(
                f"{host} belongs to the environment {environment!r}, "
                f"the account to {credentials.environment!r}; nothing was sent"
            )
    is_official = any(host in hosts for hosts in HOSTS.values())
    is_production = credentials.environment == Environment.PRODUCTION
    if parts.scheme == "http" and host not in LOOPBACK and (is_official or is_production):
        raise AccountError(f"{host} must be called by https; nothing was sent")
    return parts


def send(
    credentials: Credentials,
    method: str,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    body: bytes | None = None,
    limits: TimeLimits | None = None,
) -> Answer:
    """Make one call and return the answer of a 2xx; every other ending raises its TolokaError.

    ``path`` begins with ``/api``. At most 1 MiB of the answer is read.
    """
    limits = limits or TimeLimits()
    parts = check_address(credentials)
    token = credentials.token
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise AccountError("the account has no token, or one with characters that no token has")
    headers = {"Accept": "application/json", "User-Agent": "labelplatform"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    watched = None if body is None else _WatchedBody(body)
    began = time.monotonic()
    try:
        response = _session().request(
            method,
            f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}{path}",
            params=dict(query or {}),
            data=watched,
            headers=headers,
            auth=_Authorization(f"{choose_scheme(token, credentials.auth_scheme)} {token}"),
            timeout=(limits.connect_s, limits.read_s),
            allow_redirects=False,
            stream=True,
        )
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise _explain_silence(error, watched) from None
    with response:
        answer = _read_answer(response, began=began, limits=limits)
    logger.debug("Toloka answered %s, request id %s", answer.http_status, answer.request_id)
    if not 200 <= answer.http_status < 300:
        raise _explain_refusal(answer, response.headers)
    return answer


def _explain_silence(error: Exception, body: _WatchedBody | None) -> TolokaError:
    """Tell a request that never left from one that may have been applied."""
    kind = type(error).__name__
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return AccountError("the API address is no address")
    if body is not None:
        never_left = not body.was_read
    else:
        reason = getattr(error.args[0] if error.args else None, "reason", None)
        never_left = isinstance(error, requests.ConnectTimeout) or isinstance(
            reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError
        )
    if never_left:
        return NotSentError(f"Toloka could not be reached ({kind})")
    return OutcomeUnknownError(f"Toloka's answer did not come ({kind})")


def _read_answer(response: requests.Response, *, began: float, limits: TimeLimits) -> Answer:
    """Read what can be read; the status alone decides, so a body that breaks off is no error."""
    received = bytearray()
    try:
        while len(received) < MOST_BYTES and time.monotonic() - began < limits.body_s:
            piece = response.raw.read1(65_536, decode_content=True)
            if not piece:
                break
            received += piece
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        logger.warning("Toloka's answer broke off: %s", type(error).__name__)
    text = received[:MOST_BYTES].decode(errors="replace").replace("\0", "\ufffd")
    try:
        content = read_json(text)
    except ValueError:
        content = None
    request_id = response.headers.get("X-Request-Id", "")
    if not request_id and isinstance(content, dict):
        request_id = content.get("request_id", "")
    return Answer(
        http_status=response.status_code,
        text=text,
        json=content,
        request_id=clean_text(request_id, limit=128),
        latency_ms=int((time.monotonic() - began) * 1000),
    )


def _explain_refusal(answer: Answer, headers: Mapping[str, str]) -> TolokaError:
    """Class a status that is no success; the status decides first, Toloka's code second."""
    said = answer.json if isinstance(answer.json, dict) else {}
    code, payload = clean_text(said.get("code"), limit=100), said.get("payload")
    status = answer.http_status
    message = f"{status} {code}".strip() + ": " + (_say_what(said) or "no message")
    if status == 429:
        limited = RateLimitedError(message, code=code, payload=payload, answer=answer)
        limited.retry_after_s = _read_pause(headers, payload)
        return limited
    kind: type[TolokaError]
    if status in (401, 403, 405) or 300 <= status < 400:
        kind = AccountError
    elif status == 409:
        kind = ConflictError
    elif status == 503:
        kind = UnavailableError
    elif status == 408 or not 400 <= status < 500:
        kind = OutcomeUnknownError
    else:
        kind = RefusedError
    return kind(message, code=code, payload=payload, answer=answer)


def _say_what(said: Mapping[str, Any]) -> str:
    """Put Toloka's message and the fields that it names into one line."""
    text = clean_text(said.get("message"))
    payload = said.get("payload")
    if isinstance(payload, dict):
        for field, problem in list(payload.items())[:10]:
            if isinstance(problem, dict):
                why = problem.get("message") or problem.get("code")
                text += f"; {clean_text(field, limit=100)}: {clean_text(why, limit=200)}"
    return text


def _read_pause(headers: Mapping[str, str], payload: object) -> float:
    """Return for how many seconds Toloka wants peace; 0 where it does not say."""
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return min(float(value[:9]), MOST_RETRY_AFTER_S)
    if value:
        try:
            moment = parsedate_to_datetime(value)
            seconds = (moment - timezone.now()).total_seconds()
        except (TypeError, ValueError):
            seconds = 0.0
        if seconds > 0:
            return min(seconds, MOST_RETRY_AFTER_S)
    interval = payload.get("interval") if isinstance(payload, dict) else None
    if interval == "DAY":
        now = timezone.now()
        logger.error("Toloka's limit for a day is used up; calls rest until midnight UTC")
        return 86_400.0 - (now.hour * 3600 + now.minute * 60 + now.second)
    return {"MIN": 60.0, "HOUR": 3600.0}.get(str(interval), 0.0)
