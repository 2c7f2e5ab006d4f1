import secrets
from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from integration.enums import ListingStatus
from integration.models.account import TolokaAccount


def make_marker() -> str:
    return f"listing-{secrets.token_hex(8)}"


class Listing(models.Model):
    """The card in Toloka: the EXTERNAL project and the pool there that advertise one of our pools.

    ``marker`` stands in ``private_comment`` of both, so that one made by a call whose answer got
    lost is found again instead of made twice.
    """

    account = models.ForeignKey(TolokaAccount, models.PROTECT, related_name="listings")
    marker = models.CharField(
        _("marker"), max_length=32, unique=True, default=make_marker, editable=False
    )
    toloka_project_id = models.CharField(_("project in Toloka"), max_length=64, blank=True)
    toloka_pool_id = models.CharField(_("pool in Toloka"), max_length=64, blank=True)
    status = models.CharField(
        _("status"), max_length=16, choices=ListingStatus.choices, default=ListingStatus.DRAFT
    )
    operation_id = models.CharField(
        _("running operation"), max_length=64, blank=True, editable=False
    )
    busy_until = models.DateTimeField(
        _("being worked on until"), null=True, blank=True, editable=False
    )
    last_error = models.TextField(_("last error"), blank=True)

    public_name = models.CharField(_("title of the card"), max_length=255)
    public_description = models.TextField(_("text of the card"))
    public_instructions = models.TextField(_("instructions on the card"), blank=True)
    partner_name = models.CharField(_("partner name"), max_length=255, blank=True)
    partner_url = models.URLField(_("partner address"), blank=True)
    price_min = models.DecimalField(
        _("usual earnings from, USD"),
        max_digits=10,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    price_max = models.DecimalField(
        _("usual earnings to, USD"),
        max_digits=10,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    filter = models.JSONField(_("filter"), null=True, blank=True)
    speed_quality_balance = models.JSONField(_("speed and quality"), null=True, blank=True)
    may_contain_adult_content = models.BooleanField(_("adult content"), default=False)
    assignment_max_duration_seconds = models.PositiveIntegerField(
        _("time for a visit, seconds"), default=14_400
    )
    will_expire = models.DateTimeField(_("expires"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    checked_at = models.DateTimeField(
        _("compared with Toloka"), null=True, blank=True, editable=False
    )

    class Meta:
        verbose_name = _("listing")
        verbose_name_plural = _("listings")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "toloka_pool_id"],
                condition=~models.Q(toloka_pool_id=""),
                name="listing_toloka_pool_once",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=ListingStatus.values), name="listing_status_known"
            ),
        ]

    def __str__(self) -> str:
        return self.public_name
