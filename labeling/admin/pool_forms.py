from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from integration.admin.steps import StepForm
from integration.models import Listing, TolokaAccount
from labeling import projects
from labeling.enums import ProjectStatus
from labeling.models import Pool


class PoolForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for mypy only
    """Says at the field what the database and the domain would refuse."""

    class Meta:
        model = Pool
        fields = "__all__"  # noqa: DJ007  # the admin says which

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        project = cleaned.get("project")
        if project and project.status != ProjectStatus.ACTIVE:
            self.add_error("project", _("The project is archived."))
        elif project and projects.find_newest_version(project) is None:
            self.add_error("project", _("The project has no version yet: make one first."))
        lease, most = (
            cleaned.get("lease_seconds"),
            cleaned.get("assignment_max_duration_seconds"),
        )
        if lease is not None and most is not None and lease > most:
            self.add_error(
                "lease_seconds",
                _("Longer than the most time for a page (%(most)s s).") % {"most": most},
            )
        if lease is not None and lease < 5:
            self.add_error("lease_seconds", _("At least 5 seconds."))
        return cleaned


class UploadForm(StepForm):
    file = forms.FileField(label=gettext_lazy("File"), widget=UnfoldAdminFileFieldWidget)
    skip_invalid = forms.BooleanField(
        label=gettext_lazy("Skip bad rows"), required=False, widget=UnfoldBooleanSwitchWidget
    )


class CardForm(StepForm):
    """Asks what a new card says; a pool that has a draft of one is asked nothing."""

    account = forms.ModelChoiceField(
        label=gettext_lazy("Account"),
        queryset=TolokaAccount.objects.none(),
        widget=UnfoldAdminSelectWidget,
    )
    public_name = forms.CharField(
        label=gettext_lazy("Title of the card"), max_length=255, widget=UnfoldAdminTextInputWidget
    )
    public_description = forms.CharField(
        label=gettext_lazy("Text of the card"), widget=UnfoldAdminTextareaWidget(attrs={"rows": 4})
    )
    public_instructions = forms.CharField(
        label=gettext_lazy("Instructions on the card"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )
    assignment_max_duration_seconds = forms.IntegerField(
        label=gettext_lazy("Time for a visit, seconds"),
        min_value=600,
        max_value=2**31 - 1,
        widget=UnfoldAdminIntegerFieldWidget,
    )

    def __init__(
        self, data: Any = None, files: Any = None, *, row: models.Model | None = None
    ) -> None:
        super().__init__(data, files, row=row)
        if not isinstance(row, Pool):
            raise TypeError("a card is made for one pool")
        if row.listing_id is not None:
            self.fields.clear()
            return
        accounts = TolokaAccount.objects.filter(
            requester_id=row.project.requester_id, is_active=True
        ).order_by("name")
        choice = self.fields["account"]
        assert isinstance(choice, forms.ModelChoiceField)  # noqa: S101  # as declared above
        choice.queryset = accounts
        self.initial = {
            "account": accounts.first(),
            "public_name": row.project.public_name,
            "public_description": row.public_description or row.project.public_description,
            "assignment_max_duration_seconds": Listing._meta.get_field(
                "assignment_max_duration_seconds"
            ).default,
        }
