"""What we say was paid beside what Toloka says. Differences are shown, never corrected."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from integration.enums import AttemptOutcome, PaymentState, PaymentWay, StopReason, VisitStatus
from integration.models import Attempt, Listing, Payment, TolokaAccount, Visit
from integration.toloka.client import TolokaClient

RESTRICTED_ALARM = Decimal("0.3")
LEAST_VISITS_FOR_ALARM = 20


@dataclass(frozen=True)
class ListingSums:
    """One card: money and number of payments by state, and what its visits came to."""

    listing: Listing
    amounts: dict[str, Decimal]
    counts: dict[str, int]
    visits: int
    visits_without_signal: int
    restricted_share: Decimal

    @property
    def reported(self) -> Decimal:
        """What Toloka was told to pay and, as far as we know, does."""
        return self.amounts.get(PaymentState.SENT, Decimal(0))

    @property
    def uncertain(self) -> Decimal:
        return self.amounts.get(PaymentState.UNKNOWN, Decimal(0))

    @property
    def polarity_looks_reversed(self) -> bool:
        """So many come back restricted that ``restriction_match`` may mean the opposite."""
        return self.visits >= LEAST_VISITS_FOR_ALARM and self.restricted_share > RESTRICTED_ALARM


@dataclass(frozen=True)
class AccountReport:
    """One account. ``balance`` is Toloka's, None where it was not asked."""

    account: TolokaAccount
    listings: list[ListingSums]
    bonuses: dict[str, Decimal]
    balance: Decimal | None = None
    resent: list[Payment] = field(default_factory=list)

    @property
    def reported(self) -> Decimal:
        sent = self.bonuses.get(PaymentState.SENT, Decimal(0))
        return sent + sum((one.reported for one in self.listings), Decimal(0))


def report_account(
    account: TolokaAccount, *, since: datetime | None = None, asks_toloka: bool = False
) -> AccountReport:
    """Gather an account's payments owed since a moment, and on request its balance in Toloka.

    Raises TolokaError where Toloka is asked and does not answer.
    """
    window = Q(created_at__gte=since) if since else Q()
    payments = Payment.objects.filter(window, account=account)
    bonuses = payments.filter(way=PaymentWay.BONUS).values_list("state").annotate(Sum("amount"))
    listings = Listing.objects.filter(account=account).order_by("pk")
    return AccountReport(
        account=account,
        listings=[_sum_listing(one, payments) for one in listings],
        bonuses=dict(bonuses),
        balance=TolokaClient(account).get_requester().balance if asks_toloka else None,
        resent=list(find_resent(payments.all())),
    )


def _sum_listing(listing: Listing, payments: QuerySet[Payment]) -> ListingSums:
    rows = list(
        payments.filter(listing=listing)
        .values("state")
        .annotate(money=Sum("amount"), number=Count("pk"))
        .values_list("state", "money", "number")
    )
    visits = Visit.objects.filter(listing=listing)
    total = visits.count()
    restricted = visits.filter(stop_reason=StopReason.TOLOKA_RESTRICTION).count()
    signalled = Payment.objects.filter(report__visit=OuterRef("pk"), report__close_session=True)
    return ListingSums(
        listing=listing,
        amounts={state: money for state, money, _ in rows},
        counts={state: number for state, _, number in rows},
        visits=total,
        visits_without_signal=visits.filter(~Exists(signalled), status=VisitStatus.CLOSED).count(),
        restricted_share=Decimal(restricted) / total if total else Decimal(0),
    )


def find_resent(payments: QuerySet[Payment]) -> QuerySet[Payment]:
    """Return what was sent again after an outcome that nobody knew, oldest first.

    Where Toloka does not honour ``retry_id`` these may have been paid twice. A 503 counts, since
    it only probably was not applied.
    """
    doubtful = Attempt.objects.filter(
        Q(outcome=AttemptOutcome.UNKNOWN) | Q(http_status=503),
        payment=OuterRef("pk"),
        number__lt=OuterRef("attempts_count"),
    )
    return payments.filter(Exists(doubtful)).order_by("pk")
