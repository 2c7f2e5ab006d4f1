import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.money import money, plain
from integration.toloka.errors import MalformedAnswerError
from integration.toloka.payloads import (
    MOST_LOG_BYTES,
    AssignmentSent,
    OperationSent,
    RequesterSent,
    Submit,
    SubmitFlags,
)
from integration.toloka.wire import clean_text, read_json, write_json

AMOUNTS = st.decimals(min_value=0, max_value=10**7, allow_nan=False, allow_infinity=False, places=4)
MOMENT = datetime(2026, 11, 21, 20, 45, 0, 999_999, tzinfo=UTC)


def make_submit(**fields: Any) -> Submit:
    values: dict[str, Any] = {
        "pool_id": 40210,
        "user_id": "9f1b6c0e2d7a4f58b3c1d2e4f5a60718",
        "retry_id": "66c5f2b190b1c20c7d1e4501",
        "reward": Decimal("0.0350"),
        "quality": Decimal("0.7500"),
        "close_session": False,
        "custom_log": {"session": "s-81"},
        "start_time": MOMENT,
        "end_time": MOMENT + timedelta(minutes=2),
        "skipped": False,
        "golden_tasks_count": 1,
        "training_tasks_count": 0,
        "real_tasks_count": 6,
        **fields,
    }
    return Submit(**values)


@given(AMOUNTS)
def test_an_amount_is_a_plain_number_that_reads_back_exactly(amount):
    text = write_json({"reward": amount})

    literal = text.removeprefix('{"reward":').removesuffix("}")
    assert Decimal(literal) == amount
    assert set(literal) <= set("0123456789.")
    assert literal == "0" or not literal.startswith("00")
    assert "." not in literal or not literal.endswith(("0", "."))
    assert read_json(text)["reward"] == amount


@given(st.lists(AMOUNTS, min_size=1, max_size=30))
def test_a_sum_of_amounts_survives_exactly(amounts):
    total = sum(amounts, Decimal(0))

    sent = json.loads(make_submit(reward=total).write(), parse_float=Decimal, parse_int=Decimal)

    assert sent["reward"] == total


def test_a_tenth_and_two_tenths_are_three_tenths():
    total = money("0.1") + money("0.2")

    assert b'"reward":0.3,' in make_submit(reward=total).write()


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("3.5E-2", "0.035"),
        ("1E+3", "1000"),
        ("0.0000", "0"),
        ("10", "10"),
        ("10.5000", "10.5"),
        ("100.0000", "100"),
        ("0.0001", "0.0001"),
    ],
)
def test_plain_notation_has_no_exponent_and_no_tail(amount, text):
    assert plain(Decimal(amount)) == text
    assert write_json(Decimal(amount)) == text


@pytest.mark.parametrize(
    "value", [0.1, Decimal("NaN"), Decimal("Infinity"), {1: 2}, b"x", object()]
)
def test_what_json_cannot_say_exactly_is_refused(value):
    with pytest.raises(TypeError):
        write_json([value])


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON_VALUES)
def test_the_writer_agrees_with_the_standard_library(value):
    assert json.loads(write_json(value)) == value


@pytest.mark.parametrize("text", ["", "NaN", "[1, Infinity]", "{", "[" * 200_000, "1" * 5000])
def test_odd_json_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"."):
        read_json(text)


@given(st.text(), st.integers(min_value=0, max_value=50))
def test_cleaned_text_can_be_stored(text, limit):
    cleaned = clean_text(text, limit=limit)

    assert len(cleaned) <= limit
    assert "\0" not in cleaned
    cleaned.encode()


# The submit


def test_every_field_has_its_exact_type():
    assert make_submit().write().decode() == (
        '{"pool_id":40210,"user_id":"9f1b6c0e2d7a4f58b3c1d2e4f5a60718",'
        '"retry_id":"66c5f2b190b1c20c7d1e4501","reward":0.035,"quality":0.75,'
        '"close_session":false,"custom_log":"{\\"session\\":\\"s-81\\"}",'
        '"start_time":"2026-11-21T20:45:00Z","end_time":"2026-11-21T20:47:00Z",'
        '"skipped":false,"golden_tasks_count":1,"training_tasks_count":0,"real_tasks_count":6}'
    )


