"""What a performer sees, and where Start leads."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

LANGUAGE_FILTER = {"category": "profile", "key": "languages", "operator": "IN", "value": "RU"}


def open_page(sandbox, user_id):
    answer = requests.get(f"{sandbox.url}/", params={"performer": user_id}, timeout=10)
    assert answer.status_code == 200
    return answer.text


def press_start(sandbox, pool_id, user_id):
    form = {"pool_id": pool_id, "user_id": user_id}
    url = f"{sandbox.url}/start"
    return requests.post(url, data=form, allow_redirects=False, timeout=10)


def test_a_new_performer_gets_an_id_of_tolokas_form(sandbox):
    answer = requests.post(f"{sandbox.url}/performers", data={"user_id": ""}, timeout=10)

    assert re.search(r'data-testid="user-id">[0-9a-f]{32}<', answer.text)


def test_a_card_shows_what_the_partner_advertises(sandbox):
    sandbox.make_pool()

    text = open_page(sandbox, sandbox.make_performer())

    assert "Road signs" in text
    assert "Mini Labels" in text
    assert "up to $0.35 a page" in text


def test_start_leads_to_the_partner_with_the_assignment_and_the_old_query(sandbox):
    pool_id, user_id = sandbox.make_pool(), sandbox.make_performer()

    answer = press_start(sandbox, pool_id, user_id)

    address = urlsplit(answer.headers["Location"])
    query = parse_qs(address.query)
    assert answer.status_code == 302
    assert (address.netloc, address.path) == ("labels.example.org", "/toloka/key/start/")
    assert query["lang"] == ["en"]
    assignment = sandbox.ask("GET", f"/api/v1/assignments/{query['assignment_id'][0]}")
    assert (assignment["user_id"], assignment["status"]) == (user_id, "ACTIVE")


def test_start_again_gives_the_same_assignment(sandbox):
    pool_id, user_id = sandbox.make_pool(), sandbox.make_performer()

    assert sandbox.press_start(pool_id, user_id) == sandbox.press_start(pool_id, user_id)


def test_start_again_gives_another_assignment_where_set_so(sandbox):
    sandbox.configure(reuse_active_assignment=False)
    pool_id, user_id = sandbox.make_pool(), sandbox.make_performer()

    assert sandbox.press_start(pool_id, user_id) != sandbox.press_start(pool_id, user_id)


def test_the_assignment_may_come_under_another_name_or_in_the_path(sandbox):
    pool_id, user_id = sandbox.make_pool(), sandbox.make_performer()
    sandbox.configure(redirect_param="assignmentId")
    by_name = press_start(sandbox, pool_id, user_id).headers["Location"]
    sandbox.configure(redirect_in_path=True)
    by_path = press_start(sandbox, pool_id, user_id).headers["Location"]
    assignment_id = sandbox.press_start(pool_id, user_id)

    assert f"&assignmentId={assignment_id}" in by_name
    assert urlsplit(by_path).path == f"/toloka/key/start/{assignment_id}/"


@pytest.mark.parametrize(
    ("languages", "shown"), [(["RU", "EN"], True), (["DE"], False), ([], False)]
)
def test_a_card_is_shown_to_those_who_fit_its_filter(sandbox, languages, shown):
    pool_id = sandbox.make_pool(filter={"and": [{"or": [LANGUAGE_FILTER]}]})
    user_id = sandbox.make_performer(profile={"languages": languages})

    text = open_page(sandbox, user_id)

    assert (f'data-pool="{pool_id}"' in text) is shown
    assert press_start(sandbox, pool_id, user_id).status_code == (302 if shown else 409)


def test_a_skill_opens_a_card(sandbox):
    skill_id = sandbox.ask("POST", "/api/v1/skills", {"name": "signs"})["id"]
    condition = {"category": "skill", "key": skill_id, "operator": "GTE", "value": 80}
    pool_id = sandbox.make_pool(filter=condition)
    user_id = sandbox.make_performer()
    without = press_start(sandbox, pool_id, user_id).status_code
    form = {"skill_id": skill_id, "user_id": user_id, "value": 80}
    sandbox.ask("PUT", "/api/v1/user-skills", form)

    assert (without, press_start(sandbox, pool_id, user_id).status_code) == (409, 302)


def test_a_restricted_performer_sees_no_card(sandbox):
    pool_id, user_id = sandbox.make_pool(), sandbox.make_performer()
    form = {"scope": "POOL", "pool_id": pool_id, "user_id": user_id}
    restriction = sandbox.ask("PUT", "/api/v1/user-restrictions", form)
    hidden = f'data-pool="{pool_id}"' not in open_page(sandbox, user_id)
    sandbox.call("DELETE", f"/api/v1/user-restrictions/{restriction['id']}")

    assert hidden
    assert f'data-pool="{pool_id}"' in open_page(sandbox, user_id)


def test_a_closed_pool_has_no_card(sandbox):
    pool_id = sandbox.make_pool(opened=False)

    assert f'data-pool="{pool_id}"' not in open_page(sandbox, sandbox.make_performer())


def test_earnings_and_history(sandbox, started):
    body = {"pool_id": int(started["pool_id"]), "user_id": started["user_id"], "reward": 0.035}
    sandbox.submit({**body, "retry_id": "1", "quality": 0.75, "real_tasks_count": 6})
    sandbox.submit({**body, "retry_id": "1"})
    sandbox.submit({**body, "reward": -1})
    bonus = {"user_id": started["user_id"], "amount": 0.5, "without_message": True}
    sandbox.ask("POST", "/api/v1/user-bonuses", bonus)

    text = open_page(sandbox, started["user_id"])

    assert ">$0.535<" in text
    assert text.count("$0.035") == 1
    assert "0.75" in text


def test_a_profile_is_changed_on_the_page(sandbox):
    user_id = sandbox.make_performer()
    url = f"{sandbox.url}/performers/{user_id}/profile"

    good = requests.post(url, data={"profile": '{"country": "FR"}'}, timeout=10)
    bad = requests.post(url, data={"profile": "[]"}, timeout=10)

    assert (good.status_code, bad.status_code) == (200, 400)
    assert sandbox.ask("GET", f"/api/v1/user-metadata/{user_id}")["country"] == "FR"


def test_texts_of_requesters_are_escaped(sandbox):
    text = "<script>alert(1)</script>"
    sandbox.make_pool(public_description=text)

    assert text not in open_page(sandbox, sandbox.make_performer())
