"""Whether this process lives, and whether the installation can serve."""

import logging
import time

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

POSTGRES_MINIMUM = 150000  # 15.0: NULLS NOT DISTINCT and what else the constraints need


def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as this process can answer at all; asks nothing of others."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 where database, migrations and broker are all there, else 503 and what is not.

    ``{"ready": false, "missing": {"broker": "…"}}``
    """
    missing = find_missing()
    for part, reason in missing.items():
        logger.warning("not ready: %s: %s", part, reason)
    return JsonResponse({"ready": not missing, "missing": missing}, status=503 if missing else 200)


def find_missing() -> dict[str, str]:
    """Return what the installation lacks to serve: part -> reason."""
    checks = {"broker": _check_broker(), "database": _check_database()}
    if not checks["database"]:
        checks["migrations"] = _check_migrations()
    return {part: reason for part, reason in checks.items() if reason}


def _check_broker() -> str:
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=1,
        socket_connect_timeout=1,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        client.ping()
    except redis.RedisError as error:
        return f"Redis does not answer ({type(error).__name__})"
    finally:
        client.close()
    return ""


def _check_database() -> str:
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version_num')::int")
            (version,) = cursor.fetchone() or (0,)
    except DatabaseError as error:
        return f"PostgreSQL does not answer ({type(error).__name__})"
    if version < POSTGRES_MINIMUM:
        return f"PostgreSQL {version // 10000} is too old: 15 or newer is needed"
    return ""


_migrated_until = 0.0


def _check_migrations() -> str:
    # Reading all migrations takes a while, and they are applied once: ask again after a minute.
    global _migrated_until
    if time.monotonic() < _migrated_until:
        return ""
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if pending:
        names = ", ".join(f"{migration.app_label}.{migration.name}" for migration, _ in pending[:3])
        return f"{len(pending)} not applied: {names}{', …' * (len(pending) > 3)}"
    _migrated_until = time.monotonic() + 60
    return ""
