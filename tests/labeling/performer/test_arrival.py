"""From the redirect to the labeling page; what Toloka says is given, all else is real."""

import logging
from datetime import timedelta
from html import unescape

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from integration import arrivals
from integration.arrivals import ArrivalRefused, ResolvedArrival
from integration.enums import VisitStatus
from integration.models import Performer, Visit
from labeling.enums import AssignmentStatus, PoolStatus, RestrictionScope
from labeling.models import Restriction, Session
from labeling.performer.browser import COOKIE_NAME
from labeling.performer.refusals import REFUSALS
from tests.factories import (
    AssignmentFactory,
    ListingFactory,
    PoolFactory,
    TaskFactory,
    TolokaAccountFactory,
)

ASSIGNMENT_ID = "0000009d12--66c5f1aa90b1c20c7d1e44f0"


@pytest.fixture
def pool(db):
    pool = PoolFactory()
    TaskFactory.create_batch(3, pool=pool)
    return pool


@pytest.fixture
def toloka(monkeypatch, pool):
    """Toloka as it knows one performer; each assignment of the pool's card is his."""

    def resolve(*, params, path_id, **_):
        assignment_id = path_id or params["assignment_id"][0]
        return ResolvedArrival(
            account=pool.listing.account,
            listing=pool.listing,
            external_id="performer-1",
            assignment_id=assignment_id,
            deadline=timezone.now() + timedelta(hours=4),
        )

    monkeypatch.setattr(arrivals, "resolve", resolve)


def start(client, assignment_id=ASSIGNMENT_ID, **headers):
    return client.get("/toloka/some-key/start/", {"assignment_id": assignment_id}, **headers)


def heading(response):
    return unescape(response.content.decode()).split("<h1>")[1].split("</h1>")[0]


def test_an_arrival_is_sent_on_at_once_to_an_address_without_the_assignment(toloka, client):
    response = start(client)

    session = Session.objects.get()
    assert response.status_code == 302
    assert response.headers["Location"] == f"/label/{session.pk}/"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"
    assert ASSIGNMENT_ID not in response.content.decode()


def test_an_arrival_puts_the_browsers_key_and_the_csrf_token_into_the_browser(toloka, client):
    response = start(client)

    cookie = response.cookies[COOKIE_NAME]
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == 365 * 24 * 3600
    assert cookie["path"] == "/"
    assert not cookie["secure"]
    assert "csrftoken" in response.cookies
    assert "sessionid" not in response.cookies
    assert Visit.objects.get().browser_key not in cookie.value


def test_on_a_site_with_https_the_key_travels_by_https_alone(toloka, client, settings):
    settings.PUBLIC_URL = "https://label.example.org"

    response = start(client)

    assert response.cookies[COOKIE_NAME]["secure"] is True


@pytest.mark.parametrize(
    "address",
    [
        f"/toloka/some-key/start?assignment_id={ASSIGNMENT_ID}",
        f"/toloka/some-key/start/{ASSIGNMENT_ID}/",
        f"/toloka/some-key/start/{ASSIGNMENT_ID}",
        f"/toloka/start/?assignment_id={ASSIGNMENT_ID}",
        f"/toloka/start/{ASSIGNMENT_ID}/",
    ],
)
def test_each_form_of_the_address_opens_the_same_visit(toloka, client, address):
    response = client.get(address)

    assert response.status_code == 302
    assert Visit.objects.get().assignment_id == ASSIGNMENT_ID


def test_coming_again_in_the_same_browser_goes_on_with_the_same_session(toloka, client):
    first = start(client)

    second = start(client)

    assert second.headers["Location"] == first.headers["Location"]
    assert Session.objects.count() == 1


def test_another_browser_waits_on_a_page_that_tries_again(toloka, client):
    start(client)

    response = start(Client())

    assert response.status_code == 409
    assert heading(response) == REFUSALS["other_browser"].title
    assert "refresh" in response.content.decode()
    assert COOKIE_NAME not in response.cookies
    assert Session.objects.count() == 1


def test_another_browser_takes_over_once_the_first_is_silent(toloka, client):
    first = start(client)
    Visit.objects.update(heard_at=timezone.now() - timedelta(minutes=3))
    other = Client()

    second = start(other)

    assert second.headers["Location"] == first.headers["Location"]
    assert other.get(second.headers["Location"]).status_code == 200
    assert client.get(first.headers["Location"]).status_code == 403


def test_a_visit_that_is_over_is_not_opened_again(toloka, client):
    start(client)
    Visit.objects.update(status=VisitStatus.CLOSED)

    response = start(client)

    assert response.status_code == 410
    assert heading(response) == REFUSALS["visit_over"].title


@pytest.mark.parametrize("method", ["head", "post", "options"])
def test_nothing_but_get_opens_a_visit(toloka, client, method):
    response = getattr(client, method)(f"/toloka/some-key/start/?assignment_id={ASSIGNMENT_ID}")

    assert response.status_code == 405
    assert Visit.objects.count() == 0


