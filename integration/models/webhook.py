from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from integration.models.account import TolokaAccount


class WebhookEvent(models.Model):
    """Something that Toloka told us, once: a repeated delivery has the same ``uuid``."""

    account = models.ForeignKey(TolokaAccount, models.CASCADE, related_name="webhook_events")
    uuid = models.CharField(_("event id"), max_length=64)
    event_type = models.CharField(_("type"), max_length=64)
    toloka_pool_id = models.CharField(_("pool in Toloka"), max_length=64, blank=True)
    received_at = models.DateTimeField(_("received"))

    class Meta:
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook events")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "uuid"], name="webhook_event_once")
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.uuid}"
