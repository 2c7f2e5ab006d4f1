import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from labeling.enums import OperationStatus
from labeling.models.pool import Pool


class Operation(models.Model):
    """A piece of work that outlives its request; the id may be the caller's own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    requester = models.ForeignKey(
        "labelplatform.Requester", models.PROTECT, related_name="operations"
    )
    type = models.CharField(_("type"), max_length=64)
    status = models.CharField(
        _("status"),
        max_length=12,
        choices=OperationStatus.choices,
        default=OperationStatus.PENDING,
    )
    progress = models.PositiveSmallIntegerField(_("progress, %"), default=0)
    parameters = models.JSONField(_("parameters"), default=dict)
    details = models.JSONField(_("details"), default=dict)
    submitted_at = models.DateTimeField(_("submitted"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("operation")
        verbose_name_plural = _("operations")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(status__in=OperationStatus.values),
                name="operation_status_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"


class OperationLogEntry(models.Model):
    """What became of one item of an operation."""

    operation = models.ForeignKey(Operation, models.CASCADE, related_name="log")
    index = models.PositiveIntegerField(_("item"))
    type = models.CharField(_("type"), max_length=64)
    success = models.BooleanField(_("success"))
    input = models.JSONField(_("input"), default=dict)
    output = models.JSONField(_("output"), default=dict)

    class Meta:
        verbose_name = _("operation log entry")
        verbose_name_plural = _("operation log entries")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["operation", "index"], name="operation_item_once")
        ]

    def __str__(self) -> str:
        return f"{self.operation_id} · {self.index}"


class UploadJob(models.Model):
    """A file of tasks on its way into a pool; ``errors`` are ``{row, column, message}``."""

    pool = models.ForeignKey(Pool, models.PROTECT, related_name="uploads")
    operation = models.OneToOneField(
        Operation, models.PROTECT, null=True, blank=True, related_name="upload"
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    file_name = models.CharField(_("file"), max_length=255)
    skip_invalid = models.BooleanField(_("skip bad rows"), default=False)
    status = models.CharField(
        _("status"),
        max_length=12,
        choices=OperationStatus.choices,
        default=OperationStatus.PENDING,
    )
    rows_total = models.PositiveIntegerField(_("rows"), default=0)
    rows_created = models.PositiveIntegerField(_("tasks made"), default=0)
    rows_bad = models.PositiveIntegerField(_("bad rows"), default=0)
    errors = models.JSONField(_("errors"), default=list, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(status__in=OperationStatus.values), name="upload_status_known"
            )
        ]

    def __str__(self) -> str:
        return self.file_name
