"""Giving a pool its card in Toloka. What the card does there is integration.listings' business."""

import logging
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from integration.models import Listing, TolokaAccount
from labeling.enums import PoolStatus, TaskKind
from labeling.errors import StateConflictError
from labeling.models import Pool, Task

logger = logging.getLogger(__name__)


@transaction.atomic
def make_card(pool: Pool, *, account: TolokaAccount, **values: Any) -> Listing:
    """Make a draft of the card that will advertise ``pool``; ``values`` are its columns.

    Raises StateConflictError where the pool has a card, is archived, or is not of the
    account's requester.
    """
    if account.requester_id != pool.project.requester_id:
        raise StateConflictError(
            _("The account “%(account)s” belongs to another requester.") % {"account": account}
        )
    values.setdefault("may_contain_adult_content", pool.may_contain_adult_content)
    values.setdefault("filter", pool.filter)
    values.setdefault("speed_quality_balance", pool.speed_quality_balance)
    values.setdefault("will_expire", pool.will_expire)
    values.setdefault("partner_name", pool.project.requester.name)
    least, most = estimate_earnings(pool)
    values.setdefault("price_min", least)
    values.setdefault("price_max", most)
    listing = Listing.objects.create(account=account, **values)
    free = Pool.objects.filter(pk=pool.pk, listing__isnull=True)
    # Of two who make a card at once one comes too late; his card goes with the transaction.
    if not free.exclude(status=PoolStatus.ARCHIVED).update(listing=listing):
        raise StateConflictError(_("The pool is archived, or has a card already."))
    pool.listing = listing
    logger.info("pool %s has listing %s", pool.pk, listing.pk)
    return listing


def estimate_earnings(pool: Pool) -> tuple[Decimal, Decimal]:
    """Return what a visit may earn, USD: by one page, and by all that a performer may do."""
    ordinary = Task.objects.filter(pool=pool, kind=TaskKind.ORDINARY).count()
    pages = -(-ordinary // pool.real_tasks_count) if pool.real_tasks_count else 1
    return pool.reward_per_assignment, pool.reward_per_assignment * max(pages, 1)
