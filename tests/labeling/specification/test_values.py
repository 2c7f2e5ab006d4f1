import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.specification import Failure, Side, check_definition, check_values
from labeling.specification.fields import SCALARS, TYPES

FITTING: dict[str, list[Any]] = {
    "boolean": [True, False],
    "coordinates": ["53.9,27.5", "22.3341, 32.32", "-90,180", "+0.5,-0"],
    "file": ["0190a6f0-3b6f-7b4c-8d2e-000000000001"],
    "float": [1, -2.5, 0, 1e300],
    "integer": [1, -7, 5.0, 0],
    "json": [{"a": [1, None, {"b": "c"}]}, [], {}, "text", 1.5, False],
    "string": ["", "text", "привет", "👋"],
    "url": [
        "http://a.example",
        "https://a.example/b?c=d#e",
        "www.example.org",
        "HTTPS://A.example",
    ],
}
UNFIT: dict[str, list[tuple[Any, str]]] = {
    "boolean": [(1, "BOOLEAN_EXPECTED"), ("true", "BOOLEAN_EXPECTED"), ([], "BOOLEAN_EXPECTED")],
    "coordinates": [
        ("53.9", "INVALID_COORDINATES_SYNTAX"),
        ("91,0", "INVALID_COORDINATES_SYNTAX"),
        ("0,180.5", "INVALID_COORDINATES_SYNTAX"),
        ("1,  2", "INVALID_COORDINATES_SYNTAX"),
        ("12 apples,13 pears", "INVALID_COORDINATES_SYNTAX"),
        ("1,2\n", "INVALID_COORDINATES_SYNTAX"),
        ([1, 2], "INVALID_COORDINATES_SYNTAX"),
    ],
    "file": [("", "STRING_EXPECTED"), (1, "STRING_EXPECTED")],
    "float": [
        (True, "FLOAT_EXPECTED"),
        ("1.5", "FLOAT_EXPECTED"),
        (float("nan"), "FLOAT_EXPECTED"),
        (float("inf"), "FLOAT_EXPECTED"),
    ],
    "integer": [
        (True, "INTEGER_EXPECTED"),
        (1.5, "INTEGER_EXPECTED"),
        ("1", "INTEGER_EXPECTED"),
        (float("inf"), "INTEGER_EXPECTED"),
    ],
    "json": [
        ({"a": "b\x00"}, "INVALID_CHARACTER"),
        ({"a\ud800": 1}, "INVALID_CHARACTER"),
        ([float("nan")], "JSON_EXPECTED"),
    ],
    "string": [
        (1, "STRING_EXPECTED"),
        ({}, "STRING_EXPECTED"),
        ("a\x00b", "INVALID_CHARACTER"),
        ("ж\x00", "INVALID_CHARACTER"),
        ("\udc00", "INVALID_CHARACTER"),
    ],
    "url": [
        ("ftp://a.example", "INVALID_URL_SYNTAX"),
        ("javascript:alert(1)", "INVALID_URL_SYNTAX"),
        ("http://", "INVALID_URL_SYNTAX"),
        ("http:///path", "INVALID_URL_SYNTAX"),
        ("https://a b.example", "INVALID_URL_SYNTAX"),
        ("www.", "INVALID_URL_SYNTAX"),
        ("http://a.example/\n", "INVALID_URL_SYNTAX"),
        ("http://a.example/\ud800", "INVALID_CHARACTER"),
        (7, "INVALID_URL_SYNTAX"),
    ],
}


def codes(field: dict[str, Any], value: Any, **options: Any) -> list[tuple[str, str]]:
    """Check one value as the field ``f`` of an answer."""
    failures = check_values({"f": field}, {"f": value}, side="output_values", **options)
    return [(failure.path.removeprefix("output_values."), failure.code) for failure in failures]


@pytest.mark.parametrize("kind", SCALARS)
def test_values_that_fit_their_type(kind: str) -> None:
    assert [codes({"type": kind}, value) for value in FITTING[kind]] == [[]] * len(FITTING[kind])


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [(kind, value, code) for kind, cases in UNFIT.items() for value, code in cases],
)
def test_values_that_do_not_fit_are_named_by_field_and_item(
    kind: str, value: Any, code: str
) -> None:
    fitting = FITTING[kind][0]

    assert codes({"type": kind}, value) == [("f", code)]
    assert codes({"type": f"array_{kind}"}, [fitting, value]) == [("f.1", code)]


@pytest.mark.parametrize("kind", SCALARS)
def test_arrays_hold_items_of_their_type(kind: str) -> None:
    field = {"type": f"array_{kind}"}

    assert codes(field, FITTING[kind]) == []
    assert codes(field, {"0": FITTING[kind][0]}) == [("f", "ARRAY_EXPECTED")]
    assert codes(field, [None]) == ([] if kind == "json" else [("f.0", "VALUE_REQUIRED")])


