from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from integration import payments
from integration.admin.base import ManyRowsMixin, ReadOnlyAdmin, ReadOnlyInline, column, link_to
from integration.admin.steps import Answers, ReasonForm, step
from integration.enums import PaymentState
from integration.models import Attempt, Bonus, Payment, WorkReport
from integration.payments import PaymentStateError

STATE_COLOURS = {
    PaymentState.HELD: "info",
    PaymentState.DUE: "info",
    PaymentState.SENDING: "info",
    PaymentState.SENT: "success",
    PaymentState.UNKNOWN: "danger",
    PaymentState.PARKED: "danger",
    PaymentState.SETTLED: "success",
    PaymentState.GIVEN_UP: "warning",
}
OLD_CLAIM = timedelta(minutes=5)
"""A delivery in flight for longer was killed, and no sweep has judged it: the worker is down."""

PERSON_NEEDED = Q(state__in=[PaymentState.UNKNOWN, PaymentState.PARKED])


def find_old_claims() -> Q:
    return Q(state=PaymentState.SENDING, claimed_at__lt=timezone.now() - OLD_CLAIM)


class ProofForm(ReasonForm):
    proof = forms.CharField(
        label=gettext_lazy("Proof"),
        max_length=1000,
        help_text=gettext_lazy("Where it can be seen that Toloka has paid: a link, a number."),
        widget=UnfoldAdminTextInputWidget(),
    )


class StuckFilter(admin.SimpleListFilter):
    title = gettext_lazy("stuck")
    parameter_name = "stuck"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [
            ("person", gettext_lazy("a person must decide")),
            ("claim", gettext_lazy("in flight too long")),
            ("held", gettext_lazy("wait for review")),
            ("all", gettext_lazy("all of these")),
        ]

    def queryset(
        self, _request: HttpRequest, queryset: QuerySet[Payment]
    ) -> QuerySet[Payment] | None:
        held = Q(state=PaymentState.HELD)
        conditions = {
            "person": PERSON_NEEDED,
            "claim": find_old_claims(),
            "held": held,
            "all": PERSON_NEEDED | find_old_claims() | held,
        }
        condition = conditions.get(self.value() or "")
        return queryset if condition is None else queryset.filter(condition)


def _needs_person(payment: Payment) -> bool:
    return payment.state in (PaymentState.UNKNOWN, PaymentState.PARKED)


class AttemptInline(ReadOnlyInline):
    model = Attempt
    fields = ("number", "started_at", "finished_at", "outcome", "http_status", "latency_ms")
    ordering = ("number",)


