"""The ledger, and the two ways in which money leaves it."""

import secrets
import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from integration.enums import AttemptOutcome, PaymentState, PaymentWay
from integration.models.account import TolokaAccount
from integration.models.listing import Listing
from integration.models.performer import Performer
from integration.models.visit import Visit


def make_retry_id() -> str:
    """24 hexadecimal digits, as in Toloka's own example."""
    return secrets.token_hex(12)


class Payment(models.Model):
    """Something owed to a performer, once: ``reason`` is unique.

    A reason is ``assignment:<id>``, ``close:<visit>``, ``appeal:<id>``, ``rescore:<id>:<n>`` or
    ``bonus:<operation>``. An amount of 0 is a report without pay. ``account`` pays it (none where
    a partner does, by export); ``listing`` is that of its work report, and kept here so that a
    constraint can say: one in flight for each (listing, performer).
    """

    performer = models.ForeignKey(
        Performer, models.PROTECT, related_name="payments", db_index=False
    )
    requester = models.ForeignKey(
        "labelplatform.Requester", models.PROTECT, related_name="payments"
    )
    account = models.ForeignKey(
        TolokaAccount,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="payments",
        db_index=False,
    )
    listing = models.ForeignKey(
        Listing, models.PROTECT, null=True, blank=True, related_name="payments"
    )
    reason = models.CharField(_("for"), max_length=128)
    amount = models.DecimalField(_("amount, USD"), max_digits=12, decimal_places=4)
    way = models.CharField(_("way"), max_length=12, choices=PaymentWay.choices)
    state = models.CharField(_("state"), max_length=12, choices=PaymentState.choices)
    due_at = models.DateTimeField(_("due from"))
    claimed_at = models.DateTimeField(_("claimed"), null=True, blank=True)
    attempts_count = models.PositiveSmallIntegerField(_("attempts"), default=0)
    ambiguous_count = models.PositiveSmallIntegerField(_("unknown outcomes"), default=0)
    last_error = models.TextField(_("last error"), blank=True)
    created_at = models.DateTimeField(_("owed since"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints: ClassVar = [
            # Not ``unique=True``, which adds a second index, for LIKE, that nobody asks.
            models.UniqueConstraint(fields=["reason"], name="payment_reason_once"),
            models.UniqueConstraint(
                fields=["listing", "performer"],
                condition=models.Q(state=PaymentState.SENDING, listing__isnull=False),
                name="payment_one_in_flight",
            ),
            models.CheckConstraint(
                condition=models.Q(amount__gte=0), name="payment_amount_not_negative"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=PaymentState.values), name="payment_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(way__in=PaymentWay.values), name="payment_way_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(state=PaymentState.SENDING)
                | models.Q(claimed_at__isnull=False),
                name="payment_sending_is_claimed",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["account", "due_at"],
                condition=models.Q(state=PaymentState.DUE),
                name="payment_due",
            ),
            models.Index(
                fields=["listing", "performer", "id"],
                condition=models.Q(state=PaymentState.DUE),
                name="payment_due_order",
            ),
            models.Index(
                fields=["state", "claimed_at"],
                condition=~models.Q(
                    state__in=[PaymentState.SENT, PaymentState.SETTLED, PaymentState.GIVEN_UP]
                ),
                name="payment_not_ended",
            ),
            models.Index(fields=["performer", "created_at"], name="payment_of_performer"),
        ]

    def __str__(self) -> str:
        return f"payment {self.pk} ({self.reason})"


class WorkReport(models.Model):
    """One submit to Toloka: the performer finished a page, pay this much.

    The columns are what will be sent; ``body`` is empty until the first attempt and holds the
    bytes of every attempt from then on. Reports of one performer at one listing go out in the
    order of their payments' ids, across visits, since a submit names the pool, not the assignment.
    """

    payment = models.OneToOneField(Payment, models.CASCADE, related_name="report")
    visit = models.ForeignKey(Visit, models.PROTECT, related_name="reports")
    listing = models.ForeignKey(Listing, models.PROTECT, related_name="reports", db_index=False)
    performer = models.ForeignKey(Performer, models.PROTECT, related_name="reports", db_index=False)
    retry_id = models.CharField(_("retry id"), max_length=24, default=make_retry_id, editable=False)
    quality = models.DecimalField(
        _("quality"), max_digits=5, decimal_places=4, null=True, blank=True
    )
    close_session = models.BooleanField(_("closes the session"), default=False)
    skipped = models.BooleanField(_("skipped"), default=False)
    start_time = models.DateTimeField(_("started"))
    end_time = models.DateTimeField(_("ended"))
    golden_tasks_count = models.PositiveIntegerField(_("golden tasks"), default=0)
    training_tasks_count = models.PositiveIntegerField(_("training tasks"), default=0)
    real_tasks_count = models.PositiveIntegerField(_("ordinary tasks"), default=0)
    custom_log = models.JSONField(_("custom log"), default=dict, blank=True)
    body = models.TextField(_("bytes sent"), blank=True, editable=False)

    class Meta:
        verbose_name = _("work report")
        verbose_name_plural = _("work reports")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(quality__isnull=True) | models.Q(quality__gte=0, quality__lte=1),
                name="report_quality_is_a_share",
            ),
            models.CheckConstraint(
                condition=models.Q(end_time__gte=models.F("start_time")),
                name="report_ends_after_start",
            ),
            models.UniqueConstraint(
                fields=["visit"],
                condition=models.Q(close_session=True),
                name="report_closes_a_visit_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["listing", "performer", "id"], name="report_order"),
        ]

    def __str__(self) -> str:
        return f"work report {self.pk}"


class Bonus(models.Model):
    """A user-bonus at Toloka; ``operation_id`` makes a repeat harmless there."""

    payment = models.OneToOneField(Payment, models.CASCADE, related_name="bonus")
    account = models.ForeignKey(TolokaAccount, models.PROTECT, related_name="bonuses")
    operation_id = models.UUIDField(_("operation"), unique=True, default=uuid.uuid4, editable=False)
    settles = models.ForeignKey(
        Payment, models.PROTECT, null=True, blank=True, related_name="settled_by"
    )
    public_title = models.JSONField(_("title"), default=dict, blank=True)
    public_message = models.JSONField(_("message"), default=dict, blank=True)
    private_comment = models.CharField(_("comment"), max_length=500, blank=True)
    without_message = models.BooleanField(_("without message"), default=False)
    toloka_assignment_id = models.CharField(_("assignment in Toloka"), max_length=128, blank=True)
    body = models.TextField(_("bytes sent"), blank=True, editable=False)

    class Meta:
        verbose_name = _("bonus")
        verbose_name_plural = _("bonuses")

    def __str__(self) -> str:
        return f"bonus {self.pk}"


class Attempt(models.Model):
    """One try to deliver a payment, written before the call so that a crash leaves a trace."""

    payment = models.ForeignKey(Payment, models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField(_("number"))
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    outcome = models.CharField(
        _("outcome"),
        max_length=12,
        choices=AttemptOutcome.choices,
        default=AttemptOutcome.IN_FLIGHT,
    )
    http_status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    request_id = models.CharField(_("request id"), max_length=128, blank=True)
    latency_ms = models.PositiveIntegerField(_("latency, ms"), null=True, blank=True)
    answer = models.TextField(_("answer"), blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["payment", "number"], name="attempt_number_once"),
            models.CheckConstraint(
                condition=models.Q(outcome__in=AttemptOutcome.values),
                name="attempt_outcome_known",
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of payment {self.payment_id}"
