from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration import listings
from integration.admin.base import column
from integration.admin.listings import describe_card
from integration.admin.steps import Answers, Outcome, page_link, step
from integration.enums import ListingStatus
from integration.listings import ListingError
from labeling import cards, pools, uploads
from labeling.admin.base import DomainAdmin
from labeling.admin.pool_forms import CardForm, PoolForm, UploadForm
from labeling.admin.pool_pages import show_answers, show_card, show_obstacles, show_tasks
from labeling.enums import CloseReason, OperationStatus, PoolStatus
from labeling.errors import LabelingError, StateConflictError
from labeling.models import Pool

STATUS_COLOURS = {
    PoolStatus.OPEN: "success",
    PoolStatus.CLOSED: "warning",
    PoolStatus.ARCHIVED: "info",
    PoolStatus.LOCKED: "danger",
}
STATE = (
    "status",
    "show_close_reason",
    "show_obstacles",
    "show_tasks",
    "show_answers",
    "show_card",
    "budget_drawn",
    "created_at",
    "last_started",
    "last_stopped",
    "complete_since",
)
MAIN = ("project", "version", "type", "private_name", "private_comment", "priority", "will_expire")
MONEY = (
    "reward_per_assignment",
    "pro_rata",
    "budget_cap",
    "auto_accept_solutions",
    "auto_accept_period_day",
)
PAGE = (
    "real_tasks_count",
    "golden_tasks_count",
    "training_tasks_count",
    "default_overlap_for_new_tasks",
    "min_real_tasks_count",
    "min_golden_tasks_count",
    "min_training_tasks_count",
    "force_last_assignment",
    "mix_tasks_in_creation_order",
    "shuffle_tasks_in_task_suite",
    "golden_repeats",
    "training_repeats",
)
CLOCKS = (
    "lease_seconds",
    "assignment_max_duration_seconds",
    "session_idle_seconds",
    "auto_close_after_complete_delay_seconds",
    "max_skips_in_row",
)
QUALITY = (
    "quality_from",
    "scored_fields",
)
MORE = (
    "public_description",
    "may_contain_adult_content",
    "filter",
    "speed_quality_balance",
    "metadata",
)
SETTINGS = (*MAIN, *MONEY, *PAGE, *CLOCKS, *QUALITY, *MORE)


def _is_closed(pool: Pool) -> bool:
    return pool.status == PoolStatus.CLOSED


def _card_is(*statuses: ListingStatus) -> Any:
    return lambda pool: pool.listing is not None and pool.listing.status in statuses


