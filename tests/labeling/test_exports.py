import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from labeling import exports
from labeling.enums import AssignmentStatus
from labeling.models import Answer, Pool, ProjectVersion
from labeling.specification.cells import parse_cell
from tests.factories import (
    AssignmentFactory,
    PerformerFactory,
    PoolFactory,
    ProjectVersionFactory,
    TaskFactory,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NASTY = 'a\tb "c"\nd\re\r\nf'


def table(pool: Pool, *statuses: AssignmentStatus) -> list[dict[str, str]]:
    content = b"".join(
        exports.stream_tsv(pool, statuses=statuses or [AssignmentStatus.ACCEPTED])
    ).decode()
    return list(csv.DictReader(io.StringIO(content, newline=""), delimiter="\t", strict=True))


def objects(pool: Pool, *statuses: AssignmentStatus) -> list[dict[str, Any]]:
    content = b"".join(
        exports.stream_json_lines(pool, statuses=statuses or [AssignmentStatus.ACCEPTED])
    )
    return [json.loads(line) for line in content.split(b"\n") if line]


def make_version() -> ProjectVersion:
    return ProjectVersionFactory(
        input_spec={
            "text": {"type": "string"},
            "ids": {"type": "array_integer"},
            "key": {"type": "string", "hidden": True},
        },
        output_spec={
            "label": {"type": "string"},
            "sure": {"type": "boolean"},
            "more": {"type": "json"},
        },
    )


@pytest.mark.django_db
def test_a_table_has_tolokas_columns_and_exact_values(settings: Any) -> None:
    settings.PUBLIC_URL = "https://label.example"
    version = make_version()
    pool = PoolFactory(
        version=version, project=version.project, reward_per_assignment=Decimal("0.02")
    )
    task = TaskFactory(
        pool=pool, golden=True, input_values={"text": NASTY, "ids": [1, 2], "key": "=1+1"}
    )
    performer = PerformerFactory(external_id="0123456789abcdef")
    page = AssignmentFactory(
        tasks=[task],
        performer=performer,
        status=AssignmentStatus.ACCEPTED,
        created_at=NOON,
        output_values={"label": " ж ", "sure": True, "more": {"a": [None, 1.5, "\t"]}},
    )

    (row,) = table(pool)

    assert row == {
        "INPUT:text": NASTY,
        "INPUT:ids": "[1, 2]",
        "INPUT:key": "=1+1",
        "OUTPUT:label": " ж ",
        "OUTPUT:sure": "true",
        "OUTPUT:more": '{"a": [null, 1.5, "\\t"]}',
        "GOLDEN:label": "yes",
        "GOLDEN:sure": "",
        "GOLDEN:more": "",
        "HINT:text": "",
        "ASSIGNMENT:link": f"https://label.example/requester/assignments/{page.id}/",
        "ASSIGNMENT:assignment_id": str(page.id),
        "ASSIGNMENT:task_id": str(task.id),
        "ASSIGNMENT:task_suite_id": "",
        "ASSIGNMENT:worker_id": "0123456789abcdef",
        "ASSIGNMENT:status": "APPROVED",
        "ASSIGNMENT:started": "2026-11-21T12:00:00.000",
        "ASSIGNMENT:submitted": "2026-11-21T12:01:00.000",
        "ASSIGNMENT:accepted": "2026-11-21T12:01:00.000",
        "ASSIGNMENT:rejected": "",
        "ASSIGNMENT:skipped": "",
        "ASSIGNMENT:expired": "",
        "ASSIGNMENT:reward": "0.02",
        "ACCEPT:verdict": "",
        "ACCEPT:comment": "",
    }


@pytest.mark.django_db
def test_json_lines_hold_the_values_as_they_were_given() -> None:
    version = make_version()
    pool = PoolFactory(version=version, project=version.project)
    task = TaskFactory(pool=pool, input_values={"text": NASTY, "ids": [1]})
    output = {"label": "\u2028", "sure": False, "more": {"a": None}}
    page = AssignmentFactory(tasks=[task], status=AssignmentStatus.ACCEPTED, output_values=output)

    (item,) = objects(pool)

    assert item["input_values"] == {"text": NASTY, "ids": [1]}
    assert item["output_values"] == output
    assert (item["task_id"], item["assignment_id"]) == (str(task.id), str(page.id))
    assert (item["kind"], item["score"], item["reward"]) == ("ordinary", None, 0.02)
    assert item["worker_id"] == page.performer.external_id
    assert item["status"] == "APPROVED"
    assert item["first_output_values"] is None


@pytest.mark.django_db
def test_of_training_the_first_answer_is_told() -> None:
    pool = PoolFactory()
    task = TaskFactory(pool=pool, training=True)
    AssignmentFactory(tasks=[task], status=AssignmentStatus.ACCEPTED)
    Answer.objects.update(first_values={"label": "no"}, score=0)

    (row,) = table(pool)
    (item,) = objects(pool)

    assert (row["OUTPUT:label"], row["GOLDEN:label"]) == ("no", "yes")
    assert row["HINT:text"] == "Look at the last word."
    assert item["output_values"] == {"label": "yes"}
    assert item["first_output_values"] == {"label": "no"}
    assert item["score"] == 0


@pytest.mark.django_db
def test_surplus_answers_stay_out() -> None:
    pool = PoolFactory()
    tasks = TaskFactory.create_batch(2, pool=pool)
    AssignmentFactory(tasks=tasks, status=AssignmentStatus.ACCEPTED)
    Answer.objects.filter(task=tasks[0]).update(is_given_back=True, is_surplus=True)

    assert [row["ASSIGNMENT:task_id"] for row in table(pool)] == [str(tasks[1].id)]
    assert [item["task_id"] for item in objects(pool)] == [str(tasks[1].id)]


@pytest.mark.django_db
def test_statuses_choose_the_pages() -> None:
    pool = PoolFactory(version__output_spec={"label": {"type": "string"}})
    task = TaskFactory(pool=pool, overlap=None)
    for status in AssignmentStatus:
        AssignmentFactory(tasks=[task], status=status)
    AssignmentFactory(tasks=[TaskFactory()], status=AssignmentStatus.ACCEPTED)

    chosen = exports.choose_statuses(["SUBMITTED", "SKIPPED"])

    assert [row["ASSIGNMENT:status"] for row in table(pool)] == ["APPROVED"]
    assert [(row["ASSIGNMENT:status"], row["OUTPUT:label"]) for row in table(pool, *chosen)] == [
        ("SUBMITTED", "yes"),
        ("SKIPPED", ""),
    ]
    assert exports.choose_statuses([]) == [AssignmentStatus.ACCEPTED]
    with pytest.raises(ValueError, match="'ACCEPTED' is unknown; known: APPROVED, SUBMITTED"):
        exports.choose_statuses(["ACCEPTED"])


@pytest.mark.django_db
def test_without_answers_there_is_the_header() -> None:
    pool = PoolFactory()

    content = b"".join(exports.stream_tsv(pool, statuses=[AssignmentStatus.ACCEPTED]))

    assert content.startswith(
        b"INPUT:text\tOUTPUT:label\tGOLDEN:label\tHINT:text\tASSIGNMENT:link\t"
    )
    assert content.count(b"\n") == 1
    assert objects(pool) == []


@pytest.mark.django_db
def test_columns_about_the_page_can_be_chosen() -> None:
    pool = PoolFactory()

    (header,) = exports.stream_tsv(
        pool, statuses=[AssignmentStatus.ACCEPTED], assignment_columns=["status", "worker_id"]
    )

    assert header.decode().split("\t")[4:6] == ["ASSIGNMENT:worker_id", "ASSIGNMENT:status"]


@pytest.mark.django_db
@pytest.mark.parametrize("page_size", [1, 3])
def test_batches_join_without_loss_or_repeat(
    monkeypatch: pytest.MonkeyPatch, page_size: int
) -> None:
    monkeypatch.setattr(exports, "ANSWERS_AT_A_TIME", 6)
    pool = PoolFactory(real_tasks_count=page_size)
    tasks = TaskFactory.create_batch(15, pool=pool)
    for start in range(0, 15, page_size):
        page_tasks = tasks[start : start + page_size]
        AssignmentFactory(tasks=page_tasks, status=AssignmentStatus.ACCEPTED)
    ids = [str(task.id) for task in tasks]

    batches = list(exports.stream_tsv(pool, statuses=[AssignmentStatus.ACCEPTED]))

    assert [batch.count(b"\n") for batch in batches] == [1, 6, 6, 3]
    assert [row["ASSIGNMENT:task_id"] for row in table(pool)] == ids
    assert [item["task_id"] for item in objects(pool)] == ids


@pytest.mark.django_db
def test_every_text_survives() -> None:
    pool = PoolFactory()
    texts = [
        *(chr(code) for code in range(1, 0x250)),
        "\u2028",
        "\u0085",
        "\ufeff",
        "👋",
        "NULL",
        "\\N",
        "\\.",
        "'",
        "%s %(pool)s",
        " a ",
        '""',
        '"',
        "a\r",
        "=1+1",
        "{}",
    ]
    tasks = [TaskFactory(pool=pool, input_values={"text": text}) for text in texts]
    AssignmentFactory(tasks=tasks, status=AssignmentStatus.ACCEPTED)

    assert [row["INPUT:text"] for row in table(pool)] == texts
    assert [item["input_values"]["text"] for item in objects(pool)] == texts


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["json", "array_json", "float", "integer", "boolean"])
def test_what_is_exported_can_be_imported_again(kind: str) -> None:
    values: dict[str, list[Any]] = {
        "json": [{"b": [None, True, 1.5, 'x\t"y'], "a": {}}, [], 5, False],
        "array_json": [[{"a": 1}, None, "b"]],
        "float": [0.1, 1e-7, 1e15, -0.0, 12345678901234567890, 5.0],
        "integer": [0, -1, 2**70],
        "boolean": [True, False],
    }
    version = ProjectVersionFactory(output_spec={"f": {"type": kind}})
    pool = PoolFactory(version=version, project=version.project)
    for value in values[kind]:
        AssignmentFactory(
            tasks=[TaskFactory(pool=pool)],
            status=AssignmentStatus.ACCEPTED,
            output_values={"f": value},
        )

    assert [parse_cell(kind, row["OUTPUT:f"]) for row in table(pool)] == values[kind]
    assert [item["output_values"]["f"] for item in objects(pool)] == values[kind]
