"""Tables and numbers about a pool."""

from __future__ import annotations

import csv
import io

import pytest


def read_table(sandbox, pool_id, query=""):
    answer = sandbox.call("GET", f"/api/new/requester/pools/{pool_id}/assignments.tsv{query}")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.text), delimiter="\t"))


def close(sandbox, started):
    pool_id, user_id = int(started["pool_id"]), started["user_id"]
    body = {"pool_id": pool_id, "user_id": user_id, "reward": 0.1, "close_session": True}
    assert sandbox.submit(body).status_code == 200


def test_the_table_has_a_row_an_approved_assignment(sandbox, started):
    before = read_table(sandbox, started["pool_id"])
    close(sandbox, started)
    (row,) = read_table(sandbox, started["pool_id"])

    assert before == []
    assert row["ASSIGNMENT:assignment_id"] == started["assignment_id"]
    assert row["ASSIGNMENT:worker_id"] == started["user_id"]
    assert row["ASSIGNMENT:status"] == "APPROVED"


def test_the_table_can_be_narrowed_to_statuses_and_columns(sandbox, started):
    query = "?status=ACTIVE,APPROVED&field=ASSIGNMENT:status"

    (row,) = read_table(sandbox, started["pool_id"], query)

    assert [name for name in row if name.startswith("ASSIGNMENT:")] == ["ASSIGNMENT:status"]
    assert row["ASSIGNMENT:status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("submitted_assignments_count", 1),
        ("approved_assignments_count", 1),
        ("rejected_assignments_count", 0),
        ("unique_workers_count", 1),
        ("real_tasks_count", 0),
        ("completion_percentage", {"value": 0}),
    ],
)
def test_analytics(sandbox, started, name, result):
    close(sandbox, started)
    asked = {"subject": "POOL", "subject_id": started["pool_id"], "name": name}

    operation = sandbox.finish("POST", "/api/staging/analytics-2", [asked])

    assert operation["type"] == "ANALYTICS"
    assert [one["result"] for one in operation["details"]["value"]] == [result]
    assert operation["details"]["value"][0]["request"] == asked


@pytest.mark.parametrize(
    ("change", "level"),
    [
        ({}, "EQUAL"),
        ({"extra": {"type": "string", "required": False}}, "NON_BREAKING_CHANGE"),
        ({"extra": {"type": "string", "required": True}}, "BREAKING_CHANGE"),
        ({"stub": {"type": "integer", "required": False, "hidden": True}}, "BREAKING_CHANGE"),
    ],
)
def test_how_far_a_change_of_the_specification_goes(sandbox, change, level):
    pool_id = sandbox.make_pool(opened=False)
    project_id = sandbox.ask("GET", f"/api/v1/pools/{pool_id}")["project_id"]
    project = sandbox.ask("GET", f"/api/v1/projects/{project_id}")
    project["metadata"] = {}
    project["task_spec"]["input_spec"] |= change

    answer = sandbox.ask("POST", f"/api/staging/projects/{project_id}/check", project)

    assert answer == {"differenceLevel": level}
