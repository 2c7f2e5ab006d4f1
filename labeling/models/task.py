from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from labeling.enums import TaskKind
from labeling.ids import make_id
from labeling.models.pool import Pool


class TaskSuite(models.Model):
    """A page that the requester made himself; its tasks are given together or not at all."""

    id = models.UUIDField(primary_key=True, default=make_id, editable=False)
    pool = models.ForeignKey(Pool, models.PROTECT, related_name="suites")
    overlap = models.PositiveIntegerField(_("overlap"), null=True, blank=True)
    issued = models.PositiveIntegerField(_("issued"), default=0)
    mixed = models.BooleanField(default=False)
    reserved_for = ArrayField(models.CharField(max_length=255), null=True, blank=True)
    unavailable_for = ArrayField(models.CharField(max_length=255), null=True, blank=True)
    issuing_order_override = models.DecimalField(
        max_digits=10, decimal_places=5, null=True, blank=True
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("task suite")
        verbose_name_plural = _("task suites")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(overlap__isnull=True)
                | models.Q(issued__lte=models.F("overlap")),
                name="suite_issued_within_overlap",
            )
        ]

    def __str__(self) -> str:
        return str(self.id)


class Task(models.Model):
    """One thing to label.

    ``overlap`` is how many performers shall do it, null for no limit; ``issued`` counts the
    answers not given back, whether filled or still out; where there is no limit nothing is
    counted, as everybody would wait for that row. ``known_solutions`` is Toloka's list
    ``[{"output_values": {…}, "correctness_weight": 0…1}]``; ``hint`` is Toloka's
    ``message_on_unknown_solution``.
    """

    id = models.UUIDField(primary_key=True, default=make_id, editable=False)
    pool = models.ForeignKey(Pool, models.PROTECT, related_name="tasks")
    suite = models.ForeignKey(
        TaskSuite, models.PROTECT, null=True, blank=True, related_name="tasks"
    )
    kind = models.CharField(
        _("kind"), max_length=12, choices=TaskKind.choices, default=TaskKind.ORDINARY
    )
    position = models.BigIntegerField(_("position"))
    input_values = models.JSONField(_("input"))
    known_solutions = models.JSONField(_("known solutions"), default=list, blank=True)
    baseline_solutions = models.JSONField(_("baseline solutions"), default=list, blank=True)
    hint = models.TextField(_("hint"), blank=True)
    overlap = models.PositiveIntegerField(_("overlap"), null=True, blank=True, default=1)
    issued = models.PositiveIntegerField(_("issued"), default=0)
    reserved_for = ArrayField(models.CharField(max_length=255), null=True, blank=True)
    unavailable_for = ArrayField(models.CharField(max_length=255), null=True, blank=True)
    traits = models.JSONField(default=dict, blank=True, editable=False)
    origin_task_id = models.UUIDField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["pool", "position"], name="task_position_once"),
            models.CheckConstraint(
                condition=models.Q(kind__in=TaskKind.values), name="task_kind_known"
            ),
            models.CheckConstraint(
                condition=models.Q(overlap__isnull=True)
                | models.Q(issued__lte=models.F("overlap")),
                name="task_issued_within_overlap",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["pool", "kind", "position"],
                condition=models.Q(overlap__isnull=True) | models.Q(issued__lt=models.F("overlap")),
                name="task_with_room",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
