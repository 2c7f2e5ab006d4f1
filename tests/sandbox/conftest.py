"""Sandboxes of one's own, beside the shared one that each test finds empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sandbox.running import RunningSandbox
from tests.stack import sandbox, sandbox_process

__all__ = ["sandbox", "sandbox_process"]


@pytest.fixture
def start_sandbox(tmp_path: Path) -> Iterator[Callable[..., RunningSandbox]]:
    """Start sandboxes of one's own, with a store and options of one's own."""
    started: list[RunningSandbox] = []

    def start(*options: str) -> RunningSandbox:
        started.append(RunningSandbox(tmp_path / "store.sqlite3", *options))
        return started[-1]

    yield start
    for running in started:
        if running.is_running:
            running.end()


@pytest.fixture
def started(sandbox: RunningSandbox) -> dict[str, str]:
    """An open pool in which a performer has an ACTIVE assignment: the ids of all three."""
    pool_id = sandbox.make_pool()
    user_id = sandbox.make_performer()
    assignment_id = sandbox.press_start(pool_id, user_id)
    return {"pool_id": pool_id, "user_id": user_id, "assignment_id": assignment_id}
