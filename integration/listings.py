"""The card in Toloka: made, opened, closed, archived, and compared with what Toloka says.

What is about to happen is written before it is tried: the status says what is wanted
(*publishing*, *opening*, *closing*), ``busy_until`` that a process is at it. Whoever finds a wish
that nobody is at takes it up again. An error stays in ``last_error``, with what would cure it.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from integration import accounts, cards, webhooks
from integration.closing import will_be_sent
from integration.enums import ListingStatus, PlaceholderTask, VisitStatus
from integration.models import Listing, Payment, Visit
from integration.toloka.client import TolokaClient
from integration.toloka.errors import (
    AccountError,
    ConflictError,
    RefusedError,
    TolokaError,
)
from integration.toloka.payloads import OperationSent, PoolSent

logger = logging.getLogger(__name__)

BUSY: Final = timedelta(minutes=5)
"""Longer than one step can last; then its process is dead."""
LOOK_AGAIN: Final = timedelta(minutes=1)
OPERATION_PATIENCE_S: Final = 10.0


class ListingError(Exception):
    """A step that could not be made; the text says why and what would do."""


def publish(listing_id: int, *, now: datetime) -> Listing:
    """Make the card's project and pool in Toloka, closed for now; safe to repeat.

    Raises ListingError, also kept in ``last_error``. After an answer that got lost the card
    stays *publishing*; the next call finds by the marker what was made.
    """
    with _working_on(listing_id, now=now) as listing:
        _check_can_publish(listing)
        begun = _step(listing, [ListingStatus.DRAFT], ListingStatus.PUBLISHING)
        if not begun and listing.status != ListingStatus.PUBLISHING:
            return listing
        client = TolokaClient(listing.account)
        try:
            if not listing.toloka_project_id:
                _make_project(client, listing)
            if not listing.toloka_pool_id:
                _make_pool(client, listing)
        except (RefusedError, AccountError):
            # A person must do something first, so that no sweep should try again.
            _step(listing, [ListingStatus.PUBLISHING], ListingStatus.DRAFT)
            raise
        if _step(listing, [ListingStatus.PUBLISHING], ListingStatus.CLOSED):
            Listing.objects.filter(pk=listing_id).update(last_error="")
        webhooks.subscribe(client, listing)
    return listing


def _check_can_publish(listing: Listing) -> None:
    if not listing.account.redirect_registered:
        raise ListingError(
            f"the redirect address {cards.redirect_url(listing.account)} is not marked as "
            "registered; have Toloka's support register it, then tick “redirect registered”"
        )
    if listing.filter and len(str(listing.filter)) > cards.MOST_FILTER_SIGNS:
        raise ListingError("the filter is longer than the 10,000 characters that Toloka takes")


def _make_project(client: TolokaClient, listing: Listing) -> None:
    """Make the project, or find the one that a call made whose answer got lost."""
    newest = client.list_projects(status="ACTIVE", sort="-created", limit="100")
    found = next((one for one in newest if one.private_comment == listing.marker), None)
    project = found or client.create_project(cards.project_form(listing))
    listing.toloka_project_id = project.id
    Listing.objects.filter(pk=listing.pk, toloka_project_id="").update(toloka_project_id=project.id)


def _make_pool(client: TolokaClient, listing: Listing) -> None:
    pools = client.list_pools(project_id=listing.toloka_project_id, sort="id", limit="100")
    found = next((one for one in pools if one.private_comment == listing.marker), None)
    pool = found or client.create_pool(cards.pool_form(listing))
    listing.toloka_pool_id = pool.id
    Listing.objects.filter(pk=listing.pk, toloka_pool_id="").update(toloka_pool_id=pool.id)


def open_listing(listing_id: int, *, now: datetime) -> Listing:
    """Open the card to performers; it is *opening* until Toloka's operation ends."""
    with _working_on(listing_id, now=now) as listing:
        wanted = [ListingStatus.CLOSED, ListingStatus.CLOSING]
        if not _step(listing, wanted, ListingStatus.OPENING):
            if listing.status in (ListingStatus.OPEN, ListingStatus.OPENING):
                return listing
            raise ListingError(f"a card that is {listing.status} can't be opened")
        _try_to_open(listing, now=now)
    return listing


