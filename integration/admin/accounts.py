from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.core.validators import MinLengthValidator
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration import accounts, cards
from integration.admin.base import CalmAdmin, ReadOnlyAdmin, column, show_copyable
from integration.admin.steps import Answers, ReasonForm, step
from integration.models import AuditEntry, PartnerKey, TolokaAccount, WebhookEvent
from integration.money import plain
from integration.toloka.client import TolokaClient
from integration.toloka.errors import TolokaError

SHORTEST_SECRET = 32
"""Bytes that a key of HS256 should have at least (RFC 7518, 3.2)."""


class AccountStateError(Exception):
    """The account is not, or no longer, as the step needs it."""


@admin.register(TolokaAccount)
class TolokaAccountAdmin(CalmAdmin[TolokaAccount]):
    list_display = ("name", "requester", "environment", "api_url", "is_active", "show_state")
    list_select_related = ("requester",)
    list_filter: ClassVar = [
        "environment",
        "is_active",
        ("paused_at", admin.EmptyFieldListFilter),
        "requester",
    ]
    search_fields = ("name", "requester__name", "=arrival_key")
    autocomplete_fields = ("requester",)
    step_errors = (AccountStateError, TolokaError)
    actions_detail = ("check_connection", "pause", "resume")
    readonly_fields = (
        "show_arrival_key",
        "show_redirect_url",
        "paused_at",
        "paused_reason",
        "wait_until",
        "failures_in_row",
        "created_at",
    )
    fieldsets: ClassVar = [
        (None, {"fields": ["requester", "name", "environment", "api_url", "token", "auth_scheme"]}),
        (
            gettext_lazy("Arrivals"),
            {
                "fields": [
                    "show_arrival_key",
                    "show_redirect_url",
                    "redirect_registered",
                    "redirect_assignment_params",
                    "return_url",
                ]
            },
        ),
        (
            gettext_lazy("State"),
            {
                "fields": [
                    "is_active",
                    "paused_at",
                    "paused_reason",
                    "wait_until",
                    "failures_in_row",
                    "created_at",
                ]
            },
        ),
        (
            gettext_lazy("Sending"),
            {
                "classes": ["tab"],
                "fields": [
                    "ambiguous_outcome",
                    "max_ambiguous_resends",
                    "submits_per_second",
                    "send_empty_close",
                    "quality_source",
                    "restriction_match_true_means",
                    "unknown_flags_stop",
                ],
            },
        ),
        (
            gettext_lazy("Money and cards"),
            {
                "classes": ["tab"],
                "fields": [
                    "max_reward_per_submit",
                    "max_reward_per_user_per_day",
                    "pool_base_price",
                    "reward_includes_base_price",
                    "placeholder_task",
                    "metadata_as_list",
                ],
            },
        ),
    ]

    @column(
        gettext_lazy("state"),
        labels={"ready": "success", "paused": "danger", "resting": "warning", "off": "info"},
    )
    def show_state(self, account: TolokaAccount) -> tuple[str, str]:
        if not account.is_active:
            return "off", _("switched off")
        if account.paused_at:
            return "paused", _("paused")
        if account.wait_until and account.wait_until > timezone.now():
            return "resting", _("resting")
        return "ready", _("ready")

    @column(gettext_lazy("arrival key"))
    def show_arrival_key(self, account: TolokaAccount) -> SafeString | str:
        return show_copyable(account.arrival_key) if account.pk else "-"

    @column(gettext_lazy("redirect URL, to register at Toloka"))
    def show_redirect_url(self, account: TolokaAccount) -> SafeString | str:
        if not account.pk:
            return "-"
        return show_copyable(cards.redirect_url(account))

    def get_readonly_fields(self, request: HttpRequest, obj: TolokaAccount | None = None) -> Any:
        # Performers, money and cards of one requester must not move to another with the account.
        fixed = ("requester", "environment") if obj else ()
        return (*fixed, *super().get_readonly_fields(request, obj))

    @step(
        gettext_lazy("Check connection"),
        text=gettext_lazy("Asks Toloka who the token belongs to and what the balance is."),
        icon="network_check",
    )
    def check_connection(
        self, _request: HttpRequest, account: TolokaAccount, _answers: Answers
    ) -> str:
        requester = TolokaClient(account).get_requester()
        return _("Toloka answers: requester %(id)s, balance %(balance)s USD.") % {
            "id": requester.id,
            "balance": plain(requester.balance),
        }

    @step(
        gettext_lazy("Pause"),
        text=gettext_lazy(
            "Nothing is sent to Toloka, and nobody arrives, until the account is resumed. What is "
            "owed stays owed."
        ),
        icon="pause",
        form=ReasonForm,
        shown=lambda account: account.paused_at is None,
        danger=True,
    )
    def pause(self, request: HttpRequest, account: TolokaAccount, answers: Answers) -> str:
        if not accounts.pause_account(account.pk, answers["reason"], now=timezone.now()):
            raise AccountStateError(_("The account is paused already."))
        AuditEntry.objects.create(
            requester_id=account.requester_id,
            user_id=request.user.pk,
            action="account.pause",
            subject=f"account:{account.pk}",
            reason=answers["reason"],
        )
        return _("The account is paused.")

    @step(
        gettext_lazy("Resume"),
        text=gettext_lazy("What waited is sent from now on."),
        icon="play_arrow",
        form=ReasonForm,
        shown=lambda account: account.paused_at is not None,
    )
    def resume(self, request: HttpRequest, account: TolokaAccount, answers: Answers) -> str:
        resumed = accounts.resume_account(
            account.pk,
            user=request.user,  # type: ignore[arg-type]  # the admin knows no anonymous user
            reason=answers["reason"],
            now=timezone.now(),
        )
        if not resumed:
            raise AccountStateError(_("The account is not paused."))
        return _("The account goes on.")


@admin.register(PartnerKey)
class PartnerKeyAdmin(CalmAdmin[PartnerKey]):
    list_display = ("name", "requester", "key_id", "is_active", "created_at")
    list_select_related = ("requester",)
    list_filter: ClassVar = ["is_active", "requester"]
    search_fields = ("name", "=key_id", "requester__name")
    autocomplete_fields = ("requester",)
    fields = (
        "requester",
        "name",
        "show_key_id",
        "secret",
        "return_url",
        "is_active",
        "created_at",
    )
    readonly_fields = ("show_key_id", "created_at")

    @column(gettext_lazy("key id (kid)"))
    def show_key_id(self, key: PartnerKey) -> SafeString | str:
        return show_copyable(key.key_id) if key.pk else "-"

    def get_form(
        self,
        request: HttpRequest,
        obj: PartnerKey | None = None,
        change: bool = False,
        **options: Any,
    ) -> type[ModelForm[PartnerKey]]:
        form = super().get_form(request, obj, change, **options)
        secret = form.base_fields.get("secret")
        if secret:
            secret.required = not change
            secret.validators.append(MinLengthValidator(SHORTEST_SECRET))
        return form


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin[WebhookEvent]):
    list_display = ("received_at", "event_type", "toloka_pool_id", "account")
    list_select_related = ("account",)
    list_filter: ClassVar = ["event_type", "account"]
    search_fields = ("=uuid", "=toloka_pool_id")
    ordering = ("-pk",)
