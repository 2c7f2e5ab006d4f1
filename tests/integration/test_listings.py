import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from integration import accounts, listings, outbox, payments
from integration.enums import ListingStatus, PlaceholderTask
from integration.listings import ListingError
from integration.models import Listing, TolokaAccount
from tests.factories import ListingFactory
from tests.integration.factories import close, make_visit, owe
from tests.integration.racing import race

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def draft(account):
    return ListingFactory.create(
        account=account,
        status=ListingStatus.DRAFT,
        toloka_project_id="",
        toloka_pool_id="",
        public_instructions="<p>Press Start.</p>",
        partner_name="Labels",
        price_min=Decimal("0.0200"),
        price_max=Decimal("0.35"),
    )


def status_of(listing):
    return Listing.objects.get(pk=listing.pk).status


def pool_in(sandbox, listing):
    pool_id = Listing.objects.get(pk=listing.pk).toloka_pool_id
    return next(one for one in sandbox.state()["pools"] if one["id"] == pool_id)


@pytest.fixture
def published(draft, now):
    return listings.publish(draft.pk, now=now)


@pytest.fixture
def opened(published, now):
    return listings.open_listing(published.pk, now=now)


# Publishing


def test_publishing_makes_an_external_project_and_a_closed_pool(sandbox, account, draft, now):
    listing = listings.publish(draft.pk, now=now)

    state = sandbox.state()
    (project,), (pool,) = state["projects"], state["pools"]
    assert (listing.status, listing.toloka_project_id, listing.toloka_pool_id) == (
        ListingStatus.CLOSED,
        project["id"],
        pool["id"],
    )
    assert project["assignments_issuing_type"] == "EXTERNAL"
    address = project["assignments_issuing_view_config"]["redirect_url"]
    assert address.endswith(f"/toloka/{account.arrival_key}/start/")
    assert project["metadata"] == {
        "ptmik_bonus_price_min": ["0.02"],
        "ptmik_bonus_price_max": ["0.35"],
        "ptmik_partner_name": ["Labels"],
        "ptmik_partner_url": [project["metadata"]["ptmik_partner_url"][0]],
    }
    assert (project["private_comment"], pool["private_comment"]) == (draft.marker, draft.marker)
    assert (pool["reward_per_assignment"], pool["status"]) == (Decimal("0.005"), "CLOSED")
    assert pool["assignment_max_duration_seconds"] == 14400


def test_publishing_subscribes_to_the_closing_of_the_pool(sandbox, account, draft, now):
    listings.publish(draft.pk, now=now)

    (one,) = sandbox.state()["webhook_subscriptions"]
    assert one["event_type"] == "POOL_CLOSED"
    assert one["webhook_url"].endswith(f"/toloka/{account.arrival_key}/events/")


def test_publishing_twice_makes_one_card(sandbox, draft, now):
    listings.publish(draft.pk, now=now)
    listings.publish(draft.pk, now=now)

    assert len(sandbox.state()["projects"]) == 1


def test_a_filter_with_fractions_is_sent_digit_for_digit(sandbox, draft, now):
    wanted = {"and": [{"or": [skill_condition(80.1)]}]}
    Listing.objects.update(filter=wanted)

    listings.publish(draft.pk, now=now)

    sent = sandbox.state()["pools"][0]["filter"]
    assert sent == {"and": [{"or": [skill_condition(Decimal("80.1"))]}]}


def skill_condition(value):
    return {"category": "skill", "key": "52817", "operator": "GTE", "value": value}


@pytest.mark.parametrize("endpoint", ["project_create", "pool_create"])
@pytest.mark.parametrize("kind", ["500_after", "reset_after", "500_before"])
def test_a_lost_answer_leaves_no_orphan(sandbox, draft, now, endpoint, kind):
    sandbox.fault(kind, endpoint=endpoint)

    with pytest.raises(ListingError):
        listings.publish(draft.pk, now=now)
    begun = Listing.objects.get(pk=draft.pk)
    listings.refresh_listings(now)

    state = sandbox.state()
    assert (begun.status, bool(begun.last_error)) == (ListingStatus.PUBLISHING, True)
    assert (len(state["projects"]), len(state["pools"])) == (1, 1)
    listing = Listing.objects.get(pk=draft.pk)
    assert (listing.status, listing.last_error) == (ListingStatus.CLOSED, "")