@pytest.mark.parametrize(
    ("field", "good", "bad", "code"),
    [
        ({"type": "string", "allowed_values": ["1"]}, "1", "2", "UNKNOWN_ENUM_VALUE"),
        ({"type": "integer", "allowed_values": [1]}, 1.0, 2, "UNKNOWN_ENUM_VALUE"),
        ({"type": "float", "allowed_values": [0.5]}, 0.5, 0.25, "UNKNOWN_ENUM_VALUE"),
        ({"type": "boolean", "allowed_values": [True]}, True, False, "UNKNOWN_ENUM_VALUE"),
        ({"type": "string", "min_length": 2}, "👋👋", "👋", "STRING_LENGTH_LESS_THAN_MIN"),
        ({"type": "string", "max_length": 2}, "👋👋", "abc", "STRING_LENGTH_GREATER_THAN_MAX"),
        ({"type": "integer", "min_value": -1}, -1, -2, "VALUE_LESS_THAN_MIN"),
        ({"type": "float", "max_value": 0.5}, 0.5, 0.51, "VALUE_GREATER_THAN_MAX"),
        ({"type": "string", "pattern": "[a-z]+"}, "abc", "abc1", "PATTERN_MISMATCH"),
        ({"type": "string", "pattern": "^a|b$"}, "b", "ab", "PATTERN_MISMATCH"),
        ({"type": "string", "pattern": "[а-яё ]+"}, "ёлка да", "elka", "PATTERN_MISMATCH"),
    ],
)
def test_parameters_bound_values_and_items(
    field: dict[str, Any], good: Any, bad: Any, code: str
) -> None:
    array = {**field, "type": f"array_{field['type']}"}

    assert codes(field, good) == []
    assert codes(field, bad) == [("f", code)]
    assert codes(array, [good, bad]) == [("f.1", code)]


def test_sizes_bound_arrays() -> None:
    field = {"type": "array_integer", "min_size": 1, "max_size": 2}

    assert codes(field, [1, 2]) == []
    assert codes(field, []) == [("f", "ARRAY_SIZE_LESS_THAN_MIN")]
    assert codes(field, [1, 2, 3]) == [("f", "ARRAY_SIZE_GREATER_THAN_MAX")]


def test_a_pattern_that_backtracks_elsewhere_takes_linear_time() -> None:
    field = {"type": "string", "pattern": "(a+)+b"}

    assert codes(field, "a" * 100_000) == [("f", "PATTERN_MISMATCH")]


def test_required_means_present_and_not_null() -> None:
    spec: dict[str, dict[str, Any]] = {
        "text": {"type": "string", "required": True},
        "tags": {"type": "array_string"},
    }
    missing = Failure(
        "input_values.text", "VALUE_REQUIRED", "Value must be present and not equal to null"
    )

    assert check_values(spec, {}, side="input_values") == [missing]
    assert check_values(spec, {"text": None}, side="input_values") == [missing]
    assert check_values(spec, {"text": "", "tags": None}, side="input_values") == []
    assert check_values(spec, {}, side="input_values", partial=True) == []


def test_an_empty_array_is_missing_where_one_is_required() -> None:
    field = {"type": "array_json", "required": True}

    assert codes(field, []) == [("f", "VALUE_REQUIRED")]
    assert codes(field, [None]) == []
    assert codes(field, [], partial=True) == []


def test_unknown_fields_are_named_beside_the_known_ones() -> None:
    spec = {"text": {"type": "string"}, "image": {"type": "url"}}

    failures = check_values(spec, {"text": "a", "imgae": "b"}, side="input_values")

    assert failures == [
        Failure(
            "input_values.imgae",
            "VALUE_NOT_ALLOWED",
            "There is no field %(found)s; known fields: %(known)s",
            {"found": "'imgae'", "known": "text, image"},
        )
    ]
    assert failures[0].message == "There is no field 'imgae'; known fields: text, image"


def test_a_message_says_what_was_found_and_what_is_allowed() -> None:
    spec = {"label": {"type": "string", "allowed_values": ["cat", "dog"]}}

    (failure,) = check_values(spec, {"label": "cow"}, side="output_values")

    assert failure.path == "output_values.label"
    assert failure.message == "'cow' is not allowed; allowed values: 'cat', 'dog'"


def test_a_million_bad_items_are_not_all_listed() -> None:
    assert len(codes({"type": "array_integer"}, ["x"] * 1_000_000)) == 20


def test_json_may_be_64_levels_deep_and_no_deeper() -> None:
    deep: Any = "core"
    for _level in range(63):
        deep = [deep]

    assert codes({"type": "json"}, deep) == []
    assert codes({"type": "json"}, [deep]) == [("f", "JSON_EXPECTED")]
    for _level in range(100_000):
        deep = {"a": deep}
    assert codes({"type": "json"}, deep) == [("f", "JSON_EXPECTED")]


SPECS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.fixed_dictionaries(
        {"type": st.sampled_from(TYPES)},
        optional={
            "required": st.booleans(),
            "allowed_values": st.just(["x", 1]),
            "min_length": st.integers(0, 3),
            "min_value": st.integers(-3, 3),
            "max_size": st.integers(0, 3),
            "pattern": st.just("[a-z]+"),
        },
    ),
)
ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters() | st.characters(categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(
    spec=SPECS,
    values=ANY_JSON
    | st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), ANY_JSON | st.lists(ANY_JSON)),
    side=st.sampled_from(["input_values", "output_values"]),
)
def test_no_json_breaks_the_check_and_what_passes_can_be_stored(
    spec: dict[str, dict[str, Any]], values: Any, side: Side
) -> None:
    failures = check_values(spec, values, side=side)

    for failure in failures:
        f"{failure.path}{failure.message}".encode()
    if not failures:
        assert "\\u0000" not in json.dumps(values, allow_nan=False).replace("\\\\", "")
        json.dumps(values, ensure_ascii=False).encode()


@given(spec=ANY_JSON, side=st.sampled_from(["input_values", "output_values"]))
def test_no_json_breaks_the_check_of_definitions(spec: Any, side: Side) -> None:
    for failure in check_definition(spec, side):
        f"{failure.path}{failure.message}".encode()
