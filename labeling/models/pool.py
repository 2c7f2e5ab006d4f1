from decimal import Decimal
from typing import ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from integration.models import Listing
from labeling.enums import CloseReason, PoolStatus, PoolType, QualityFrom
from labeling.models.project import Project, ProjectVersion


class PoolQuerySet(models.QuerySet["Pool"]):
    def visible_to(self, user: models.Model | AnonymousUser) -> Self:
        """Keep the pools of requesters that ``user`` is a member of."""
        return self.filter(project__requester__memberships__user=user)


class Pool(models.Model):
    """A batch of tasks with a price, an overlap and rules; trainings and exams are pools too.

    The price is for a page, also for a shorter last one unless ``pro_rata`` is set. Counts of the
    mixer are for a page. ``budget_drawn`` is what sessions have drawn of ``budget_cap``: money
    spent, promised by pages that are out, and base prices of visits.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="pools")
    version = models.ForeignKey(ProjectVersion, models.PROTECT, related_name="pools")
    listing = models.OneToOneField(
        Listing, models.PROTECT, null=True, blank=True, related_name="pool"
    )
    type = models.CharField(
        _("type"), max_length=16, choices=PoolType.choices, default=PoolType.REGULAR
    )
    private_name = models.CharField(_("name"), max_length=255)
    public_description = models.TextField(_("public description"), blank=True)
    private_comment = models.TextField(_("private comment"), blank=True)
    may_contain_adult_content = models.BooleanField(_("adult content"), default=False)
    status = models.CharField(
        _("status"), max_length=16, choices=PoolStatus.choices, default=PoolStatus.CLOSED
    )
    last_close_reason = models.CharField(
        _("why closed"), max_length=32, choices=CloseReason.choices, default=CloseReason.MANUAL
    )
    will_expire = models.DateTimeField(_("expires"), null=True, blank=True)
    priority = models.PositiveSmallIntegerField(
        _("priority"), default=0, validators=[MaxValueValidator(100)]
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_started = models.DateTimeField(_("last opened"), null=True, blank=True)
    last_stopped = models.DateTimeField(_("last closed"), null=True, blank=True)
    complete_since = models.DateTimeField(_("complete since"), null=True, blank=True)

    reward_per_assignment = models.DecimalField(
        _("price of a page, USD"),
        max_digits=10,
        decimal_places=4,
        default=Decimal("0"),
        validators=[MinValueValidator(0)],
    )
    pro_rata = models.BooleanField(_("pay a shorter page by its share"), default=False)
    budget_cap = models.DecimalField(
        _("budget, USD"),
        max_digits=12,
        decimal_places=4,
        null=True,
        blank=True,
        help_text=_("Never more than this is owed; empty: no limit."),
    )
    budget_drawn = models.DecimalField(
        _("drawn of the budget, USD"), max_digits=12, decimal_places=4, default=Decimal("0")
    )
    auto_accept_solutions = models.BooleanField(_("accept at once"), default=True)
    auto_accept_period_day = models.PositiveSmallIntegerField(
        _("accept after (days)"),
        default=9,
        validators=[MinValueValidator(1), MaxValueValidator(21)],
    )
    auto_close_after_complete_delay_seconds = models.PositiveIntegerField(
        _("close after completion (seconds)"), default=0
    )

    default_overlap_for_new_tasks = models.PositiveIntegerField(
        _("overlap of new tasks"), default=1
    )
    default_overlap_for_new_task_suites = models.PositiveIntegerField(
        _("overlap of new suites"), default=1
    )
    real_tasks_count = models.PositiveSmallIntegerField(_("ordinary tasks on a page"), default=1)
    golden_tasks_count = models.PositiveSmallIntegerField(_("golden tasks on a page"), default=0)
    training_tasks_count = models.PositiveSmallIntegerField(
        _("training tasks on a page"), default=0
    )
    min_real_tasks_count = models.PositiveSmallIntegerField(
        _("ordinary tasks at least"), null=True, blank=True
    )
    min_golden_tasks_count = models.PositiveSmallIntegerField(
        _("golden tasks at least"), null=True, blank=True
    )
    min_training_tasks_count = models.PositiveSmallIntegerField(
        _("training tasks at least"), null=True, blank=True
    )
    force_last_assignment = models.BooleanField(_("give the incomplete last page"), default=True)
    force_last_assignment_delay_seconds = models.PositiveIntegerField(
        _("wait before the last page (seconds)"), default=0
    )
    mix_tasks_in_creation_order = models.BooleanField(_("in the order of creation"), default=True)
    shuffle_tasks_in_task_suite = models.BooleanField(_("shuffle a page"), default=True)
    mixer_config = models.JSONField(_("more of the mixer"), default=dict, blank=True)
    assignments_issuing_config = models.JSONField(default=dict, blank=True, editable=False)
    golden_repeats = models.PositiveSmallIntegerField(
        _("golden task again (times)"), default=0, help_text=_("0: each once.")
    )
    training_repeats = models.PositiveSmallIntegerField(
        _("training task again (times)"), default=0, help_text=_("0: each once.")
    )

    filter = models.JSONField(_("filter"), null=True, blank=True)
    quality_control = models.JSONField(_("quality control"), null=True, blank=True)
    quality_from = models.CharField(
        _("quality from"),
        max_length=24,
        choices=QualityFrom.choices,
        default=QualityFrom.GOLDEN_AND_TRAINING,
    )
    scored_fields = models.JSONField(
        _("fields that are scored"),
        default=list,
        blank=True,
        help_text=_("Output fields compared with the known solutions; empty: all of them."),
    )
    dynamic_overlap_config = models.JSONField(_("dynamic overlap"), null=True, blank=True)
    dynamic_pricing_config = models.JSONField(_("dynamic pricing"), null=True, blank=True)
    speed_quality_balance = models.JSONField(_("speed and quality"), null=True, blank=True)
    metadata = models.JSONField(_("metadata"), default=dict, blank=True)

    required_training = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="required_by"
    )
    required_training_value = models.PositiveSmallIntegerField(
        _("training result at least, %"), null=True, blank=True
    )
    task_suites_required_to_pass = models.PositiveSmallIntegerField(
        _("pages to pass"), null=True, blank=True
    )
    retry_training_after_days = models.PositiveSmallIntegerField(
        _("training again after (days)"), null=True, blank=True
    )
    inherited_instructions = models.BooleanField(_("instructions of the project"), default=True)

    lease_seconds = models.PositiveIntegerField(_("time for a page (seconds)"), default=600)
    assignment_max_duration_seconds = models.PositiveIntegerField(
        _("most time for a page (seconds)"),
        default=1800,
        help_text=_("With signs of life from the performer."),
    )
    session_idle_seconds = models.PositiveIntegerField(
        _("close a visit after silence (seconds)"), default=3600
    )
    max_skips_in_row = models.PositiveSmallIntegerField(
        _("skips in a row"),
        default=10,
        help_text=_("After so many the visit ends; 0: no skipping."),
    )

    objects = PoolQuerySet.as_manager()

    class Meta:
        verbose_name = _("pool")
        verbose_name_plural = _("pools")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(status__in=PoolStatus.values), name="pool_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(type__in=PoolType.values), name="pool_type_known"
            ),
            models.CheckConstraint(
                condition=models.Q(reward_per_assignment__gte=0), name="pool_reward_not_negative"
            ),
            models.CheckConstraint(
                condition=models.Q(budget_drawn__gte=0)
                & (
                    models.Q(budget_cap__isnull=True)
                    | models.Q(budget_drawn__lte=models.F("budget_cap"))
                ),
                name="pool_budget_kept",
            ),
            models.CheckConstraint(
                condition=models.Q(lease_seconds__gte=5)
                & models.Q(lease_seconds__lte=models.F("assignment_max_duration_seconds")),
                name="pool_lease_within_most_time",
            ),
        ]

    def __str__(self) -> str:
        return self.private_name

    @property
    def is_open(self) -> bool:
        return self.status == PoolStatus.OPEN

    @property
    def page_size(self) -> int:
        """Tasks on a full page."""
        return self.real_tasks_count + self.golden_tasks_count + self.training_tasks_count
