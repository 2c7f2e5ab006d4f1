"""The labeling page of a pool as a performer would see it, for those who prepare the pool."""

from datetime import timedelta
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_replace
from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from integration.money import plain
from labeling.enums import TaskKind
from labeling.models import Pool, Task
from labeling.performer.page import render_page
from labeling.performer.state import stamp
from labeling.serving import show_task
from labeling.versions import get_version


@require_GET
@csp_replace({"frame-ancestors": [SELF]})  # type: ignore[arg-type]  # the stub of the next line
@staff_member_required
def show_preview(request: HttpRequest, pool_id: int) -> HttpResponse:
    """Show one page of the pool's first tasks; nothing is given out, stored or sent."""
    if not request.user.has_perm("labeling.view_pool"):
        raise PermissionDenied
    pool = get_object_or_404(Pool, pk=pool_id)
    language = (get_language() or "en").partition("-")[0]
    return render_page(request, preview_state(pool), language=language)


def preview_state(pool: Pool) -> dict[str, Any]:
    """Return what the labeling page starts from, with no session behind it."""
    version = get_version(pool.version_id)
    now = timezone.now()
    tasks = [
        show_task(task.pk, task.kind, task.input_values, version.hidden_fields)
        for task in _first_page(pool)
    ]
    nobody = f"preview-{pool.pk}"
    state: dict[str, Any] = {
        "preview": True,
        "session": {
            "id": nobody,
            "status": "open",
            "progress": {"submitted": 0, "total": None},
            "earned": "0",
            "currency": "USD",
            "can_skip": pool.max_skips_in_row > 0,
        },
        "project": {
            "public_name": version.project.public_name,
            "instructions": version.instructions,
            "view_spec": version.view_spec,
        },
        "assignment": None,
        "urls": {"api": "", "back": reverse("admin:labeling_pool_change", args=[pool.pk])},
        "server_time": stamp(now),
    }
    if not tasks:
        message = _("The pool has no tasks that a page would take. Upload some first.")
        return {**state, "reason": {"code": "preview", "message": message}}
    return {
        **state,
        "assignment": {
            "id": nobody,
            "expires_at": stamp(now + timedelta(seconds=pool.lease_seconds)),
            "reward": plain(pool.reward_per_assignment),
            "tasks": tasks,
        },
    }


def _first_page(pool: Pool) -> list[Task]:
    """Return the tasks that the first page would be mixed from, in the order of upload."""
    counts = {
        TaskKind.TRAINING: pool.training_tasks_count,
        TaskKind.GOLDEN: pool.golden_tasks_count,
        TaskKind.ORDINARY: pool.real_tasks_count,
    }
    chosen: list[Task] = []
    for kind, count in counts.items():
        of_kind = Task.objects.filter(pool=pool, kind=kind).order_by("position")
        chosen += of_kind[:count]
    return chosen
