"""The control interface, in JSON and as a page."""

from __future__ import annotations

from decimal import Decimal

import pytest
import requests

from tests.sandbox.running import TOKEN


def test_the_state_names_no_token(sandbox, started):
    text = sandbox.call("GET", "/control/state").text

    assert started["assignment_id"] in text
    assert TOKEN not in text


def test_parts_of_the_state(sandbox):
    assert list(sandbox.ask("GET", "/control/state?only=faults,rewards")) == ["rewards", "faults"]
    assert sandbox.call("GET", "/control/state?only=colours").status_code == 400


def test_requests_are_counted_by_endpoint_and_status(sandbox):
    sandbox.ask("GET", "/api/v1/requester")
    sandbox.call("GET", "/api/v1/requester", token="wrong")

    counts = sandbox.state()["requests"]

    assert counts["by_endpoint"]["requester_get"] == {"200": 1, "401": 1}
    assert [one["status"] for one in counts["latest"]] == [200, 401]


@pytest.mark.parametrize(
    "change",
    [
        {"colour": "red"},
        {"fee": "much"},
        {"fee": -1},
        {"deduplicate_by_retry_id": 1},
        {"late_submits": "perhaps"},
        {"force_flags": {"colour": True}},
        {"redirect_param": ""},
    ],
)
def test_a_setting_that_is_none_is_refused(sandbox, change):
    before = sandbox.ask("GET", "/control/settings")

    assert sandbox.call("POST", "/control/settings", change).status_code == 400
    assert sandbox.ask("GET", "/control/settings") == before


def test_a_token_can_be_replaced(sandbox):
    sandbox.ask("POST", "/control/requesters", {"name": "lab", "token": "fresh"})

    assert sandbox.call("GET", "/api/v1/requester").status_code == 401
    assert sandbox.ask("GET", "/api/v1/requester", token="fresh")["balance"] == Decimal(100)


def test_an_unknown_token_may_be_answered_by_403(sandbox):
    sandbox.configure(unknown_token_status=403)

    answer = sandbox.call("GET", "/api/v1/requester", token="wrong")

    assert (answer.status_code, answer.json()["code"]) == (403, "ACCESS_DENIED")


def test_a_pool_can_be_closed_as_by_toloka(sandbox):
    pool_id = sandbox.make_pool()

    sandbox.ask("POST", f"/control/pools/{pool_id}/close", {"reason": "BLOCKED"})

    pool = sandbox.ask("GET", f"/api/v1/pools/{pool_id}")
    assert (pool["status"], pool["last_close_reason"]) == ("CLOSED", "BLOCKED")


def test_expiring_twice_is_a_conflict(sandbox, started):
    path = f"/control/assignments/{started['assignment_id']}/expire"

    assert [sandbox.call("POST", path).status_code for _ in range(2)] == [200, 409]


def test_a_reset_forgets_all_but_the_requesters_and_uses_no_id_again(sandbox):
    first = sandbox.make_pool()

    sandbox.ask("POST", "/control/reset")
    state = sandbox.state()
    sandbox.configure(registered_redirects=["https://labels.example.org/"])
    second = sandbox.make_pool(opened=False)

    assert state["pools"] == []
    assert len(state["requesters"]) == 2
    assert int(second) > int(first)


def test_pages_of_other_sites_are_kept_out(sandbox):
    headers = {"Origin": "https://evil.example.org"}

    for method, path in (("POST", "/control/reset"), ("GET", "/control")):
        answer = requests.request(method, sandbox.url + path, headers=headers, timeout=10)
        assert answer.status_code == 403


def test_the_control_page_sets_faults_and_settings(sandbox, started):
    form = {"endpoint": "requester_get", "kind": "503", "times": "1", "skip": "0", "delay_s": ""}
    page = requests.post(f"{sandbox.url}/control/form/faults", data=form, timeout=10)
    changed = {"fee": "0.25", "deduplicate_by_retry_id": "false", "late_submits": '"accept"'}
    requests.post(f"{sandbox.url}/control/form/settings", data=changed, timeout=10)
    settings = sandbox.ask("GET", "/control/settings")

    assert page.status_code == 200
    assert "503 for requester_get" in page.text
    assert sandbox.call("GET", "/api/v1/requester").status_code == 503
    assert settings["fee"] == Decimal("0.25")
    assert settings["deduplicate_by_retry_id"] is False
    assert settings["late_submits"] == "accept"


def test_the_control_page_bans_and_lifts(sandbox):
    user_id = sandbox.make_performer()
    url = f"{sandbox.url}/control/form/ban"
    states = []
    for _ in range(2):
        assert requests.post(url, data={"user_id": user_id}, timeout=10).status_code == 200
        states.append(sandbox.state()["performers"][0]["banned"])

    assert states == [True, False]
