from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration import listings
from integration.admin.base import CalmAdmin, column, link_to_list
from integration.admin.steps import Answers, step
from integration.enums import ListingStatus
from integration.listings import ListingError
from integration.models import Listing, Payment, Visit

STATUS_COLOURS = {
    ListingStatus.DRAFT: "info",
    ListingStatus.PUBLISHING: "warning",
    ListingStatus.CLOSED: "info",
    ListingStatus.OPENING: "warning",
    ListingStatus.OPEN: "success",
    ListingStatus.CLOSING: "warning",
    ListingStatus.ARCHIVED: "info",
}
OURS = ("account", "show_links", "created_at", "marker")
FROM_TOLOKA = ("status", "toloka_project_id", "toloka_pool_id", "checked_at", "last_error")
CARD = (
    "public_name",
    "public_description",
    "public_instructions",
    "partner_name",
    "partner_url",
    "price_min",
    "price_max",
    "assignment_max_duration_seconds",
    "will_expire",
    "may_contain_adult_content",
)
WHO = ("filter", "speed_quality_balance")


@admin.register(Listing)
class ListingAdmin(CalmAdmin[Listing]):
    """Cards are made on the page of their pool; here they are seen, and refreshed by hand."""

    list_display = (
        "public_name",
        "account",
        "show_status",
        "toloka_pool_id",
        "checked_at",
        "last_error",
    )
    list_select_related = ("account",)
    list_filter: ClassVar = [
        "status",
        ("last_error", admin.EmptyFieldListFilter),
        "account",
    ]
    search_fields = ("public_name", "=toloka_pool_id", "=toloka_project_id", "=marker")
    ordering = ("-pk",)
    step_errors = (ListingError,)
    actions_detail = ("publish", "open_card", "close_card", "refresh", "archive")
    fieldsets: ClassVar = [
        (None, {"fields": [*FROM_TOLOKA, *OURS]}),
        (gettext_lazy("Card"), {"fields": [*CARD]}),
        (gettext_lazy("Who sees it"), {"fields": [*WHO]}),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Listing | None = None) -> Any:
        # What Toloka has been told is not changed behind its back.
        is_draft = obj is not None and obj.status == ListingStatus.DRAFT
        return (*FROM_TOLOKA, *OURS) if is_draft else (*FROM_TOLOKA, *OURS, *CARD, *WHO)

    @column(gettext_lazy("status"), order="status", labels=STATUS_COLOURS)
    def show_status(self, listing: Listing) -> tuple[str, str]:
        return listing.status, listing.get_status_display()

    @column(gettext_lazy("more"))
    def show_links(self, listing: Listing) -> Any:
        visits = link_to_list(Visit, _("visits"), [("listing__id__exact", listing.pk)])
        payments = link_to_list(Payment, _("payments"), [("listing__id__exact", listing.pk)])
        return format_html("{} · {}", visits, payments)

    @step(
        gettext_lazy("Publish in Toloka"),
        text=gettext_lazy("Makes the card's project and pool in Toloka, closed for now."),
        icon="publish",
        shown=lambda card: card.status in (ListingStatus.DRAFT, ListingStatus.PUBLISHING),
    )
    def publish(self, _request: HttpRequest, listing: Listing, _answers: Answers) -> str:
        return describe_card(listings.publish(listing.pk, now=timezone.now()))

    @step(
        gettext_lazy("Open card"),
        text=gettext_lazy("Performers see the card and may press Start."),
        icon="visibility",
        shown=lambda card: card.status in (ListingStatus.CLOSED, ListingStatus.CLOSING),
    )
    def open_card(self, _request: HttpRequest, listing: Listing, _answers: Answers) -> str:
        return describe_card(listings.open_listing(listing.pk, now=timezone.now()))

    @step(
        gettext_lazy("Close card"),
        text=gettext_lazy("No new visits; closed in Toloka as soon as all reports are delivered."),
        icon="visibility_off",
        shown=lambda card: card.status in (ListingStatus.OPEN, ListingStatus.OPENING),
    )
    def close_card(self, _request: HttpRequest, listing: Listing, _answers: Answers) -> str:
        return describe_card(listings.close_listing(listing.pk, now=timezone.now()))

    @step(
        gettext_lazy("Refresh"),
        text=gettext_lazy("Asks Toloka how the card stands there."),
        icon="refresh",
        shown=lambda card: bool(card.toloka_pool_id),
    )
    def refresh(self, _request: HttpRequest, listing: Listing, _answers: Answers) -> str:
        return describe_card(listings.refresh(listing.pk, now=timezone.now()))

    @step(
        gettext_lazy("Archive card"),
        text=gettext_lazy("Archives its pool and project in Toloka, for good."),
        icon="inventory_2",
        shown=lambda card: card.status == ListingStatus.CLOSED,
        danger=True,
    )
    def archive(self, _request: HttpRequest, listing: Listing, _answers: Answers) -> str:
        return describe_card(listings.archive_listing(listing.pk, now=timezone.now()))


def describe_card(listing: Listing) -> str:
    """Say how a card stands after a step."""
    return _("The card in Toloka: %(status)s.") % {"status": listing.get_status_display()}
