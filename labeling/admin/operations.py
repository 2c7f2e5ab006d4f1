from typing import Any, ClassVar

from django.contrib import admin
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration.admin.base import ManyRowsMixin, ReadOnlyAdmin, column
from labeling.enums import OperationStatus
from labeling.models import Operation, OperationLogEntry, UploadJob

STATUS_COLOURS = {
    OperationStatus.PENDING: "info",
    OperationStatus.RUNNING: "info",
    OperationStatus.SUCCESS: "success",
    OperationStatus.FAIL: "danger",
}
ERRORS_SHOWN = 500


@admin.register(UploadJob)
class UploadJobAdmin(ReadOnlyAdmin[UploadJob]):
    list_display = (
        "file_name",
        "pool",
        "show_status",
        "rows_total",
        "rows_created",
        "rows_bad",
        "made_by",
        "created_at",
    )
    list_select_related = ("pool", "made_by")
    list_filter: ClassVar = ["status", "pool__project__requester", "created_at"]
    search_fields = ("file_name", "pool__private_name")
    ordering = ("-pk",)
    fields = (
        "file_name",
        "pool",
        "status",
        "rows_total",
        "rows_created",
        "rows_bad",
        "skip_invalid",
        "show_errors",
        "made_by",
        "created_at",
        "finished_at",
    )
    readonly_fields = ("show_errors",)

    @column(gettext_lazy("status"), order="status", labels=STATUS_COLOURS)
    def show_status(self, job: UploadJob) -> tuple[str, str]:
        return job.status, job.get_status_display()

    @column(gettext_lazy("errors"))
    def show_errors(self, job: UploadJob) -> SafeString | str:
        if not job.errors:
            return "-"
        rows = [
            [error.get("row") or "", error.get("column") or "", error.get("message") or ""]
            for error in job.errors[:ERRORS_SHOWN]
        ]
        table: dict[str, Any] = {"headers": [_("row"), _("column"), _("message")], "rows": rows}
        return render_to_string("unfold/components/table.html", {"table": table})


@admin.register(Operation)
class OperationAdmin(ManyRowsMixin, ReadOnlyAdmin[Operation]):
    list_display = ("id", "type", "show_status", "progress", "requester", "submitted_at")
    list_select_related = ("requester",)
    list_filter: ClassVar = ["type", "status", "requester"]
    search_fields = ("=id",)
    ordering = ("-submitted_at",)

    @column(gettext_lazy("status"), order="status", labels=STATUS_COLOURS)
    def show_status(self, operation: Operation) -> tuple[str, str]:
        return operation.status, operation.get_status_display()


@admin.register(OperationLogEntry)
class OperationLogEntryAdmin(ManyRowsMixin, ReadOnlyAdmin[OperationLogEntry]):
    list_display = ("operation", "index", "type", "success")
    list_select_related = ("operation",)
    list_filter: ClassVar = ["success", "type"]
    search_fields = ("=operation__id",)
    ordering = ("-pk",)
