"""Steps: what a person does to a row by a button, after a page that asks to confirm it.

A button only leads to its page; what changes anything is the POST from there, so that no link
from elsewhere can do it.
"""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin as _Host
else:

    class _Host:
        @classmethod
        def __class_getitem__(cls, _row: Any) -> Any:
            return cls


Row = TypeVar("Row", bound=models.Model)
Answers = dict[str, Any]
"""What the form of a step was answered with."""


class StepForm(forms.Form):
    """Asks nothing; subclasses ask what their step must know about ``row``.

    ``row`` is None where the step is taken with several rows at once.
    """

    def __init__(
        self, data: Any = None, files: Any = None, *, row: models.Model | None = None
    ) -> None:
        super().__init__(data, files)
        self.row = row


class ReasonForm(StepForm):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=1000,
        help_text=gettext_lazy("Kept in the audit log with your name."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )


@dataclass(frozen=True)
class Outcome:
    """What a step did where that is more than a text: where to look at it, or that it failed."""

    text: str
    url: str = ""
    is_done: bool = True


@dataclass(frozen=True)
class StepPage:
    """What the page that asks to confirm a step says."""

    title: Any
    text: Any
    button: Any
    icon: str
    variant: ActionVariant
    form: type[StepForm] = StepForm
    shown: Callable[[Any], bool] = field(default=lambda _row: True)


def step(
    title: Any,
    *,
    text: Any,
    icon: str,
    button: Any = None,
    form: type[StepForm] = StepForm,
    shown: Callable[[Any], bool] = lambda _row: True,
    danger: bool = False,
) -> Callable[[Callable[..., str | Outcome]], Callable[..., HttpResponse]]:
    """Make a step of a method ``(admin, request, row, answers) -> what was done``.

    The method raises one of its admin's ``step_errors`` where it can't be done. ``shown`` says
    for which rows there is a button; the method must not rely on it.
    """
    page = StepPage(
        title=title,
        text=text,
        button=button or title,
        icon=icon,
        variant=ActionVariant.DANGER if danger else ActionVariant.DEFAULT,
        form=form,
        shown=shown,
    )

    def decorate(run: Callable[..., str | Outcome]) -> Callable[..., HttpResponse]:
        @functools.wraps(run)
        def view(self: "StepsMixin[Any]", request: HttpRequest, object_id: str) -> HttpResponse:
            return self.show_step(request, object_id, page, run)

        for name, value in {
            "short_description": title,
            "icon": icon,
            "variant": page.variant,
            "attrs": {},
            "original_function_name": run.__name__,
            "step_page": page,
            "step_run": run,
        }.items():
            setattr(view, name, value)
        return view

    return decorate


def page_link(title: Any, *, icon: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a button of a method that only leads to another page, shown in a new window."""

    def decorate(lead: Callable[..., Any]) -> Callable[..., Any]:
        for name, value in {
            "short_description": title,
            "icon": icon,
            "variant": ActionVariant.DEFAULT,
            "attrs": {"target": "_blank", "rel": "noopener"},
            "original_function_name": lead.__name__,
        }.items():
            setattr(lead, name, value)
        return lead

    return decorate


class StepsMixin(_Host[Row], Generic[Row]):
    """Gives an admin page its steps: ``actions_detail`` for one row, ``bulk_steps`` for several."""

    step_errors: ClassVar[tuple[type[Exception], ...]] = ()
    bulk_steps: ClassVar[tuple[str, ...]] = ()

    def has_step_permission(self, request: HttpRequest) -> bool:
        """Whether the user may change such rows; their page itself may be read-only."""
        names = (self.opts.app_label, self.opts.model_name)
        return request.user.has_perm("{}.change_{}".format(*names))

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Return the buttons that make sense for this row."""
        actions: list[Any] = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        row = self.get_object(request, unquote(str(object_id)))
        if row is None or not self.has_step_permission(request):
            return []
        return [
            action
            for action in actions
            if not hasattr(action.method, "step_page") or action.method.step_page.shown(row)
        ]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        if self.has_step_permission(request):
            for name in self.bulk_steps:
                method = getattr(self, name)
                actions[name] = (
                    functools.partial(_show_bulk_step, name=name, method=method),
                    name,
                    method.short_description,
                )
        return actions

    def show_step(
        self,
        request: HttpRequest,
        object_id: str,
        page: StepPage,
        run: Callable[..., str | Outcome],
    ) -> HttpResponse:
        """Ask to confirm a step (GET), or take it and go back to the row (POST)."""
        if not self.has_step_permission(request):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        back = reverse(
            f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[object_id]
        )
        is_sent = request.method == "POST"
        form = page.form(*((request.POST, request.FILES) if is_sent else ()), row=row)
        if not is_sent or not form.is_valid():
            return self.ask(request, page, form, rows=[row], back=back)
        return HttpResponseRedirect(self.take(request, run, row, form.cleaned_data) or back)

    def take(
        self, request: HttpRequest, run: Callable[..., str | Outcome], row: Row, answers: Answers
    ) -> str:
        """Take a step and tell the user what became of it; return where to look at that."""
        try:
            said = run(self, request, row, answers)
        except self.step_errors as error:
            for text in self.describe_error(error):
                messages.error(request, text)
            return ""
        outcome = said if isinstance(said, Outcome) else Outcome(said)
        if outcome.is_done:
            self.log_change(request, row, outcome.text)
        messages.add_message(
            request, messages.SUCCESS if outcome.is_done else messages.ERROR, outcome.text
        )
        return outcome.url

    def describe_error(self, error: Exception) -> Iterable[str]:
        """Say what went wrong, one message a cause."""
        return [str(error)]

    def ask(
        self,
        request: HttpRequest,
        page: StepPage,
        form: forms.Form,
        *,
        rows: Iterable[models.Model],
        back: str,
        extra: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": page.title,
            "step": page,
            "form": form,
            "rows": rows,
            "back": back,
            **(extra or {}),
        }
        return TemplateResponse(request, "admin/step.html", context)


def _show_bulk_step(
    host: StepsMixin[Any],
    request: HttpRequest,
    queryset: QuerySet[Any],
    *,
    name: str,
    method: Callable[..., Any],
) -> HttpResponse | None:
    """Ask once for all selected rows, then take the step with each."""
    page: StepPage = method.step_page  # type: ignore[attr-defined]
    confirmed = "step_confirmed" in request.POST
    form = page.form(request.POST if confirmed else None)
    if not confirmed or not form.is_valid():
        rows = list(queryset[:1000])
        extra = {"bulk_action": name, "selected": [row.pk for row in rows]}
        return host.ask(request, page, form, rows=rows, back=request.path, extra=extra)
    done = 0
    for row in queryset:
        try:
            method.step_run(host, request, row, form.cleaned_data)  # type: ignore[attr-defined]
        except host.step_errors as error:
            for text in host.describe_error(error):
                messages.error(request, f"{row}: {text}")
        else:
            done += 1
    if done:
        text = ngettext("Done for %(count)s row.", "Done for %(count)s rows.", done)
        messages.success(request, text % {"count": done})
    else:
        messages.warning(request, _("Nothing was changed."))
    return None
