"""Who may come in, and what stands at the side of every page of the admin."""

from typing import Any, ClassVar

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from integration.admin.base import CalmAdmin
from labeling.admin.dashboard import count_stuck
from labelplatform.models import Membership, Requester, User


class MembershipInline(TabularInline):  # type: ignore[misc]  # unfold has no types
    model = Membership
    extra = 0
    tab = True
    autocomplete_fields = ("user",)


@admin.register(Requester)
class RequesterAdmin(CalmAdmin[Requester]):
    list_display = ("name", "created_at")
    search_fields = ("name", "=id")
    ordering = ("name",)
    readonly_fields = ("created_at",)
    inlines = (MembershipInline,)


@admin.register(Membership)
class MembershipAdmin(CalmAdmin[Membership]):
    list_display = ("user", "requester", "role")
    list_select_related = ("user", "requester")
    list_filter: ClassVar = ["role", "requester"]
    search_fields = ("user__username", "user__email", "requester__name")
    autocomplete_fields = ("user", "requester")

    def has_delete_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)


@admin.register(User)
class UserAdmin(CalmAdmin[User], DjangoUserAdmin):  # type: ignore[type-arg]  # only for mypy
    """Users are switched off, not deleted: what they decided keeps their name."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    add_fieldsets = DjangoUserAdmin.add_fieldsets  # unfold's, which comes first, are empty
    list_display = ("username", "email", "is_active", "is_staff", "is_superuser", "last_login")
    readonly_fields = ("last_login", "date_joined")


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(CalmAdmin[Group], DjangoGroupAdmin):
    pass


SIDEBAR: list[tuple[Any, list[tuple[str, str]]]] = [
    (
        gettext_lazy("Work"),
        [
            ("labeling.Project", "folder"),
            ("labeling.ProjectVersion", "history"),
            ("labeling.Pool", "layers"),
            ("labeling.Task", "task"),
            ("labeling.TaskSuite", "library_books"),
            ("labeling.UploadJob", "upload_file"),
            ("labeling.Operation", "pending_actions"),
            ("labeling.OperationLogEntry", "list"),
        ],
    ),
    (
        gettext_lazy("People"),
        [
            ("integration.Performer", "person"),
            ("labeling.Skill", "school"),
            ("labeling.PerformerSkill", "workspace_premium"),
            ("labeling.Restriction", "block"),
            ("labeling.RuleFiring", "gavel"),
        ],
    ),
    (
        gettext_lazy("Results"),
        [
            ("labeling.Assignment", "description"),
            ("labeling.Answer", "check_circle"),
            ("labeling.Attachment", "attach_file"),
            ("labeling.Session", "timeline"),
        ],
    ),
    (
        gettext_lazy("Money"),
        [
            ("integration.Payment", "payments"),
            ("integration.WorkReport", "send"),
            ("integration.Bonus", "redeem"),
            ("integration.Attempt", "replay"),
        ],
    ),
    (
        "Toloka",
        [
            ("integration.TolokaAccount", "account_balance"),
            ("integration.Listing", "campaign"),
            ("integration.Visit", "login"),
            ("integration.WebhookEvent", "webhook"),
            ("integration.PartnerKey", "handshake"),
        ],
    ),
    (
        gettext_lazy("Access"),
        [
            ("labelplatform.User", "group"),
            ("auth.Group", "groups"),
            ("labelplatform.Requester", "business"),
            ("labelplatform.Membership", "badge"),
            ("labeling.ApiToken", "key"),
            ("labeling.WebhookSubscription", "notifications"),
            ("integration.AuditEntry", "fact_check"),
        ],
    ),
]
"""Group, and in it each model with its icon. A model of ours that is missing fails a test."""


def show_sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the links at the side: the work in its order, money apart, what is stuck first."""
    groups: list[dict[str, Any]] = [
        {
            "title": str(title),
            "separator": True,
            "collapsible": True,
            "items": [_make_item(request, label, icon) for label, icon in items],
        }
        for title, items in SIDEBAR
    ]
    money = next(group for group in groups if group["title"] == _("Money"))
    money["items"].insert(0, _make_stuck_item(request))
    overview = {"title": _("Overview"), "icon": "home", "link": reverse("admin:index")}
    return [{"items": [overview]}, *groups]


def _make_item(request: HttpRequest, label: str, icon: str) -> dict[str, Any]:
    model = apps.get_model(label)
    names = (model._meta.app_label, model._meta.model_name)
    return {
        "title": capfirst(str(model._meta.verbose_name_plural)),
        "icon": icon,
        "link": reverse("admin:{}_{}_changelist".format(*names)),
        "permission": lambda _request: request.user.has_perm("{}.view_{}".format(*names)),
    }


def _make_stuck_item(request: HttpRequest) -> dict[str, Any]:
    link = reverse("admin:integration_payment_changelist", query={"stuck": "person"})
    return {
        "title": _("Stuck"),
        "icon": "error",
        "link": link,
        "badge": count_stuck(),
        "badge_variant": "danger",
        "active": request.get_full_path() == link,
        "permission": lambda _request: request.user.has_perm("integration.view_payment"),
    }
