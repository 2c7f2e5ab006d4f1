import io
from typing import Any

import pytest

from labeling.specification.task_files import MAX_LINE, Row, read_tasks
from labeling.specification.tasks import TaskDraft

INPUT: dict[str, dict[str, Any]] = {
    "image": {"type": "url", "required": True},
    "size": {"type": "integer"},
    "tags": {"type": "array_string"},
}
OUTPUT: dict[str, dict[str, Any]] = {
    "label": {"type": "string", "required": True, "allowed_values": ["cat", "dog"]},
    "sure": {"type": "boolean"},
}


def read(content: str | bytes) -> list[Row]:
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    rows = list(read_tasks(file, input_spec=INPUT, output_spec=OUTPUT))
    assert not file.closed
    return rows


def found(content: str | bytes) -> list[tuple[int, str, str]]:
    """Row, column and code of all that is wrong."""
    return [(row.number, one.path, one.code) for row in read(content) for one in row.failures]


def test_a_table_holds_every_kind_of_task() -> None:
    rows = read(
        "INPUT:image\tINPUT:size\tINPUT:tags\tGOLDEN:label\tGOLDEN:sure\tHINT:text\tTASK:overlap\n"
        "https://a.example/1.png\t5\ta,b\t\t\t\t3\n"
        "https://a.example/2.png\t\t\tcat\ttrue\t\t\n"
        "\n"
        'https://a.example/3.png\t\t\tdog\t\t"Look at\nthe ""ears""."\t\n'
    )

    assert [(row.number, row.draft) for row in rows] == [
        (
            2,
            TaskDraft(
                {"image": "https://a.example/1.png", "size": 5, "tags": ["a", "b"]}, overlap=3
            ),
        ),
        (
            3,
            TaskDraft(
                {"image": "https://a.example/2.png"},
                [{"output_values": {"label": "cat", "sure": True}, "correctness_weight": 1}],
            ),
        ),
        (
            5,
            TaskDraft(
                {"image": "https://a.example/3.png"},
                [{"output_values": {"label": "dog"}, "correctness_weight": 1}],
                hint='Look at\nthe "ears".',
            ),
        ),
    ]


def test_json_lines_hold_what_toloka_calls_a_task() -> None:
    (row,) = read(
        '{"input_values": {"image": "https://a.example/1.png"}, "known_solutions": '
        '[{"output_values": {"label": "cat"}}, {"output_values": {"label": "dog"}, '
        '"correctness_weight": 0.5}], "message_on_unknown_solution": "Ears!", "overlap": 4, '
        '"infinite_overlap": false, "reserved_for": ["a"], "unavailable_for": null}\n'
    )

    assert row.draft == TaskDraft(
        {"image": "https://a.example/1.png"},
        [
            {"output_values": {"label": "cat"}, "correctness_weight": 1},
            {"output_values": {"label": "dog"}, "correctness_weight": 0.5},
        ],
        hint="Ears!",
        overlap=4,
        reserved_for=["a"],
    )


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.replace("\t", ",").encode(),
        lambda text: ("\n \n" + text).encode(),
    ],
)
def test_the_marks_and_line_ends_of_spreadsheets_are_known(encode: Any) -> None:
    rows = read(encode("INPUT:image\tGOLDEN:label\nhttps://a.example/ж\tcat\n"))

    assert [row.draft and row.draft.input_values for row in rows] == [
        {"image": "https://a.example/ж"}
    ]


@pytest.mark.parametrize(
    ("header", "failures"),
    [
        (
            "INPUT:imgae",
            [(1, "'INPUT:imgae'", "VALUE_NOT_ALLOWED"), (1, "INPUT:image", "VALUE_REQUIRED")],
        ),
        ("INPUT:image\tINPUT:image", [(1, "INPUT:image", "DUPLICATE_VALUE")]),
        ("INPUT:image\tOUTPUT:label", [(1, "'OUTPUT:label'", "VALUE_NOT_ALLOWED")]),
        ("INPUT:image\tGOLDEN:image", [(1, "'GOLDEN:image'", "VALUE_NOT_ALLOWED")]),
        ("INPUT:image\t", [(1, "''", "VALUE_NOT_ALLOWED")]),
        ("INPUT:size", [(1, "INPUT:image", "VALUE_REQUIRED")]),
    ],
)
def test_a_wrong_header_ends_the_reading(header: str, failures: list[tuple[int, str, str]]) -> None:
    rows = read(f"{header}\nhttps://a.example\n")

    assert [(row.number, one.path, one.code) for row in rows for one in row.failures] == failures
    assert rows[-1].ends_file


