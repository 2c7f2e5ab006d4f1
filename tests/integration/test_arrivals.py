from datetime import timedelta

import pytest
from django.utils import timezone

from integration import accounts, arrivals
from integration.arrivals import ArrivalRefused, browser_digest
from integration.enums import VisitStatus
from integration.models import Performer, TolokaAccount, Visit
from tests.factories import TolokaAccountFactory
from tests.integration.factories import close, make_account, make_card, owe
from tests.integration.racing import race
from tests.sandbox.running import OTHER_TOKEN

pytestmark = pytest.mark.django_db

MINE, OTHER = browser_digest("mine"), browser_digest("other")


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def address(request, broker):
    """An address that has failed nowhere yet."""
    return "198.51.100.7"


@pytest.fixture
def user_id(sandbox):
    return sandbox.make_performer()


@pytest.fixture
def assignment_id(sandbox, card, user_id):
    return sandbox.press_start(card.toloka_pool_id, user_id)


def arrive(account, *ids, now, address="198.51.100.7", key="", **more):
    values = {
        "arrival_key": key or account.arrival_key,
        "params": {"assignment_id": list(ids)},
        "path_id": None,
        "address": address,
        "now": now,
        **more,
    }
    return arrivals.resolve(**values)


def refusal(*args, **more):
    with pytest.raises(ArrivalRefused) as refused:
        arrive(*args, **more)
    return refused.value


def test_an_arrival_is_resolved_by_the_account_s_own_token(
    account, card, user_id, assignment_id, now, address
):
    resolved = arrive(account, assignment_id, now=now)

    assert (resolved.account, resolved.listing, resolved.external_id, resolved.assignment_id) == (
        account,
        card,
        user_id,
        assignment_id,
    )
    duration = timedelta(seconds=card.assignment_max_duration_seconds)
    assert now - timedelta(minutes=1) + duration < resolved.deadline <= now + duration


@pytest.mark.parametrize(
    ("params", "path_id"),
    [
        ({"assignment_id": ["ID"]}, None),
        ({"assignmentId": ["ID"], "lang": ["en"]}, None),
        ({"assignment": ["ID"]}, None),
        ({}, "ID"),
        ({"assignment_id": ["ID", "ID"], "assignment": ["ID"]}, "ID"),
        ({"assignment_id": [""], "assignment": ["ID"]}, None),
    ],
)
def test_the_id_may_come_in_any_known_place(account, assignment_id, now, address, params, path_id):
    filled = {
        name: [value.replace("ID", assignment_id) for value in values]
        for name, values in params.items()
    }

    resolved = arrive(account, now=now, params=filled, path_id=path_id and assignment_id)

    assert resolved.assignment_id == assignment_id


def test_names_of_the_parameter_are_the_account_s(account, assignment_id, now, address):
    TolokaAccount.objects.update(redirect_assignment_params=["a"])

    assert arrive(account, now=now, params={"a": [assignment_id]}).assignment_id == assignment_id
    assert refusal(account, assignment_id, now=now).code == "no_id"


@pytest.mark.parametrize(
    ("ids", "code"),
    [
        ([], "no_id"),
        ([""], "no_id"),
        (["a b"], "malformed"),
        (["../1"], "malformed"),
        (["a\n"], "malformed"),
        (["é"], "malformed"),
        (["a" * 129], "malformed"),
        (["a1", "a2"], "different_ids"),
        (["0000000000--ffffffffffffffffffffffff"], "unknown"),
    ],
)
def test_a_link_that_cannot_be_right_is_refused_with_a_way_back(
    account, card, now, address, ids, code
):
    refused = refusal(account, *ids, now=now)

    assert (refused.code, refused.way_back) == (code, "https://toloka.example/tasks")


def test_an_id_that_cannot_be_right_never_reaches_toloka(sandbox, account, now, address):
    before = sandbox.state()["requests"]

    refusal(account, "a/b", now=now)

    assert sandbox.state()["requests"] == before