@admin.register(Payment)
class PaymentAdmin(ManyRowsMixin, ReadOnlyAdmin[Payment]):
    """The ledger. A row changes by delivery alone, or by a step of a person that is audited."""

    list_display = (
        "id",
        "show_state",
        "amount",
        "performer_id_there",
        "last_error",
        "attempts_count",
        "created_at",
    )
    list_select_related = ("performer",)
    list_filter: ClassVar = [StuckFilter, "state", "way", "requester", "account", "created_at"]
    search_fields = ("=reason", "=performer__external_id", "=report__retry_id")
    search_help_text = gettext_lazy(
        "The whole reason (assignment:…), retry id, or id of the performer."
    )
    ordering = ("-pk",)
    inlines = (AttemptInline,)
    step_errors = (PaymentStateError,)
    actions_detail = ("send_again", "mark_paid", "pay_by_bonus", "give_up")
    bulk_steps = ("send_again", "pay_by_bonus", "give_up")
    fields = (
        "state",
        "amount",
        "reason",
        "way",
        "performer",
        "requester",
        "account",
        "listing",
        "show_way_out",
        "show_settled_by",
        "due_at",
        "claimed_at",
        "attempts_count",
        "ambiguous_count",
        "last_error",
        "created_at",
        "ended_at",
    )
    readonly_fields = ("show_way_out", "show_settled_by")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return lookup == "report__visit__id__exact" or super().lookup_allowed(
            lookup, value, request
        )

    @column(gettext_lazy("state"), order="state", labels=STATE_COLOURS)
    def show_state(self, payment: Payment) -> tuple[str, str]:
        return payment.state, payment.get_state_display()

    @column(gettext_lazy("performer"))
    def performer_id_there(self, payment: Payment) -> str:
        return payment.performer.external_id

    @column(gettext_lazy("sent as"))
    def show_way_out(self, payment: Payment) -> Any:
        return link_to(getattr(payment, "report", None) or getattr(payment, "bonus", None))

    @column(gettext_lazy("settled by"))
    def show_settled_by(self, payment: Payment) -> Any:
        return link_to(Bonus.objects.filter(settles=payment).first())

    @step(
        gettext_lazy("Send again"),
        text=gettext_lazy(
            "The same bytes go to Toloka under the same retry id. Where Toloka has applied them "
            "already and does not know the id, the performer is paid twice."
        ),
        icon="send",
        form=ReasonForm,
        shown=_needs_person,
    )
    def send_again(self, request: HttpRequest, payment: Payment, answers: Answers) -> str:
        payments.send_again(payment.pk, **_decision(request, answers))
        return _("The payment is due again.")

    @step(
        gettext_lazy("Mark as paid"),
        text=gettext_lazy("Nothing is sent: you have seen that Toloka has paid."),
        icon="task_alt",
        form=ProofForm,
        shown=_needs_person,
    )
    def mark_paid(self, request: HttpRequest, payment: Payment, answers: Answers) -> str:
        payments.mark_paid(payment.pk, proof=answers["proof"], **_decision(request, answers))
        return _("The payment is settled.")

    @step(
        gettext_lazy("Pay by bonus"),
        text=gettext_lazy("The amount is paid as a bonus; the report is never sent again."),
        icon="redeem",
        form=ReasonForm,
        shown=_needs_person,
    )
    def pay_by_bonus(self, request: HttpRequest, payment: Payment, answers: Answers) -> str:
        bonus = payments.pay_by_bonus(payment.pk, **_decision(request, answers))
        return _("The payment is settled by the bonus of payment %(pk)s.") % {"pk": bonus.pk}

    @step(
        gettext_lazy("Give up"),
        text=gettext_lazy("The performer gets nothing for this, ever."),
        icon="block",
        form=ReasonForm,
        shown=_needs_person,
        danger=True,
    )
    def give_up(self, request: HttpRequest, payment: Payment, answers: Answers) -> str:
        payments.give_up(payment.pk, **_decision(request, answers))
        return _("The payment is given up.")


def _decision(request: HttpRequest, answers: Answers) -> dict[str, Any]:
    return {"user": request.user, "reason": answers["reason"], "now": timezone.now()}


@admin.register(WorkReport)
class WorkReportAdmin(ManyRowsMixin, ReadOnlyAdmin[WorkReport]):
    list_display = (
        "id",
        "payment",
        "show_state",
        "quality",
        "real_tasks_count",
        "golden_tasks_count",
        "training_tasks_count",
        "skipped",
        "close_session",
        "end_time",
    )
    list_select_related = ("payment",)
    list_filter: ClassVar = ["payment__state", "close_session", "skipped", "listing"]
    exclude = ("custom_log",)  # of use to Toloka alone
    search_fields = ("=retry_id", "=performer__external_id", "=payment__reason")
    ordering = ("-pk",)

    @column(gettext_lazy("state"), labels=STATE_COLOURS)
    def show_state(self, report: WorkReport) -> tuple[str, str]:
        return report.payment.state, report.payment.get_state_display()


@admin.register(Bonus)
class BonusAdmin(ManyRowsMixin, ReadOnlyAdmin[Bonus]):
    list_display = ("id", "payment", "show_state", "show_amount", "account", "settles")
    list_select_related = ("payment", "account", "settles")
    list_filter: ClassVar = ["payment__state", "account"]
    search_fields = ("=operation_id", "=payment__performer__external_id", "=payment__reason")
    ordering = ("-pk",)

    @column(gettext_lazy("state"), labels=STATE_COLOURS)
    def show_state(self, bonus: Bonus) -> tuple[str, str]:
        return bonus.payment.state, bonus.payment.get_state_display()

    @column(gettext_lazy("amount, USD"))
    def show_amount(self, bonus: Bonus) -> Any:
        return bonus.payment.amount


@admin.register(Attempt)
class AttemptAdmin(ManyRowsMixin, ReadOnlyAdmin[Attempt]):
    list_display = ("id", "payment", "number", "outcome", "http_status", "latency_ms", "started_at")
    list_select_related = ("payment",)
    list_filter: ClassVar = ["outcome", "http_status", "started_at"]
    search_fields = ("=request_id", "=payment__reason")
    ordering = ("-pk",)
