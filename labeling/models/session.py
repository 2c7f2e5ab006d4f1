from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from integration.models import Performer, Visit
from labeling.enums import SessionStatus
from labeling.ids import make_id
from labeling.models.pool import Pool


class Session(models.Model):
    """A performer at work in one pool during one visit.

    Counters are kept here, a row of the performer's own, and added up when read: one row a pool
    would be a place where everybody waits. ``money_drawn`` is what the session took from the
    pool's budget, ``money_used`` what its pages earned or can still earn, and the base prices
    that Toloka takes for the arrivals.
    """

    id = models.UUIDField(primary_key=True, default=make_id, editable=False)
    visit = models.ForeignKey(Visit, models.PROTECT, related_name="sessions")
    pool = models.ForeignKey(Pool, models.PROTECT, related_name="sessions")
    performer = models.ForeignKey(Performer, models.PROTECT, related_name="sessions")
    status = models.CharField(
        _("status"), max_length=12, choices=SessionStatus.choices, default=SessionStatus.OPEN
    )
    cursor = models.BigIntegerField(default=-1, editable=False)
    pages_given = models.PositiveIntegerField(_("pages given"), default=0)
    pages_submitted = models.PositiveIntegerField(_("pages submitted"), default=0)
    pages_skipped = models.PositiveIntegerField(_("pages skipped"), default=0)
    skips_in_row = models.PositiveIntegerField(_("skips in a row"), default=0)
    tasks_submitted = models.PositiveIntegerField(_("tasks submitted"), default=0)
    scored_weight = models.DecimalField(
        _("scored answers"), max_digits=12, decimal_places=4, default=Decimal("0")
    )
    right_weight = models.DecimalField(
        _("right answers"), max_digits=12, decimal_places=4, default=Decimal("0")
    )
    earned = models.DecimalField(
        _("earned, USD"), max_digits=12, decimal_places=4, default=Decimal("0")
    )
    money_drawn = models.DecimalField(
        max_digits=12, decimal_places=4, default=Decimal("0"), editable=False
    )
    money_used = models.DecimalField(
        max_digits=12, decimal_places=4, default=Decimal("0"), editable=False
    )
    opened_at = models.DateTimeField(_("opened"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["visit", "pool"], name="session_once_in_a_visit"),
            models.CheckConstraint(
                condition=models.Q(status__in=SessionStatus.values), name="session_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(money_used__gte=0)
                & models.Q(money_used__lte=models.F("money_drawn")),
                name="session_uses_what_it_drew",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["pool", "performer", "id"], name="session_of_performer"),
            models.Index(fields=["pool"], condition=models.Q(status="open"), name="session_open"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def quality(self) -> Decimal | None:
        """The share of right answers so far, 0 to 1; None where nothing was scored yet."""
        return self.right_weight / self.scored_weight if self.scored_weight else None