def test_an_unknown_quality_is_left_out_and_none_right_is_said():
    assert b"quality" not in make_submit(quality=None).write()
    assert b'"quality":0,' in make_submit(quality=Decimal("0.0000")).write()


def test_times_are_utc_whatever_the_zone_they_come_in():
    moscow = MOMENT.astimezone(timezone(timedelta(hours=3)))

    assert b'"start_time":"2026-11-21T20:45:00Z"' in make_submit(start_time=moscow).write()


@given(st.dictionaries(st.text(max_size=20), JSON_VALUES, max_size=5))
def test_the_custom_log_is_text_that_parses_as_an_object(log):
    sent = json.loads(make_submit(custom_log=log).write())["custom_log"]

    assert json.loads(sent) == log


def test_a_custom_log_that_is_too_long_is_cut_to_one_that_parses():
    sent = json.loads(make_submit(custom_log={"a": "x" * MOST_LOG_BYTES}).write())["custom_log"]

    assert len(sent.encode()) <= MOST_LOG_BYTES
    assert json.loads(sent)["cut"] is True


# What comes back


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        "text",
        {},
        {"id": "a", "user_id": "u", "status": "ACTIVE"},
        {"id": "a", "user_id": "", "pool_id": "1", "status": "ACTIVE"},
        {"id": "a", "user_id": ["u"], "pool_id": "1", "status": "ACTIVE"},
        {"id": "a", "user_id": "u\0", "pool_id": "1", "status": "ACTIVE"},
        {"id": "a", "user_id": "u" * 256, "pool_id": "1", "status": "ACTIVE"},
        {"id": True, "user_id": "u", "pool_id": "1", "status": "ACTIVE"},
    ],
)
def test_an_assignment_without_what_we_rely_on_is_malformed(content):
    with pytest.raises(MalformedAnswerError):
        AssignmentSent.read(content)


@pytest.mark.parametrize(
    ("created", "read"),
    [
        ("2026-11-21T20:44:10.402", datetime(2026, 11, 21, 20, 44, 10, 402_000, tzinfo=UTC)),
        ("2026-11-21T20:44:10Z", datetime(2026, 11, 21, 20, 44, 10, tzinfo=UTC)),
        ("2026-11-21T23:44:10+03:00", datetime(2026, 11, 21, 20, 44, 10, tzinfo=UTC)),
        ("2026-13-41T20:44:10", None),
        ("yesterday", None),
        (None, None),
        (5, None),
    ],
)
def test_an_assignment_s_beginning_is_utc_or_unknown(created, read):
    content = {"id": "a", "user_id": "u", "pool_id": 40210, "status": "ACTIVE", "created": created}

    assignment = AssignmentSent.read(content)

    assert (assignment.created, assignment.pool_id) == (read, "40210")


def test_a_balance_is_exact_and_nothing_else():
    content = read_json('{"id": "r", "balance": 120.10}')

    assert RequesterSent.read(content).balance == Decimal("120.10")
    for balance in (None, True, "much", []):
        with pytest.raises(MalformedAnswerError):
            RequesterSent.read({"id": "r", "balance": balance})


@pytest.mark.parametrize("content", [None, [], "text", {}, {"restriction_match": "true"}])
def test_flags_that_are_not_said_are_unknown(content):
    assert SubmitFlags.read(content) == SubmitFlags(None, None, None)


@pytest.mark.parametrize(
    ("status", "details", "failed"),
    [
        ("SUCCESS", {}, False),
        ("FAIL", {}, True),
        ("SUCCESS", {"failed_count": 1}, True),
        ("SUCCESS", {"not_valid_count": 1, "failed_count": 0}, True),
        ("SUCCESS", {"failed_count": 0, "success_count": 1}, False),
    ],
)
def test_a_batch_that_lost_an_item_has_failed(status, details, failed):
    operation = OperationSent.read({"id": "o", "status": status, "details": details})

    assert (operation.has_ended, operation.has_failed) == (True, failed)
