"""What tells one performer's browser from another: its key; and which language it wants.

Performers have no session and no account with us. One cookie holds a random key, signed; the
visit keeps the key's digest, and each call compares the two.
"""

import secrets
from collections.abc import Iterable

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation

COOKIE_NAME = "browser_key"
COOKIE_AGE_S = 365 * 24 * 3600
LANGUAGE_COOKIE_PATH = "/label/"

_signer = signing.Signer(salt="labeling.performer.browser")


def read_browser_key(request: HttpRequest) -> str | None:
    """Return the key of the cookie; None where there is none, or none that we have signed."""
    try:
        return _signer.unsign(request.COOKIES.get(COOKIE_NAME, ""))
    except signing.BadSignature:
        return None


def make_browser_key() -> str:
    return secrets.token_urlsafe(24)


def send_browser_key(response: HttpResponseBase, key: str) -> None:
    """Put ``key`` into the browser for a year from now."""
    response.set_cookie(
        COOKIE_NAME,
        _signer.sign(key),
        max_age=COOKIE_AGE_S,
        path="/",
        secure=settings.PUBLIC_URL.startswith("https://"),
        httponly=True,
        samesite="Lax",
    )


def choose_language(request: HttpRequest, profile_languages: Iterable[object] = ()) -> str:
    """Return the code of the language, among ours, in which to speak to a performer.

    The browser's choice counts where the profile, if it says anything, knows that language too;
    else the profile's first that we have; else the browser's. Profiles name languages as Toloka
    does: ``["RU", "EN"]``.
    """
    wanted = translation.get_language_from_request(request)
    ours = {code for code, _ in settings.LANGUAGES}
    known = [code for code in (str(name).lower() for name in profile_languages) if code in ours]
    return wanted if wanted in known or not known else known[0]


def send_language(request: HttpRequest, response: HttpResponseBase, language: str) -> None:
    """Have the page's calls answered in ``language``, where the browser would ask for another."""
    if language != translation.get_language_from_request(request):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=COOKIE_AGE_S,
            path=LANGUAGE_COOKIE_PATH,
            secure=settings.PUBLIC_URL.startswith("https://"),
            samesite="Lax",
        )
