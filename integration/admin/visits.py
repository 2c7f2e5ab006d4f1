from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from integration.admin.base import ManyRowsMixin, ReadOnlyAdmin, column, link_to_list
from integration.models import Payment, Performer, Visit

VISIT_COLOURS = {
    "open": "success",
    "closing": "warning",
    "closed": "info",
    "superseded": "info",
}


@admin.register(Performer)
class PerformerAdmin(ManyRowsMixin, ReadOnlyAdmin[Performer]):
    list_display = ("external_id", "realm", "created_at")
    list_filter: ClassVar = ["realm", "created_at"]
    search_fields = ("=external_id",)
    search_help_text = _("The whole id of the performer.")
    ordering = ("-pk",)
    fields = ("realm", "external_id", "profile", "created_at", "show_links")
    readonly_fields = ("show_links",)

    @column(_("more"))
    def show_links(self, performer: Performer) -> Any:
        return link_to_list(Visit, _("visits"), [("performer__id__exact", performer.pk)])


@admin.register(Visit)
class VisitAdmin(ManyRowsMixin, ReadOnlyAdmin[Visit]):
    """The browser's key stays out of sight: only its digest is kept, and nobody needs it."""

    list_display = (
        "id",
        "performer_id_there",
        "listing",
        "show_status",
        "stop_reason",
        "opened_at",
        "deadline",
        "heard_at",
    )
    list_select_related = ("performer", "listing")
    list_filter: ClassVar = ["status", "stop_reason", "account", "opened_at"]
    search_fields = ("=performer__external_id", "=assignment_id")
    search_help_text = _("The whole id of the performer or of the assignment in Toloka.")
    ordering = ("-pk",)
    fields = (
        "performer",
        "account",
        "listing",
        "assignment_id",
        "partner_key",
        "status",
        "stop_reason",
        "superseded_by",
        "opened_at",
        "heard_at",
        "deadline",
        "closed_at",
        "show_payments",
    )
    readonly_fields = ("show_payments",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Visit]:
        return super().get_queryset(request).defer("browser_key")

    @column(_("performer"))
    def performer_id_there(self, visit: Visit) -> str:
        return visit.performer.external_id

    @column(_("status"), order="status", labels=VISIT_COLOURS)
    def show_status(self, visit: Visit) -> tuple[str, str]:
        return visit.status, visit.get_status_display()

    @column(_("payments"))
    def show_payments(self, visit: Visit) -> Any:
        return link_to_list(Payment, _("payments"), [("report__visit__id__exact", visit.pk)])
