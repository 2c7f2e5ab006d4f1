import os
import re

import pytest
import requests
from django.db import DatabaseError, connection

from labelplatform import embedded, gauges, metrics

TOKEN = "a-token-of-some-length"


@pytest.fixture(autouse=True)
def _no_sources(monkeypatch):
    monkeypatch.setattr(metrics, "SOURCES", [])


def read(client, **headers):
    text = client.get("/metrics", headers=headers).content.decode()
    return dict(line.rsplit(" ", 1) for line in text.splitlines() if line and line[0] != "#")


def test_requests_are_counted_by_route_and_not_by_address(client):
    name = 'http_requests_total{method="GET",route="unknown",status="404"}'
    before = float(read(client).get(name, 0))

    client.get("/no/such/page/1")
    client.get("/no/such/page/2")

    numbers = read(client)
    assert float(numbers[name]) - before == 2
    assert not [name for name in numbers if "such" in name]


def test_what_sources_say_is_shown(client, monkeypatch):
    def count_payments():
        yield gauges.Sample("payments", "Payments by state.", 3, {"state": "due"})
        yield gauges.Sample("payments", "Payments by state.", 1, {"state": "parked"})

    monkeypatch.setattr(metrics, "SOURCES", [count_payments])

    numbers = read(client)

    assert numbers['payments{state="due"}'] == "3.0"
    assert numbers['payments{state="parked"}'] == "1.0"
    assert numbers["metrics_sources_failed"] == "0.0"


@pytest.mark.django_db
def test_a_source_that_fails_hides_no_other(client, monkeypatch):
    def fail():
        raise DatabaseError("gone")
        yield

    def count():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 7")
            yield gauges.Sample("seven", "Seven.", cursor.fetchone()[0])

    monkeypatch.setattr(metrics, "SOURCES", [fail, count])

    numbers = read(client)

    assert (numbers["seven"], numbers["metrics_sources_failed"]) == ("7.0", "1.0")


def test_waiting_jobs_are_counted_and_their_absence_is_told(client, broker, monkeypatch):
    monkeypatch.setattr(metrics, "SOURCES", [gauges.count_waiting_jobs])

    with_broker = read(client)
    embedded.stop_redis(broker)
    without = read(client)

    assert (with_broker["jobs_waiting"], with_broker["metrics_sources_failed"]) == ("0.0", "0.0")
    assert ("jobs_waiting" in without, without["metrics_sources_failed"]) == (False, "1.0")


@pytest.mark.parametrize(
    ("token", "request_facts", "status"),
    [
        ("", {}, 200),
        ("", {"REMOTE_ADDR": "192.0.2.1"}, 403),
        ("", {"HTTP_X_FORWARDED_FOR": "192.0.2.1"}, 403),  # a proxy on this machine
        (TOKEN, {}, 403),
        (TOKEN, {"HTTP_AUTHORIZATION": "Bearer another"}, 403),
        (TOKEN, {"REMOTE_ADDR": "192.0.2.1", "HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}, 200),
    ],
)
def test_who_may_read_them(client, settings, token, request_facts, status):
    settings.METRICS_TOKEN = token

    assert client.get("/metrics", **request_facts).status_code == status


@pytest.mark.slow
def test_any_of_several_processes_answers_for_all(programs, tmp_path):
    counts = tmp_path / "counts"
    counts.mkdir()
    programs.environment["PROMETHEUS_MULTIPROC_DIR"] = str(counts)
    url = programs.start_web(processes=2)

    for _ in range(20):
        requests.get(f"{url}/admin/login/", timeout=10)
    text = requests.get(f"{url}/metrics", timeout=10).text

    found = re.findall(r'^http_requests_total\{.*route="admin/login/".*\} (\S+)$', text, re.M)
    processes = {name.rpartition("_")[2] for name in os.listdir(counts)}
    assert [float(number) for number in found] == [20]
    assert len(processes) == 2
