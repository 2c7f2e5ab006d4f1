from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from integration.encryption import EncryptedTextField
from labeling.models.pool import Pool


class ApiToken(models.Model):
    """Lets a program act for a requester. Only a digest is kept; ``prefix`` tells tokens apart."""

    requester = models.ForeignKey(
        "labelplatform.Requester", models.CASCADE, related_name="api_tokens"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("begins with"), max_length=12)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class WebhookSubscription(models.Model):
    """An address that wants to hear of one kind of event in a pool."""

    requester = models.ForeignKey(
        "labelplatform.Requester", models.CASCADE, related_name="webhook_subscriptions"
    )
    pool = models.ForeignKey(Pool, models.CASCADE, related_name="webhook_subscriptions")
    webhook_url = models.URLField(_("address"), max_length=2000)
    event_type = models.CharField(_("event"), max_length=64)
    secret = EncryptedTextField(_("secret"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("webhook subscription")
        verbose_name_plural = _("webhook subscriptions")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["webhook_url", "event_type", "pool"], name="subscription_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.event_type} → {self.webhook_url}"
