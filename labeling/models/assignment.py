from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from integration.models import Performer
from labeling.enums import AssignmentStatus, TaskKind
from labeling.ids import make_id
from labeling.models.pool import Pool
from labeling.models.session import Session
from labeling.models.task import Task, TaskSuite


class Assignment(models.Model):
    """A page given to a performer.

    ``reward`` is the most it can earn. ``expires_at`` is the end of the lease, ``last_moment``
    how far heartbeats can move it. ``quality`` is the page's own, 0 to 1, null where nothing on
    it was scored. ``feedback`` is what the reply to the submit said, kept for a repeat of it.
    """

    id = models.UUIDField(primary_key=True, default=make_id, editable=False)
    pool = models.ForeignKey(Pool, models.PROTECT, related_name="assignments")
    session = models.ForeignKey(Session, models.PROTECT, related_name="assignments")
    performer = models.ForeignKey(Performer, models.PROTECT, related_name="assignments")
    suite = models.ForeignKey(
        TaskSuite, models.PROTECT, null=True, blank=True, related_name="assignments"
    )
    status = models.CharField(
        _("status"),
        max_length=12,
        choices=AssignmentStatus.choices,
        default=AssignmentStatus.ACTIVE,
    )
    reward = models.DecimalField(_("reward, USD"), max_digits=10, decimal_places=4)
    created_at = models.DateTimeField(_("given"))
    expires_at = models.DateTimeField(_("expires"))
    last_moment = models.DateTimeField(_("last moment"))
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    rejected_at = models.DateTimeField(_("rejected"), null=True, blank=True)
    skipped_at = models.DateTimeField(_("skipped"), null=True, blank=True)
    expired_at = models.DateTimeField(_("expired"), null=True, blank=True)
    public_comment = models.TextField(_("comment to the performer"), blank=True)
    skip_reason = models.CharField(_("why skipped"), max_length=500, blank=True)
    quality = models.DecimalField(
        _("quality"), max_digits=5, decimal_places=4, null=True, blank=True
    )
    is_late = models.BooleanField(_("came late"), default=False)
    drafts = models.JSONField(default=dict, blank=True, editable=False)
    problems = models.JSONField(_("dead media"), default=list, blank=True)
    telemetry = models.JSONField(_("telemetry"), default=dict, blank=True)
    feedback = models.JSONField(default=dict, blank=True, editable=False)

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["session"],
                condition=models.Q(status=AssignmentStatus.ACTIVE),
                name="assignment_one_active",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=AssignmentStatus.values),
                name="assignment_status_known",
            ),
            models.CheckConstraint(
                condition=models.Q(reward__gte=0), name="assignment_reward_not_negative"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["expires_at"],
                condition=models.Q(status=AssignmentStatus.ACTIVE),
                name="assignment_active",
            ),
            models.Index(fields=["pool", "id"], name="assignment_of_pool"),
            models.Index(
                fields=["submitted_at"],
                condition=models.Q(status=AssignmentStatus.SUBMITTED),
                name="assignment_to_review",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Answer(models.Model):
    """One task of a page: made when the page is given, filled by the submit.

    ``round`` is 0; golden, training and exam tasks that the pool repeats count up. ``score`` is
    the correctness of the answer, 0 to 1, null where the task has no known solution. For a
    training task ``first_values`` is what was answered before any hint, and ``score`` is of that.
    An answer given back frees its place: by a lease that ran out (the performer may get the task
    again), by a skip (he may not), or too late (``is_surplus``: kept, but out of the results).
    """

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="answers")
    task = models.ForeignKey(Task, models.PROTECT, related_name="answers")
    pool = models.ForeignKey(Pool, models.PROTECT, related_name="answers")
    performer = models.ForeignKey(Performer, models.PROTECT, related_name="answers")
    kind = models.CharField(_("kind"), max_length=12, choices=TaskKind.choices)
    position = models.PositiveSmallIntegerField(_("place on the page"))
    round = models.PositiveSmallIntegerField(_("round"), default=0)
    output_values = models.JSONField(_("output"), null=True, blank=True)
    first_values = models.JSONField(_("first answer"), null=True, blank=True)
    score = models.DecimalField(_("score"), max_digits=5, decimal_places=4, null=True, blank=True)
    is_given_back = models.BooleanField(_("given back"), default=False)
    is_skipped = models.BooleanField(_("skipped"), default=False)
    is_surplus = models.BooleanField(_("surplus"), default=False)

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["performer", "task", "round"],
                condition=models.Q(is_given_back=False),
                name="answer_once",
            ),
            models.UniqueConstraint(fields=["assignment", "position"], name="answer_place_once"),
            models.CheckConstraint(
                condition=models.Q(is_given_back=True)
                | models.Q(is_skipped=False, is_surplus=False),
                name="answer_skipped_or_surplus_is_given_back",
            ),
            models.CheckConstraint(
                condition=models.Q(score__isnull=True)
                | models.Q(score__gte=Decimal("0"), score__lte=Decimal("1")),
                name="answer_score_is_a_share",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["task"], name="answer_of_task"),
            models.Index(
                fields=["performer", "task"],
                condition=models.Q(is_given_back=False)
                | models.Q(is_skipped=True)
                | models.Q(is_surplus=True),
                name="answer_had",
            ),
        ]

    def __str__(self) -> str:
        return f"answer {self.pk}"


class Attachment(models.Model):
    """A file that a performer captured; the submit binds it to its answer."""

    id = models.UUIDField(primary_key=True, default=make_id, editable=False)
    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="attachments")
    task = models.ForeignKey(Task, models.PROTECT, related_name="attachments")
    answer = models.ForeignKey(
        Answer, models.PROTECT, null=True, blank=True, related_name="attachments"
    )
    path = models.CharField(_("output path"), max_length=255)
    file = models.FileField(_("file"), upload_to="attachments/%Y/%m/%d")
    name = models.CharField(_("name"), max_length=255)
    media_type = models.CharField(_("media type"), max_length=127)
    size = models.PositiveBigIntegerField(_("bytes"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        indexes: ClassVar = [
            models.Index(
                fields=["created_at"],
                condition=models.Q(answer__isnull=True),
                name="attachment_unbound",
            )
        ]

    def __str__(self) -> str:
        return self.name
