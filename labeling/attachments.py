"""Files that a performer captures: taken in while the page is out, bound by its submit."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from labeling import sessions
from labeling.enums import AssignmentStatus
from labeling.errors import InvalidInputError, LeaseLostError
from labeling.models import Answer, Assignment, Attachment
from labeling.versions import get_version

logger = logging.getLogger(__name__)

SIZE_LIMIT = 50 * 1024 * 1024
PER_PAGE_LIMIT = 100
FILE_TYPES = frozenset({"file", "array_file"})
UNBOUND_FOR = timedelta(days=1)


@transaction.atomic
def attach(
    session_id: UUID,
    assignment_id: UUID,
    *,
    task_id: UUID,
    path: str,
    file: "UploadedFile[Any]",
    browser_key: str | None,
    now: datetime,
) -> Attachment:
    """Keep a file for the output field that ``path`` begins with.

    Raises InvalidInputError where the field takes no files or the file is too large,
    LeaseLostError where the page is not out any more.
    """
    page = _page_out(session_id, assignment_id, browser_key=browser_key, now=now)
    spec = get_version(page.pool.version_id).output_spec
    field = path.partition(".")[0]
    if spec.get(field, {}).get("type") not in FILE_TYPES:
        raise InvalidInputError(f"path: the output field {field!r} takes no files")
    if (file.size or 0) > SIZE_LIMIT:
        raise InvalidInputError(f"file: at most {SIZE_LIMIT // 1024 // 1024} MB are taken")
    if not Answer.objects.filter(assignment=page, task_id=task_id).exists():
        raise InvalidInputError("task_id: this task is not on the page")
    if Attachment.objects.filter(assignment=page).count() >= PER_PAGE_LIMIT:
        raise InvalidInputError(f"file: a page takes at most {PER_PAGE_LIMIT} files")
    name = PurePath((file.name or "file").replace("\\", "/")).name[-255:]
    attachment = Attachment(
        assignment=page,
        task_id=task_id,
        path=path[:255],
        name=name,
        media_type=(file.content_type or "application/octet-stream")[:127],
        size=file.size or 0,
    )
    # Stored under its id: a name of somebody's choosing never becomes a path on our disk.
    attachment.file.save(attachment.pk.hex, file, save=True)
    return attachment


@transaction.atomic
def detach(
    session_id: UUID,
    assignment_id: UUID,
    attachment_id: UUID,
    *,
    browser_key: str | None,
    now: datetime,
) -> None:
    """Drop a file that the performer has taken back; harmless twice."""
    page = _page_out(session_id, assignment_id, browser_key=browser_key, now=now)
    attachment = Attachment.objects.filter(
        pk=attachment_id, assignment=page, answer__isnull=True
    ).first()
    if attachment:
        _drop(attachment)


def bind(
    answers: list[Answer], values: Mapping[UUID, Mapping[str, Any]], spec: Mapping[str, Any]
) -> None:
    """Bind the files that answers name to them.

    Raises InvalidInputError with the place of every id that is no file of its page and task.
    Costs nothing where no output field takes files.
    """
    fields = [name for name, field in spec.items() if field.get("type") in FILE_TYPES]
    if not fields:
        return
    page_id = answers[0].assignment_id
    files = {
        (str(one.pk), one.task_id): one for one in Attachment.objects.filter(assignment_id=page_id)
    }
    faults = {}
    bound = []
    for answer in answers:
        for name in fields:
            value = values[answer.task_id].get(name)
            named = value if isinstance(value, list) else [] if value is None else [value]
            for file_id in named:
                attachment = files.get((str(file_id), answer.task_id))
                if attachment is None:
                    faults[f"{answer.task_id}.{name}"] = {
                        "code": "ENTITY_DOES_NOT_EXIST",
                        "message": _("This file was not received. Please add it again."),
                    }
                else:
                    attachment.answer = answer
                    bound.append(attachment)
    if faults:
        raise InvalidInputError(_("Some files are missing."), payload=faults)
    Attachment.objects.bulk_update(bound, ["answer"])


def sweep_unbound(*, now: datetime, limit: int = 500) -> int:
    """Drop files that no answer named within a day; returns how many."""
    old = Attachment.objects.filter(answer__isnull=True, created_at__lt=now - UNBOUND_FOR).exclude(
        assignment__status=AssignmentStatus.ACTIVE
    )
    dropped = 0
    for attachment in old.order_by("created_at")[:limit]:
        _drop(attachment)
        dropped += 1
    return dropped


def _drop(attachment: Attachment) -> None:
    # The file goes last: a row without its file would be an answer that can't be read.
    file, storage = attachment.file.name, attachment.file.storage
    attachment.delete()
    transaction.on_commit(lambda: storage.delete(file) if file else None)


def _page_out(
    session_id: UUID, assignment_id: UUID, *, browser_key: str | None, now: datetime
) -> Assignment:
    session = sessions.lock(session_id, browser_key=browser_key, now=now)
    page = (
        Assignment.objects.filter(pk=assignment_id, session=session).select_related("pool").first()
    )
    if page is None:
        raise sessions.NotYoursError(_("There is no such page in this session."))
    if page.status != AssignmentStatus.ACTIVE:
        raise LeaseLostError(_("The time for this page ran out."))
    return page
