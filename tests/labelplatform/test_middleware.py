"""Who is spared what, and which policy a page has."""

import pytest
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.template import engines
from django.urls import path

STRICT = {
    "default-src": "'none'",
    "script-src": "'self'",
    "img-src": "'self' https: data: blob:",
    "media-src": "'self' https: blob:",
    "frame-src": "https:",
    "connect-src": "'self'",
    "font-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def show(request, **arguments):
    template = engines["django"].from_string("<style nonce='{{ CSP_NONCE }}'></style>")
    return HttpResponse(template.render({}, request))


def facts(request, **arguments):
    return JsonResponse({"session": hasattr(request, "session"), "user": hasattr(request, "user")})


def ask_for_token(request):
    return HttpResponse(get_token(request))


urlpatterns = [
    path("label/api/facts", facts),
    path("toloka/facts", facts),
    path("requester/facts", facts),
    path("label/api/token", ask_for_token),
    path("label/<session>/", show),
    path("requester/", show),
    path("admin/", show),
]
pytestmark = pytest.mark.urls("tests.labelplatform.test_middleware")


def read_policy(response):
    parts = response["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


@pytest.mark.parametrize("address", ["/label/s1/", "/requester/"])
def test_pages_have_the_strict_policy_with_the_nonce_of_their_style(client, address):
    response = client.get(address)

    nonce = response.content.decode().split("'")[1]
    assert len(nonce) >= 20
    assert read_policy(response) == STRICT | {"style-src": f"'self' 'nonce-{nonce}'"}


def test_each_answer_has_a_nonce_of_its_own(client):
    pages = {client.get("/label/s1/").content for _ in range(3)}

    assert len(pages) == 3


def test_the_admin_has_a_policy_of_its_own(client):
    policy = read_policy(client.get("/admin/"))

    assert policy["script-src"] == "'self' 'unsafe-eval'"
    assert policy["frame-src"] == "'self'"


def test_no_page_can_be_framed_or_told_from_where_it_was_left(client):
    headers = client.get("/label/s1/").headers

    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("address", "has"),
    [("/label/api/facts", False), ("/toloka/facts", False), ("/requester/facts", True)],
)
def test_performers_pages_touch_neither_session_nor_user(client, address, has):
    assert client.get(address).json() == {"session": has, "user": has}


def test_performers_calls_need_the_csrf_token_without_a_session(client):
    client.handler.enforce_csrf_checks = True
    token = client.get("/label/api/token").cookies["csrftoken"].value

    without = client.post("/label/api/facts")
    with_token = client.post("/label/api/facts", headers={"X-CSRFToken": token})

    assert (without.status_code, with_token.status_code) == (403, 200)


def test_a_performers_call_asks_the_database_nothing(client, django_assert_num_queries, db):
    client.cookies["sessionid"] = "of-someone-signed-in"

    with django_assert_num_queries(0):
        client.get("/label/api/facts")
