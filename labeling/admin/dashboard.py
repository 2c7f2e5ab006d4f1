"""The first page of the admin: what needs a person, and how much of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from integration.admin.payments import PERSON_NEEDED, find_old_claims
from integration.enums import ListingStatus, VisitStatus
from integration.models import Listing, Payment, TolokaAccount, Visit
from labeling.enums import AssignmentStatus, OperationStatus, PoolStatus
from labeling.models import Assignment, Pool, UploadJob

RECENT = timedelta(days=7)


@dataclass(frozen=True)
class Concern:
    """A number that should be 0, and where to see what it counts."""

    title: str
    count: int
    url: str
    text: str


@dataclass(frozen=True)
class Fact:
    title: str
    count: int
    url: str


def show_dashboard(_request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to the context of the admin's index what its template shows."""
    concerns = find_concerns()
    return {
        **context,
        "concerns": [concern for concern in concerns if concern.count],
        "facts": find_facts(),
    }


def count_stuck() -> int:
    """Count the payments that wait for a decision of a person."""
    return Payment.objects.filter(PERSON_NEEDED).count()


def find_concerns() -> list[Concern]:
    """Count all that needs a person; each count has an index or a small table behind it."""
    now = timezone.now()
    return [
        Concern(
            _("Payments stuck"),
            count_stuck(),
            _list("integration_payment", {"stuck": "person"}),
            _("Refused by Toloka, or of unknown outcome. Send again, settle or give up."),
        ),
        Concern(
            _("Payments in flight too long"),
            Payment.objects.filter(find_old_claims()).count(),
            _list("integration_payment", {"stuck": "claim"}),
            _("No worker has judged them: see whether the worker and the scheduler run."),
        ),
        Concern(
            _("Accounts paused"),
            TolokaAccount.objects.filter(paused_at__isnull=False).count(),
            _list("integration_tolokaaccount", {"paused_at__isempty": "0"}),
            _("Nothing of them is paid until somebody mends the cause and resumes them."),
        ),
        Concern(
            _("Cards with an error"),
            Listing.objects.exclude(last_error="").exclude(status=ListingStatus.ARCHIVED).count(),
            _list("integration_listing", {"last_error__isempty": "0"}),
            _("Toloka refused something. The card says what would cure it."),
        ),
        Concern(
            _("Pages to review"),
            Assignment.objects.filter(status=AssignmentStatus.SUBMITTED).count(),
            _list("labeling_assignment", {"status__exact": AssignmentStatus.SUBMITTED}),
            _("Their pay is held until somebody accepts them, or until the period ends."),
        ),
        Concern(
            _("Uploads failed"),
            UploadJob.objects.filter(
                Q(status=OperationStatus.FAIL), created_at__gte=now - RECENT
            ).count(),
            _list("labeling_uploadjob", {"status__exact": OperationStatus.FAIL}),
            _("In the last 7 days. The upload names the bad rows."),
        ),
    ]


def find_facts() -> list[Fact]:
    """Count what is going on now."""
    return [
        Fact(
            _("Open pools"),
            Pool.objects.filter(status=PoolStatus.OPEN).count(),
            _list("labeling_pool", {"status__exact": PoolStatus.OPEN}),
        ),
        Fact(
            _("Open cards"),
            Listing.objects.filter(status=ListingStatus.OPEN).count(),
            _list("integration_listing", {"status__exact": ListingStatus.OPEN}),
        ),
        Fact(
            _("Performers at work"),
            Visit.objects.filter(status=VisitStatus.OPEN).count(),
            _list("integration_visit", {"status__exact": VisitStatus.OPEN}),
        ),
        Fact(
            _("Pages out"),
            Assignment.objects.filter(status=AssignmentStatus.ACTIVE).count(),
            _list("labeling_assignment", {"status__exact": AssignmentStatus.ACTIVE}),
        ),
    ]


def _list(name: str, query: Mapping[str, Any]) -> str:
    return reverse(f"admin:{name}_changelist", query={k: str(v) for k, v in query.items()})
