import json
import re
from datetime import timedelta

import pytest
from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from integration import arrivals
from labeling.enums import SessionStatus
from labeling.performer.browser import (
    COOKIE_NAME,
    make_browser_key,
    read_browser_key,
    send_browser_key,
)
from labeling.performer.page import find_assets, inline_json
from tests.factories import PoolFactory, ProjectVersionFactory, SessionFactory, TaskFactory

MANIFEST = {
    "frontend/template-builder/markdown/markdown.ts": {"file": "assets/markdown-1.js"},
    "frontend/labeling/main.tsx": {
        "file": "assets/labeling-1.js",
        "isEntry": True,
        "imports": ["_shared.js"],
        "dynamicImports": ["frontend/late.ts"],
        "css": ["assets/labeling-1.css"],
    },
    "_shared.js": {
        "file": "assets/shared-2.js",
        "imports": ["_deep.js"],
        "css": ["assets/shared-2.css"],
    },
    "_deep.js": {"file": "assets/deep-3.js", "imports": ["_shared.js"]},
    "frontend/late.ts": {"file": "assets/late-4.js", "css": ["assets/late-4.css"]},
}


@pytest.fixture(autouse=True)
def build(tmp_path, monkeypatch):
    """A front-end that was built; none is needed to test what the shell says of it."""

    def find(name):
        path = tmp_path / name
        return str(path) if path.exists() else None

    monkeypatch.setattr(finders, "find", find)
    folder = tmp_path / "build"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(MANIFEST))
    return folder


@pytest.fixture
def browser():
    return open_browser()


@pytest.fixture
def session(db, browser):
    pool = PoolFactory(project__public_name="Signs & <b>roads</b>")
    TaskFactory.create_batch(2, pool=pool)
    return SessionFactory(pool=pool, visit__browser_key=digest_of(browser))


def open_browser():
    """Return a browser that has a key."""
    client = Client()
    response = HttpResponse()
    send_browser_key(response, make_browser_key())
    client.cookies[COOKIE_NAME] = response.cookies[COOKIE_NAME].value
    return client


def digest_of(client):
    """Return what a visit keeps of the browser's key."""
    request = RequestFactory().get("/")
    request.COOKIES[COOKIE_NAME] = client.cookies[COOKIE_NAME].value
    return arrivals.browser_digest(read_browser_key(request) or "")


def state_of(response):
    _, _, rest = response.content.decode().partition('<script type="application/json" id="state">')
    return json.loads(rest.partition("</script>")[0])


def test_the_page_starts_from_the_state_that_the_call_answers(browser, session):
    response = browser.get(f"/label/{session.pk}/")

    state = state_of(response)
    asked = browser.get(state["urls"]["api"]).json()
    assert response.status_code == 200
    assert state.pop("language") == "en"
    state.pop("server_time"), asked.pop("server_time")
    assert state == asked
    assert len(state["assignment"]["tasks"]) == 1


def test_the_page_names_what_was_built_and_preloads_what_it_imports(browser, session):
    text = browser.get(f"/label/{session.pk}/").content.decode()

    assert '<script type="module" src="/static/build/assets/labeling-1.js"></script>' in text
    assert '<link rel="modulepreload" href="/static/build/assets/shared-2.js">' in text
    assert '<link rel="modulepreload" href="/static/build/assets/deep-3.js">' in text
    assert '<link rel="stylesheet" href="/static/build/assets/labeling-1.css">' in text
    assert '<link rel="stylesheet" href="/static/build/assets/shared-2.css">' in text
    assert "late-4" not in text


def test_the_page_obeys_its_own_content_security_policy(browser, session):
    response = browser.get(f"/label/{session.pk}/")

    text = response.content.decode()
    scripts = re.findall(r"<script([^>]*)>", text)
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    assert [s for s in scripts if "src=" not in s] == [' type="application/json" id="state"']
    assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", text)


def test_the_project_name_is_text(browser, session):
    text = browser.get(f"/label/{session.pk}/").content.decode()

    assert "<title>Signs &amp; &lt;b&gt;roads&lt;/b&gt;</title>" in text
    assert "<b>" not in text


def test_a_project_may_hide_its_name(browser, db):
    version = ProjectVersionFactory(project__public_name="Secret name")
    version.view_spec["settings"] = {"showTitle": False}
    version = ProjectVersionFactory(project=version.project, view_spec=version.view_spec)
    pool = PoolFactory(project=version.project, version=version)
    session = SessionFactory(pool=pool, visit__browser_key=digest_of(browser))

    text = browser.get(f"/label/{session.pk}/").content.decode()

    assert '<h1 class="page-title"></h1>' in text