def _try_to_open(listing: Listing, *, now: datetime) -> None:
    client = TolokaClient(listing.account)
    try:
        _begin(listing, lambda: _open_pool(client, listing), now=now)
    except (RefusedError, AccountError) as error:
        # A pool that is locked by an operation, perhaps our own, will be free: the sweep asks.
        if error.code != "POOL_LOCKED_BY_ANOTHER_OPERATION":
            _step(listing, [ListingStatus.OPENING], ListingStatus.CLOSED)
        raise


def _open_pool(client: TolokaClient, listing: Listing) -> OperationSent | None:
    """Open, with one task in the pool that nobody sees where Toloka opens no empty one."""
    try:
        return client.open_pool(listing.toloka_pool_id)
    except ConflictError as error:
        if error.code != "EMPTY_POOL" or listing.account.placeholder_task != PlaceholderTask.AUTO:
            raise
    client.create_task(cards.placeholder_form(listing))
    return client.open_pool(listing.toloka_pool_id)


def request_close(listing_id: int) -> bool:
    """Wish a card closed: no new visits here; closed in Toloka once all is delivered."""
    open_ones = [ListingStatus.OPEN, ListingStatus.OPENING]
    wished = Listing.objects.filter(pk=listing_id, status__in=open_ones).update(
        status=ListingStatus.CLOSING, operation_id=""
    )
    if wished:
        logger.info("listing %s: a close is wished", listing_id)
    return bool(wished)


def close_listing(listing_id: int, *, now: datetime) -> Listing:
    """Close the card as soon as all is delivered: at once where that is so, else by the sweep."""
    request_close(listing_id)
    close_drained(now, only=listing_id)
    return Listing.objects.get(pk=listing_id)


def drained_listings() -> QuerySet[Listing]:
    """Return the closing cards of which nothing is to be sent and in which nobody works."""
    pending = Payment.objects.filter(will_be_sent(), listing=OuterRef("pk"))
    visits = Visit.objects.filter(
        listing=OuterRef("pk"), status__in=[VisitStatus.OPEN, VisitStatus.CLOSING]
    )
    return Listing.objects.filter(
        ~Exists(pending), ~Exists(visits), status=ListingStatus.CLOSING, operation_id=""
    )


def close_drained(now: datetime, *, only: int | None = None) -> int:
    """Close in Toloka the cards that are to be closed and are drained; return how many."""
    which = Q() if only is None else Q(pk=only)
    ready = Q(account__in=accounts.ready_accounts(now))
    closed = 0
    for listing_id in drained_listings().filter(which, ready).values_list("pk", flat=True):
        try:
            with _working_on(listing_id, now=now) as listing:
                if not drained_listings().filter(pk=listing_id).exists():
                    continue
                client = TolokaClient(listing.account)
                _begin(listing, partial(client.close_pool, listing.toloka_pool_id), now=now)
                closed += 1
        except ListingError as error:
            logger.warning("listing %s could not be closed: %s", listing_id, error)
    return closed


def archive_listing(listing_id: int, *, now: datetime) -> Listing:
    """Archive the closed card: first its pool, then its project. Repeat it where it was not done
    in time: what is archived already stays so."""
    with _working_on(listing_id, now=now) as listing:
        if listing.status == ListingStatus.ARCHIVED:
            return listing
        if listing.status != ListingStatus.CLOSED:
            raise ListingError(f"a card that is {listing.status} can't be archived; close it first")
        client = TolokaClient(listing.account)
        _finish(client, client.archive_pool(listing.toloka_pool_id), "archiving the pool")
        if client.get_project(listing.toloka_project_id).status != "ARCHIVED":
            operation = client.archive_project(listing.toloka_project_id)
            _finish(client, operation, "archiving the project")
        _step(listing, [ListingStatus.CLOSED], ListingStatus.ARCHIVED)
    return listing


def _finish(client: TolokaClient, operation: OperationSent | None, what: str) -> None:
    if operation is None:
        return
    operation = client.wait_operation(operation, timeout_s=OPERATION_PATIENCE_S)
    if not operation.has_ended:
        raise ListingError(f"{what} still runs in Toloka; repeat this in a minute")
    if operation.has_failed:
        raise ListingError(f"{what} failed in Toloka: {cards.describe(operation)}")


def _begin(listing: Listing, act: Callable[[], OperationSent | None], *, now: datetime) -> None:
    """Start opening or closing, wait a moment for the operation, and write down how it stands."""
    operation = act()
    client = TolokaClient(listing.account)
    if operation:
        Listing.objects.filter(pk=listing.pk).update(operation_id=operation.id)
        operation = client.wait_operation(operation, timeout_s=2.0)
    _compare(client, listing, operation, now=now)


