from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditEntry(models.Model):
    """Who decided what about money or access, and why. Written once, never changed.

    It lives here, in the lowest package, since decisions about payments and about performers
    are both recorded in it.
    """

    requester = models.ForeignKey("labelplatform.Requester", models.PROTECT, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    action = models.CharField(_("action"), max_length=64)
    subject = models.CharField(_("subject"), max_length=128, db_index=True)
    reason = models.TextField(_("reason"), blank=True)
    details = models.JSONField(_("details"), default=dict, blank=True)
    created_at = models.DateTimeField(_("when"), auto_now_add=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes: ClassVar = [models.Index(fields=["requester", "-created_at"], name="audit_newest")]

    def __str__(self) -> str:
        return f"{self.action} · {self.subject}"
