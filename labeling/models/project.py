from typing import Any, ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from labeling.enums import ProjectStatus


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user: models.Model | AnonymousUser) -> Self:
        """Keep the projects of requesters that ``user`` is a member of."""
        return self.filter(requester__memberships__user=user)


class Project(models.Model):
    """What is asked and how: its words, and through its versions its fields and interface."""

    requester = models.ForeignKey(
        "labelplatform.Requester", models.PROTECT, related_name="projects"
    )
    public_name = models.CharField(_("name"), max_length=255)
    public_description = models.TextField(_("description"), blank=True)
    private_comment = models.TextField(_("private comment"), blank=True)
    status = models.CharField(
        _("status"), max_length=16, choices=ProjectStatus.choices, default=ProjectStatus.ACTIVE
    )
    assignments_issuing_type = models.CharField(max_length=16, default="AUTOMATED", editable=False)
    assignments_issuing_view_config = models.JSONField(null=True, blank=True, editable=False)
    assignments_automerge_enabled = models.BooleanField(default=False, editable=False)
    max_active_assignments_count = models.PositiveIntegerField(default=1, editable=False)
    quality_control = models.JSONField(_("quality control"), null=True, blank=True)
    localization_config = models.JSONField(_("localization"), null=True, blank=True)
    metadata = models.JSONField(_("metadata"), default=dict, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(status__in=ProjectStatus.values), name="project_status_known"
            )
        ]

    def __str__(self) -> str:
        return self.public_name


class ProjectVersion(models.Model):
    """The fields, interface and instructions of a project as they were at one time.

    A row never changes: a trigger in the database refuses it. Specifications have the shape
    ``{field: {"type": …, "required": …, …}}``; ``view_spec`` is Toloka's, with the Template
    Builder configuration as JSON text under ``config``.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    input_spec = models.JSONField(_("input fields"), default=dict)
    output_spec = models.JSONField(_("output fields"), default=dict)
    view_spec = models.JSONField(_("interface"), default=dict)
    instructions = models.TextField(_("instructions"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("project version")
        verbose_name_plural = _("project versions")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "number"], name="version_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.project} · {self.number}"

    @property
    def hidden_fields(self) -> frozenset[str]:
        """Input fields that never leave the server towards a performer."""
        spec: dict[str, dict[str, Any]] = self.input_spec
        return frozenset(name for name, field in spec.items() if field.get("hidden"))
