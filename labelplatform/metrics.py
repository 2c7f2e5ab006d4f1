"""Numbers for Prometheus: requests as they are counted here, and what the rows say right now.

With PROMETHEUS_MULTIPROC_DIR set, all web processes of this machine count into files there and any
of them answers for all. What is counted from rows or from the broker is read when asked, so it is
the same whoever answers.
"""

import hmac
import logging
import os

import redis
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from labelplatform.gauges import SOURCES

logger = logging.getLogger(__name__)

REQUESTS = Counter("http_requests", "Requests answered.", ["route", "method", "status"])
LATENCY = Histogram(
    "http_request_duration_seconds",
    "Time to the first byte of the answer.",
    ["route", "method"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def observe_request(route: str, method: str, status: int, seconds: float) -> None:
    """Count one answered request."""
    REQUESTS.labels(route, method, str(status)).inc()
    LATENCY.labels(route, method).observe(seconds)


def show_metrics(request: HttpRequest) -> HttpResponse:
    """Answer the scrape of a Prometheus that knows METRICS_TOKEN, or that is on this machine."""
    if not _may_read(request):
        return HttpResponse("not for you\n", status=403, content_type="text/plain")
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    rows = CollectorRegistry()
    rows.register(_Families(read_sources()))
    body = generate_latest(registry) + generate_latest(rows)
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST)


def read_sources() -> list[GaugeMetricFamily]:
    """Ask every source; one that fails is left out and counted in ``metrics_sources_failed``."""
    families: dict[str, GaugeMetricFamily] = {}
    failed = 0
    for source in SOURCES:
        try:
            samples = list(source())
        except (DatabaseError, redis.RedisError):
            logger.exception("metrics: %s failed", source.__name__)
            failed += 1
            continue
        for sample in samples:
            family = families.setdefault(
                sample.name, GaugeMetricFamily(sample.name, sample.help, labels=[*sample.labels])
            )
            family.add_metric([*sample.labels.values()], sample.value)
    families["metrics_sources_failed"] = GaugeMetricFamily(
        "metrics_sources_failed", "Sources of numbers that could not be read.", value=failed
    )
    return [*families.values()]


class _Families:
    def __init__(self, families: list[GaugeMetricFamily]) -> None:
        self.families = families

    def collect(self) -> list[GaugeMetricFamily]:
        return self.families


def _may_read(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode())
    # A proxy on this machine that TRUSTED_PROXIES does not name would make everyone local.
    is_forwarded = "HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META
    return not is_forwarded and request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1")
