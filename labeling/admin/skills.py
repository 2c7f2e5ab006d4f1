from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration.admin.base import CalmAdmin, ManyRowsMixin, ReadOnlyAdmin, column
from integration.admin.steps import Answers, ReasonForm, step
from labeling import restrictions
from labeling.admin.base import DomainAdmin
from labeling.enums import RestrictionScope
from labeling.models import PerformerSkill, Restriction, RuleFiring, Skill


@admin.register(Skill)
class SkillAdmin(CalmAdmin[Skill]):
    list_display = ("name", "requester", "hidden", "training", "toloka_skill_id", "created_at")
    list_select_related = ("requester",)
    list_filter: ClassVar = ["hidden", "training", "requester"]
    search_fields = ("name", "=id", "=toloka_skill_id")
    autocomplete_fields = ("requester",)

    def get_readonly_fields(self, request: HttpRequest, obj: Skill | None = None) -> Any:
        return ("requester",) if obj else ()


@admin.register(PerformerSkill)
class PerformerSkillAdmin(ManyRowsMixin, CalmAdmin[PerformerSkill]):
    list_display = ("skill", "performer_id_there", "value", "modified_at")
    list_select_related = ("skill", "performer")
    list_filter: ClassVar = ["skill__requester", "modified_at"]
    search_fields = ("skill__name", "=performer__external_id")
    autocomplete_fields = ("skill", "performer")
    ordering = ("-pk",)

    def get_readonly_fields(self, request: HttpRequest, obj: PerformerSkill | None = None) -> Any:
        return ("skill", "performer") if obj else ()

    @column(gettext_lazy("performer"))
    def performer_id_there(self, row: PerformerSkill) -> str:
        return row.performer.external_id


class RestrictionForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for mypy only
    """Names the requester by the pool or project, so that they can't disagree."""

    class Meta:
        model = Restriction
        fields = ("performer", "scope", "pool", "project", "requester", "until", "private_comment")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        scope = cleaned.get("scope")
        pool, project = cleaned.get("pool"), cleaned.get("project")
        given = {
            RestrictionScope.POOL: pool,
            RestrictionScope.PROJECT: project,
            RestrictionScope.ALL_PROJECTS: cleaned.get("requester"),
        }
        names = {
            RestrictionScope.POOL: "pool",
            RestrictionScope.PROJECT: "project",
            RestrictionScope.ALL_PROJECTS: "requester",
        }
        if scope is None:
            return cleaned
        name = names[RestrictionScope(scope)]
        if given[RestrictionScope(scope)] is None and name not in self.errors:
            self.add_error(name, _("Say which, for a restriction of this scope."))
        # What another scope would name is left out: only one of them can be meant.
        pool = cleaned["pool"] = pool if scope == RestrictionScope.POOL else None
        project = cleaned["project"] = project if scope == RestrictionScope.PROJECT else None
        owner = pool.project if pool else project
        if owner:
            cleaned["requester"] = owner.requester
        until = cleaned.get("until")
        if until and until <= timezone.now():
            self.add_error("until", _("This time is over. Set a later one, or none for good."))
        return cleaned


class InForceFilter(admin.SimpleListFilter):
    title = gettext_lazy("in force")
    parameter_name = "in_force"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("yes")), ("no", gettext_lazy("no"))]

    def queryset(self, _request: HttpRequest, queryset: Any) -> Any:
        ended = queryset.filter(lifted_at__isnull=False) | queryset.filter(
            until__lte=timezone.now()
        )
        if self.value() == "yes":
            return queryset.exclude(pk__in=ended.values("pk"))
        return ended if self.value() == "no" else queryset


@admin.register(Restriction)
class RestrictionAdmin(ManyRowsMixin, DomainAdmin[Restriction]):
    """Added by hand, ended by a step, never rewritten."""

    form = RestrictionForm
    list_display = (
        "performer_id_there",
        "scope",
        "pool",
        "project",
        "requester",
        "until",
        "by_rule",
        "created_at",
        "lifted_at",
    )
    list_select_related = ("performer", "pool", "project", "requester")
    list_filter: ClassVar = [InForceFilter, "scope", "by_rule", "requester"]
    search_fields = ("=performer__external_id", "private_comment")
    autocomplete_fields = ("performer", "pool", "project", "requester")
    ordering = ("-pk",)
    actions_detail = ("lift",)
    bulk_steps = ("lift",)
    add_fields = RestrictionForm.Meta.fields
    shown_fields = (*add_fields, "by_rule", "made_by", "created_at", "lifted_at", "lifted_by")

    def get_fields(self, request: HttpRequest, obj: Restriction | None = None) -> Any:
        return self.shown_fields if obj else self.add_fields

    def has_change_permission(self, request: HttpRequest, obj: Restriction | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def get_form(self, request: HttpRequest, *options: Any, **named: Any) -> Any:
        form = super().get_form(request, *options, **named)
        if "requester" in form.base_fields:
            form.base_fields["requester"].required = False
            form.base_fields["requester"].help_text = _("Only where all projects are meant.")
        return form

    def save_model(
        self, request: HttpRequest, obj: Restriction, form: ModelForm[Restriction], change: bool
    ) -> None:
        restrictions.impose(obj, user=request.user)  # type: ignore[arg-type]  # nobody anonymous

    @column(gettext_lazy("performer"))
    def performer_id_there(self, restriction: Restriction) -> str:
        return restriction.performer.external_id

    @step(
        gettext_lazy("Lift"),
        text=gettext_lazy("The performer may take such work again."),
        icon="lock_open",
        form=ReasonForm,
        shown=lambda restriction: restriction.lifted_at is None,
    )
    def lift(self, request: HttpRequest, restriction: Restriction, answers: Answers) -> str:
        restrictions.lift(
            restriction,
            user=request.user,  # type: ignore[arg-type]  # the admin knows no anonymous user
            reason=answers["reason"],
            now=timezone.now(),
        )
        return _("The restriction is lifted.")


@admin.register(RuleFiring)
class RuleFiringAdmin(ManyRowsMixin, ReadOnlyAdmin[RuleFiring]):
    list_display = ("rule", "event", "performer_id_there", "pool", "restriction", "created_at")
    list_select_related = ("performer", "pool", "restriction")
    list_filter: ClassVar = ["rule", "pool__project__requester", "created_at"]
    search_fields = ("=performer__external_id", "=event", "=pool__id")
    ordering = ("-pk",)

    @column(gettext_lazy("performer"))
    def performer_id_there(self, firing: RuleFiring) -> str:
        return firing.performer.external_id
