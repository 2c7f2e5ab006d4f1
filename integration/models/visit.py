from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from integration.enums import StopReason, VisitStatus
from integration.models.account import PartnerKey, TolokaAccount
from integration.models.listing import Listing
from integration.models.performer import Performer


class Visit(models.Model):
    """One arrival of a performer, from Start in Toloka (or a partner's link) to its close.

    ``browser_key`` is the digest of the key in the cookie of the browser that has the visit, and
    ``heard_at`` when it last called. ``deadline`` is when Toloka's assignment runs out.
    ``stop_reason`` may be set while the visit is open: a delivery that learns that the performer
    is restricted writes it, and whoever serves reads it.
    """

    account = models.ForeignKey(
        TolokaAccount, models.PROTECT, null=True, blank=True, related_name="visits"
    )
    assignment_id = models.CharField(_("assignment in Toloka"), max_length=128, blank=True)
    partner_key = models.ForeignKey(
        PartnerKey, models.PROTECT, null=True, blank=True, related_name="visits"
    )
    partner_token_id = models.CharField(_("partner's token id"), max_length=128, blank=True)
    performer = models.ForeignKey(Performer, models.PROTECT, related_name="visits")
    listing = models.ForeignKey(
        Listing, models.PROTECT, null=True, blank=True, related_name="visits"
    )
    browser_key = models.CharField(_("browser"), max_length=64, editable=False)
    heard_at = models.DateTimeField(_("last heard of"))
    deadline = models.DateTimeField(_("deadline"))
    status = models.CharField(
        _("status"), max_length=12, choices=VisitStatus.choices, default=VisitStatus.OPEN
    )
    stop_reason = models.CharField(
        _("why it ended"), max_length=24, choices=StopReason.choices, blank=True
    )
    superseded_by = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="supersedes"
    )
    opened_at = models.DateTimeField(_("opened"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "assignment_id"],
                condition=models.Q(account__isnull=False),
                name="visit_assignment_once",
            ),
            models.UniqueConstraint(
                fields=["partner_key", "partner_token_id"],
                condition=models.Q(partner_key__isnull=False),
                name="visit_partner_token_once",
            ),
            models.UniqueConstraint(
                fields=["listing", "performer"],
                condition=models.Q(status=VisitStatus.OPEN, listing__isnull=False),
                name="visit_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(account__isnull=True) ^ models.Q(partner_key__isnull=True),
                name="visit_from_toloka_or_partner",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=VisitStatus.values), name="visit_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(stop_reason__in=["", *StopReason.values]),
                name="visit_stop_reason_known",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["heard_at"],
                condition=models.Q(status__in=[VisitStatus.OPEN, VisitStatus.CLOSING]),
                name="visit_not_closed",
            ),
            models.Index(fields=["listing", "performer", "id"], name="visit_of_performer"),
        ]

    def __str__(self) -> str:
        return f"visit {self.pk}"
