"""What is answered where no view could: a calm page, or JSON to a program.

urls.py names these as ``handler403``, ``handler404`` and ``handler500``, the settings the last one
as ``CSRF_FAILURE_VIEW``.
"""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from labelplatform import logs

# Programs call these: the labeling page its own calls, requesters' programs the API.
PROGRAM_PATHS = ("/label/api/", "/api/")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404, "DOES_NOT_EXIST", _("There is no such page"), "404")


def not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403, "ACCESS_DENIED", _("You may not do this"), "403")


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    message = _("The page is too old, or this browser keeps no cookies. Reload the page.")
    return _answer(request, 403, "CSRF_FAILED", message, "csrf")


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(request, 500, "INTERNAL_ERROR", _("Something broke on our side"), "500")


def _answer(
    request: HttpRequest, status: int, code: str, message: Promise, template: str
) -> HttpResponse:
    response: HttpResponse
    if request.path_info.startswith(PROGRAM_PATHS):
        response = JsonResponse({"code": code, "message": str(message)}, status=status)
    else:
        # No context processor runs: the database or the session may be what is broken.
        page = loader.render_to_string(
            f"errors/{template}.html", {"request_id": logs.request_id.get()}
        )
        response = HttpResponse(page, status=status)
    response.headers["Cache-Control"] = "no-store"
    # The address may hold an assignment id.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