@pytest.mark.parametrize("key", ["unknown", "x" * 500])
def test_an_unknown_key_says_nothing_about_accounts(account, now, key):
    refused = refusal(account, "a1", now=now, key=key)

    assert (refused.code, refused.way_back) == ("unknown_key", "")


def test_an_inactive_account_has_no_key(account, now):
    TolokaAccount.objects.update(is_active=False)

    assert refusal(account, "a1", now=now).code == "unknown_key"


def test_without_a_key_exactly_one_active_account_is_meant(account, assignment_id, now, address):
    only = arrive(account, assignment_id, now=now, arrival_key=None)
    TolokaAccountFactory.create()

    assert only.account == account
    assert refusal(account, assignment_id, now=now, arrival_key=None).code == "several_accounts"


def test_another_requester_s_assignment_is_unknown(sandbox, account, card, user_id, now, address):
    foreign = sandbox.make_pool(token=OTHER_TOKEN)
    assignment_id = sandbox.press_start(foreign, user_id)

    assert refusal(account, assignment_id, now=now).code == "unknown"


def test_a_pool_that_is_no_card_of_ours_is_refused(sandbox, account, user_id, now, address):
    assignment_id = sandbox.press_start(sandbox.make_pool(), user_id)

    assert refusal(account, assignment_id, now=now).code == "not_ours"


def test_a_card_of_another_account_is_not_ours(sandbox, account, assignment_id, now, address):
    other = make_account(sandbox)

    assert refusal(other, assignment_id, now=now).code == "not_ours"


def test_an_assignment_that_ended_is_refused(sandbox, account, assignment_id, now, address):
    sandbox.ask("POST", f"/control/assignments/{assignment_id}/expire")

    assert refusal(account, assignment_id, now=now).code == "not_active"


def test_an_assignment_whose_time_is_over_by_our_clock_is_refused(
    account, assignment_id, now, address
):
    assert refusal(account, assignment_id, now=now + timedelta(days=1)).code == "not_active"


@pytest.mark.parametrize(
    "kind", ["500_before", "503_before", "reset_before", "html", "timeout_before", "429"]
)
def test_toloka_in_trouble_is_a_page_that_tries_again(
    sandbox, account, assignment_id, now, address, kind
):
    status = {"status": 502} if kind == "html" else {}
    sandbox.fault(kind, endpoint="assignment_get", delay_s=8, **status)

    refused = refusal(account, assignment_id, now=now)

    assert refused.code == "toloka_down"
    assert refused.retry_after_s
    assert refused.retry_after_s >= arrivals.RETRY_S


def test_an_answer_of_the_wrong_shape_is_no_arrival(sandbox, account, assignment_id, now, address):
    sandbox.fault("html", endpoint="assignment_get", status=200)

    assert refusal(account, assignment_id, now=now).code == "toloka_down"


@pytest.mark.parametrize(("status", "code"), [("401", "toloka_down"), ("403", "unknown")])
def test_a_stranger_s_link_pauses_no_account(
    sandbox, account, assignment_id, now, address, status, code
):
    codes = {"401": "AUTHENTICATION_ERROR", "403": "ACCESS_DENIED"}
    sandbox.fault(status, endpoint="assignment_get", code=codes[status])

    refused = refusal(account, assignment_id, now=now)

    account.refresh_from_db()
    assert (refused.code, account.paused_at) == (code, None)


def test_a_paused_account_takes_nobody_new_in(account, card, assignment_id, now, address):
    accounts.pause_account(account.pk, "wrong token", now=now)

    assert refusal(account, assignment_id, now=now).code == "paused"


