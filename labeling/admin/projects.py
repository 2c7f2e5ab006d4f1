import json
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from integration.admin.base import (
    JSONTextarea,
    PrettyJSONField,
    ReadOnlyAdmin,
    ReadOnlyInline,
    column,
    link_to_list,
)
from integration.admin.steps import Answers, Outcome, StepForm, step
from labeling import projects
from labeling.admin.base import DomainAdmin
from labeling.enums import ProjectStatus
from labeling.errors import InvalidInputError
from labeling.models import Pool, Project, ProjectVersion

STATUS_COLOURS = {ProjectStatus.ACTIVE: "success", ProjectStatus.ARCHIVED: "info"}


class VersionForm(StepForm):
    """The content of a version, starting from the newest one."""

    input_spec = PrettyJSONField(
        label=gettext_lazy("Input fields"),
        required=False,
        help_text='{"image": {"type": "url", "required": true}}',
        widget=JSONTextarea,
    )
    output_spec = PrettyJSONField(
        label=gettext_lazy("Output fields"),
        required=False,
        help_text='{"label": {"type": "string", "required": true}}',
        widget=JSONTextarea,
    )
    config = PrettyJSONField(
        label=gettext_lazy("Interface (Template Builder)"),
        required=False,
        widget=JSONTextarea(attrs={"rows": 30}),
    )
    instructions = forms.CharField(
        label=gettext_lazy("Instructions"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12}),
    )

    def __init__(
        self, data: Any = None, files: Any = None, *, row: models.Model | None = None
    ) -> None:
        super().__init__(data, files, row=row)
        newest = projects.find_newest_version(row) if isinstance(row, Project) else None
        self.view_spec: dict[str, Any] = dict(newest.view_spec) if newest else {"type": "tb"}
        if newest:
            self.initial = {
                "input_spec": newest.input_spec,
                "output_spec": newest.output_spec,
                "config": _parse(self.view_spec.get("config")),
                "instructions": newest.instructions,
            }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        # Kept compact: what the performer's browser gets.
        config = json.dumps(cleaned["config"], ensure_ascii=False, separators=(",", ":"))
        if cleaned["config"] == _parse(self.view_spec.get("config")):
            config = self.view_spec["config"]  # unchanged: the same text, so no new version
        # An empty object is an answer too: a project may have no input.
        content = {
            "input_spec": {} if cleaned["input_spec"] is None else cleaned["input_spec"],
            "output_spec": {} if cleaned["output_spec"] is None else cleaned["output_spec"],
            "view_spec": {**self.view_spec, "type": "tb", "config": config},
        }
        try:
            projects.check_content(**content)
        except InvalidInputError as error:
            for place, failure in error.payload.items():
                name = place.partition(".")[0]
                self.add_error("config" if name == "view_spec" else name, failure["message"])
        return {**content, "instructions": cleaned["instructions"]}


class VersionInline(ReadOnlyInline):
    model = ProjectVersion
    fields = ("number", "created_at")
    ordering = ("-number",)


@admin.register(Project)
class ProjectAdmin(DomainAdmin[Project]):
    list_display = ("public_name", "requester", "show_status", "created_at", "show_pools")
    list_select_related = ("requester",)
    list_filter: ClassVar = ["status", "requester"]
    search_fields = ("public_name", "=id", "requester__name")
    autocomplete_fields = ("requester",)
    ordering = ("-pk",)
    inlines = (VersionInline,)
    actions_detail = ("new_version", "archive")
    fieldsets: ClassVar = [
        (
            None,
            {
                "fields": [
                    "requester",
                    "public_name",
                    "public_description",
                    "private_comment",
                    "status",
                    "show_pools",
                ]
            },
        ),
        (
            gettext_lazy("More"),
            {
                "classes": ["tab"],
                "fields": ["localization_config", "metadata", "created_at"],
            },
        ),
    ]
    readonly_fields = ("status", "created_at", "show_pools")

    def has_change_permission(self, request: HttpRequest, obj: Project | None = None) -> bool:
        is_fixed = obj is not None and obj.status == ProjectStatus.ARCHIVED
        return not is_fixed and super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Project | None = None) -> Any:
        return (*self.readonly_fields, *(("requester",) if obj else ()))

    @column(gettext_lazy("status"), order="status", labels=STATUS_COLOURS)
    def show_status(self, project: Project) -> tuple[str, str]:
        return project.status, project.get_status_display()

    @column(gettext_lazy("pools"))
    def show_pools(self, project: Project) -> Any:
        if not project.pk:
            return "-"
        listed = link_to_list(Pool, _("pools"), [("project__id__exact", project.pk)])
        if project.status != ProjectStatus.ACTIVE:
            return listed
        add = reverse("admin:labeling_pool_add", query={"project": project.pk})
        return format_html('{} · <a href="{}" class="text-link">{}</a>', listed, add, _("new pool"))

    @step(
        gettext_lazy("New version"),
        text=gettext_lazy(
            "Pools made from now on have it; pools that exist keep the version they were made with."
        ),
        button=gettext_lazy("Make the version"),
        icon="post_add",
        form=VersionForm,
        shown=lambda project: project.status == ProjectStatus.ACTIVE,
    )
    def new_version(self, _request: HttpRequest, project: Project, answers: Answers) -> str:
        before = projects.find_newest_version(project)
        version = projects.make_version(project, **answers)
        if version == before:
            return _("Nothing has changed: version %(number)s stays the newest.") % {
                "number": version.number
            }
        return _("Version %(number)s is the newest now.") % {"number": version.number}

    @step(
        gettext_lazy("Archive"),
        text=gettext_lazy("For good: no pool can be made in it any more. Its results stay."),
        icon="inventory_2",
        shown=lambda project: project.status == ProjectStatus.ACTIVE,
        danger=True,
    )
    def archive(self, _request: HttpRequest, project: Project, _answers: Answers) -> Outcome:
        projects.archive_project(project)
        return Outcome(_("The project is archived."))


@admin.register(ProjectVersion)
class ProjectVersionAdmin(ReadOnlyAdmin[ProjectVersion]):
    list_display = ("__str__", "project", "number", "created_at")
    list_select_related = ("project",)
    list_filter: ClassVar = ["project__requester", "created_at"]
    search_fields = ("project__public_name", "=project__id")
    ordering = ("-pk",)
    fields = (
        "project",
        "number",
        "created_at",
        "input_spec",
        "output_spec",
        "show_view",
        "instructions",
    )
    readonly_fields = ("show_view",)

    @column(gettext_lazy("interface"))
    def show_view(self, version: ProjectVersion) -> Any:
        shown = {**version.view_spec, "config": _parse(version.view_spec.get("config"))}
        return format_html(
            '<pre class="whitespace-pre-wrap break-words text-xs">{}</pre>',
            json.dumps(shown, ensure_ascii=False, indent=2),
        )


def _parse(config: Any) -> Any:
    """Return the Template Builder configuration as JSON; what is none, as it is."""
    try:
        return json.loads(config)
    except (TypeError, ValueError):
        return config
