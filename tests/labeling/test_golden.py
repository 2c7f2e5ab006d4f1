"""Scoring against known solutions."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.quality.golden import is_equal, score_answer, unit_quality

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("solutions", "answer", "fields", "score"),
    [
        ([{"output_values": {"a": 1}}], {"a": 1}, [], "1"),
        ([{"output_values": {"a": 1}}], {"a": 1.0, "b": "extra"}, [], "1"),
        ([{"output_values": {"a": 1}}], {"a": "1"}, [], "0"),
        ([{"output_values": {"a": 1}}], {"a": True}, [], "0"),
        ([{"output_values": {"a": 1}}], {}, [], "0"),
        ([{"output_values": {"a": 1, "b": 2}}], {"a": 1, "b": 3}, ["a"], "1"),
        ([{"output_values": {"b": 2}}], {"b": 2}, ["a"], "0"),
        ([{"output_values": {}}], {"a": 1}, [], "0"),
        (
            [
                {"output_values": {"a": 1}, "correctness_weight": 0.4},
                {"output_values": {"a": 2}, "correctness_weight": 0.7},
            ],
            {"a": 2},
            [],
            "0.7",
        ),
        ([{"output_values": {"a": [1, {"b": None}]}}], {"a": [1, {"b": None}]}, [], "1"),
        ([], {"a": 1}, [], "0"),
    ],
)
def test_answer_gets_the_weight_of_the_solution_it_equals(
    solutions: list[dict[str, Any]], answer: dict[str, Any], fields: list[str], score: str
) -> None:
    assert score_answer(solutions, answer, fields=fields) == Decimal(score)


@given(JSON)
def test_every_value_equals_itself(value: Any) -> None:
    assert is_equal(value, value)


@given(JSON, JSON)
def test_equality_has_no_order(left: Any, right: Any) -> None:
    assert is_equal(left, right) == is_equal(right, left)


def test_unit_quality_is_the_mean_and_unknown_without_scores() -> None:
    third = Decimal(1) / 3

    assert unit_quality([]) is None
    assert unit_quality([Decimal(1), Decimal(0), Decimal(1)]) == Decimal("0.6667")
    assert unit_quality([third]) == Decimal("0.3333")