def test_failed_lookups_are_limited_for_each_address(account, card, now, address):
    for number in range(20):
        assert refusal(account, f"none-{number}", now=now).code == "unknown"

    refused = refusal(account, "none-20", now=now)

    assert refused.code == "rate_limited"
    assert refused.retry_after_s
    assert 0 < refused.retry_after_s <= 600
    assert refusal(account, "none-21", now=now, address="203.0.113.9").code == "unknown"


# Admission


def test_a_first_arrival_makes_performer_and_visit(account, assignment_id, user_id, now, address):
    resolved = arrive(account, assignment_id, now=now)

    admission = arrivals.admit(resolved, browser_key=MINE, now=now)

    visit = Visit.objects.get()
    assert (admission.visit, admission.is_new, admission.superseded) == (visit, True, None)
    assert (visit.performer.realm, visit.performer.external_id) == ("toloka-sandbox", user_id)
    assert (visit.browser_key, visit.deadline, visit.status) == (
        MINE,
        resolved.deadline,
        VisitStatus.OPEN,
    )


def test_the_second_click_finds_the_same_visit(account, assignment_id, now, address):
    resolved = arrive(account, assignment_id, now=now)
    first = arrivals.admit(resolved, browser_key=MINE, now=now)

    again = arrivals.admit(resolved, browser_key=MINE, now=now + timedelta(minutes=1))

    assert (again.visit, again.is_new) == (first.visit, False)
    assert again.visit.heard_at == now + timedelta(minutes=1)
    assert Performer.objects.count() == 1


def test_another_browser_waits_until_the_first_is_silent(account, assignment_id, now, address):
    resolved = arrive(account, assignment_id, now=now)
    arrivals.admit(resolved, browser_key=MINE, now=now)

    with pytest.raises(ArrivalRefused) as refused:
        arrivals.admit(resolved, browser_key=OTHER, now=now + timedelta(seconds=90))
    taken = arrivals.admit(resolved, browser_key=OTHER, now=now + timedelta(seconds=121))

    assert (refused.value.code, refused.value.retry_after_s) == ("other_browser", 31)
    assert (taken.is_new, taken.visit.browser_key) == (False, OTHER)
    with pytest.raises(ArrivalRefused):
        arrivals.admit(resolved, browser_key=MINE, now=now + timedelta(seconds=130))


def test_a_visit_that_ended_is_over(account, assignment_id, now, address):
    resolved = arrive(account, assignment_id, now=now)
    close(arrivals.admit(resolved, browser_key=MINE, now=now).visit, now=now)

    with pytest.raises(ArrivalRefused) as refused:
        arrivals.admit(resolved, browser_key=MINE, now=now)

    assert refused.value.code == "visit_over"


def test_a_newer_assignment_supersedes_the_open_visit(
    sandbox, account, card, user_id, assignment_id, now, address
):
    sandbox.configure(reuse_active_assignment=False)
    older = arrivals.admit(arrive(account, assignment_id, now=now), browser_key=MINE, now=now)
    newer_id = sandbox.press_start(card.toloka_pool_id, user_id)

    newer = arrivals.admit(arrive(account, newer_id, now=now), browser_key=OTHER, now=now)

    older.visit.refresh_from_db()
    assert (newer.is_new, newer.superseded) == (True, older.visit)
    assert (older.visit.status, older.visit.superseded_by) == (
        VisitStatus.SUPERSEDED,
        newer.visit,
    )
    back = arrivals.admit(arrive(account, assignment_id, now=now), browser_key=OTHER, now=now)
    assert (back.visit, back.is_new) == (newer.visit, False)


def test_a_new_assignment_after_the_close_is_a_new_visit(
    sandbox, account, card, user_id, assignment_id, now, address
):
    first = arrivals.admit(arrive(account, assignment_id, now=now), browser_key=MINE, now=now)
    owe(first.visit, now=now)
    close(first.visit, now=now)
    sandbox.configure(reuse_active_assignment=False)
    newer_id = sandbox.press_start(card.toloka_pool_id, user_id)

    second = arrivals.admit(arrive(account, newer_id, now=now), browser_key=MINE, now=now)

    assert (second.is_new, second.superseded) == (True, None)
    first.visit.refresh_from_db()
    assert first.visit.status == VisitStatus.CLOSING