@admin.register(Pool)
class PoolAdmin(DomainAdmin[Pool]):
    form = PoolForm
    list_display = (
        "private_name",
        "project",
        "type",
        "show_status",
        "reward_per_assignment",
        "card_status",
        "created_at",
    )
    list_select_related = ("project", "listing")
    list_filter: ClassVar = ["status", "type", "project__requester", "listing__status"]
    search_fields = ("private_name", "=id", "project__public_name", "=listing__toloka_pool_id")
    autocomplete_fields = ("project",)
    ordering = ("-pk",)
    step_errors = (LabelingError, ListingError)
    actions_detail_hide_default = True  # room for the steps; the audit log tells more
    actions_detail: ClassVar = [
        "open_pool",
        "close_pool",
        "upload",
        "preview",
        {
            "title": gettext_lazy("Card in Toloka"),
            "icon": "campaign",
            "items": ["publish", "open_card", "close_card"],
        },
        {"title": gettext_lazy("More"), "icon": "more_horiz", "items": ["clone", "archive"]},
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Pool]:
        return super().get_queryset(request).select_related("project", "version", "listing")

    def get_fieldsets(self, request: HttpRequest, obj: Pool | None = None) -> Any:
        tab = {"classes": ["tab"]}
        main = [name for name in MAIN if obj or name != "version"]
        state = [(_("State"), {"fields": STATE})] if obj else []
        return [
            *state,
            (None, {"fields": main}),
            (_("Money"), {**tab, "fields": MONEY}),
            (_("Page"), {**tab, "fields": PAGE}),
            (_("Time"), {**tab, "fields": CLOCKS}),
            (_("Quality"), {**tab, "fields": QUALITY}),
            (_("More"), {**tab, "fields": MORE}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Pool | None = None) -> Any:
        if obj is None:
            return ()
        if obj.status == PoolStatus.CLOSED:
            return (*STATE, "project", "version")
        fixed = [name for name in SETTINGS if name not in pools.CHANGEABLE_WHILE_OPEN]
        return (*STATE, *fixed)

    def has_change_permission(self, request: HttpRequest, obj: Pool | None = None) -> bool:
        is_fixed = obj is not None and obj.status == PoolStatus.ARCHIVED
        return not is_fixed and super().has_change_permission(request, obj)

    def save_model(
        self, request: HttpRequest, obj: Pool, form: ModelForm[Pool], change: bool
    ) -> None:
        values = {name: getattr(obj, name) for name in form.cleaned_data}
        if change:
            pools.change_pool(obj, {name: values[name] for name in form.changed_data})
        else:
            made = pools.make_pool(**values)
            obj.pk, obj.version, obj._state.adding = made.pk, made.version, False

    @column(gettext_lazy("status"), order="status", labels=STATUS_COLOURS)
    def show_status(self, pool: Pool) -> tuple[str, str]:
        return pool.status, pool.get_status_display()

    @column(gettext_lazy("card"), order="listing__status")
    def card_status(self, pool: Pool) -> str:
        return pool.listing.get_status_display() if pool.listing else "-"

    @column(gettext_lazy("why closed"))
    def show_close_reason(self, pool: Pool) -> str:
        return "-" if pool.is_open else pool.get_last_close_reason_display()

    @column(gettext_lazy("keeps it from opening"))
    def show_obstacles(self, pool: Pool) -> Any:
        return show_obstacles(pool)

    @column(gettext_lazy("tasks"))
    def show_tasks(self, pool: Pool) -> Any:
        return show_tasks(pool)

    @column(gettext_lazy("pages"))
    def show_answers(self, pool: Pool) -> Any:
        return show_answers(pool)

    @column(gettext_lazy("card in Toloka"))
    def show_card(self, pool: Pool) -> Any:
        return show_card(pool)

    @step(
        gettext_lazy("Open"),
        text=gettext_lazy("Performers may take pages of this pool."),
        icon="play_arrow",
        shown=_is_closed,
    )
    def open_pool(self, _request: HttpRequest, pool: Pool, _answers: Answers) -> str:
        pools.open_pool(pool, now=timezone.now())
        return _("The pool is open.")

    @step(
        gettext_lazy("Close"),
        text=gettext_lazy(
            "No more pages go out; those that are out may be finished. The card in Toloka closes "
            "once all reports are delivered."
        ),
        icon="stop",
        shown=lambda pool: pool.status == PoolStatus.OPEN,
    )
    def close_pool(self, _request: HttpRequest, pool: Pool, _answers: Answers) -> str:
        pools.close_pool(pool, reason=CloseReason.MANUAL, now=timezone.now())
        return _("The pool is closed.")

    @step(
        gettext_lazy("Archive"),
        text=gettext_lazy("For good: it can't be opened again. Its results stay."),
        icon="inventory_2",
        shown=_is_closed,
        danger=True,
    )
    def archive(self, _request: HttpRequest, pool: Pool, _answers: Answers) -> str:
        pools.archive_pool(pool)
        return _("The pool is archived.")

    @step(
        gettext_lazy("Clone"),
        text=gettext_lazy(
            "Makes a closed pool with the same settings, without tasks and card, on the newest "
            "version of the project."
        ),
        icon="content_copy",
    )
    def clone(self, _request: HttpRequest, pool: Pool, _answers: Answers) -> Outcome:
        made = pools.clone_pool(pool)
        url = reverse("admin:labeling_pool_change", args=[made.pk])
        return Outcome(_("The pool “%(pool)s” is made.") % {"pool": made}, url)

    @step(
        gettext_lazy("Upload tasks"),
        text=gettext_lazy(
            "JSON lines, or a table with columns like INPUT:image, GOLDEN:label, HINT:text. A bad "
            "row keeps all others out, unless bad rows are to be skipped."
        ),
        button=gettext_lazy("Upload"),
        icon="upload_file",
        form=UploadForm,
        shown=lambda pool: pool.status != PoolStatus.ARCHIVED,
    )
    def upload(self, request: HttpRequest, pool: Pool, answers: Answers) -> Outcome:
        file = answers["file"]
        job = uploads.upload_tasks(
            pool,
            file,
            file_name=file.name,
            user=request.user,  # type: ignore[arg-type]  # the admin knows no anonymous user
            skip_invalid=answers["skip_invalid"],
        )
        url = reverse("admin:labeling_uploadjob_change", args=[job.pk])
        counts = {"made": job.rows_created, "bad": job.rows_bad}
        if job.status != OperationStatus.SUCCESS:
            text = _("No task was made: %(bad)s bad rows. They are named below.") % counts
            return Outcome(text, url, is_done=False)
        if job.rows_bad:
            return Outcome(_("%(made)s tasks made, %(bad)s bad rows left out.") % counts, url)
        return Outcome(_("%(made)s tasks made.") % counts)

    @page_link(gettext_lazy("Preview"), icon="preview")
    def preview(self, _request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the labeling page as a performer would see it; it changes nothing."""
        return HttpResponseRedirect(reverse("preview", args=[int(object_id)]))

    @step(
        gettext_lazy("Publish in Toloka"),
        text=gettext_lazy("Makes the card's project and pool in Toloka, closed for now."),
        icon="publish",
        form=CardForm,
        shown=lambda pool: (
            pool.status != PoolStatus.ARCHIVED
            and (
                pool.listing is None
                or pool.listing.status in (ListingStatus.DRAFT, ListingStatus.PUBLISHING)
            )
        ),
    )
    def publish(self, _request: HttpRequest, pool: Pool, answers: Answers) -> str:
        listing = pool.listing or cards.make_card(pool, **answers)
        return describe_card(listings.publish(listing.pk, now=timezone.now()))

    @step(
        gettext_lazy("Open card"),
        text=gettext_lazy("Performers see the card in Toloka and may press Start."),
        icon="visibility",
        shown=_card_is(ListingStatus.CLOSED, ListingStatus.CLOSING),
    )
    def open_card(self, _request: HttpRequest, pool: Pool, _answers: Answers) -> str:
        if pool.status != PoolStatus.OPEN:
            raise StateConflictError(
                _("The pool is not open: performers would find no work. Open the pool first.")
            )
        return describe_card(listings.open_listing(_card_of(pool), now=timezone.now()))

    @step(
        gettext_lazy("Close card"),
        text=gettext_lazy("No new visits; closed in Toloka as soon as all reports are delivered."),
        icon="visibility_off",
        shown=_card_is(ListingStatus.OPEN, ListingStatus.OPENING),
    )
    def close_card(self, _request: HttpRequest, pool: Pool, _answers: Answers) -> str:
        return describe_card(listings.close_listing(_card_of(pool), now=timezone.now()))


def _card_of(pool: Pool) -> int:
    if pool.listing_id is None:
        raise StateConflictError(_("The pool has no card in Toloka. Publish it first."))
    return pool.listing_id
