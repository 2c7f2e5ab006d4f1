"""The labeling page: its shell, with the state it starts from inlined."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_GET

from integration.arrivals import browser_digest
from labeling.models import Session
from labeling.performer.browser import choose_language, read_browser_key, send_language
from labeling.performer.refusals import render_refusal
from labeling.performer.state import session_state, way_back
from labeling.sessions import NotYoursError

BUILD = "build"  # the folder of the front-end's build, under static/
ENTRY = "frontend/labeling/main.tsx"
LAZY = {"view.markdown": "frontend/template-builder/markdown/markdown.ts"}
"""Components whose code is a file of its own: asked for at once where a template names them."""

# Nothing in the text may end the script element, or begin one or a comment.
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


@dataclass(frozen=True)
class Assets:
    """Addresses of what the browser loads before the page can work."""

    script: str
    preloads: tuple[str, ...]
    styles: tuple[str, ...]


@require_GET
def show_labeling_page(request: HttpRequest, session_id: UUID) -> HttpResponseBase:
    """Show a performer the session, open or closed, that the browser's key opens."""
    session = (
        Session.objects.select_related("performer", "visit__account", "visit__partner_key")
        .filter(pk=session_id)
        .first()
    )
    back = way_back(session) if session else ""
    key = read_browser_key(request)
    if key is None:
        return render_refusal(request, "no_cookie", way_back=back)
    profile = session.performer.profile if session else {}
    language = choose_language(request, profile.get("languages") or ())
    with translation.override(language):
        try:
            state = session_state(session_id, browser_digest(key), now=timezone.now())
        except NotYoursError:
            return render_refusal(request, "not_this_browser", way_back=back)
        request.META["visit_id"] = session.visit_id if session else ""  # for the lines of the log
        response = render_page(request, state, language=language)
    send_language(request, response, language)
    return response


def render_page(request: HttpRequest, state: Mapping[str, Any], *, language: str) -> HttpResponse:
    """Return the shell of the labeling page, which starts from ``state``.

    ``state`` is what ``GET /label/api/sessions/<session>`` answers, with ``urls`` and, for a page
    of which nothing is kept, ``preview``.
    """
    get_token(request)  # the page's calls send it back
    with translation.override(language):
        context = {
            "project": state["project"],
            "is_title_shown": _settings(state).get("showTitle") is not False,
            "assets": find_assets(str(state["project"]["view_spec"].get("config", ""))),
            "state": inline_json({**state, "language": language}),
        }
        response = render(request, "labeling/label.html", context)
        response.headers["Content-Language"] = language
    response.headers["Cache-Control"] = "no-store"
    return response


def inline_json(value: object) -> SafeString:
    """Return JSON that is safe inside ``<script type="application/json">``."""
    text = json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))
    return mark_safe(text.translate(_ESCAPES))  # noqa: S308  # nothing in it can end the element


def find_assets(config: str = "") -> Assets:
    """Return what the build made of the page's entry, and of what ``config`` names.

    A new build is seen at once.
    """
    path = finders.find(f"{BUILD}/manifest.json") or _collected(f"{BUILD}/manifest.json")
    if path is None:
        raise ImproperlyConfigured(
            f"static/{BUILD}/manifest.json is missing: build the front-end with 'npm run build'."
        )
    named = tuple(entry for component, entry in LAZY.items() if component in config)
    return _read_assets(path, Path(path).stat().st_mtime_ns, named)


def _settings(state: Mapping[str, Any]) -> Mapping[str, Any]:
    view_spec = state["project"]["view_spec"]
    shown = view_spec.get("settings") if isinstance(view_spec, Mapping) else None
    return shown if isinstance(shown, Mapping) else {}


def _collected(name: str) -> str | None:
    root = settings.STATIC_ROOT
    path = Path(root) / name if root else None
    return str(path) if path and path.exists() else None


@functools.lru_cache(maxsize=8)
def _read_assets(path: str, changed_ns: int, named: tuple[str, ...]) -> Assets:
    manifest: dict[str, dict[str, Any]] = json.loads(Path(path).read_text(encoding="utf-8"))
    # Modules name each other by these addresses: a storage that renames files would load two.
    base = f"{settings.STATIC_URL}{BUILD}/"
    chunks: dict[str, dict[str, Any]] = {}

    def gather(name: str) -> None:
        if name not in chunks:
            chunks[name] = manifest[name]
            for imported in manifest[name].get("imports", ()):
                gather(imported)

    for entry in (ENTRY, *named):
        gather(entry)
    styles = dict.fromkeys(css for chunk in chunks.values() for css in chunk.get("css", ()))
    script, *others = (chunk["file"] for chunk in chunks.values())
    return Assets(
        script=base + script,
        preloads=tuple(base + file for file in others),
        styles=tuple(base + file for file in styles),
    )
