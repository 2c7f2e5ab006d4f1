from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from integration.models import Performer
from labeling.enums import RestrictionScope
from labeling.models.pool import Pool
from labeling.models.project import Project


class Skill(models.Model):
    """A requester's own measure of performers, 0 to 100; may be linked to one in Toloka."""

    requester = models.ForeignKey("labelplatform.Requester", models.PROTECT, related_name="skills")
    name = models.CharField(_("name"), max_length=255)
    private_comment = models.TextField(_("private comment"), blank=True)
    public_name = models.JSONField(_("public name"), default=dict, blank=True)
    public_requester_description = models.JSONField(
        _("public description"), default=dict, blank=True
    )
    hidden = models.BooleanField(_("hidden"), default=True)
    skill_ttl_hours = models.PositiveIntegerField(_("expires after (hours)"), null=True, blank=True)
    training = models.BooleanField(_("of a training"), default=False)
    toloka_skill_id = models.CharField(_("skill in Toloka"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("skill")
        verbose_name_plural = _("skills")

    def __str__(self) -> str:
        return self.name


class PerformerSkill(models.Model):
    """The value of a skill for one performer; ``value`` is exact, Toloka shows it rounded."""

    skill = models.ForeignKey(Skill, models.CASCADE, related_name="values")
    performer = models.ForeignKey(Performer, models.PROTECT, related_name="skills")
    value = models.DecimalField(
        _("value"),
        max_digits=9,
        decimal_places=6,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    modified_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("performer's skill")
        verbose_name_plural = _("performers' skills")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["skill", "performer"], name="performer_skill_once"),
            models.CheckConstraint(
                condition=models.Q(value__gte=0, value__lte=100), name="performer_skill_in_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.skill}: {self.value}"


class Restriction(models.Model):
    """A performer gets no work of a pool, a project or a requester, until a time or for good."""

    requester = models.ForeignKey(
        "labelplatform.Requester", models.PROTECT, related_name="restrictions"
    )
    performer = models.ForeignKey(Performer, models.PROTECT, related_name="restrictions")
    scope = models.CharField(_("scope"), max_length=16, choices=RestrictionScope.choices)
    project = models.ForeignKey(
        Project, models.PROTECT, null=True, blank=True, related_name="restrictions"
    )
    pool = models.ForeignKey(
        Pool, models.PROTECT, null=True, blank=True, related_name="restrictions"
    )
    until = models.DateTimeField(_("until"), null=True, blank=True)
    private_comment = models.CharField(_("why"), max_length=499, blank=True)
    by_rule = models.BooleanField(_("by a rule"), default=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("restriction")
        verbose_name_plural = _("restrictions")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(
                    scope=RestrictionScope.POOL, pool__isnull=False, project__isnull=True
                )
                | models.Q(scope=RestrictionScope.PROJECT, pool__isnull=True, project__isnull=False)
                | models.Q(
                    scope=RestrictionScope.ALL_PROJECTS, pool__isnull=True, project__isnull=True
                ),
                name="restriction_names_its_scope",
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["performer", "requester"],
                condition=models.Q(lifted_at__isnull=True),
                name="restriction_in_force",
            )
        ]

    def __str__(self) -> str:
        return f"restriction {self.pk} ({self.scope})"


class RuleFiring(models.Model):
    """A quality rule acted: on whom, at which event, and the numbers that caused it."""

    pool = models.ForeignKey(Pool, models.PROTECT, related_name="firings")
    performer = models.ForeignKey(Performer, models.PROTECT, related_name="firings")
    rule = models.CharField(_("rule"), max_length=64)
    event = models.CharField(_("event"), max_length=128)
    numbers = models.JSONField(_("numbers"), default=dict)
    action = models.JSONField(_("action"), default=dict)
    restriction = models.ForeignKey(
        Restriction, models.PROTECT, null=True, blank=True, related_name="firings"
    )
    created_at = models.DateTimeField(_("when"), auto_now_add=True)

    class Meta:
        verbose_name = _("rule firing")
        verbose_name_plural = _("rule firings")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rule", "event"], name="rule_fires_once_an_event")
        ]

    def __str__(self) -> str:
        return f"{self.rule} · {self.event}"
