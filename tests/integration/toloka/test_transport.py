import logging
import socket
import struct
import time
from datetime import timedelta
from email.utils import format_datetime

import pytest
from django.utils import timezone

from integration.enums import AuthScheme, Environment
from integration.toloka import transport
from integration.toloka.errors import (
    AccountError,
    ConflictError,
    NotSentError,
    OutcomeUnknownError,
    RateLimitedError,
    RefusedError,
    UnavailableError,
)
from integration.toloka.transport import Credentials, TimeLimits, choose_scheme, send
from tests.integration.toloka.raw_server import drip, reply, serve

PATH = "/api/v1/tasks/external/submit"
QUICK = TimeLimits(connect_s=1, read_s=1, body_s=1)
TOKEN = "AgAAAAAbcdefSecret"


@pytest.fixture(autouse=True)
def closed_session():
    yield
    transport.close_session()


def credentials(url, **fields):
    values = {"environment": Environment.SANDBOX, "token": TOKEN, **fields}
    return Credentials(api_url=url, **values)


def post(url, body=b"{}", **fields):
    return send(credentials(url, **fields), "POST", PATH, body=body, limits=QUICK)


# Authorization


@pytest.mark.parametrize(
    ("token", "scheme"),
    [
        ("a" * 22 + ".b.c", "ApiKey"),
        ("a" * 23 + ".b.c", "ApiKey"),
        ("a" * 24 + "..", "ApiKey"),
        ("a" * 21 + ".b.c", "OAuth"),
        ("a" * 25 + ".b.c", "OAuth"),
        ("a" * 22 + ".b", "OAuth"),
        ("a" * 22 + ".b.c.d", "OAuth"),
        ("a" * 30, "OAuth"),
    ],
)
def test_the_scheme_follows_the_token_s_dots(token, scheme):
    assert choose_scheme(token, AuthScheme.AUTO) == scheme


def test_a_scheme_that_is_set_is_taken():
    assert choose_scheme("a" * 22 + ".b.c", AuthScheme.OAUTH) == "OAuth"
    assert choose_scheme("plain", AuthScheme.API_KEY) == "ApiKey"


def test_a_request_says_who_it_is_and_what_it_carries():
    with serve(reply("200 OK", b"{}")) as (url, heard):
        post(url, b'{"reward":0.035}')

    head, _, body = heard[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == f"POST {PATH} HTTP/1.1"
    assert f"Authorization: OAuth {TOKEN}" in lines
    assert "Content-Type: application/json" in lines
    assert "Content-Length: 16" in lines
    assert body == b'{"reward":0.035}'


def test_an_action_without_body_has_no_content_type():
    with serve(reply("204 No Content")) as (url, heard):
        answer = send(credentials(url), "POST", "/api/v1/pools/1/open", limits=QUICK)

    assert (answer.http_status, answer.json, b"Content-Type" in heard[0]) == (204, None, False)


def test_a_netrc_file_does_not_replace_the_token(tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))

    with serve(reply("200 OK", b"{}")) as (url, heard):
        post(url)

    assert f"Authorization: OAuth {TOKEN}".encode() in heard[0]


def test_a_cookie_of_one_account_is_not_sent_for_another():
    with serve(reply("200 OK", b"{}", Set_Cookie="session=1; Path=/")) as (url, heard):
        post(url)
        post(url, token="another")

    assert b"session=1" not in heard[1]


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "tökен", "nul\0"])
def test_a_token_that_cannot_be_one_is_never_sent_nor_shown(token):
    with serve(reply("200 OK", b"{}")) as (url, heard), pytest.raises(AccountError) as refused:
        post(url, token=token)

    assert heard == []
    assert not token or token not in str(refused.value)


def test_credentials_do_not_show_the_token():
    assert TOKEN not in repr(credentials("http://127.0.0.1:1"))


# Addresses


