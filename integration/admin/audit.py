from typing import ClassVar

from django.contrib import admin

from integration.admin.base import ManyRowsMixin, ReadOnlyAdmin
from integration.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(ManyRowsMixin, ReadOnlyAdmin[AuditEntry]):
    list_display = ("created_at", "user", "action", "subject", "reason", "requester")
    list_select_related = ("user", "requester")
    list_filter: ClassVar = ["requester", "action", "created_at"]
    search_fields = ("=subject", "reason")
    search_help_text = "payment:12, restriction:3, …"
    ordering = ("-pk",)