def refresh(listing_id: int, *, now: datetime) -> Listing:
    """Bring a card's status in line with Toloka's, and finish what was begun."""
    listing = Listing.objects.get(pk=listing_id)
    if listing.status == ListingStatus.PUBLISHING:
        return publish(listing_id, now=now)
    if not listing.toloka_pool_id:
        return listing
    with _working_on(listing_id, now=now) as listing:
        if listing.status == ListingStatus.OPENING and not listing.operation_id:
            # The answer to the opening got lost; where it was heard, this one is harmless.
            _try_to_open(listing, now=now)
            return listing
        client = TolokaClient(listing.account)
        operation = client.get_operation(listing.operation_id) if listing.operation_id else None
        _compare(client, listing, operation, now=now)
    return listing


def _compare(
    client: TolokaClient, listing: Listing, operation: OperationSent | None, *, now: datetime
) -> None:
    """Set the status by the pool in Toloka, unless an operation on it still runs."""
    if operation and not operation.has_ended:
        Listing.objects.filter(pk=listing.pk).update(checked_at=now)
        return
    pool = client.get_pool(listing.toloka_pool_id)
    listing.refresh_from_db()
    status = cards.status_in_toloka(pool, listing.status)
    error = _explain_pool(listing, pool, operation)
    Listing.objects.filter(pk=listing.pk, status=listing.status).update(
        status=status, operation_id="", checked_at=now, last_error=error
    )
    if status != listing.status:
        logger.info("listing %s: %s, was %s", listing.pk, status, listing.status)
    listing.refresh_from_db()


def _explain_pool(listing: Listing, pool: PoolSent, operation: OperationSent | None) -> str:
    if operation and operation.has_failed:
        return f"Toloka could not do it: {cards.describe(operation)}"
    if pool.status == "LOCKED":
        return "Toloka has locked the pool; ask Toloka's support why"
    closed_itself = listing.status == ListingStatus.OPEN and pool.status == "CLOSED"
    if closed_itself and pool.last_close_reason not in ("", "MANUAL"):
        return f"Toloka closed the pool: {pool.last_close_reason}"
    return ""


def refresh_listings(now: datetime) -> int:
    """Look after cards that are on the way, and at open ones once a minute; return how many."""
    stale = Q(checked_at__isnull=True) | Q(checked_at__lt=now - LOOK_AGAIN)
    due = Listing.objects.filter(
        Q(status__in=[ListingStatus.PUBLISHING, ListingStatus.OPENING])
        | Q(status=ListingStatus.CLOSING) & ~Q(operation_id="")
        | Q(status=ListingStatus.OPEN) & stale,
        account__in=accounts.ready_accounts(now),
    )
    refreshed = 0
    for listing_id in due.values_list("pk", flat=True):
        try:
            refresh(listing_id, now=now)
            refreshed += 1
        except ListingError as error:
            logger.warning("listing %s could not be looked after: %s", listing_id, error)
    return refreshed


def _step(listing: Listing, before: list[ListingStatus], after: ListingStatus) -> bool:
    """Take the guarded step; the row that is held follows what the table says."""
    moved = Listing.objects.filter(pk=listing.pk, status__in=before).update(status=after)
    if moved:
        logger.info("listing %s: %s, was %s", listing.pk, after, listing.status)
    listing.refresh_from_db(fields=["status"])
    return bool(moved)


@contextmanager
def _working_on(listing_id: int, *, now: datetime) -> Iterator[Listing]:
    """Be the only process at a card; what goes wrong is kept on it and raised as ListingError."""
    free = Q(busy_until__isnull=True) | Q(busy_until__lt=now)
    until = now + BUSY
    if not Listing.objects.filter(free, pk=listing_id).update(busy_until=until):
        raise ListingError("another process is working on this card; try again in a minute")
    listing = Listing.objects.select_related("account").get(pk=listing_id)
    error = ""
    try:
        yield listing
    except (TolokaError, ListingError) as problem:
        error = cards.explain(problem)
        raise ListingError(error) from None
    finally:
        mine = Listing.objects.filter(pk=listing_id, busy_until=until)
        mine.update(busy_until=None, **({"last_error": error} if error else {}))
        listing.refresh_from_db()
