from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class Performer(models.Model):
    """A paid person, known by an opaque id from one realm.

    The row holds no judgement: skills, quality and bans belong to a requester.
    """

    realm = models.CharField(_("realm"), max_length=32)
    external_id = models.CharField(_("id there"), max_length=255)
    profile = models.JSONField(_("profile"), default=dict, blank=True)
    created_at = models.DateTimeField(_("first seen"), auto_now_add=True)

    class Meta:
        verbose_name = _("performer")
        verbose_name_plural = _("performers")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["realm", "external_id"], name="performer_once")
        ]

    def __str__(self) -> str:
        return f"performer {self.pk}"
