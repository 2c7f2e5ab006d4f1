"""External submits: paid once, booked exactly, answered with the right flags."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.running import TOKEN


def make_body(started: dict[str, str], **more: Any) -> dict[str, Any]:
    return {
        "pool_id": int(started["pool_id"]),
        "user_id": started["user_id"],
        "reward": 0.1,
        **more,
    }


def test_reward_and_fee_leave_the_balance_to_the_last_digit(sandbox, started):
    for retry_id, reward in (("a", 0.1), ("b", 0.2), ("c", 0.0351)):
        sandbox.submit(make_body(started, retry_id=retry_id, reward=reward))

    balance = sandbox.ask("GET", "/api/v1/requester")["balance"]

    assert sandbox.state()["rewards"] == {started["user_id"]: Decimal("0.3351")}
    assert balance == Decimal(100) - Decimal("0.3351") * Decimal("1.2")


def test_the_fee_is_a_setting(sandbox, started):
    sandbox.configure(fee=0)

    sandbox.submit(make_body(started))

    assert sandbox.ask("GET", "/api/v1/requester")["balance"] == Decimal("99.9")


def test_two_submits_at_once_with_one_retry_id_apply_once(sandbox, started):
    body = make_body(started, retry_id="same")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: sandbox.submit(body), range(8)))

    state = sandbox.state()
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(one["applied"] for one in state["submits"]) == [False] * 7 + [True]
    assert sum(one["duplicate"] for one in state["submits"]) == 7
    assert state["rewards"] == {started["user_id"]: Decimal("0.1")}


def test_without_deduplication_a_repeat_is_paid_again(sandbox, started):
    sandbox.configure(deduplicate_by_retry_id=False)

    for _ in range(2):
        assert sandbox.submit(make_body(started, retry_id="same")).status_code == 200

    assert sandbox.state()["rewards"] == {started["user_id"]: Decimal("0.2")}


def test_a_repeat_may_be_answered_by_a_conflict(sandbox, started):
    sandbox.configure(duplicate_answer="conflict")
    sandbox.submit(make_body(started, retry_id="same"))

    answer = sandbox.submit(make_body(started, retry_id="same"))

    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT_STATE")


def test_a_repeat_is_answered_as_the_first_time_even_if_the_world_has_changed(sandbox, started):
    first = sandbox.submit(make_body(started, retry_id="same")).json()
    sandbox.ask("POST", "/control/performers", {"user_id": started["user_id"], "banned": True})

    assert sandbox.submit(make_body(started, retry_id="same")).json() == first
    assert sandbox.submit(make_body(started, retry_id="new")).json()["restriction_match"] is True


@pytest.mark.parametrize(("auto_accept", "status"), [(True, "ACCEPTED"), (False, "SUBMITTED")])
def test_a_closing_submit_ends_the_assignment(sandbox, auto_accept, status):
    pool_id = sandbox.make_pool(auto_accept_solutions=auto_accept)
    user_id = sandbox.make_performer()
    assignment_id = sandbox.press_start(pool_id, user_id)
    started = {"pool_id": pool_id, "user_id": user_id}

    sandbox.submit(make_body(started))
    before = sandbox.ask("GET", f"/api/v1/assignments/{assignment_id}")["status"]
    sandbox.submit(make_body(started, close_session=True))
    after = sandbox.ask("GET", f"/api/v1/assignments/{assignment_id}")["status"]

    assert (before, after) == ("ACTIVE", status)


def test_late_submits_can_be_let_in(sandbox, started):
    sandbox.ask("POST", f"/control/assignments/{started['assignment_id']}/expire")
    refused = sandbox.submit(make_body(started))
    sandbox.configure(late_submits="accept")

    taken = sandbox.submit(make_body(started))

    assert (refused.status_code, taken.status_code) == (409, 200)
    assert [one["applied"] for one in sandbox.state()["submits"]] == [False, True]


def test_active_work_may_be_finished_after_the_pool_closed(sandbox, started):
    sandbox.finish("POST", f"/api/v1/pools/{started['pool_id']}/close")

    assert sandbox.submit(make_body(started, close_session=True)).status_code == 200


def test_an_archived_pool_takes_nothing(sandbox, started):
    for action in ("close", "archive"):
        sandbox.finish("POST", f"/api/v1/pools/{started['pool_id']}/{action}")

    answer = sandbox.submit(make_body(started))

    assert (answer.status_code, answer.json()["code"]) == (409, "POOL_INAPPROPRIATE_STATUS")


def test_a_submit_beyond_the_balance_closes_the_pool_and_pays_nothing(sandbox, started):
    sandbox.ask("POST", "/control/requesters", {"name": "lab", "token": TOKEN, "balance": 0.11})

    answer = sandbox.submit(make_body(started))

    pool = sandbox.ask("GET", f"/api/v1/pools/{started['pool_id']}")
    assert answer.json()["code"] == "NOT_ENOUGH_BALANCE"
    assert (pool["status"], pool["last_close_reason"]) == ("CLOSED", "NOT_ENOUGH_BALANCE")
    assert sandbox.state()["rewards"] == {}


def test_an_empty_close_can_be_refused(sandbox, started):
    sandbox.configure(empty_close_refused=True)

    empty = sandbox.submit(make_body(started, reward=0, close_session=True))
    worked = sandbox.submit(make_body(started, reward=0, close_session=True, real_tasks_count=1))

    assert (empty.status_code, worked.status_code) == (409, 200)


def test_the_price_of_the_pool_is_paid_at_the_close_where_set_so(sandbox, started):
    sandbox.configure(pay_base_price=True, fee=0)

    for _ in range(2):
        sandbox.submit(make_body(started, retry_id="last", reward=0, close_session=True))

    kinds = [(one["kind"], one["amount"]) for one in sandbox.state()["entries"]]
    assert kinds == [("base_price", Decimal("0.005"))]


@pytest.mark.parametrize(
    ("scope", "target", "matches"),
    [
        ("ALL_PROJECTS", None, True),
        ("PROJECT", "project_id", True),
        ("POOL", "pool_id", True),
        ("POOL", "other_pool_id", False),
    ],
)
def test_restrictions_show_in_the_flag_of_their_scope(sandbox, started, scope, target, matches):
    pool = sandbox.ask("GET", f"/api/v1/pools/{started['pool_id']}")
    ids = {"project_id": pool["project_id"], "pool_id": pool["id"]}
    ids["other_pool_id"] = sandbox.make_pool(opened=False)
    form = {"scope": scope, "user_id": started["user_id"]}
    if target:
        form[target.removeprefix("other_")] = ids[target]
    sandbox.ask("PUT", "/api/v1/user-restrictions", form)

    assert sandbox.submit(make_body(started)).json()["restriction_match"] is matches


def test_a_restriction_ends_with_its_time(sandbox, started):
    form = {"scope": "ALL_PROJECTS", "user_id": started["user_id"]}
    sandbox.ask("PUT", "/api/v1/user-restrictions", {**form, "will_expire": "2020-01-01T00:00:00"})

    assert sandbox.submit(make_body(started)).json()["restriction_match"] is False


def test_the_restriction_flag_can_mean_the_opposite(sandbox, started):
    sandbox.configure(restriction_match_polarity="passes")

    assert sandbox.submit(make_body(started)).json()["restriction_match"] is True


def test_the_filter_is_asked_anew_at_each_submit(sandbox):
    filter_ = {"category": "profile", "key": "country", "operator": "EQ", "value": "DE"}
    pool_id = sandbox.make_pool(filter={"and": [{"or": [filter_]}]})
    user_id = sandbox.make_performer(profile={"country": "DE"})
    sandbox.press_start(pool_id, user_id)
    body = make_body({"pool_id": pool_id, "user_id": user_id})

    before = sandbox.submit(body).json()["filter_match"]
    sandbox.make_performer(user_id=user_id, profile={"country": "FR"})
    after = sandbox.submit(body).json()["filter_match"]

    assert (before, after) == (True, False)


def test_the_worse_half_does_not_match_the_balance(sandbox):
    balance = {"type": "TOP_PERCENTAGE_BY_QUALITY", "percent": 50}
    pool_id = sandbox.make_pool(speed_quality_balance=balance)
    matches = []
    for quality in (1, 0.9, 0.2):
        user_id = sandbox.make_performer()
        sandbox.press_start(pool_id, user_id)
        body = make_body({"pool_id": pool_id, "user_id": user_id}, quality=quality)
        matches.append(sandbox.submit(body).json()["speed_quality_balance_match"])

    # The first is alone; of two the second is not in the better half; nor the last of three.
    assert matches == [True, False, False]


def test_flags_can_be_forced(sandbox, started):
    sandbox.configure(force_flags={"filter_match": False, "restriction_match": None})

    assert sandbox.submit(make_body(started)).json() == {
        "speed_quality_balance_match": True,
        "restriction_match": None,
        "filter_match": False,
    }


def test_what_came_is_on_record_byte_for_byte_and_in_order(sandbox, started):
    sandbox.fault("500_before")
    sandbox.submit(make_body(started, retry_id="1"))
    sandbox.submit(make_body(started, retry_id="1", quality="high"))
    sandbox.submit(make_body(started, retry_id="1"))

    submits = sandbox.state()["submits"]

    assert [one["status"] for one in submits] == [None, 400, 200]
    assert [one["fault"] for one in submits] == ["500_before", "", ""]
    assert submits[0]["raw"] == submits[2]["raw"]
    assert '"reward": 0.1' in submits[2]["raw"]
    assert submits[2]["assignment_id"] == started["assignment_id"]
