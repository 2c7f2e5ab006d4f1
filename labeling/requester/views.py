"""The requester's pages: projects and pools, how far they are, and the answers to download."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, LogoutView
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from labeling import exports
from labeling.enums import AssignmentStatus
from labeling.models import Assignment, Pool, Project
from labeling.requester.progress import GOLDEN_SHOWN, count_progress, list_scored_tasks

PROJECTS_ON_A_PAGE = 20
FORMATS = {
    "tsv": (exports.stream_tsv, "text/tab-separated-values; charset=utf-8"),
    "jsonl": (exports.stream_json_lines, "application/jsonl; charset=utf-8"),
}


@method_decorator(never_cache, name="dispatch")
class Login(LoginView):
    template_name = "requester/login.html"
    redirect_authenticated_user = True


class Logout(LogoutView):
    """Ends the session, by POST alone."""


@never_cache
@login_required
@require_safe
def show_projects(request: HttpRequest) -> HttpResponse:
    projects = (
        Project.objects.visible_to(request.user)
        .select_related("requester")
        .prefetch_related(Prefetch("pools", Pool.objects.select_related("listing").order_by("-id")))
        .order_by("-id")
    )
    page = Paginator(projects, PROJECTS_ON_A_PAGE).get_page(request.GET.get("page"))
    pools = [pool for project in page for pool in project.pools.all()]
    progress = count_progress(pools)
    groups = [
        (project, [(pool, progress[pool.pk]) for pool in project.pools.all()]) for project in page
    ]
    return render(request, "requester/projects.html", {"page": page, "groups": groups})


@never_cache
@login_required
@require_safe
def show_pool(request: HttpRequest, pool_id: int) -> HttpResponse:
    pool = _find_pool(request, pool_id)
    context: dict[str, Any] = {
        "pool": pool,
        "progress": count_progress([pool])[pool.pk],
        "scored_tasks": list_scored_tasks(pool),
        "scored_shown": GOLDEN_SHOWN,
        "statuses": [
            (name, AssignmentStatus(status).label, status == AssignmentStatus.ACCEPTED)
            for status, name in exports.STATUSES.items()
            if status != AssignmentStatus.ACTIVE
        ],
    }
    return render(request, "requester/pool.html", context)


@never_cache
@login_required
@require_safe
def download_answers(request: HttpRequest, pool_id: int, extension: str) -> HttpResponseBase:
    pool = _find_pool(request, pool_id)
    if extension not in FORMATS:
        raise Http404
    stream, content_type = FORMATS[extension]
    # A button of its own each, or Toloka's comma list.
    names = [name for value in request.GET.getlist("status") for name in value.split(",") if name]
    try:
        statuses = exports.choose_statuses(names)
    except ValueError as error:
        return HttpResponseBadRequest(str(error), content_type="text/plain; charset=utf-8")
    return StreamingHttpResponse(
        stream(pool, statuses=statuses),
        content_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="pool-{pool.pk}-answers.{extension}"',
            "X-Content-Type-Options": "nosniff",
        },
    )


@never_cache
@login_required
@require_safe
def show_assignment(request: HttpRequest, assignment_id: UUID) -> HttpResponse:
    assignment = get_object_or_404(
        Assignment.objects.filter(pool__in=Pool.objects.visible_to(request.user)).select_related(
            "pool__project", "performer"
        ),
        pk=assignment_id,
    )
    answers = assignment.answers.select_related("task").order_by("position")
    return render(
        request, "requester/assignment.html", {"assignment": assignment, "answers": answers}
    )


def _find_pool(request: HttpRequest, pool_id: int) -> Pool:
    """Find a pool among those the user may see; whatever role he has, he may see and download."""
    return get_object_or_404(
        Pool.objects.visible_to(request.user).select_related(
            "project__requester", "version", "listing"
        ),
        pk=pool_id,
    )
