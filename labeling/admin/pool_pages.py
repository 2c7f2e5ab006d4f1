"""What the page of a pool says about how the work stands; each a query or two."""

from typing import Any

from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from integration.admin.base import link_to, link_to_list
from labeling.enums import AssignmentStatus, PoolStatus, TaskKind
from labeling.models import Assignment, Pool, Session, Task, UploadJob
from labeling.readiness import find_obstacles


def show_obstacles(pool: Pool) -> Any:
    """List what keeps a closed pool from opening, each with its cure."""
    if pool.status != PoolStatus.CLOSED:
        return "-"
    causes = find_obstacles(pool, now=timezone.now())
    if not causes:
        return _("nothing")
    items = format_html_join(
        "", "<li>{} {}</li>", ((cause["message"], cause["cure"]) for cause in causes.values())
    )
    return format_html('<ul class="list-disc pl-4">{}</ul>', items)


def show_tasks(pool: Pool) -> Any:
    """Count the tasks by kind, and of the ordinary ones the answers wanted and given or out."""
    rows = Task.objects.filter(pool=pool).values("kind")
    counted = {
        row["kind"]: row
        for row in rows.annotate(count=Count("pk"), wanted=Sum("overlap"), issued=Sum("issued"))
    }
    parts: list[Any] = []
    for kind in TaskKind:
        row = counted.get(kind)
        if row:
            filters = [("pool__id__exact", pool.pk), ("kind__exact", kind.value)]
            text = link_to_list(Task, f"{row['count']} {kind.label}", filters)
            parts.append(text)
    ordinary = counted.get(TaskKind.ORDINARY)
    if ordinary and ordinary["wanted"] is not None:
        parts.append(
            _("%(issued)s of %(wanted)s answers given or out")
            % {"issued": ordinary["issued"], "wanted": ordinary["wanted"]}
        )
    parts.append(link_to_list(UploadJob, _("uploads"), [("pool__id__exact", pool.pk)]))
    return format_html_join(" · ", "{}", ((part,) for part in parts))


def show_answers(pool: Pool) -> Any:
    """Count the pages by status, and what the sessions have earned."""
    counts = dict(
        Assignment.objects.filter(pool=pool)
        .values_list("status")
        .annotate(count=Count("pk"))
        .order_by()
    )
    parts: list[Any] = [
        link_to_list(
            Assignment,
            f"{counts[status]} {status.label}",
            [("pool__id__exact", pool.pk), ("status__exact", status.value)],
        )
        for status in AssignmentStatus
        if counts.get(status)
    ]
    sums = Session.objects.filter(pool=pool).aggregate(
        earned=Sum("earned"), performers=Count("performer", distinct=True)
    )
    if sums["performers"]:
        parts.append(
            _("%(performers)s performers, %(earned)s USD earned")
            % {"performers": sums["performers"], "earned": sums["earned"]}
        )
    return format_html_join(" · ", "{}", ((part,) for part in parts)) if parts else "-"


def show_card(pool: Pool) -> Any:
    """Say how the card stands in Toloka, and what went wrong there."""
    card = pool.listing
    if card is None:
        return _("none yet: publish it")
    line = format_html("{} · {}", link_to(card), card.get_status_display())
    if card.last_error:
        return format_html("{}<br>{}", line, card.last_error)
    return line
