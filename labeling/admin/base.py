"""What the pages of this package share beside integration.admin.base."""

from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar

from django.contrib import messages
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from integration.admin.base import CalmAdmin
from labeling.errors import LabelingError, PoolNotReadyError

Row = TypeVar("Row", bound=models.Model)


class DomainAdmin(CalmAdmin[Row]):
    """A page whose forms and steps call the domain, which may refuse."""

    step_errors: ClassVar[tuple[type[Exception], ...]] = (LabelingError,)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except LabelingError as error:  # what the form could not see: somebody was faster
            for text in self.describe_error(error):
                messages.error(request, text)
            return HttpResponseRedirect(request.get_full_path())

    def describe_error(self, error: Exception) -> Iterable[str]:
        """Say what went wrong, one message a cause, each with its cure."""
        if isinstance(error, PoolNotReadyError):
            return [f"{cause['message']} {cause['cure']}" for cause in error.payload.values()]
        return str(error).splitlines()
