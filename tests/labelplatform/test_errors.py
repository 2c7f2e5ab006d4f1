import json

import pytest
from django.core.exceptions import PermissionDenied
from django.test import RequestFactory, override_settings
from django.urls import path
from django.utils import translation

from labelplatform import errors

VIEWS = {
    404: lambda request: errors.not_found(request, Exception()),
    403: lambda request: errors.not_allowed(request, PermissionDenied()),
    500: errors.server_error,
}


@pytest.fixture(autouse=True)
def in_english():
    """Whatever language the test before has left active."""
    with translation.override("en"):
        yield


@pytest.mark.parametrize("status", VIEWS)
def test_a_person_gets_a_page(status):
    response = VIEWS[status](RequestFactory().get("/requester/pools/1/"))

    assert response.status_code == status
    assert response.content.decode().startswith("<!doctype html>")
    assert "<h1>" in response.content.decode()
    assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("address", ["/label/api/sessions/x", "/api/v1/pools/1"])
@pytest.mark.parametrize("status", VIEWS)
def test_a_program_gets_json(status, address):
    response = VIEWS[status](RequestFactory().get(address))

    body = json.loads(response.content)
    assert response.status_code == status
    assert set(body) == {"code", "message"}


def test_a_missing_csrf_token_is_told_in_the_callers_way():
    page = errors.csrf_failed(RequestFactory().post("/requester/login/"), "no cookie")
    call = errors.csrf_failed(RequestFactory().post("/label/api/sessions/x/finish"), "no cookie")

    assert page.status_code == call.status_code == 403
    assert "The form was too old" in page.content.decode()
    assert json.loads(call.content)["code"] == "CSRF_FAILED"


def test_the_pages_speak_russian():
    with translation.override("ru"):
        page = errors.server_error(RequestFactory().get("/"))

    assert '<html lang="ru">' in page.content.decode()
    assert "На нашей стороне сбой" in page.content.decode()


def break_down(request):
    raise RuntimeError("a secret cause")


urlpatterns = [path("broken/", break_down)]
handler404 = errors.not_found
handler500 = errors.server_error


@override_settings(ROOT_URLCONF=__name__)
def test_what_broke_is_not_shown(client):
    client.raise_request_exception = False

    response = client.get("/broken/")

    assert response.status_code == 500
    assert "a secret cause" not in response.content.decode()
    assert "Something broke on our side" in response.content.decode()


@override_settings(ROOT_URLCONF=__name__)
def test_an_unknown_address_gets_the_page(client):
    response = client.get("/nowhere/")

    assert response.status_code == 404
    assert "There is no such page" in response.content.decode()