@pytest.mark.parametrize(
    ("line", "failures"),
    [
        ("\t5\t\t\t", [("INPUT:image", "VALUE_REQUIRED")]),
        ("a.png\t5\t\t\t", [("INPUT:image", "INVALID_URL_SYNTAX")]),
        ("www.a.example\tfive\t\t\t", [("INPUT:size", "INTEGER_EXPECTED")]),
        ("www.a.example\t\tcow\t\t", [("GOLDEN:label", "UNKNOWN_ENUM_VALUE")]),
        ("www.a.example\t\t\tA hint\t", [("HINT:text", "VALUE_NOT_ALLOWED")]),
        ("www.a.example\t\t\t\t0", [("TASK:overlap", "VALUE_OUT_OF_BOUNDS")]),
        ("www.a.example\t\t\t\t1.5", [("TASK:overlap", "VALUE_OUT_OF_BOUNDS")]),
        ("www.a.example\t\t\t\t\tmore", [("", "VALUE_NOT_ALLOWED")]),
        ('"www.a.example" or so\t\t\t\t', [("", "INVALID_SYNTAX")]),
        ("www.a.example\t\tcat\ta\x00b\t", [("HINT:text", "INVALID_CHARACTER")]),
        (
            "a.png\tfive\tcow\t\tx",
            [
                ("TASK:overlap", "VALUE_OUT_OF_BOUNDS"),
                ("INPUT:image", "INVALID_URL_SYNTAX"),
                ("INPUT:size", "INTEGER_EXPECTED"),
                ("GOLDEN:label", "UNKNOWN_ENUM_VALUE"),
            ],
        ),
    ],
)
def test_a_bad_row_is_named_by_row_and_column_and_the_next_is_read(
    line: str, failures: list[tuple[str, str]]
) -> None:
    content = (
        "INPUT:image\tINPUT:size\tGOLDEN:label\tHINT:text\tTASK:overlap\n"
        f"{line}\nhttps://a.example\n"
    )

    assert found(content) == [(2, column, code) for column, code in failures]
    assert read(content)[-1].draft == TaskDraft({"image": "https://a.example"})


@pytest.mark.parametrize(
    ("line", "failures"),
    [
        ("{", [("", "JSON_EXPECTED")]),
        ("[1]", [("", "OBJECT_EXPECTED")]),
        ('{"input_values": {"size": NaN}}', [("", "JSON_EXPECTED")]),
        ("[" * 100_000, [("", "JSON_EXPECTED")]),
        (f'{{"input_values": {{"size": {"9" * 5000}}}}}', [("", "JSON_EXPECTED")]),
        ("{}", [("input_values", "OBJECT_EXPECTED")]),
        ('{"input_values": {}}', [("input_values.image", "VALUE_REQUIRED")]),
        (
            '{"input_values": {"image": "www.a.example"}, "overlap": true, "id": 1}',
            [("'id'", "VALUE_NOT_ALLOWED"), ("overlap", "VALUE_OUT_OF_BOUNDS")],
        ),
        (
            '{"input_values": {"image": "www.a.example"}, "known_solutions": '
            '[{"output_values": {"label": "cow"}, "correctness_weight": 2}, {}]}',
            [
                ("known_solutions.0.output_values.label", "UNKNOWN_ENUM_VALUE"),
                ("known_solutions.0.correctness_weight", "VALUE_OUT_OF_BOUNDS"),
                ("known_solutions.1", "OBJECT_EXPECTED"),
            ],
        ),
        (
            '{"input_values": {"image": "www.a.example"}, "known_solutions": {}, '
            '"message_on_unknown_solution": "No."}',
            [("message_on_unknown_solution", "VALUE_NOT_ALLOWED")],
        ),
        (
            '{"input_values": {"image": "www.a.example"}, "infinite_overlap": "yes", '
            '"reserved_for": "me", "unavailable_for": [""]}',
            [
                ("infinite_overlap", "BOOLEAN_EXPECTED"),
                ("reserved_for", "ARRAY_EXPECTED"),
                ("unavailable_for", "ARRAY_EXPECTED"),
            ],
        ),
    ],
)
def test_a_bad_line_of_json_is_named_by_path_and_the_next_is_read(
    line: str, failures: list[tuple[str, str]]
) -> None:
    good = '{"input_values": {"image": "https://a.example"}}'
    content = f"{good}\n{line}\n{good}\n"

    assert found(content) == [(2, path, code) for path, code in failures]
    assert [row.draft is not None for row in read(content)] == [True, False, True]


@pytest.mark.parametrize(
    "content",
    [
        b"INPUT:image\nhttps://a.example/\xff\n",
        b'{"input_values": {"image": "https://a.example"}}\n\xff\xfe\n',
        b"\x89PNG\r\n\x1a\n\x00\x00",
        b"a" * (MAX_LINE + 1),
    ],
)
def test_what_is_no_text_ends_the_reading(content: bytes) -> None:
    rows = read(content)

    assert rows[-1].ends_file
    assert len(rows[-1].failures) == 1


def test_a_quote_that_never_closes_is_found() -> None:
    assert found('INPUT:image\n"https://a.example\nhttps://b.example\n') == [
        (2, "", "INVALID_SYNTAX")
    ]


def test_an_empty_file_has_no_rows() -> None:
    assert read(b"") == read(b"\n\n") == read("INPUT:image\n") == []
