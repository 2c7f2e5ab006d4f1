"""Fixtures for tests of several programs together: the sandbox, the web, workers."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from integration import listings
from labeling import pools
from labeling.enums import PoolStatus
from labeling.models import Pool
from tests.factories import ListingFactory, PoolFactory, TaskFactory, TolokaAccountFactory
from tests.programs import Programs
from tests.sandbox.running import OTHER_TOKEN, REGISTERED, TOKEN, RunningSandbox


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    running = RunningSandbox(tmp_path_factory.mktemp("sandbox") / "store.sqlite3")
    yield running
    running.end()


@pytest.fixture
def sandbox(sandbox_process: RunningSandbox) -> RunningSandbox:
    """An empty sandbox: the process is shared, what it knows is not."""
    sandbox_process.ask("POST", "/control/reset")
    for name, token in (("lab", TOKEN), ("other", OTHER_TOKEN)):
        form = {"name": name, "token": token, "balance": 100}
        sandbox_process.ask("POST", "/control/requesters", form)
    sandbox_process.configure(operation_seconds=0.05, registered_redirects=[REGISTERED])
    return sandbox_process


@pytest.fixture
def programs(tmp_path: Path, program_environment: dict[str, str]) -> Iterator[Programs]:
    started = Programs(tmp_path, program_environment)
    yield started
    started.end()


@pytest.fixture
def publish(sandbox: RunningSandbox, programs: Programs, settings: Any) -> Callable[..., Pool]:
    """Start the web, and publish a pool in the sandbox: ``publish(real=4, golden=1, …)``."""
    settings.PUBLIC_URL = programs.start_web()

    def make(*, real: int, golden: int = 0, overlap: int = 1, **columns: Any) -> Pool:
        account = TolokaAccountFactory(
            api_url=sandbox.url,
            token=TOKEN,
            redirect_registered=True,
            submits_per_second=1000,
            return_url=sandbox.url,
            **columns.pop("account", {}),
        )
        listing = ListingFactory(
            account=account, toloka_project_id="", toloka_pool_id="", status="draft"
        )
        pool = PoolFactory(
            project__requester=account.requester,
            listing=listing,
            status=PoolStatus.CLOSED,
            reward_per_assignment=Decimal("0.02"),
            golden_tasks_count=1 if golden else 0,
            **columns,
        )
        for position in range(real):
            TaskFactory(pool=pool, position=position, overlap=overlap)
        for position in range(golden):
            TaskFactory(pool=pool, position=1000 + position, golden=True)
        now = timezone.now()
        pools.open_pool(pool, now=now)
        listings.publish(listing.pk, now=now)
        listings.open_listing(listing.pk, now=now)
        wait_for(lambda: listings.refresh(listing.pk, now=timezone.now()).status == "open")
        return Pool.objects.select_related("listing__account").get(pk=pool.pk)

    return make


def wait_for(holds: Callable[[], Any], *, timeout_s: float = 20) -> Any:
    """Wait until something is true of rows or processes that others write, and return it."""
    deadline: datetime = timezone.now() + timedelta(seconds=timeout_s)
    while timezone.now() < deadline:
        found = holds()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come true in time")