@pytest.mark.parametrize("header", ["HTTP_SEC_PURPOSE", "HTTP_PURPOSE"])
def test_a_fetch_ahead_opens_no_visit(toloka, client, header):
    response = start(client, **{header: "prefetch;prerender"})

    assert response.status_code == 503
    assert Visit.objects.count() == 0


def test_a_closed_pool_says_so_and_opens_nothing(toloka, client, pool):
    pool.status = PoolStatus.CLOSED
    pool.save(update_fields=["status"])

    response = start(client)

    assert response.status_code == 410
    assert heading(response) == REFUSALS["pool_closed"].title
    assert pool.listing.account.way_back in response.content.decode()
    assert Visit.objects.count() == 0


def test_a_restricted_performer_is_told_until_when(toloka, client, pool):
    performer = Performer.objects.create(
        realm=pool.listing.account.realm, external_id="performer-1"
    )
    Restriction.objects.create(
        requester=pool.project.requester,
        performer=performer,
        scope=RestrictionScope.ALL_PROJECTS,
        until=timezone.now() + timedelta(days=3),
    )

    response = start(client)

    assert response.status_code == 403
    assert "Until " in response.content.decode()
    assert Visit.objects.count() == 0


def test_a_performer_who_has_done_everything_is_thanked(toloka, client, pool):
    pool.tasks.update(overlap=2)
    AssignmentFactory(
        pool=pool,
        performer__external_id="performer-1",
        tasks=list(pool.tasks.all()),
        status=AssignmentStatus.ACCEPTED,
        session__visit__status=VisitStatus.CLOSED,
    )

    response = start(client)

    assert response.status_code == 409
    assert heading(response) == REFUSALS["done"].title
    assert Visit.objects.count() == 1


def test_where_every_task_has_its_answers_the_work_is_done(toloka, client, pool):
    pool.tasks.update(overlap=0)

    response = start(client)

    assert response.status_code == 410
    assert heading(response) == REFUSALS["pool_complete"].title
    assert Visit.objects.count() == 0


def test_a_card_without_a_pool_of_ours_is_not_ours(monkeypatch, client, db):
    listing = ListingFactory()
    arrival = ResolvedArrival(
        account=listing.account,
        listing=listing,
        external_id="performer-1",
        assignment_id=ASSIGNMENT_ID,
        deadline=timezone.now() + timedelta(hours=4),
    )
    monkeypatch.setattr(arrivals, "resolve", lambda **_: arrival)

    response = start(client)

    assert response.status_code == 404
    assert heading(response) == REFUSALS["not_ours"].title


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "no_id"),
        ("?assignment_id=", "no_id"),
        ("?assignment_id=<b>", "malformed"),
        ("?assignment_id=abc&assignment_id=abd", "different_ids"),
        ("?assignment_id=abc&assignmentId=abd", "different_ids"),
        ("?assignment_id=abc", "toloka_down"),  # nobody listens where the account points
    ],
)
def test_a_wrong_link_gets_the_page_for_it(broker, client, pool, query, code):
    response = client.get(f"/toloka/{pool.listing.account.arrival_key}/start/{query}")

    assert heading(response) == REFUSALS[code].title
    assert response.status_code == REFUSALS[code].status
    assert pool.listing.account.way_back in response.content.decode()


def test_an_unknown_key_gets_a_page_of_its_own(broker, client, pool):
    response = client.get("/toloka/nobodys-key/start/?assignment_id=abc")

    assert response.status_code == 404
    assert heading(response) == REFUSALS["unknown_key"].title


def test_a_link_without_key_needs_one_account_alone(broker, client, pool):
    TolokaAccountFactory()

    response = client.get("/toloka/start/?assignment_id=abc")

    assert response.status_code == 404
    assert heading(response) == REFUSALS["several_accounts"].title


@pytest.mark.parametrize("code", sorted(set(REFUSALS) & {"rate_limited", "toloka_down"}))
def test_a_refusal_for_now_says_when_to_come_back(monkeypatch, client, db, code):
    def refuse(**_):
        raise ArrivalRefused(code, way_back="https://toloka.example/", retry_after_s=17)

    monkeypatch.setattr(arrivals, "resolve", refuse)

    response = start(client)

    assert response.status_code == REFUSALS[code].status
    assert response.headers["Retry-After"] == "17"


def test_no_log_line_names_the_assignment(toloka, client, caplog):
    with caplog.at_level(logging.DEBUG):
        start(client)
        start(Client())

    assert "arrival refused: other_browser" in caplog.text
    assert ASSIGNMENT_ID not in caplog.text


def test_the_csrf_token_outlives_the_redirect(toloka):
    client = Client(enforce_csrf_checks=True)
    response = start(client)
    session = Session.objects.get()

    client.get(response.headers["Location"])
    token = client.cookies[settings.CSRF_COOKIE_NAME].value
    finished = client.post(
        f"/label/api/sessions/{session.pk}/finish",
        content_type="application/json",
        headers={"X-CSRFToken": token},
    )

    assert finished.status_code == 200
