"""The door: from Start in Toloka to the labeling page, or to a page that says why not."""

import logging
from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET

from integration import arrivals
from integration.arrivals import ArrivalRefused
from labeling import sessions
from labeling.models import Pool
from labeling.performer.browser import make_browser_key, read_browser_key, send_browser_key
from labeling.performer.refusals import render_refusal
from labeling.sessions import NoWorkError

logger = logging.getLogger(__name__)


# GET alone: what previews links asks with HEAD, and must not open a visit.
@require_GET
def start_visit(
    request: HttpRequest, arrival_key: str | None = None, path_id: str | None = None
) -> HttpResponseBase:
    """Let a performer in who pressed Start in Toloka.

    The address names the account (``arrival_key``; none where the installation has only one) and
    the assignment: as a parameter, or as the last part of the path. The answer is a redirect to
    an address without the assignment, or a page with the reason of the refusal.
    """
    if _is_prefetch(request):
        return _leave(HttpResponse(status=503))
    way_back = ""
    key = read_browser_key(request) or make_browser_key()
    try:
        resolved = arrivals.resolve(
            arrival_key=arrival_key,
            params=dict(request.GET.lists()),
            path_id=path_id,
            address=request.META.get("REMOTE_ADDR", ""),
            now=timezone.now(),
        )
        way_back = resolved.account.way_back
        # Asked again: Toloka may have taken seconds to answer.
        session = sessions.arrive(
            resolved, browser_key=arrivals.browser_digest(key), now=timezone.now()
        )
    except ArrivalRefused as refused:
        logger.info("arrival refused: %s", refused.code)
        return render_refusal(
            request,
            refused.code,
            way_back=refused.way_back or way_back,
            retry_after_s=refused.retry_after_s,
        )
    except NoWorkError as refused:
        logger.info("arrival refused: %s", refused.reason)
        return render_refusal(request, refused.reason, way_back=way_back, until=refused.until)
    except Pool.DoesNotExist:
        logger.info("arrival refused: no pool of ours behind the card")
        return render_refusal(request, "not_ours", way_back=way_back)
    request.META["visit_id"] = session.visit_id
    response = _leave(redirect("labeling-page", session_id=session.pk))
    # Only here: of two refused windows of one browser, the later must not undo the first's key.
    send_browser_key(response, key)
    get_token(request)
    return response


def _is_prefetch(request: HttpRequest) -> bool:
    """Tell a browser that fetches in case somebody clicks from one where somebody did."""
    headers: Mapping[str, str] = request.headers
    purpose = headers.get("Sec-Purpose", "") or headers.get("Purpose", "")
    return "prefetch" in purpose or "prerender" in purpose


def _leave(response: HttpResponse) -> HttpResponse:
    """Keep the address, which holds an assignment id, from caches and from the next site."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
