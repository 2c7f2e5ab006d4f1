from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from integration.admin.base import (
    ManyRowsMixin,
    ReadOnlyAdmin,
    ReadOnlyInline,
    column,
    link_to,
    link_to_list,
)
from integration.admin.steps import Answers, StepForm, step
from integration.models import AuditEntry, Payment
from labeling import assignments
from labeling.admin.base import DomainAdmin
from labeling.enums import AssignmentStatus, SessionStatus
from labeling.models import Answer, Assignment, Attachment, Session

STATUS_COLOURS = {
    AssignmentStatus.ACTIVE: "info",
    AssignmentStatus.SUBMITTED: "warning",
    AssignmentStatus.ACCEPTED: "success",
    AssignmentStatus.REJECTED: "danger",
    AssignmentStatus.SKIPPED: "info",
    AssignmentStatus.EXPIRED: "info",
}


class AcceptForm(StepForm):
    public_comment = forms.CharField(
        label=gettext_lazy("Comment to the performer"),
        required=False,
        max_length=1000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )


class RejectForm(StepForm):
    public_comment = forms.CharField(
        label=gettext_lazy("Comment to the performer"),
        max_length=1000,
        help_text=gettext_lazy("Says why; the performer reads it."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )


class AnswerInline(ReadOnlyInline):
    model = Answer
    fields = ("position", "kind", "output_values", "score", "is_given_back", "is_surplus")
    ordering = ("position",)
    tab = False


def _awaits_decision(assignment: Assignment) -> bool:
    return assignment.status == AssignmentStatus.SUBMITTED


@admin.register(Assignment)
class AssignmentAdmin(ManyRowsMixin, DomainAdmin[Assignment], ReadOnlyAdmin[Assignment]):
    list_display = (
        "id",
        "show_status",
        "pool",
        "performer_id_there",
        "reward",
        "quality",
        "created_at",
        "submitted_at",
    )
    list_select_related = ("pool", "performer")
    list_filter: ClassVar = ["status", "is_late", "pool__project__requester", "created_at"]
    search_fields = ("=id", "=performer__external_id", "=pool__id")
    search_help_text = gettext_lazy("The whole id of the page or performer, or number of the pool.")
    ordering = ("-pk",)
    inlines = (AnswerInline,)
    actions_detail = ("accept", "reject")
    bulk_steps = ("accept", "reject")
    fields = (
        "status",
        "pool",
        "performer",
        "session",
        "reward",
        "quality",
        "public_comment",
        "skip_reason",
        "is_late",
        "created_at",
        "expires_at",
        "last_moment",
        "submitted_at",
        "accepted_at",
        "rejected_at",
        "skipped_at",
        "expired_at",
        "problems",
        "telemetry",
        "show_payment",
    )
    readonly_fields = ("show_payment",)

    @column(gettext_lazy("status"), order="status", labels=STATUS_COLOURS)
    def show_status(self, assignment: Assignment) -> tuple[str, str]:
        return assignment.status, assignment.get_status_display()

    @column(gettext_lazy("performer"))
    def performer_id_there(self, assignment: Assignment) -> str:
        return assignment.performer.external_id

    @column(gettext_lazy("payment"))
    def show_payment(self, assignment: Assignment) -> Any:
        return link_to(Payment.objects.filter(reason=f"assignment:{assignment.pk}").first())

    @step(
        gettext_lazy("Accept"),
        text=gettext_lazy("The pay that is held for it goes out."),
        icon="check",
        form=AcceptForm,
        shown=_awaits_decision,
    )
    def accept(self, request: HttpRequest, assignment: Assignment, answers: Answers) -> str:
        with transaction.atomic():
            assignments.accept_assignment(
                assignment, public_comment=answers["public_comment"], now=timezone.now()
            )
            _record(request, assignment, "assignment.accept", answers)
        return _("The page is accepted.")

    @step(
        gettext_lazy("Reject"),
        text=gettext_lazy("The performer gets nothing for it."),
        icon="close",
        form=RejectForm,
        shown=_awaits_decision,
        danger=True,
    )
    def reject(self, request: HttpRequest, assignment: Assignment, answers: Answers) -> str:
        with transaction.atomic():
            assignments.reject_assignment(
                assignment, public_comment=answers["public_comment"], now=timezone.now()
            )
            _record(request, assignment, "assignment.reject", answers)
        return _("The page is rejected.")


def _record(request: HttpRequest, assignment: Assignment, action: str, answers: Answers) -> None:
    AuditEntry.objects.create(
        requester_id=assignment.pool.project.requester_id,
        user_id=request.user.pk,
        action=action,
        subject=f"assignment:{assignment.pk}",
        reason=answers["public_comment"],
        details={"reward": str(assignment.reward)},
    )


@admin.register(Answer)
class AnswerAdmin(ManyRowsMixin, ReadOnlyAdmin[Answer]):
    list_display = (
        "id",
        "pool",
        "performer_id_there",
        "kind",
        "output_values",
        "score",
        "is_given_back",
        "is_surplus",
    )
    list_select_related = ("pool", "performer")
    list_filter: ClassVar = ["kind", "is_given_back", "is_surplus", "pool__project__requester"]
    search_fields = ("=task__id", "=assignment__id", "=performer__external_id", "=pool__id")
    search_help_text = gettext_lazy(
        "The whole id of a task, page or performer; or a pool's number."
    )
    ordering = ("-pk",)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return lookup == "task__id__exact" or super().lookup_allowed(lookup, value, request)

    @column(gettext_lazy("performer"))
    def performer_id_there(self, answer: Answer) -> str:
        return answer.performer.external_id


@admin.register(Attachment)
class AttachmentAdmin(ManyRowsMixin, ReadOnlyAdmin[Attachment]):
    list_display = ("name", "media_type", "size", "path", "assignment", "created_at")
    list_select_related = ("assignment",)
    list_filter: ClassVar = ["media_type", "created_at"]
    search_fields = ("=id", "=assignment__id", "=task__id")
    ordering = ("-pk",)


@admin.register(Session)
class SessionAdmin(ManyRowsMixin, ReadOnlyAdmin[Session]):
    list_display = (
        "id",
        "show_status",
        "pool",
        "performer_id_there",
        "pages_submitted",
        "pages_skipped",
        "show_quality",
        "earned",
        "opened_at",
    )
    list_select_related = ("pool", "performer")
    list_filter: ClassVar = ["status", "pool__project__requester", "opened_at"]
    search_fields = ("=id", "=performer__external_id", "=pool__id")
    ordering = ("-pk",)
    fields = (
        "visit",
        "pool",
        "performer",
        "status",
        "pages_given",
        "pages_submitted",
        "pages_skipped",
        "skips_in_row",
        "tasks_submitted",
        "show_quality",
        "earned",
        "money_drawn",
        "money_used",
        "opened_at",
        "closed_at",
        "show_pages",
    )
    readonly_fields = ("show_quality", "money_drawn", "money_used", "show_pages")

    @column(
        gettext_lazy("status"),
        order="status",
        labels={SessionStatus.OPEN: "success", SessionStatus.CLOSED: "info"},
    )
    def show_status(self, session: Session) -> tuple[str, str]:
        return session.status, session.get_status_display()

    @column(gettext_lazy("performer"))
    def performer_id_there(self, session: Session) -> str:
        return session.performer.external_id

    @column(gettext_lazy("quality"))
    def show_quality(self, session: Session) -> str:
        return "-" if session.quality is None else f"{session.quality:.0%}"

    @column(gettext_lazy("pages"))
    def show_pages(self, session: Session) -> Any:
        return link_to_list(Assignment, _("pages"), [("session__id__exact", session.pk)])