def test_one_performer_at_two_cards_has_two_visits(
    sandbox, account, card, user_id, assignment_id, now, address
):
    other_card = make_card(sandbox, account)
    other_id = sandbox.press_start(other_card.toloka_pool_id, user_id)
    arrivals.admit(arrive(account, assignment_id, now=now), browser_key=MINE, now=now)

    second = arrivals.admit(arrive(account, other_id, now=now), browser_key=MINE, now=now)

    assert second.superseded is None
    assert Visit.objects.filter(status=VisitStatus.OPEN).count() == 2
    assert Performer.objects.count() == 1


@pytest.mark.parametrize("trouble", ["down", "paused"])
def test_an_open_visit_is_found_again_without_toloka(
    sandbox, account, assignment_id, now, address, trouble
):
    resolved = arrive(account, assignment_id, now=now)
    visit = arrivals.admit(resolved, browser_key=MINE, now=now).visit
    if trouble == "down":
        TolokaAccount.objects.update(api_url="http://127.0.0.1:9")
    else:
        accounts.pause_account(account.pk, "wrong token", now=now)

    again = arrive(account, assignment_id, now=now)

    assert arrivals.admit(again, browser_key=MINE, now=now).visit == visit
    close(visit, now=now)
    assert refusal(account, assignment_id, now=now).code in {"toloka_down", "paused"}


# Races


@pytest.mark.django_db(transaction=True)
def test_the_same_link_opened_many_times_at_once_makes_one_visit(
    account, assignment_id, now, address
):
    resolved = arrive(account, assignment_id, now=now)

    found = race(*[lambda: arrivals.admit(resolved, browser_key=MINE, now=now)] * 6)

    assert [one for one in found if isinstance(one, Exception)] == []
    assert sum(one.is_new for one in found) == 1
    assert Visit.objects.count() == 1
    assert Performer.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_stranger_and_the_performer_at_once_end_in_one_browser(
    account, assignment_id, now, address
):
    resolved = arrive(account, assignment_id, now=now)

    found = race(
        lambda: arrivals.admit(resolved, browser_key=MINE, now=now),
        lambda: arrivals.admit(resolved, browser_key=OTHER, now=now),
    )

    refused = [one for one in found if isinstance(one, ArrivalRefused)]
    assert [one.code for one in refused] == ["other_browser"]
    assert Visit.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_browsers_taking_over_at_once_end_in_one(account, assignment_id, now, address):
    resolved = arrive(account, assignment_id, now=now)
    arrivals.admit(resolved, browser_key=MINE, now=now)
    later = now + timedelta(minutes=5)

    found = race(
        lambda: arrivals.admit(resolved, browser_key=OTHER, now=later),
        lambda: arrivals.admit(resolved, browser_key=browser_digest("third"), now=later),
    )

    assert sum(isinstance(one, ArrivalRefused) for one in found) == 1


@pytest.mark.django_db(transaction=True)
def test_several_assignments_of_one_performer_at_once_leave_one_open_visit(
    sandbox, account, card, user_id, now, address
):
    sandbox.configure(reuse_active_assignment=False)
    ids = [sandbox.press_start(card.toloka_pool_id, user_id) for _ in range(4)]
    resolved = [arrive(account, one, now=now) for one in ids]

    found = race(*[lambda r=one: arrivals.admit(r, browser_key=MINE, now=now) for one in resolved])

    assert [one for one in found if isinstance(one, Exception)] == []
    assert Visit.objects.filter(status=VisitStatus.OPEN).count() == 1
    superseded = Visit.objects.filter(status=VisitStatus.SUPERSEDED, superseded_by__isnull=False)
    assert superseded.count() == 3