@pytest.mark.parametrize(
    "text",
    ["</script><script>alert(1)</script>", "<!--", "a & b", "\u2028\u2029", "Привет 👋", "\\"],
)
def test_inlined_json_can_not_end_its_element_and_says_the_same(text):
    inlined = inline_json({"text": text})

    assert not set("<>&") & set(inlined)
    assert json.loads(inlined) == {"text": text}


def test_a_closed_session_still_shows_its_end_and_the_way_back(browser, session):
    session.status = SessionStatus.CLOSED
    session.closed_at = timezone.now()
    session.save(update_fields=["status", "closed_at"])

    response = browser.get(f"/label/{session.pk}/")

    state = state_of(response)
    assert response.status_code == 200
    assert state["assignment"] is None
    assert state["reason"]["message"]
    assert state["urls"]["back"] == session.visit.account.way_back


def test_another_browser_is_refused_and_learns_nothing_but_the_way_back(session):
    answer = open_browser().get(f"/label/{session.pk}/")

    text = answer.content.decode()
    assert answer.status_code == 403
    assert "This work belongs to another browser" in text
    assert session.visit.account.way_back in text
    assert "roads" not in text


def test_a_browser_that_keeps_no_cookies_is_told_so(session, client):
    response = client.get(f"/label/{session.pk}/")

    assert response.status_code == 403
    assert "Allow cookies for this site" in response.content.decode()


@pytest.mark.parametrize("cookie", ["", "made-up", "made:up", "a:b:c"])
def test_a_key_that_we_did_not_sign_is_none(session, client, cookie):
    client.cookies[COOKIE_NAME] = cookie

    response = client.get(f"/label/{session.pk}/")

    assert response.status_code == 403


def test_a_session_that_does_not_exist_looks_like_one_of_another_browser(browser, db):
    response = browser.get("/label/0191c3f0-0000-7000-8000-000000000000/")

    assert response.status_code == 403
    assert "This work belongs to another browser" in response.content.decode()


@pytest.mark.parametrize(
    ("accepted", "profile", "language"),
    [
        ("ru-RU,ru;q=0.9,en;q=0.5", {}, "ru"),
        ("de,en;q=0.5", {}, "en"),
        ("de", {}, "en"),
        ("en", {"languages": ["RU"]}, "ru"),
        ("ru", {"languages": ["EN", "RU"]}, "ru"),
        ("de", {"languages": ["DE", "RU"]}, "ru"),
        ("ru", {"languages": ["DE"]}, "ru"),
        ("ru", {"languages": None}, "ru"),
    ],
)
def test_the_page_speaks_the_performers_language(browser, session, accepted, profile, language):
    session.performer.profile = profile
    session.performer.save(update_fields=["profile"])

    response = browser.get(f"/label/{session.pk}/", headers={"Accept-Language": accepted})

    assert state_of(response)["language"] == language
    assert f'<html lang="{language}">' in response.content.decode()
    assert response.headers["Content-Language"] == language


def test_the_calls_of_a_page_speak_its_language(browser, session):
    session.performer.profile = {"languages": ["RU"]}
    session.performer.save(update_fields=["profile"])
    session.visit.deadline = timezone.now() - timedelta(hours=1)
    session.visit.save(update_fields=["deadline"])

    state = state_of(browser.get(f"/label/{session.pk}/"))

    asked = browser.get(state["urls"]["api"]).json()
    assert asked["reason"] == state["reason"]
    assert re.search("[а-я]", asked["reason"]["message"])


def test_a_new_build_is_seen_at_once_and_a_missing_one_named(build):
    assert find_assets().script.endswith("labeling-1.js")
    changed = {"frontend/labeling/main.tsx": {"file": "assets/labeling-9.js"}}
    (build / "manifest.json").write_text(json.dumps(changed))

    assert find_assets().script.endswith("labeling-9.js")

    (build / "manifest.json").unlink()
    with pytest.raises(ImproperlyConfigured, match="npm run build"):
        find_assets()


def test_the_page_costs_few_statements(browser, session, django_assert_max_num_queries):
    browser.get(f"/label/{session.pk}/")

    with django_assert_max_num_queries(9):
        browser.get(f"/label/{session.pk}/")


def test_code_of_a_component_is_asked_for_where_the_template_names_it() -> None:
    without = find_assets('{"view": {"type": "view.text"}}')
    with_markdown = find_assets('{"view": {"type": "view.markdown"}}')

    (extra,) = set(with_markdown.preloads) - set(without.preloads)
    assert "/markdown-" in extra
