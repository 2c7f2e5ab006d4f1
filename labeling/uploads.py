"""Tasks coming in: a file is checked row by row and becomes tasks, all of them or none."""

import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any, Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from labeling.enums import OperationStatus, PoolStatus, PoolType, TaskKind
from labeling.errors import StateConflictError
from labeling.ids import make_id
from labeling.models import Pool, Task, UploadJob
from labeling.specification import Failure
from labeling.specification.task_files import Row, read_tasks
from labeling.specification.tasks import TaskDraft
from labeling.versions import get_version

logger = logging.getLogger(__name__)

MAX_ERRORS: Final = 500  # kept of one file; the rest is only counted
POSITIONS_LOCK: Final = 7_041  # first half of the advisory lock's key; the pool's id is the second

# Every column of the table: COPY knows none of Django's defaults.
COLUMNS: Final = (
    "id",
    "pool_id",
    "suite_id",
    "kind",
    "position",
    "input_values",
    "known_solutions",
    "baseline_solutions",
    "hint",
    "overlap",
    "issued",
    "reserved_for",
    "unavailable_for",
    "traits",
    "origin_task_id",
    "created_at",
)


class _NothingImportedError(Exception):
    """Takes back the rows already copied."""


def upload_tasks(
    pool: Pool,
    file: IO[bytes],
    *,
    file_name: str,
    user: AbstractBaseUser | None,
    skip_invalid: bool = False,
) -> UploadJob:
    """Read tasks from a file into a pool and tell in the returned job what became of each row.

    ``file`` is JSON lines or a table (``labeling.specification.task_files``), binary and able to
    seek. With ``skip_invalid`` the good rows come in without the bad ones, else a single bad row
    keeps all out. The job's ``errors`` are ``{"row", "column", "message"}``, in the language in
    force. Raises StateConflictError where the pool is archived.
    """
    if pool.status == PoolStatus.ARCHIVED:
        raise _archived(pool)
    job = UploadJob.objects.create(
        pool=pool,
        made_by_id=user.pk if user else None,
        file_name=file_name[:255].replace("\x00", ""),
        skip_invalid=skip_invalid,
        status=OperationStatus.RUNNING,
    )
    upload = _Upload(pool, job)
    try:
        with transaction.atomic():
            upload.copy(file)
    except _NothingImportedError:
        job.rows_created = 0
        job.status = OperationStatus.FAIL
    except Exception:
        UploadJob.objects.filter(pk=job.pk).update(
            status=OperationStatus.FAIL, finished_at=timezone.now()
        )
        raise
    else:
        job.status = OperationStatus.SUCCESS
    job.finished_at = timezone.now()
    job.save()
    logger.info(
        "upload %s into pool %s: %s, %s rows, %s bad, %s tasks made",
        job.pk,
        pool.pk,
        job.status,
        job.rows_total,
        job.rows_bad,
        job.rows_created,
    )
    return job


def lock_positions(pool_id: int) -> int:
    """Return the first free position of a pool; nobody else gets one until the transaction ends.

    An advisory lock and not the pool's row: performers at work update that row, and would wait
    until a large file is in.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [POSITIONS_LOCK, pool_id % 2**31])
    last = Task.objects.filter(pool_id=pool_id).aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1


def _archived(pool: Pool) -> StateConflictError:
    return StateConflictError(
        gettext("The pool “%(pool)s” is archived; clone it to go on with it.")
        % {"pool": pool.private_name}
    )


class _Upload:
    """One file on its way in; counts on the job as it goes."""

    def __init__(self, pool: Pool, job: UploadJob) -> None:
        self._pool = pool
        # Read now: while rows are copied the connection can do nothing else.
        self._version = get_version(pool.version_id)
        self._job = job
        self._is_cut = False

    def copy(self, file: IO[bytes]) -> None:
        """Copy the good rows; raises _NothingImportedError where that is not to be."""
        position = lock_positions(self._pool.pk)
        now = timezone.now()
        with (
            connection.cursor() as cursor,
            connection.wrap_database_errors,
            cursor.copy(_copy_statement()) as copy,
        ):
            for draft in self._drafts(file):
                copy.write_row(self._row(draft, position + self._job.rows_created, now))
                self._job.rows_created += 1
        if not self._job.rows_created and not self._job.rows_bad:
            self._note(0, Failure("", "EMPTY_FILE", _("The file holds no tasks")))
        # Skipping bad rows is a choice; losing all that follows an unreadable place is not.
        refuses = self._is_cut or not self._job.skip_invalid
        if not self._job.rows_created or (self._job.rows_bad and refuses):
            raise _NothingImportedError
        # At the end, since this locks the pool's row: is it still one to add to?
        alive = Pool.objects.filter(pk=self._pool.pk).exclude(status=PoolStatus.ARCHIVED)
        if not alive.update(complete_since=None):
            raise _archived(self._pool)

    def _drafts(self, file: IO[bytes]) -> Iterator[TaskDraft]:
        specs = {
            "input_spec": self._version.input_spec,
            "output_spec": self._version.output_spec,
        }
        for row in read_tasks(file, **specs):
            if not row.ends_file:
                self._job.rows_total += 1
            if self._is_good(row) and row.draft is not None:
                # After a bad row of an upload that takes all or none, only errors are of interest.
                if self._job.skip_invalid or not self._job.rows_bad:
                    yield row.draft
                continue
            self._job.rows_bad += 1
            for failure in row.failures:
                self._note(row.number, failure)
            self._is_cut = row.ends_file

    def _is_good(self, row: Row) -> bool:
        is_training = self._pool.type == PoolType.TRAINING
        if row.draft and is_training and not row.draft.known_solutions:
            row.failures.append(
                Failure(
                    "known_solutions",
                    "VALUE_REQUIRED",
                    _("A training consists of tasks with known solutions"),
                )
            )
        return not row.failures

    def _note(self, row: int, failure: Failure) -> None:
        if len(self._job.errors) < MAX_ERRORS:
            message = gettext(failure.template) % failure.params
            self._job.errors.append({"row": row, "column": failure.path, "message": message})

    def _row(self, draft: TaskDraft, position: int, now: datetime) -> tuple[Any, ...]:
        kind = self._kind(draft)
        overlap: int | None = draft.overlap or self._pool.default_overlap_for_new_tasks
        if draft.has_infinite_overlap or kind != TaskKind.ORDINARY:
            overlap = None  # known answers never wear out
        return (
            make_id(),
            self._pool.pk,
            None,
            kind.value,
            position,
            _json(draft.input_values),
            _json(draft.known_solutions),
            _json(draft.baseline_solutions),
            draft.hint,
            overlap,
            0,
            draft.reserved_for,
            draft.unavailable_for,
            "{}",
            None,
            now,
        )

    def _kind(self, draft: TaskDraft) -> TaskKind:
        if not draft.known_solutions:
            return TaskKind.ORDINARY
        if draft.hint or self._pool.type == PoolType.TRAINING:
            return TaskKind.TRAINING
        return TaskKind.GOLDEN


def _copy_statement() -> str:
    columns = ", ".join(connection.ops.quote_name(name) for name in COLUMNS)
    return f"COPY {connection.ops.quote_name(Task._meta.db_table)} ({columns}) FROM STDIN"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
