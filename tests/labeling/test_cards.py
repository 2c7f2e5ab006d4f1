import threading
from decimal import Decimal

import pytest
from django.db import connection

from integration.enums import ListingStatus
from integration.models import Listing
from labeling import cards
from labeling.enums import PoolStatus
from labeling.errors import StateConflictError
from labeling.models import Pool
from tests.factories import PoolFactory, TaskFactory, TolokaAccountFactory

CARD = {"public_name": "Is it so?", "public_description": "Read a sentence."}


@pytest.mark.django_db
def test_a_card_starts_as_a_draft_with_the_pools_own_settings():
    pool = PoolFactory(listing=None, may_contain_adult_content=True, filter={"and": []})
    account = TolokaAccountFactory(requester=pool.project.requester)

    listing = cards.make_card(pool, account=account, **CARD)

    assert Pool.objects.get(pk=pool.pk).listing == listing
    assert (listing.status, listing.may_contain_adult_content, listing.filter) == (
        ListingStatus.DRAFT,
        True,
        {"and": []},
    )


@pytest.mark.django_db
def test_an_account_advertises_only_pools_of_its_requester():
    pool = PoolFactory(listing=None)

    with pytest.raises(StateConflictError, match="another requester"):
        cards.make_card(pool, account=TolokaAccountFactory(), **CARD)

    assert not Listing.objects.exists()


@pytest.mark.django_db
def test_an_archived_pool_gets_no_card():
    pool = PoolFactory(listing=None, status=PoolStatus.ARCHIVED)
    account = TolokaAccountFactory(requester=pool.project.requester)

    with pytest.raises(StateConflictError, match="archived"):
        cards.make_card(pool, account=account, **CARD)

    assert not Listing.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_make_a_card_at_once_one_does_and_no_card_is_left_over():
    pool = PoolFactory(listing=None)
    account = TolokaAccountFactory(requester=pool.project.requester)
    start = threading.Barrier(2)
    results = []

    def make() -> None:
        start.wait()
        try:
            cards.make_card(Pool.objects.get(pk=pool.pk), account=account, **CARD)
            results.append("done")
        except StateConflictError:
            results.append("conflict")
        finally:
            connection.close()

    threads = [threading.Thread(target=make) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == ["conflict", "done"]
    assert Listing.objects.count() == 1


@pytest.mark.django_db
def test_a_card_says_who_asks_and_what_may_be_earned():
    pool = PoolFactory(listing=None, real_tasks_count=2, reward_per_assignment=Decimal("0.02"))
    TaskFactory.create_batch(5, pool=pool)
    account = TolokaAccountFactory(requester=pool.project.requester)

    card = cards.make_card(pool, account=account, public_name="A", public_description="B")

    assert card.partner_name == pool.project.requester.name
    assert (card.price_min, card.price_max) == (Decimal("0.02"), Decimal("0.06"))
