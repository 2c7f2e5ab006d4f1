from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration.admin.base import CalmAdmin, ReadOnlyAdmin
from integration.admin.steps import Answers, step
from labeling.admin.base import DomainAdmin
from labeling.errors import StateConflictError
from labeling.models import ApiToken, WebhookSubscription


@admin.register(ApiToken)
class ApiTokenAdmin(DomainAdmin[ApiToken], ReadOnlyAdmin[ApiToken]):
    list_display = ("name", "prefix", "user", "requester", "last_used_at", "revoked_at")
    list_select_related = ("user", "requester")
    list_filter: ClassVar = [("revoked_at", admin.EmptyFieldListFilter), "requester"]
    search_fields = ("name", "=prefix", "user__username")
    fields = ("requester", "user", "name", "prefix", "created_at", "last_used_at", "revoked_at")
    actions_detail = ("revoke",)

    @step(
        gettext_lazy("Revoke"),
        text=gettext_lazy("Programs that use this token are refused from now on."),
        icon="key_off",
        shown=lambda token: token.revoked_at is None,
        danger=True,
    )
    def revoke(self, _request: HttpRequest, token: ApiToken, _answers: Answers) -> str:
        valid = ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True)
        if not valid.update(revoked_at=timezone.now()):
            raise StateConflictError(_("The token was revoked before."))
        return _("The token is revoked.")


@admin.register(WebhookSubscription)
class WebhookSubscriptionAdmin(CalmAdmin[WebhookSubscription]):
    list_display = ("event_type", "webhook_url", "pool", "requester", "created_at")
    list_select_related = ("pool", "requester")
    list_filter: ClassVar = ["event_type", "requester"]
    search_fields = ("webhook_url", "pool__private_name")
    autocomplete_fields = ("requester", "pool")

    def has_delete_permission(
        self, request: HttpRequest, obj: WebhookSubscription | None = None
    ) -> Any:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)
