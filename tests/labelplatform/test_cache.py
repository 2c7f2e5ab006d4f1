"""Without Redis, and with one that hangs, nothing fails and nothing waits for long."""

import os
import signal
import time

import pytest
from django.core.cache import cache
from kombu.exceptions import OperationalError

from labelplatform import embedded
from labelplatform.celery import app


@app.task(name="tests.nudge")
def nudge() -> None:
    """Never run: only published."""


@pytest.fixture(params=["stopped", "hanging"])
def redis_is_away(request, broker):
    cache.set("kept", 1)  # a connection is open
    nudge.delay()
    if request.param == "stopped":
        embedded.stop_redis(broker)
        yield request.param
    else:
        pid = embedded.find_redis(broker)
        os.kill(pid, signal.SIGSTOP)
        yield request.param
        os.kill(pid, signal.SIGCONT)


def test_with_redis_it_is_a_cache(broker):
    cache.set("a", 1, timeout=60)
    cache.add("a", 5)
    cache.add("n", 0)

    assert [cache.get("a"), cache.incr("n", 2), cache.get("none", "default")] == [
        *(1, 2, "default"),
    ]
    assert cache.delete("a") is True
    assert cache.get("a") is None


def test_without_redis_it_knows_nothing_and_stops_no_one(redis_is_away):
    assert cache.get("kept", "default") == "default"
    assert cache.add("n", 0) is True
    assert cache.incr("n") == 1
    assert cache.get_many(["kept"]) == {}
    cache.set("kept", 2)
    cache.delete("kept")


def test_a_job_is_given_up_at_once(redis_is_away):
    started = time.monotonic()

    with pytest.raises(OperationalError):
        nudge.delay()

    assert time.monotonic() - started < 0.7  # the limit is 0.2; this machine may be busy


def test_a_job_is_published_again_after_redis_is_back(broker):
    embedded.stop_redis(broker)
    with pytest.raises(OperationalError):
        nudge.delay()
    embedded.start_redis(broker)

    nudge.delay()

    with app.connection_for_read() as connection:
        assert connection.default_channel.client.llen("celery") == 1
