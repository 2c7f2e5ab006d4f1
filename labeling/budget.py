"""Keeping a pool's budget exactly, without a row that everybody waits for.

A session draws money for several pages from the pool's row by one guarded UPDATE, spends it on
its own row, and returns the rest when it closes. Where a pool has no cap nothing is drawn from
its row at all; opening the pool counts anew, so that a cap set later starts from the truth.
"""

from decimal import Decimal

from django.db.models import F, Q, Sum

from labeling.models import Pool, Session

PAGES_AHEAD = 8
"""Pages drawn at once; a row of the pool is written once for so many of one session."""


def draw(pool: Pool, amount: Decimal) -> bool:
    """Take ``amount`` from the pool's budget; False where it does not hold so much."""
    if pool.budget_cap is None:
        return True
    return bool(
        Pool.objects.filter(
            Q(budget_cap__isnull=True) | Q(budget_cap__gte=F("budget_drawn") + amount), pk=pool.pk
        ).update(budget_drawn=F("budget_drawn") + amount)
    )


def draw_pages(pool: Pool, reward: Decimal, missing: Decimal) -> Decimal | None:
    """Draw for the next pages of a session that lacks ``missing`` for the very next one.

    Returns what was drawn: for several pages while the budget lasts, near its end for one.
    None where not even that is left.
    """
    for amount in (missing + reward * (PAGES_AHEAD - 1), missing):
        if draw(pool, amount):
            return amount
    return None


def give_back(pool_id: int, amount: Decimal) -> None:
    """Return what a session drew and did not use."""
    if amount:
        Pool.objects.filter(pk=pool_id, budget_cap__isnull=False).update(
            budget_drawn=F("budget_drawn") - amount
        )


def recount(pool: Pool) -> Decimal:
    """Set ``budget_drawn`` to what the pool's sessions hold; call it while the pool is closed."""
    held = Session.objects.filter(pool=pool).aggregate(held=Sum("money_drawn"))["held"]
    drawn: Decimal = held or Decimal(0)
    Pool.objects.filter(pk=pool.pk).update(budget_drawn=drawn)
    pool.budget_drawn = drawn
    return drawn
