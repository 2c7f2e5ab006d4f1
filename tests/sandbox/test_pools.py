"""Pools, operations and what happens by itself."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.sandbox.running import POOL, PROJECT, RunningSandbox


def wait_for(sandbox: RunningSandbox, path: str, name: str, value: str) -> Any:
    for _ in range(200):
        found = sandbox.ask("GET", path)
        if found[name] == value:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{name} never became {value}: {found}")


def test_an_operation_goes_from_pending_over_running_to_success(sandbox):
    sandbox.configure(operation_seconds=0.6)
    pool_id = sandbox.make_pool(opened=False)

    operation = sandbox.ask("POST", f"/api/v1/pools/{pool_id}/open")
    path = f"/api/v1/operations/{operation['id']}"
    running = wait_for(sandbox, path, "status", "RUNNING")
    closed = sandbox.ask("GET", f"/api/v1/pools/{pool_id}")["status"]
    finished = wait_for(sandbox, path, "status", "SUCCESS")

    assert operation["status"] == "PENDING"
    assert running["started"] > operation["submitted"]
    assert "finished" not in running
    assert closed == "CLOSED"
    assert finished["finished"] > running["started"]
    assert sandbox.ask("GET", f"/api/v1/pools/{pool_id}")["status"] == "OPEN"


def test_a_second_operation_has_to_wait_for_the_first(sandbox):
    sandbox.configure(operation_seconds=30)
    pool_id = sandbox.make_pool(opened=False)
    sandbox.ask("POST", f"/api/v1/pools/{pool_id}/open")

    answer = sandbox.call("POST", f"/api/v1/pools/{pool_id}/archive")

    assert (answer.status_code, answer.json()["code"]) == (409, "POOL_LOCKED_BY_ANOTHER_OPERATION")


def test_an_operation_may_fail_and_then_changes_nothing(sandbox):
    sandbox.configure(operation_outcome="FAIL")
    pool_id = sandbox.make_pool(opened=False)

    operation = sandbox.finish("POST", f"/api/v1/pools/{pool_id}/open")

    assert operation["status"] == "FAIL"
    assert sandbox.ask("GET", f"/api/v1/pools/{pool_id}")["status"] == "CLOSED"


def test_an_external_pool_without_tasks_can_be_refused(sandbox):
    sandbox.configure(empty_pool_refused=True)
    pool_id = sandbox.make_pool(opened=False)
    refused = sandbox.call("POST", f"/api/v1/pools/{pool_id}/open")
    task = {"pool_id": pool_id, "input_values": {"stub": "x"}, "infinite_overlap": True}
    sandbox.ask("POST", "/api/v1/tasks", task)

    assert (refused.status_code, refused.json()["code"]) == (409, "EMPTY_POOL")
    assert sandbox.finish("POST", f"/api/v1/pools/{pool_id}/open")["status"] == "SUCCESS"


def test_an_ordinary_pool_needs_tasks(sandbox):
    form = {**PROJECT, "assignments_issuing_type": "AUTOMATED"}
    project_id = sandbox.ask("POST", "/api/v1/projects", form)["id"]
    pool = sandbox.ask("POST", "/api/v1/pools", {**POOL, "project_id": project_id})

    answer = sandbox.call("POST", f"/api/v1/pools/{pool['id']}/open")

    assert answer.json()["code"] == "EMPTY_POOL"


def test_a_pool_whose_time_is_over_closes_by_itself(sandbox):
    pool_id = sandbox.make_pool(opened=False, will_expire="2020-01-01T00:00:00")
    sandbox.finish("POST", f"/api/v1/pools/{pool_id}/open")

    pool = wait_for(sandbox, f"/api/v1/pools/{pool_id}", "last_close_reason", "EXPIRED")

    assert pool["status"] == "CLOSED"


def test_an_assignment_expires_by_itself(sandbox, monkeypatch):
    pool_id = sandbox.make_pool(assignment_max_duration_seconds=5)
    assignment_id = sandbox.press_start(pool_id, sandbox.make_performer())
    path = f"/api/v1/assignments/{assignment_id}"
    assert sandbox.ask("GET", path)["status"] == "ACTIVE"

    time.sleep(5.1)

    assert sandbox.ask("GET", path)["status"] == "EXPIRED"


def test_a_cloned_pool_is_a_new_closed_one(sandbox):
    pool_id = sandbox.make_pool(private_name="wave 7")

    operation = sandbox.finish("POST", f"/api/v1/pools/{pool_id}/clone")

    clone = sandbox.ask("GET", f"/api/v1/pools/{operation['details']['pool_id']}")
    assert clone["id"] != pool_id
    assert (clone["status"], clone["private_name"]) == ("CLOSED", "wave 7")


def test_archiving_goes_pools_first_then_the_project(sandbox):
    pool_id = sandbox.make_pool(opened=False)
    project_id = sandbox.ask("GET", f"/api/v1/pools/{pool_id}")["project_id"]
    path = f"/api/v1/projects/{project_id}"
    early = sandbox.call("POST", f"{path}/archive")

    sandbox.finish("POST", f"/api/v1/pools/{pool_id}/archive")
    sandbox.finish("POST", f"{path}/archive")

    assert early.json()["code"] == "UNARCHIVED_POOLS_CONFLICT"
    assert sandbox.ask("GET", path)["status"] == "ARCHIVED"


def test_lists_are_paged_without_a_gap(sandbox):
    pool_ids = [sandbox.make_pool(opened=False) for _ in range(5)]
    found: list[str] = []
    more, after = True, "0"
    while more:
        query = f"?sort=id&limit=2&id_gt={after}"
        page = sandbox.ask("GET", f"/api/v1/pools{query}")
        found += [one["id"] for one in page["items"]]
        more, after = page["has_more"], found[-1]

    assert found == pool_ids


def test_ids_of_one_pool_sort_as_they_were_made(sandbox):
    pool_id = sandbox.make_pool()
    made = [sandbox.press_start(pool_id, sandbox.make_performer()) for _ in range(5)]

    assert made == sorted(made)
    assert len({len(one) for one in made}) == 1


@pytest.mark.parametrize("query", ["sort=colour", "limit=0", "colour=red", "created_gt=noon"])
def test_a_list_refuses_what_it_does_not_understand(sandbox, query):
    answer = sandbox.call("GET", f"/api/v1/pools?{query}")

    assert answer.status_code == 400
    assert list(answer.json()["payload"]) == [query.partition("=")[0]]


def test_a_project_of_another_requester_is_not_there(sandbox):
    pool_id = sandbox.make_pool(opened=False)

    for path in (f"/api/v1/pools/{pool_id}", f"/api/v1/pools/{pool_id}/open"):
        method = "GET" if path.endswith(pool_id) else "POST"
        assert sandbox.call(method, path, token="other-token").status_code == 404