@pytest.mark.parametrize(
    ("url", "environment"),
    [
        ("https://toloka.dev", Environment.SANDBOX),
        ("https://TOLOKA.dev.", Environment.SANDBOX),
        ("https://toloka.dev:443/x", Environment.SANDBOX),
        ("https://sandbox.toloka.dev", Environment.PRODUCTION),
        ("http://toloka.dev", Environment.PRODUCTION),
        ("http://sandbox.toloka.dev", Environment.SANDBOX),
        ("http://proxy.example.org", Environment.PRODUCTION),
        ("ftp://toloka.dev", Environment.PRODUCTION),
        ("toloka.dev", Environment.PRODUCTION),
        ("https://", Environment.PRODUCTION),
        ("https://[::1", Environment.SANDBOX),
        ("https://host:port", Environment.SANDBOX),
    ],
)
def test_an_address_that_is_not_the_account_s_is_not_called(url, environment, monkeypatch):
    def refuse(*_args, **_options):
        raise AssertionError("a call was made")

    monkeypatch.setattr("requests.Session.request", refuse)

    with pytest.raises(AccountError):
        post(url, environment=environment)


@pytest.mark.parametrize("environment", Environment.values)
def test_both_environments_may_point_at_this_machine(environment):
    with serve(reply("200 OK", b"{}")) as (url, _):
        assert post(url, environment=environment).http_status == 200


# Outcomes


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("301 Moved Permanently", AccountError),
        ("302 Found", AccountError),
        ("400 Bad Request", RefusedError),
        ("401 Unauthorized", AccountError),
        ("403 Forbidden", AccountError),
        ("404 Not Found", RefusedError),
        ("405 Method Not Allowed", AccountError),
        ("408 Request Timeout", OutcomeUnknownError),
        ("409 Conflict", ConflictError),
        ("413 Payload Too Large", RefusedError),
        ("415 Unsupported Media Type", RefusedError),
        ("418 Teapot", RefusedError),
        ("429 Too Many Requests", RateLimitedError),
        ("500 Internal Server Error", OutcomeUnknownError),
        ("502 Bad Gateway", OutcomeUnknownError),
        ("503 Service Unavailable", UnavailableError),
        ("504 Gateway Timeout", OutcomeUnknownError),
        ("599 Odd", OutcomeUnknownError),
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        b'{"request_id": "r-1", "code": "SOME_CODE", "message": "Some words", "payload": {}}',
        b"<html>a proxy's page</html>",
        b"",
        b"[]",
        b'"text"',
        b'{"code": 5, "message": {"a": 1}, "payload": [1], "request_id": 7}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"message": "\\ud800 \\u0000"}',
    ],
)
def test_the_status_decides_whatever_the_body(status, error, body):
    with serve(reply(status, body)) as (url, _), pytest.raises(error) as raised:
        post(url)

    assert type(raised.value) is error
    assert raised.value.answer.http_status == int(status[:3])
    assert "\0" not in raised.value.message + raised.value.answer.text
    raised.value.message.encode()


def test_toloka_s_words_and_the_fields_it_names_are_kept():
    body = (
        b'{"request_id": "r-1", "code": "VALIDATION_ERROR", "message": "Validation failed",'
        b' "payload": {"reward": {"code": "VALUE_REQUIRED", "message": "must be present"}}}'
    )

    with serve(reply("400 Bad Request", body)) as (url, _), pytest.raises(RefusedError) as raised:
        post(url)

    error = raised.value
    assert error.message == ("400 VALIDATION_ERROR: Validation failed; reward: must be present")
    assert (error.code, error.answer.request_id) == ("VALIDATION_ERROR", "r-1")


@pytest.mark.parametrize(
    "body", [b"", b"null", b"<html>", b"{", b"[]", b'{"restriction_match": "yes"}', b"NaN"]
)
def test_any_2xx_is_an_answer(body):
    with serve(reply("202 Accepted", body, X_Request_Id="r-2")) as (url, _):
        answer = post(url)

    assert (answer.http_status, answer.request_id) == (202, "r-2")


def test_a_redirect_is_not_followed_with_the_token():
    with (
        serve(reply("200 OK", b"{}")) as (elsewhere, heard),
        serve(reply("307 Temporary Redirect", Location=elsewhere)) as (url, _),
        pytest.raises(AccountError),
    ):
        post(url)

    assert heard == []


