import inspect
import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.conf import settings
from django.test import RequestFactory
from django.utils import translation

from integration import arrivals
from labeling.enums import WaitReason
from labeling.performer.refusals import (
    LATEST_RETRY_S,
    REFUSALS,
    SOONEST_RETRY_S,
    render_refusal,
)

ASSIGNMENT_ID = "0000009d12--66c5f1aa90b1c20c7d1e44f0"
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_english():
    """Whatever language the test before has left active."""
    with translation.override("en"):
        yield


@pytest.fixture
def request_of():
    def make(language: str = "en"):
        address = f"/toloka/start/?assignment_id={ASSIGNMENT_ID}"
        return RequestFactory().get(address, HTTP_ACCEPT_LANGUAGE=language)

    return make


@pytest.mark.parametrize("code", REFUSALS)
def test_each_page_has_a_status_a_reason_a_cure_and_the_way_back(request_of, code):
    refusal = REFUSALS[code]

    response = render_refusal(request_of(), code, way_back="https://toloka.example/tasks")

    page = unescape(response.content.decode())
    assert response.status_code == refusal.status
    assert 400 <= response.status_code < 600
    assert f"<h1>{refusal.title}</h1>" in page
    assert str(refusal.text) in page
    assert str(refusal.cure) in page
    assert 'href="https://toloka.example/tasks"' in page


@pytest.mark.parametrize("code", REFUSALS)
def test_no_page_leaks_the_assignment_or_is_kept(request_of, code):
    response = render_refusal(request_of(), code)

    assert ASSIGNMENT_ID not in response.content.decode()
    assert ASSIGNMENT_ID not in str(response.headers)
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("code", REFUSALS)
def test_each_page_speaks_russian_too(request_of, code):
    english = render_refusal(request_of("en"), code).content.decode()

    russian = render_refusal(request_of("ru-RU,ru;q=0.9"), code).content.decode()

    assert '<html lang="en">' in english
    assert '<html lang="ru">' in russian
    assert "Вернуться в Толоку" in russian
    assert "Back to Toloka" not in russian


def test_every_reason_to_give_no_page_has_a_page_at_the_door():
    assert [reason for reason in WaitReason if reason not in REFUSALS] == []


def test_every_reason_of_an_arrival_has_a_page():
    codes = re.findall(r'ArrivalRefused\(\s*"(\w+)"', inspect.getsource(arrivals))

    assert "not_active" in codes
    assert [code for code in codes if code not in REFUSALS] == []


def test_every_page_is_in_the_documentation():
    text = (settings.BASE_DIR / "docs" / "arrivals.md").read_text()

    told = [code for code in REFUSALS if REFUSALS[code] is not REFUSALS["visit_over"]]
    assert [code for code in told if f"`{code}`" not in text] == []


def test_without_an_account_the_way_back_is_toloka(request_of):
    page = render_refusal(request_of(), "unknown_key").content.decode()

    assert 'href="https://toloka.dev"' in page


def test_a_page_that_retries_says_when_and_does_it_by_itself(request_of):
    response = render_refusal(request_of(), "other_browser", retry_after_s=41.6)

    page = response.content.decode()
    assert '<meta http-equiv="refresh" content="42">' in page
    assert "Next try in 42 seconds." in page
    assert response.headers["Retry-After"] == "42"


@pytest.mark.parametrize(
    ("wanted", "expected"), [(0, SOONEST_RETRY_S), (-3, SOONEST_RETRY_S), (9000, LATEST_RETRY_S)]
)
def test_a_retry_is_neither_at_once_nor_in_hours(request_of, wanted, expected):
    response = render_refusal(request_of(), "rate_limited", retry_after_s=wanted)

    assert response.headers["Retry-After"] == str(expected)


def test_a_page_that_could_not_get_better_does_not_retry(request_of):
    response = render_refusal(request_of(), "not_active", retry_after_s=30)

    assert "http-equiv" not in response.content.decode()
    assert "Retry-After" not in response.headers


def test_a_restriction_says_when_it_ends(request_of):
    until = NOON + timedelta(days=2)

    page = render_refusal(request_of(), WaitReason.RESTRICTED, until=until).content.decode()

    assert "Until 23 November 2026, 12:00 (UTC)." in page