def test_a_refused_project_is_a_draft_again_with_toloka_s_words_and_the_cure(sandbox, draft, now):
    sandbox.configure(loopback_redirects_registered=False)

    with pytest.raises(ListingError, match="register"):
        listings.publish(draft.pk, now=now)

    listing = Listing.objects.get(pk=draft.pk)
    assert listing.status == ListingStatus.DRAFT
    assert "redirect" in listing.last_error
    assert "400" in listing.last_error


def test_an_unregistered_redirect_is_not_even_tried(sandbox, account, draft, now):
    TolokaAccount.objects.update(redirect_registered=False)

    with pytest.raises(ListingError, match="registered"):
        listings.publish(draft.pk, now=now)

    assert sandbox.state()["projects"] == []
    assert status_of(draft) == ListingStatus.DRAFT


@pytest.mark.django_db(transaction=True)
def test_two_who_publish_at_once_make_one_card(sandbox, draft, now):
    race(*[lambda: listings.publish(draft.pk, now=now)] * 3)

    assert len(sandbox.state()["projects"]) == 1
    assert status_of(draft) == ListingStatus.CLOSED


def test_a_card_left_by_a_dead_process_is_taken_up_after_a_while(sandbox, draft, now):
    Listing.objects.update(status=ListingStatus.PUBLISHING, busy_until=now + listings.BUSY)

    listings.refresh_listings(now)
    early = status_of(draft)
    listings.refresh_listings(now + listings.BUSY + timedelta(seconds=1))

    assert (early, status_of(draft)) == (ListingStatus.PUBLISHING, ListingStatus.CLOSED)


# Opening


def test_opening_waits_for_toloka_s_operation(sandbox, published, now):
    listing = listings.open_listing(published.pk, now=now)

    assert (listing.status, listing.operation_id) == (ListingStatus.OPEN, "")
    assert pool_in(sandbox, listing)["status"] == "OPEN"


def test_a_slow_operation_is_finished_by_the_sweep(sandbox, published, now):
    sandbox.configure(operation_seconds=4)

    begun = listings.open_listing(published.pk, now=now)
    sandbox.ask("POST", "/control/settings", {"operation_seconds": 0.05})
    wait_until(lambda: listings.refresh_listings(now) and status_of(begun) == ListingStatus.OPEN)

    assert begun.status == ListingStatus.OPENING
    assert begun.operation_id


def wait_until(holds, seconds=10):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.2)


def test_a_failed_operation_leaves_the_card_closed_with_the_reason(sandbox, published, now):
    sandbox.configure(operation_outcome="FAIL")

    listing = listings.open_listing(published.pk, now=now)

    assert listing.status == ListingStatus.CLOSED
    assert "could not" in listing.last_error


def test_an_empty_pool_gets_a_placeholder_task(sandbox, published, now):
    sandbox.configure(empty_pool_refused=True)

    listing = listings.open_listing(published.pk, now=now)

    assert listing.status == ListingStatus.OPEN


def test_no_placeholder_is_made_where_the_account_says_never(sandbox, published, now):
    sandbox.configure(empty_pool_refused=True)
    TolokaAccount.objects.update(placeholder_task=PlaceholderTask.NEVER)

    with pytest.raises(ListingError, match="EMPTY_POOL"):
        listings.open_listing(published.pk, now=now)

    assert status_of(published) == ListingStatus.CLOSED


def test_a_card_that_cannot_be_opened_says_what_would_help(sandbox, published, now):
    sandbox.fault("409", endpoint="pool_open", code="NOT_ENOUGH_BALANCE")

    with pytest.raises(ListingError, match="put money on the account"):
        listings.open_listing(published.pk, now=now)

    assert "NOT_ENOUGH_BALANCE" in Listing.objects.get(pk=published.pk).last_error


