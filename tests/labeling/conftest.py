"""A pool with tasks, and a performer at work in it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from labeling.models import Pool, Session, Task
from tests.factories import PoolFactory, SessionFactory, TaskFactory

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BROWSER = "b" * 64


@pytest.fixture
def make_pool(db: None) -> Callable[..., Pool]:
    """Make an open pool: ``make_pool(real=3, golden=1, training=0, **columns)`` of tasks."""

    def make(
        *,
        real: int = 0,
        golden: int = 0,
        training: int = 0,
        overlap: int | None = 1,
        **columns: Any,
    ) -> Pool:
        columns.setdefault("shuffle_tasks_in_task_suite", False)
        pool = PoolFactory(**columns)
        for position in range(real):
            TaskFactory(pool=pool, position=position, overlap=overlap)
        for position in range(golden):
            TaskFactory(pool=pool, position=10_000 + position, golden=True)
        for position in range(training):
            TaskFactory(pool=pool, position=20_000 + position, training=True)
        return pool

    return make


@pytest.fixture
def start(db: None) -> Callable[..., Session]:
    """Open a session in a pool, heard of at noon in the browser BROWSER."""

    def open_session(pool: Pool, **columns: Any) -> Session:
        visit = {
            "visit__opened_at": NOON,
            "visit__heard_at": NOON,
            "visit__browser_key": BROWSER,
        }
        return SessionFactory(pool=pool, opened_at=NOON, **{**visit, **columns})

    return open_session


def tasks_of(pool: Pool) -> list[Task]:
    return list(Task.objects.filter(pool=pool).order_by("position"))
