"""What every test stands on: PostgreSQL and Redis, and how large a run is."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import django
import psycopg
import pytest
from django.conf import settings
from django.core.cache import cache
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from labelplatform import embedded
from labelplatform.celery import app
from tests.programs import Programs
from tests.settings import POSTGRES, REDIS, ROOT, RUN

SERVICES = contextlib.ExitStack()
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ  # the run that started it has the services

hypothesis_settings.register_profile(
    "short", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.register_profile("long", parent=hypothesis_settings(), max_examples=2000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run at full size, long tests too")


def pytest_configure(config: pytest.Config) -> None:
    hypothesis_settings.load_profile("long" if config.getoption("--long") else "short")
    if not IS_WORKER:
        _start_services()


def pytest_unconfigure() -> None:
    SERVICES.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="runs with --long"))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Copy the test database from a migrated one, made once for each set of migrations."""
    if os.environ["DATABASE_URL"] == POSTGRES.database_url:
        settings.DATABASES["default"]["TEST"]["TEMPLATE"] = _migrated_template()


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Let no test inherit the language of a page that another one asked for."""
    yield
    translation.deactivate()


@pytest.fixture
def broker() -> Iterator[embedded.Place]:
    """The run's own Redis, empty; a test may stop it: it runs again for the next one."""
    embedded.start_redis(REDIS)
    app.control.purge()
    cache.clear()
    yield REDIS
    embedded.start_redis(REDIS)


@pytest.fixture
def program_environment(transactional_db: None) -> dict[str, str]:
    """Variables for a program of ours that works on this test's database and Redis."""
    database = settings.DATABASES["default"]["NAME"]
    return {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        **{name: os.environ[name] for name in ("SECRET_KEY", "FIELD_KEYS", "REDIS_URL")},
        "TEST_RUN": RUN,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": POSTGRES.database_url.replace("/label?", f"/{database}?"),
        "LOG_FORMAT": "text",
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture
def programs(program_environment: dict[str, str], tmp_path: Path) -> Iterator[Programs]:
    """Start web processes, workers and other programs that end with the test."""
    started = Programs(tmp_path, program_environment)
    yield started
    started.end()


def _start_services() -> None:
    _remove_remains()
    if os.environ["DATABASE_URL"] == POSTGRES.database_url:
        SERVICES.enter_context(_held_postgres())
    if os.environ["REDIS_URL"] == REDIS.redis_url:
        embedded.start_redis(REDIS)
        SERVICES.callback(_remove_redis, REDIS)
    SERVICES.callback(shutil.rmtree, ROOT / "var" / "tests" / RUN, ignore_errors=True)


@contextlib.contextmanager
def _held_postgres() -> Iterator[None]:
    with embedded.hold(POSTGRES, durable=False, redis=False):
        _drop_databases_of_dead_runs()
        yield


def _migrated_template() -> str:
    digest = hashlib.sha256(django.__version__.encode())
    for path in sorted(ROOT.glob("*/migrations/*.py")):
        digest.update(path.read_bytes())
    name = f"migrated_{digest.hexdigest()[:16]}"
    lock_path = POSTGRES.base / POSTGRES.variant / "template.lock"
    with _administration() as connection, lock_path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        rows = connection.execute("SELECT datname FROM pg_database").fetchall()
        names = {str(row[0]) for row in rows}
        if name in names:
            return name
        for old in names:
            if old.startswith("migrated_"):
                connection.execute(f'DROP DATABASE "{old}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}_unfinished"')
        url = POSTGRES.database_url.replace("/label?", f"/{name}_unfinished?")
        subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity=0", "--skip-checks"],
            env={**os.environ, "DATABASE_URL": url},
            check=True,
        )
        connection.execute(f'ALTER DATABASE "{name}_unfinished" RENAME TO "{name}"')
    return name


def _administration() -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(POSTGRES.database_url, autocommit=True)


def _drop_databases_of_dead_runs() -> None:
    with _administration() as connection:
        names = connection.execute("SELECT datname FROM pg_database WHERE datname ~ '^test_[0-9]+'")
        for (name,) in names.fetchall():
            if not _is_running(str(name).split("_")[1]):
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _remove_remains() -> None:
    """Remove the Redis of each run that was killed."""
    for folder in POSTGRES.base.glob("tests-*"):
        pid = folder.name.partition("-")[2]
        if pid.isdecimal() and not _is_running(pid):
            _remove_redis(embedded.locate(ROOT, folder.name))


def _remove_redis(place: embedded.Place) -> None:
    embedded.stop_redis(place)
    shutil.rmtree(place.base / place.variant, ignore_errors=True)
    shutil.rmtree(place.data, ignore_errors=True)
    place.log_of("redis").unlink(missing_ok=True)


def _is_running(pid: str) -> bool:
    return Path(f"/proc/{pid}").exists()
