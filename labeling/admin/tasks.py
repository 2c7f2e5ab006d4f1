from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from integration.admin.base import ManyRowsMixin, ReadOnlyAdmin, column, link_to_list
from labeling import overlap
from labeling.admin.base import DomainAdmin
from labeling.enums import TaskKind
from labeling.models import Answer, Task, TaskSuite

KIND_COLOURS = {TaskKind.ORDINARY: "info", TaskKind.GOLDEN: "warning", TaskKind.TRAINING: "success"}


@admin.register(Task)
class TaskAdmin(ManyRowsMixin, DomainAdmin[Task]):
    """Tasks come by upload; here their overlap may change."""

    list_display = ("id", "pool", "position", "show_kind", "overlap", "issued", "created_at")
    list_select_related = ("pool",)
    list_filter: ClassVar = ["kind", "pool__project__requester", "created_at"]
    search_fields = ("=id", "=pool__id")
    search_help_text = _("The whole id of the task, or the number of the pool.")
    ordering = ("-pk",)
    fields = (
        "pool",
        "kind",
        "position",
        "overlap",
        "issued",
        "input_values",
        "known_solutions",
        "hint",
        "suite",
        "reserved_for",
        "unavailable_for",
        "created_at",
        "show_answers",
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Task | None = None) -> Any:
        return tuple(name for name in self.fields if name != "overlap")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: Task, form: ModelForm[Task], change: bool
    ) -> None:
        if "overlap" in form.changed_data:
            overlap.change_overlap(obj, form.cleaned_data["overlap"])

    @column(_("kind"), order="kind", labels=KIND_COLOURS)
    def show_kind(self, task: Task) -> tuple[str, str]:
        return task.kind, task.get_kind_display()

    @column(_("answers"))
    def show_answers(self, task: Task) -> Any:
        return link_to_list(Answer, _("answers"), [("task__id__exact", task.pk)])


@admin.register(TaskSuite)
class TaskSuiteAdmin(ManyRowsMixin, ReadOnlyAdmin[TaskSuite]):
    list_display = ("id", "pool", "overlap", "issued", "mixed", "created_at")
    list_select_related = ("pool",)
    list_filter: ClassVar = ["mixed", "created_at"]
    search_fields = ("=id", "=pool__id")
    ordering = ("-pk",)
