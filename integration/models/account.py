"""Where performers come from: an account at Toloka, or a partner that signs its own arrivals."""

import secrets
from typing import ClassVar
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from integration.encryption import EncryptedTextField
from integration.enums import (
    AmbiguousOutcome,
    AuthScheme,
    Environment,
    PlaceholderTask,
    QualitySource,
    Realm,
    RestrictionMatch,
)

API_URLS = {
    Environment.PRODUCTION: "https://toloka.dev",
    Environment.SANDBOX: "https://sandbox.toloka.dev",
}


def make_arrival_key() -> str:
    return secrets.token_urlsafe(12)


def make_webhook_secret() -> str:
    return secrets.token_urlsafe(24)


def default_assignment_params() -> list[str]:
    return ["assignment_id", "assignmentId", "assignment"]


class TolokaAccount(models.Model):
    """A requester's account at Toloka: its token, its arrival key and how we deal with it.

    The arrival key stands in the redirect URL of every card of this account and so says whose
    token reads an arriving assignment.
    """

    requester = models.ForeignKey(
        "labelplatform.Requester", models.PROTECT, related_name="toloka_accounts"
    )
    name = models.CharField(_("name"), max_length=100)
    environment = models.CharField(
        _("environment"), max_length=16, choices=Environment.choices, default=Environment.SANDBOX
    )
    api_url = models.URLField(
        _("API address"),
        help_text=_("https://toloka.dev, https://sandbox.toloka.dev, or a sandbox of your own."),
    )
    token = EncryptedTextField(_("token"), blank=True)
    auth_scheme = models.CharField(
        _("authorization"), max_length=8, choices=AuthScheme.choices, default=AuthScheme.AUTO
    )
    arrival_key = models.CharField(
        _("arrival key"), max_length=32, unique=True, default=make_arrival_key, editable=False
    )
    return_url = models.URLField(
        _("way back"), blank=True, help_text=_("Where a performer returns to; default: Toloka.")
    )
    redirect_registered = models.BooleanField(
        _("redirect registered"),
        default=False,
        help_text=_("Toloka's support has registered the redirect address of this account."),
    )
    redirect_assignment_params = models.JSONField(
        _("names of the assignment parameter"), default=default_assignment_params
    )
    is_active = models.BooleanField(_("active"), default=True)
    paused_at = models.DateTimeField(_("paused since"), null=True, blank=True)
    paused_reason = models.TextField(_("why paused"), blank=True)
    wait_until = models.DateTimeField(
        _("waits until"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Toloka asked for a pause, or did not answer several times in a row."),
    )
    failures_in_row = models.PositiveSmallIntegerField(
        _("failed calls in a row"), default=0, editable=False
    )
    webhook_secret = EncryptedTextField(
        _("webhook secret"), default=make_webhook_secret, editable=False
    )

    ambiguous_outcome = models.CharField(
        _("when an outcome is unknown"),
        max_length=8,
        choices=AmbiguousOutcome.choices,
        default=AmbiguousOutcome.RESEND,
    )
    max_ambiguous_resends = models.PositiveSmallIntegerField(
        _("send again at most (times)"), default=6
    )
    send_empty_close = models.BooleanField(_("send a close without work"), default=True)
    quality_source = models.CharField(
        _("quality sent"), max_length=16, choices=QualitySource.choices, default=QualitySource.UNIT
    )
    restriction_match_true_means = models.CharField(
        _("restriction_match true means"),
        max_length=12,
        choices=RestrictionMatch.choices,
        default=RestrictionMatch.RESTRICTED,
    )
    unknown_flags_stop = models.BooleanField(_("missing flags stop a visit"), default=False)
    placeholder_task = models.CharField(
        _("placeholder task"),
        max_length=8,
        choices=PlaceholderTask.choices,
        default=PlaceholderTask.AUTO,
    )
    pool_base_price = models.DecimalField(
        _("base price of a pool, USD"),
        max_digits=10,
        decimal_places=4,
        default="0.005",
        validators=[MinValueValidator(0)],
    )
    reward_includes_base_price = models.BooleanField(_("reward includes base price"), default=False)
    metadata_as_list = models.BooleanField(_("metadata as lists"), default=True)
    max_reward_per_submit = models.DecimalField(
        _("most in one submit, USD"), max_digits=10, decimal_places=4, default="10"
    )
    max_reward_per_user_per_day = models.DecimalField(
        _("most for a performer and day, USD"), max_digits=10, decimal_places=4, default="50"
    )
    submits_per_second = models.PositiveSmallIntegerField(_("submits a second"), default=20)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("Toloka account")
        verbose_name_plural = _("Toloka accounts")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["requester", "name"], name="account_name_once"),
            models.CheckConstraint(
                condition=models.Q(environment__in=Environment.values),
                name="account_environment_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.environment})"

    def clean(self) -> None:
        """Keep production and sandbox apart: a token of one must never reach the other's host."""
        for environment, url in API_URLS.items():
            if (
                urlsplit(self.api_url).hostname == urlsplit(url).hostname
                and self.environment != environment
            ):
                raise ValidationError(
                    {
                        "api_url": _("%(url)s belongs to the environment “%(environment)s”.")
                        % {"url": url, "environment": environment}
                    }
                )

    @property
    def realm(self) -> Realm:
        production = self.environment == Environment.PRODUCTION
        return Realm.TOLOKA if production else Realm.TOLOKA_SANDBOX

    @property
    def way_back(self) -> str:
        """Where a performer of this account returns to."""
        return self.return_url or self.api_url


class PartnerKey(models.Model):
    """A key under which a partner signs arrivals of its own performers (HS256)."""

    requester = models.ForeignKey(
        "labelplatform.Requester", models.PROTECT, related_name="partner_keys"
    )
    name = models.CharField(_("name"), max_length=100)
    key_id = models.CharField(
        _("key id"), max_length=32, unique=True, default=make_arrival_key, editable=False
    )
    secret = EncryptedTextField(_("secret"))
    return_url = models.URLField(_("way back"), blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("partner key")
        verbose_name_plural = _("partner keys")

    def __str__(self) -> str:
        return self.name
