"""What every page of the admin shares; labeling and labelplatform build on it too."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from django import forms
from django.contrib import admin
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin as UnfoldAdmin
from unfold.admin import TabularInline as UnfoldInline
from unfold.paginator import InfinitePaginator
from unfold.widgets import (
    INPUT_CLASSES,
    TEXTAREA_CLASSES,
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextareaWidget,
)

from integration.admin.steps import StepsMixin
from integration.encryption import EncryptedTextField

Row = TypeVar("Row", bound=models.Model)

if TYPE_CHECKING:
    # Unfold has no types of its own; its classes are Django's with more attributes.
    _Admin = admin.ModelAdmin
    _Inline = admin.TabularInline
else:

    class _Admin(UnfoldAdmin, Generic[Row]):
        pass

    class _Inline(UnfoldInline):
        @classmethod
        def __class_getitem__(cls, _models: Any) -> Any:
            return cls


class PrettyJSONField(forms.JSONField):
    """JSON laid out for reading and editing."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, forms.fields.InvalidJSONInput):
            return value
        return json.dumps(value, ensure_ascii=False, indent=2)


class JSONTextarea(UnfoldAdminTextareaWidget):  # type: ignore[misc]  # unfold has no types
    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        classes = " ".join([*TEXTAREA_CLASSES, "font-mono", "text-xs", "!max-w-4xl"])
        super().__init__({"class": classes, "rows": 12, "spellcheck": "false", **(attrs or {})})


class SecretField(forms.CharField):
    """A secret that is written and never shown: left blank, the stored one stays."""

    widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})

    def __init__(self, **options: Any) -> None:
        options["help_text"] = _("Never shown. Leave blank to keep what is stored.")
        super().__init__(**{**options, "required": False})

    def get_bound_field(self, form: Any, field_name: str) -> forms.BoundField:
        # The stored value must not even reach the widget.
        form.initial.pop(field_name, None)
        return super().get_bound_field(form, field_name)

    def has_changed(self, _initial: Any, data: Any) -> bool:
        return bool(data)


class CalmAdmin(StepsMixin[Row], _Admin[Row]):
    """A page for rows that people edit: saves what was changed and nothing else.

    A form that writes all columns would undo what the product did since it was opened: draw a
    budget, pause an account. Rows are not deleted here unless a subclass says so.
    """

    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = True
    warn_unsaved_form = True
    formfield_overrides: ClassVar = {
        models.JSONField: {"form_class": PrettyJSONField, "widget": JSONTextarea},
        models.URLField: {"assume_scheme": "https"},
        models.TextField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 4})},
    }

    def __init__(self, model: type[Row], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        fields = model._meta.get_fields()
        self.secret_names = {f.name for f in fields if isinstance(f, EncryptedTextField)}
        self.readonly_preprocess_fields = {
            field.name: _lay_out for field in fields if isinstance(field, models.JSONField)
        }

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **options: Any
    ) -> forms.Field | None:
        if isinstance(db_field, EncryptedTextField):
            return SecretField(label=capfirst(db_field.verbose_name))
        return super().formfield_for_dbfield(db_field, request, **options)

    def get_fieldsets(self, request: HttpRequest, obj: Row | None = None) -> Any:
        """Leave secrets out where the page only shows: it would show them in clear."""
        fieldsets = super().get_fieldsets(request, obj)
        if self.has_change_permission(request, obj):
            return fieldsets
        return [
            (
                title,
                {**options, "fields": [f for f in options["fields"] if f not in self.secret_names]},
            )
            for title, options in fieldsets
        ]

    def save_model(
        self, request: HttpRequest, obj: Row, form: ModelForm[Row], change: bool
    ) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        columns = {field.name: field for field in obj._meta.concrete_fields}
        changed = [name for name in form.changed_data if name in columns]
        if changed:
            stamped = [name for name, column in columns.items() if getattr(column, "auto_now", 0)]
            obj.save(update_fields=[*changed, *stamped])

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False


class ReadOnlyAdmin(CalmAdmin[Row]):
    """A page for rows that the product alone writes; what may be done to them are steps."""

    warn_unsaved_form = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False


class ManyRowsMixin:
    """For tables that grow without end: pages are turned without counting the rows."""

    paginator = InfinitePaginator


class ReadOnlyInline(_Inline[Any, Any]):
    """Rows beside the row they belong to, to be looked at."""

    extra = 0
    max_num = 0
    can_delete = False
    show_change_link = True
    tab = True

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def show_copyable(value: str) -> SafeString:
    """Return a field that holds ``value`` and selects it whole when entered."""
    return format_html(
        '<input type="text" readonly value="{}" class="{}" x-data x-on:focus="$el.select()">',
        value,
        " ".join(INPUT_CLASSES),
    )


def link_to(row: models.Model | None, text: str = "") -> SafeString | str:
    """Return a link to a row's page in the admin; a dash where there is no row."""
    if row is None:
        return "-"
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return format_html(
        '<a href="{}" class="text-link">{}</a>', reverse(name, args=[row.pk]), text or str(row)
    )


def link_to_list(
    model: type[models.Model], text: Any, filters: Sequence[tuple[str, Any]] = ()
) -> SafeString:
    """Return a link to the list of a model's rows, filtered."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    query = {key: str(value) for key, value in filters}
    return format_html(
        '<a href="{}" class="text-link">{}</a>', reverse(name, query=query or None), text
    )


def column(title: Any, *, order: str | None = None, labels: Any = None) -> Callable[..., Any]:
    """Name a method as a column or field of the admin; ``labels`` maps values to colours."""

    def decorate(show: Callable[..., Any]) -> Callable[..., Any]:
        described = admin.display(description=title, ordering=order)(show)
        if labels is not None:
            described.label = labels  # type: ignore[attr-defined]  # unfold reads it
        return described

    return decorate


def _lay_out(contents: SafeString) -> SafeString:
    """Lay read-only JSON, which comes in one line, out for reading."""
    try:
        value = json.loads(html.unescape(contents))
    except ValueError:
        return contents
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return format_html('<pre class="whitespace-pre-wrap break-words text-xs">{}</pre>', text)
