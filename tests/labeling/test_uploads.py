import io
import json
import threading
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.utils import IntegrityError
from django.utils import timezone, translation

from labeling import uploads
from labeling.enums import OperationStatus, PoolStatus, PoolType, TaskKind
from labeling.errors import StateConflictError
from labeling.models import Pool, Task, UploadJob
from tests.factories import PoolFactory, TaskFactory, UserFactory

GOOD = (
    "INPUT:text\tGOLDEN:label\tHINT:text\tTASK:overlap\n"
    "Ordinary\t\t\t5\n"
    "Plain\t\t\t\n"
    "Golden\tyes\t\t\n"
    "Training\tno\tRead again.\t7\n"
)
BAD = "INPUT:text\tGOLDEN:label\nFirst\t\nSecond\tmaybe\n\tyes\nFourth\t\n"


def upload(pool: Pool, content: str | bytes, **options: Any) -> UploadJob:
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    return uploads.upload_tasks(pool, file, file_name="tasks.tsv", user=None, **options)


@pytest.mark.django_db
def test_a_file_becomes_tasks_of_their_kinds_in_its_order() -> None:
    pool = PoolFactory(default_overlap_for_new_tasks=3, complete_since=timezone.now())
    user = UserFactory()

    job = uploads.upload_tasks(
        pool, SimpleUploadedFile("t.tsv", GOOD.encode()), file_name="t.tsv", user=user
    )

    assert list(
        pool.tasks.order_by("position").values_list(
            "position", "kind", "input_values", "known_solutions", "hint", "overlap", "issued"
        )
    ) == [
        (0, TaskKind.ORDINARY, {"text": "Ordinary"}, [], "", 5, 0),
        (1, TaskKind.ORDINARY, {"text": "Plain"}, [], "", 3, 0),
        (
            2,
            TaskKind.GOLDEN,
            {"text": "Golden"},
            [{"output_values": {"label": "yes"}, "correctness_weight": 1}],
            "",
            None,
            0,
        ),
        (
            3,
            TaskKind.TRAINING,
            {"text": "Training"},
            [{"output_values": {"label": "no"}, "correctness_weight": 1}],
            "Read again.",
            None,
            0,
        ),
    ]
    job.refresh_from_db()
    pool.refresh_from_db()
    assert (job.status, job.rows_total, job.rows_created, job.rows_bad, job.errors) == (
        OperationStatus.SUCCESS,
        4,
        4,
        0,
        [],
    )
    assert (job.made_by, job.file_name) == (user, "t.tsv")
    assert job.finished_at is not None
    assert pool.complete_since is None


@pytest.mark.django_db
def test_every_column_of_the_table_is_filled() -> None:
    assert set(uploads.COLUMNS) == {field.column for field in Task._meta.concrete_fields}


@pytest.mark.django_db
def test_json_says_what_a_table_cannot() -> None:
    pool = PoolFactory()
    items: list[dict[str, Any]] = [
        {"input_values": {"text": 'a\t"b"\\\n\\N ж👋'}, "infinite_overlap": True},
        {
            "input_values": {"text": "c"},
            "reserved_for": ["x{1},2", 'y"'],
            "baseline_solutions": [{"output_values": {"label": "no"}, "confidence_weight": 0.5}],
        },
    ]

    upload(pool, "\n".join(json.dumps(item) for item in items))

    first, second = pool.tasks.order_by("position")
    assert (first.input_values, first.overlap) == (items[0]["input_values"], None)
    assert second.reserved_for == ["x{1},2", 'y"']
    assert second.unavailable_for is None
    assert second.baseline_solutions == items[1]["baseline_solutions"]


@pytest.mark.django_db
def test_one_bad_row_keeps_all_out_and_every_one_is_named() -> None:
    pool = PoolFactory()

    job = upload(pool, BAD)

    assert not pool.tasks.exists()
    job.refresh_from_db()
    assert (job.status, job.rows_total, job.rows_created, job.rows_bad) == (
        OperationStatus.FAIL,
        4,
        0,
        2,
    )
    assert job.errors == [
        {
            "row": 3,
            "column": "GOLDEN:label",
            "message": "'maybe' is not allowed; allowed values: 'yes', 'no'",
        },
        {
            "row": 4,
            "column": "INPUT:text",
            "message": "Value must be present and not equal to null",
        },
    ]


