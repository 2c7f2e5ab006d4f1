from typing import Any

import pytest

from labeling.specification import Side, check_definition
from labeling.specification.fields import TYPES

FULL: dict[str, Any] = {
    "name": {
        "type": "string",
        "required": True,
        "min_length": 1,
        "max_length": 10,
        "pattern": "[a-z]+",
        "allowed_values": ["cat", "dog"],
    },
    "tags": {"type": "array_string", "min_size": 0, "max_size": 5, "max_length": 20},
    "age": {"type": "integer", "min_value": 0, "max_value": 120},
    "size": {"type": "array_float", "min_value": 0.5, "allowed_values": [0.5, 1]},
    "ok": {"type": "boolean", "allowed_values": [True]},
    "where": {"type": "coordinates", "current_location": False},
    "data": {"type": "json", "hidden": False},
    "links": {"type": "array_url", "allowed_values": ["https://a.example"]},
}


def codes(field: Any, side: Side = "output_values") -> list[tuple[str, str]]:
    return [(failure.path, failure.code) for failure in check_definition({"f": field}, side)]


@pytest.mark.parametrize("side", ["input_values", "output_values"])
def test_every_parameter_in_its_place_is_sound(side: Side) -> None:
    assert check_definition(FULL, side) == []


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_is_known(kind: str) -> None:
    is_file = kind.endswith("file")

    assert codes({"type": kind}) == []
    assert codes({"type": kind}, "input_values") == (
        [("input_spec.f.type", "VALUE_NOT_ALLOWED")] if is_file else []
    )


def test_an_unknown_type_is_named_with_the_known_ones() -> None:
    (failure,) = check_definition({"bbox": {"type": "rectangle"}}, "output_values")

    assert failure.path == "output_spec.bbox.type"
    assert failure.message == (
        "output_spec.bbox: type 'rectangle' is unknown; known types: " + ", ".join(TYPES)
    )


@pytest.mark.parametrize(
    ("field", "path", "code"),
    [
        ("string", "f", "OBJECT_EXPECTED"),
        ({}, "f.type", "UNKNOWN_ENUM_VALUE"),
        ({"type": "number"}, "f.type", "UNKNOWN_ENUM_VALUE"),
        ({"type": ["string"]}, "f.type", "UNKNOWN_ENUM_VALUE"),
        ({"type": "string", "required": "yes"}, "f.required", "BOOLEAN_EXPECTED"),
        ({"type": "string", "hidden": True}, "f.hidden", "VALUE_NOT_ALLOWED"),
        ({"type": "string", "min_value": 1}, "f.min_value", "VALUE_NOT_ALLOWED"),
        ({"type": "string", "colour": 1}, "f.colour", "VALUE_NOT_ALLOWED"),
        ({"type": "json", "allowed_values": [1]}, "f.allowed_values", "VALUE_NOT_ALLOWED"),
        ({"type": "string", "min_length": -1}, "f.min_length", "INTEGER_EXPECTED"),
        ({"type": "string", "max_length": 1.5}, "f.max_length", "INTEGER_EXPECTED"),
        ({"type": "array_url", "min_size": True}, "f.min_size", "INTEGER_EXPECTED"),
        ({"type": "float", "min_value": "1"}, "f.min_value", "FLOAT_EXPECTED"),
        ({"type": "float", "max_value": float("nan")}, "f.max_value", "FLOAT_EXPECTED"),
        (
            {"type": "integer", "min_value": 2, "max_value": 1},
            "f.min_value",
            "VALUE_GREATER_THAN_MAX",
        ),
        ({"type": "string", "pattern": 1}, "f.pattern", "STRING_EXPECTED"),
        ({"type": "string", "pattern": "["}, "f.pattern", "INVALID_PATTERN"),
        ({"type": "string", "pattern": "(?!a).*"}, "f.pattern", "INVALID_PATTERN"),
        ({"type": "string", "pattern": "a" * 2001}, "f.pattern", "INVALID_PATTERN"),
        ({"type": "string", "pattern": "\ud800"}, "f.pattern", "INVALID_PATTERN"),
        ({"type": "string", "allowed_values": []}, "f.allowed_values", "ARRAY_EXPECTED"),
        ({"type": "string", "allowed_values": "a"}, "f.allowed_values", "ARRAY_EXPECTED"),
        (
            {"type": "string", "allowed_values": ["a", 1]},
            "f.allowed_values.1",
            "STRING_EXPECTED",
        ),
        (
            {"type": "array_integer", "max_value": 3, "allowed_values": [4]},
            "f.allowed_values.0",
            "VALUE_GREATER_THAN_MAX",
        ),
    ],
)
def test_what_is_wrong_is_named_by_its_place(field: Any, path: str, code: str) -> None:
    assert codes(field) == [(f"output_spec.{path}", code)]


def test_only_an_answer_takes_the_position() -> None:
    field = {"type": "coordinates", "current_location": True}

    assert codes(field) == []
    assert codes(field, "input_values") == [("input_spec.f.current_location", "VALUE_NOT_ALLOWED")]


@pytest.mark.parametrize("name", ["", "a.b", "имя", "a b", "registration_аddress"])
def test_names_are_latin(name: str) -> None:
    (failure,) = check_definition({name: {"type": "string"}}, "input_values")

    assert failure.code == "INVALID_FIELD_NAME"


def test_a_specification_is_an_object() -> None:
    assert [failure.path for failure in check_definition([], "input_values")] == ["input_spec"]