def test_at_most_a_mebibyte_is_read():
    sent = []

    def flood(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while len(sent) < 400:
            connection.sendall(b"x" * 65_536)
            sent.append(1)

    with serve(flood) as (url, _):
        answer = post(url)

    assert (answer.http_status, len(answer.text)) == (200, 1024 * 1024)
    assert len(sent) < 400


def test_a_body_that_drips_is_cut_off_in_time():
    began = time.monotonic()

    with serve(drip) as (url, _):
        answer = post(url)
        took_s = time.monotonic() - began

    assert answer.http_status == 200
    assert took_s < 3


def test_a_body_that_breaks_off_does_not_change_the_status():
    with serve(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{") as (url, _):
        assert post(url).http_status == 200


def test_nobody_listening_is_not_sent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(NotSentError):
        post(f"http://127.0.0.1:{port}")


def test_an_unknown_name_is_not_sent():
    with pytest.raises(NotSentError):
        post("http://toloka.invalid")


def test_a_get_that_reached_nobody_is_not_sent():
    with pytest.raises(NotSentError):
        send(credentials("http://127.0.0.1:9"), "GET", "/api/v1/requester", limits=QUICK)


def test_no_tls_is_not_sent():
    with serve(b"plain text\r\n", reads=False) as (url, _), pytest.raises(NotSentError):
        post(url.replace("http:", "https:"))


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1", b"nonsense\r\n\r\n"])
def test_a_connection_cut_after_sending_is_unknown(answer):
    with serve(answer) as (url, _), pytest.raises(OutcomeUnknownError):
        post(url)


def test_a_reset_after_sending_is_unknown():
    def reset(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with serve(reset) as (url, _), pytest.raises(OutcomeUnknownError):
        post(url)


def test_silence_is_unknown_after_the_time_limit():
    began = time.monotonic()

    with serve(lambda _: time.sleep(2)) as (url, _), pytest.raises(OutcomeUnknownError):
        post(url)

    assert time.monotonic() - began < 4


@pytest.mark.parametrize(
    ("headers", "body", "pause_s"),
    [
        ({"Retry_After": "2"}, b"", 2),
        ({"Retry_After": "99999999999999999999"}, b"", 3600),
        ({"Retry_After": "-5"}, b"", 0),
        ({"Retry_After": "soon"}, b"", 0),
        ({}, b'{"payload": {"interval": "MIN"}}', 60),
        ({}, b'{"payload": {"interval": "HOUR"}}', 3600),
        ({"Retry_After": "3"}, b'{"payload": {"interval": "HOUR"}}', 3),
        ({}, b'{"payload": {"interval": ["MIN"]}}', 0),
        ({}, b"<html>", 0),
    ],
)
def test_a_limit_says_how_long_to_rest(headers, body, pause_s):
    answer = reply("429 Too Many Requests", body, **headers)

    with serve(answer) as (url, _), pytest.raises(RateLimitedError) as raised:
        post(url)

    assert raised.value.retry_after_s == pause_s


def test_a_limit_may_name_a_date():
    moment = timezone.now() + timedelta(seconds=30)
    answer = reply("429 Too Many Requests", Retry_After=format_datetime(moment, usegmt=True))

    with serve(answer) as (url, _), pytest.raises(RateLimitedError) as raised:
        post(url)

    assert 25 < raised.value.retry_after_s <= 30


def test_a_day_s_limit_rests_until_midnight():
    answer = reply("429 Too Many Requests", b'{"payload": {"interval": "DAY"}}')

    with serve(answer) as (url, _), pytest.raises(RateLimitedError) as raised:
        post(url)

    assert 0 < raised.value.retry_after_s <= 86_400


def test_neither_token_nor_address_is_in_errors_or_logs(caplog):
    caplog.set_level(logging.DEBUG, logger="integration")

    with serve(b"") as (url, _), pytest.raises(OutcomeUnknownError) as raised:
        send(credentials(url), "GET", "/api/v1/assignments/secret-id", limits=QUICK)

    own = [one.getMessage() for one in caplog.records if one.name.startswith("integration")]
    text = " ".join([*own, str(raised.value), repr(raised.value.__cause__)])
    assert TOKEN not in text
    assert "secret-id" not in text
