"""What happens around every request: ids, the access log, metrics; and who is spared what.

Performers have no account, so their pages touch neither session nor user: the cheapest lookup is
none.
"""

import ipaddress
import logging
import re
import secrets
import time
from collections.abc import Callable

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from labelplatform import health, logs, metrics

logger = logging.getLogger("access")

GetResponse = Callable[[HttpRequest], HttpResponseBase]

PERFORMER_PATHS = ("/label/", "/toloka/", "/static/")
OPERATOR_PAGES: dict[str, GetResponse] = {
    "/healthz": health.healthz,
    "/readyz": health.readyz,
    "/metrics": metrics.show_metrics,
}
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestMiddleware:
    """Gives each request an id, a line in the log and its place in the metrics.

    Behind proxies named in TRUSTED_PROXIES, REMOTE_ADDR becomes the client's address and the
    scheme the one that the client used. The operator's pages are answered here: probes ask by
    address, which is no name in ALLOWED_HOSTS.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        _trust_proxies(request)
        given = request.headers.get("X-Request-ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        tokens = logs.request_id.set(request_id), logs.request_meta.set(request.META)
        try:
            page = OPERATOR_PAGES.get(request.path_info)
            response = page(request) if page else self.get_response(request)
            response["X-Request-ID"] = request_id
            if page is None:
                _account_for(request, response.status_code, time.perf_counter() - started)
        finally:
            logs.request_id.reset(tokens[0])
            logs.request_meta.reset(tokens[1])
        return response


class SignedInSessionMiddleware(SessionMiddleware):
    """Sessions, except on the pages of performers."""

    def process_request(self, request: HttpRequest) -> None:
        if not _is_for_performers(request):
            super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if _is_for_performers(request):
            return response
        return super().process_response(request, response)


class SignedInAuthenticationMiddleware(AuthenticationMiddleware):
    """``request.user``, except on the pages of performers."""

    def process_request(self, request: HttpRequest) -> None:
        if not _is_for_performers(request):
            super().process_request(request)


class SignedInMessageMiddleware(MessageMiddleware):
    """Messages from page to page, except on the pages of performers."""

    def process_request(self, request: HttpRequest) -> None:
        if not _is_for_performers(request):
            super().process_request(request)


class PolicyMiddleware(CSPMiddleware):
    """The Content-Security-Policy: the strict one everywhere, the admin's own in the admin."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if response.get("Content-Type", "").startswith("application/json"):
            return response  # no browser renders it
        return super().process_response(request, response)

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if parts.config is None and not report_only and request.path_info.startswith("/admin/"):
            parts.config = settings.ADMIN_SECURITY_POLICY
        return parts


def _is_for_performers(request: HttpRequest) -> bool:
    return request.path_info.startswith(PERFORMER_PATHS)


def _trust_proxies(request: HttpRequest) -> None:
    """Replace the address of a trusted proxy by the nearest one that is none."""
    trusted = settings.TRUSTED_PROXIES
    if not trusted or not _is_in(request.META.get("REMOTE_ADDR", ""), trusted):
        return
    for hop in reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")):
        request.META["REMOTE_ADDR"] = hop.strip() or request.META["REMOTE_ADDR"]
        if not _is_in(hop.strip(), trusted):
            break
    if request.META.get("HTTP_X_FORWARDED_PROTO") in ("http", "https"):
        request.META["wsgi.url_scheme"] = request.META["HTTP_X_FORWARDED_PROTO"]


def _is_in(address: str, networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)


def _account_for(request: HttpRequest, status: int, seconds: float) -> None:
    match = request.resolver_match
    if match is None and request.path_info.startswith("/static/"):
        metrics.observe_request("static", request.method or "", status, seconds)
        return
    route = match.route if match else "unknown"
    metrics.observe_request(route, request.method or "", status, seconds)
    logger.info(
        "%s %s %d",
        request.method,
        request.path,
        status,
        extra={"route": route, "ms": round(seconds * 1000, 1), "address": _address(request)},
    )


def _address(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))
