import json
import logging

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import path

from labelplatform import logs
from labelplatform.middleware import RequestMiddleware

ASSIGNMENT = "00005ddb4f--5ed54ba0e5bd9f4b9a3b4ff8"


@pytest.mark.parametrize(
    ("line", "clean"),
    [
        (
            f"GET /toloka/k3y-of-arrival/start/?assignment_id={ASSIGNMENT} 302",
            "GET /toloka/[removed] 302",
        ),
        (f"lookup of {ASSIGNMENT} failed", "lookup of [removed] failed"),
        ("{'Authorization': 'OAuth AgAA-key_1'}", "{'Authorization': 'OAuth [removed]'}"),
        ("Authorization: ApiKey abcdef.123456", "Authorization: ApiKey [removed]"),
        ("token=abc&page=2", "token=[removed]&page=2"),
        ('{"token": "abc", "page": 2}', '{"token": "[removed]", "page": 2}'),
        (r'{"message": "{\"token\": \"abc\"}"}', r'{"message": "{\"token\": \"[removed]\"}"}'),
        ("assignmentId='abc'", "assignmentId='[removed]'"),
        ("entered with eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl", "entered with [removed]"),
        ("redis://:hunter2@cache:6379/0", "redis://:[removed]@cache:6379/0"),
        ("payment 17 sent in attempt 2", "payment 17 sent in attempt 2"),
        ("tokens are never shown", "tokens are never shown"),
    ],
)
def test_secrets_are_removed_from_a_line(line, clean):
    assert logs.remove_secrets(line) == clean


def make_record(message, *args, error=None):
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("labeling.serving", logging.INFO, "", 1, message, args, info)
    logs.ContextFilter().filter(record)
    return record


def test_a_json_line_holds_ids_and_no_secret():
    tokens = logs.request_id.set("request-1"), logs.visit_id.set("17")
    try:
        line = logs.JsonFormatter().format(make_record("answer of %s: token=%s", "Toloka", "abc"))
    finally:
        logs.request_id.reset(tokens[0])
        logs.visit_id.reset(tokens[1])

    found = json.loads(line)
    assert found.pop("time").endswith("+00:00")
    assert found == {
        "level": "INFO",
        "logger": "labeling.serving",
        "message": "answer of Toloka: token=[removed]",
        "request_id": "request-1",
        "visit_id": "17",
    }


@pytest.mark.parametrize("formatter", [logs.JsonFormatter, logs.TextFormatter])
def test_a_traceback_holds_no_secret(formatter):
    try:
        raise ValueError(f"GET https://toloka.example/api/v1/assignments/{ASSIGNMENT} refused")
    except ValueError as error:
        line = formatter().format(make_record("failed", error=error))

    assert "Traceback" in line
    assert ASSIGNMENT not in line


def test_a_text_line_is_for_people():
    line = logs.TextFormatter().format(make_record("pool %d opened", 5))

    assert line.partition(" ")[2] == "INFO labeling.serving: pool 5 opened"


# --- The middleware that gives ids and writes the access log


def label(request, session):
    request.META["visit_id"] = 17
    logging.getLogger("labeling").info("page given")
    return HttpResponse("ok")


def start(request, key):
    return HttpResponse(status=302)


urlpatterns = [
    path("label/<session>/", label, name="label"),
    path("toloka/<key>/start/", start, name="start"),
]


@pytest.fixture
def lines(caplog):
    """What the log of a request is, as its handler writes it."""
    caplog.handler.setFormatter(logs.JsonFormatter())
    caplog.handler.addFilter(logs.ContextFilter())
    caplog.set_level(logging.INFO)

    def read():
        return [json.loads(line) for line in caplog.text.splitlines()]

    return read


@pytest.mark.urls("tests.labelplatform.test_logs")
def test_each_line_of_a_request_has_its_id_and_its_visit(client, lines):
    response = client.get("/label/s1/?draft=1", headers={"X-Request-ID": "abc-12345"})

    found = lines()
    assert response["X-Request-ID"] == "abc-12345"
    assert [(line["message"], line["request_id"], line["visit_id"]) for line in found] == [
        ("page given", "abc-12345", "17"),
        ("GET /label/s1/ 200", "abc-12345", "17"),
    ]
    assert found[1]["route"] == "label/<session>/"
    assert found[1]["address"] == "127.0.0.1"
    assert found[1]["ms"] >= 0


@pytest.mark.urls("tests.labelplatform.test_logs")
def test_an_arrival_leaves_neither_key_nor_assignment(client, lines, caplog):
    client.get(f"/toloka/k3y-of-arrival/start/?assignment_id={ASSIGNMENT}")

    assert [line["message"] for line in lines()] == ["GET /toloka/[removed] 302"]
    assert "k3y-of-arrival" not in caplog.text
    assert ASSIGNMENT not in caplog.text


@pytest.mark.urls("tests.labelplatform.test_logs")
@pytest.mark.parametrize("given", ["", "short", "x" * 65, "two\nlines-of-text", "id with blanks"])
def test_an_id_of_another_shape_is_replaced(client, given):
    response = client.get("/label/s1/", headers={"X-Request-ID": given})

    assert len(response["X-Request-ID"]) == 16


@pytest.mark.urls("tests.labelplatform.test_logs")
def test_a_request_leaves_no_id_behind(client):
    client.get("/label/s1/")

    assert (logs.request_id.get(), logs.request_meta.get()) == ("", {})


# --- Whose address a request comes from


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # no proxy of ours: not believed
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "192.0.2.66, 198.51.100.1, 10.0.0.2", "198.51.100.1"),  # the first is a guess
        ("10.0.0.1", "10.0.0.3", "10.0.0.3"),
        ("10.0.0.1", "", "10.0.0.1"),
    ],
)
def test_the_clients_address_is_taken_from_trusted_proxies_only(
    settings, remote, forwarded, address
):
    settings.TRUSTED_PROXIES = settings.ENVIRONMENT.__class__({"X": "10.0.0.0/8"}).networks("X")
    request = RequestFactory().get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)

    RequestMiddleware(lambda request: HttpResponse())(request)

    assert request.META["REMOTE_ADDR"] == address


@pytest.mark.parametrize(("remote", "is_secure"), [("10.0.0.1", True), ("203.0.113.9", False)])
def test_the_scheme_is_taken_from_trusted_proxies_only(settings, remote, is_secure):
    settings.TRUSTED_PROXIES = settings.ENVIRONMENT.__class__({"X": "10.0.0.0/8"}).networks("X")
    request = RequestFactory().get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_PROTO="https")

    RequestMiddleware(lambda request: HttpResponse())(request)

    assert request.is_secure() is is_secure