@pytest.mark.parametrize("kind", ["500_after", "500_before"])
def test_a_lost_answer_to_the_opening_is_made_good_by_the_sweep(sandbox, published, now, kind):
    sandbox.fault(kind, endpoint="pool_open")

    with pytest.raises(ListingError):
        listings.open_listing(published.pk, now=now)
    between = status_of(published)
    wait_until(
        lambda: listings.refresh_listings(now) is not None and status_of(published) == "open"
    )

    assert between == ListingStatus.OPENING


def test_a_draft_cannot_be_opened(draft, now):
    with pytest.raises(ListingError, match="draft"):
        listings.open_listing(draft.pk, now=now)


# Closing and archiving


def test_a_card_that_nobody_works_on_is_closed_at_once(sandbox, opened, now):
    listing = listings.close_listing(opened.pk, now=now)

    assert listing.status == ListingStatus.CLOSED
    assert pool_in(sandbox, listing)["status"] == "CLOSED"


def test_closing_waits_until_visits_have_ended_and_all_is_delivered(sandbox, opened, now):
    visit = make_visit(sandbox, opened)
    owe(visit, now=now)
    assert listings.request_close(opened.pk)

    with_visit = listings.close_drained(now)
    close(visit, now=now)
    with_reports = listings.close_drained(now)
    in_toloka = pool_in(sandbox, opened)["status"]
    outbox.deliver_due(now=now)
    payments.finish_closing(now)
    drained = listings.close_drained(now)

    assert (with_visit, with_reports, in_toloka, drained) == (0, 0, "OPEN", 1)
    assert pool_in(sandbox, opened)["status"] == "CLOSED"
    assert status_of(opened) == ListingStatus.CLOSED


def test_a_close_is_wished_once_and_only_of_an_open_card(published, opened):
    assert listings.request_close(opened.pk)
    assert not listings.request_close(opened.pk)


def test_a_close_that_fails_is_tried_again(sandbox, opened, now):
    sandbox.fault("500_before", endpoint="pool_close")

    first = listings.close_listing(opened.pk, now=now)
    listings.close_drained(now)

    assert (first.status, status_of(opened)) == (ListingStatus.CLOSING, ListingStatus.CLOSED)


def test_a_paused_account_closes_nothing(account, opened, now):
    accounts.pause_account(account.pk, "wrong token", now=now)

    listing = listings.close_listing(opened.pk, now=now)

    assert listing.status == ListingStatus.CLOSING


def test_archiving_archives_pool_and_project_and_may_be_repeated(sandbox, opened, now):
    listings.close_listing(opened.pk, now=now)

    first = listings.archive_listing(opened.pk, now=now)
    second = listings.archive_listing(opened.pk, now=now)

    assert (first.status, second.status) == (ListingStatus.ARCHIVED, ListingStatus.ARCHIVED)
    assert sandbox.state()["projects"][0]["status"] == "ARCHIVED"


def test_an_archiving_that_broke_off_goes_on(sandbox, opened, now):
    listings.close_listing(opened.pk, now=now)
    sandbox.fault("500_after", endpoint="project_archive")

    with pytest.raises(ListingError):
        listings.archive_listing(opened.pk, now=now)
    wait_until(lambda: sandbox.state()["projects"][0]["status"] == "ARCHIVED")

    assert listings.archive_listing(opened.pk, now=now).status == ListingStatus.ARCHIVED


def test_an_open_card_is_not_archived(opened, now):
    with pytest.raises(ListingError, match="close it first"):
        listings.archive_listing(opened.pk, now=now)


# Comparing


def test_a_pool_that_toloka_closed_is_noticed_with_the_reason(sandbox, opened, now):
    body = {"reason": "NOT_ENOUGH_BALANCE"}
    sandbox.ask("POST", f"/control/pools/{opened.toloka_pool_id}/close", body)

    listings.refresh_listings(now + timedelta(minutes=2))

    listing = Listing.objects.get(pk=opened.pk)
    assert listing.status == ListingStatus.CLOSED
    assert "NOT_ENOUGH_BALANCE" in listing.last_error


def test_an_open_card_is_looked_at_once_a_minute(opened, now):
    Listing.objects.update(checked_at=now)

    assert listings.refresh_listings(now + timedelta(seconds=50)) == 0
    assert listings.refresh_listings(now + timedelta(seconds=61)) == 1
