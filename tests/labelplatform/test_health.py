import pytest
import requests
from django.db import connection

from labelplatform import embedded, health


@pytest.fixture(autouse=True)
def _forget_migrations(monkeypatch):
    monkeypatch.setattr(health, "_migrated_until", 0.0)


def test_healthz_asks_nothing_of_others(client):
    answer = client.get("/healthz", headers={"host": "10.1.2.3"})

    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_readyz_is_200_where_all_is_there(client, broker):
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"ready": True, "missing": {}})


@pytest.mark.django_db
def test_readyz_names_a_broker_that_is_down(client, broker):
    embedded.stop_redis(broker)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "missing": {"broker": "Redis does not answer (ConnectionError)"},
    }


@pytest.mark.django_db
def test_readyz_names_migrations_that_are_not_applied(client, broker):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions'")

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["missing"] == {"migrations": "1 not applied: sessions.0001_initial"}


@pytest.mark.django_db
def test_readyz_names_a_database_that_is_too_old(client, broker, monkeypatch):
    monkeypatch.setattr(health, "POSTGRES_MINIMUM", 990000)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["missing"]["database"].endswith("is too old: 15 or newer is needed")


@pytest.mark.slow
def test_a_process_without_database_lives_and_is_not_ready(programs, broker):
    programs.environment["DATABASE_URL"] = "postgresql://label@/label?host=/nowhere"
    url = programs.start_web()

    alive, ready = (requests.get(f"{url}/{page}", timeout=10) for page in ("healthz", "readyz"))

    assert (alive.status_code, ready.status_code) == (200, 503)
    assert ready.json()["missing"] == {"database": "PostgreSQL does not answer (OperationalError)"}