@pytest.mark.django_db
def test_bad_rows_can_be_skipped() -> None:
    pool = PoolFactory()

    job = upload(pool, BAD, skip_invalid=True)

    assert [task.input_values["text"] for task in pool.tasks.order_by("position")] == [
        "First",
        "Fourth",
    ]
    assert (job.status, job.rows_total, job.rows_created, job.rows_bad) == (
        OperationStatus.SUCCESS,
        4,
        2,
        2,
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"INPUT:text\n",
        b"INPUT:wrong\na\n",
        b"INPUT:text\n\xff\n",
        b'{"input_values": {"text": "good"}}\n' * 5000 + b"\xff\n",
    ],
)
def test_a_file_that_cannot_be_read_to_its_end_is_refused_even_when_skipping(
    content: bytes,
) -> None:
    pool = PoolFactory()

    job = upload(pool, content, skip_invalid=True)

    assert job.status == OperationStatus.FAIL
    assert len(job.errors) >= 1
    assert not pool.tasks.exists()


@pytest.mark.django_db
def test_only_so_many_errors_are_kept_but_all_are_counted() -> None:
    job = upload(PoolFactory(), "INPUT:text\tGOLDEN:label\n" + "a\tmaybe\n" * 800)

    assert (job.rows_bad, len(job.errors)) == (800, uploads.MAX_ERRORS)


@pytest.mark.django_db
def test_errors_are_in_the_language_of_who_uploads() -> None:
    with translation.override("de"):
        job = upload(PoolFactory(), "")

    assert [error["message"] for error in job.errors] == [
        translation.gettext("The file holds no tasks")
    ]


@pytest.mark.django_db
def test_a_training_takes_tasks_with_known_solutions_alone() -> None:
    training = PoolFactory(type=PoolType.TRAINING)

    refused = upload(training, "INPUT:text\tGOLDEN:label\nA\t\n")
    upload(training, "INPUT:text\tGOLDEN:label\nA\tyes\n")

    assert refused.status == OperationStatus.FAIL
    assert [task.kind for task in training.tasks.all()] == [TaskKind.TRAINING]


@pytest.mark.django_db
def test_an_archived_pool_takes_none() -> None:
    pool = PoolFactory(status=PoolStatus.ARCHIVED)

    with pytest.raises(StateConflictError):
        upload(pool, GOOD)

    assert not UploadJob.objects.exists()


@pytest.mark.django_db
def test_a_pool_archived_meanwhile_takes_none() -> None:
    pool = PoolFactory()
    Pool.objects.filter(pk=pool.pk).update(status=PoolStatus.ARCHIVED)

    with pytest.raises(StateConflictError):
        upload(pool, GOOD)

    assert not pool.tasks.exists()
    assert UploadJob.objects.get().status == OperationStatus.FAIL


@pytest.mark.django_db
def test_later_files_go_on_after_the_last_position() -> None:
    pool = PoolFactory()
    TaskFactory(pool=pool, position=41)

    upload(pool, "INPUT:text\nA\nB\n")

    assert sorted(pool.tasks.values_list("position", flat=True)) == [41, 42, 43]


@pytest.mark.django_db
def test_a_broken_database_call_leaves_a_failed_job(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = PoolFactory()
    TaskFactory(pool=pool, position=0)
    monkeypatch.setattr(uploads, "lock_positions", lambda pool_id: 0)

    with pytest.raises(IntegrityError):
        upload(pool, "INPUT:text\nA\n")

    job = UploadJob.objects.get()
    assert (job.status, job.finished_at is not None) == (OperationStatus.FAIL, True)
    assert pool.tasks.count() == 1


@pytest.mark.django_db(transaction=True)
def test_files_that_come_at_once_share_no_position() -> None:
    pool = PoolFactory()
    barrier = threading.Barrier(4)

    def bring(name: int) -> None:
        try:
            barrier.wait()
            upload(pool, "INPUT:text\n" + f"{name}\n" * 300)
        finally:
            connection.close()

    threads = [threading.Thread(target=bring, args=[name]) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(pool.tasks.values_list("position", flat=True)) == list(range(1200))
    assert set(UploadJob.objects.values_list("status", flat=True)) == {OperationStatus.SUCCESS}


@pytest.mark.django_db(transaction=True)
def test_a_large_file_does_not_hold_up_who_writes_the_pools_row() -> None:
    pool = PoolFactory()
    seen: list[int] = []

    class Slow(io.BytesIO):
        """Another connection updates the pool while this file is being read."""

        def read(self, size: int | None = -1, /) -> bytes:
            if not seen:
                thread = threading.Thread(target=draw)
                thread.start()
                thread.join(timeout=5)
            return super().read(size)

        read1 = read

    def draw() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = '2s'")
        seen.append(Pool.objects.filter(pk=pool.pk).update(budget_drawn=1))
        connection.close()

    uploads.upload_tasks(pool, Slow(b"INPUT:text\nA\n"), file_name="t", user=None)

    assert seen == [1]
    assert pool.tasks.count() == 1
