"""script/run: serves the product of this checkout, with a stand-in Toloka and a demo."""

import contextlib
import fcntl
import json
import os
import re
import shutil
import socket
import sys
import time
import urllib.error
import urllib.request
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from labelplatform import embedded
from labelplatform.env import read_local_secrets
from script import options
from script.processes import EndError, Supervisor
from script.stamps import digest_files, is_current, write_stamp
from script.terminal import ScriptError, complain, dye, say

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
LOGS = VAR / "log"
LOOK_AFTER_SERVICES_S = 2.0
LOG_LINE = re.compile(r"\d\d:\d\d:\d\d\.\d+ [A-Z]+ ")


def main(arguments: Sequence[str]) -> int:
    started = time.monotonic()
    chosen = options.parse_run(arguments)
    try:
        with _only_one(chosen):
            _serve(chosen, started)
    except (ScriptError, embedded.EmbeddedError) as error:
        complain(str(error))
        return 1
    except (EndError, KeyboardInterrupt):
        say("Ended.")
    return 0


def _serve(chosen: Namespace, started: float) -> None:
    for port, option in ((chosen.port, "--port"), (chosen.sandbox_port, "--sandbox-port")):
        _check_port(port, option)
    secrets = read_local_secrets(VAR / "secrets.env")
    environment = _environment(chosen, secrets)
    place = embedded.locate(ROOT)
    own = {
        "postgres": "DATABASE_URL" not in os.environ,
        "redis": "REDIS_URL" not in os.environ,
    }
    services = _Services(place, own)
    with (
        # Around the services: from here on a signal ends things in their order.
        Supervisor(LOGS, every=services.look_after) as supervisor,
        embedded.hold(place, **own),
    ):
        services.are_up = True
        try:
            _start_programs(chosen, supervisor, environment, secrets, started)
            while True:
                supervisor.watch(1)
        finally:
            supervisor.end_all()


def _start_programs(
    chosen: Namespace,
    supervisor: Supervisor,
    environment: Mapping[str, str],
    secrets: Mapping[str, str],
    started: float,
) -> None:
    python = sys.executable
    manage = [python, str(ROOT / "manage.py")]
    sandbox_url = f"http://localhost:{chosen.sandbox_port}"
    supervisor.start(
        "sandbox",
        [
            *(python, "-m", "sandbox", "--host", "127.0.0.1", "--port", str(chosen.sandbox_port)),
            *(
                "--store",
                str(VAR / "sandbox.sqlite3"),
                "--token",
                f"demo:{secrets['SANDBOX_TOKEN']}",
            ),
        ],
        environment,
    )
    _migrate(supervisor, manage, environment)
    _collect_static_files(supervisor, manage, environment)
    supervisor.start(
        "web",
        [
            *(python, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
            *("--port", str(chosen.port), "--workers", environment["WEB_PROCESSES"]),
            *("--blocking-threads", environment["WEB_THREADS"], "--log-level", "warning"),
            *("--workers-kill-timeout", "5", "labelplatform.wsgi:application"),
        ],
        environment,
    )
    celery = [python, "-m", "celery", "--app", "labelplatform", "--quiet"]
    supervisor.start(
        "worker",
        [*celery, "worker", "--without-gossip", "--without-mingle", "--loglevel", "INFO"],
        environment,
    )
    supervisor.start(
        "beat",
        [*celery, "beat", "--schedule", str(VAR / "beat-schedule"), "--loglevel", "WARNING"],
        environment,
    )
    demo: list[str] = []
    if chosen.demo:
        supervisor.wait_until(
            lambda: _listens(chosen.sandbox_port), timeout_s=30, what="the sandbox"
        )
        token = secrets["SANDBOX_TOKEN"]
        demo = supervisor.run(
            "demo",
            [*manage, "demo", "--toloka-url", sandbox_url, "--toloka-token", token],
            environment,
        )
    url = environment["PUBLIC_URL"]
    supervisor.wait_until(
        lambda: _is_ready(chosen.port) and _listens(chosen.sandbox_port),
        timeout_s=60,
        what="the product",
    )
    supervisor.restarts = True
    say(f"\n{dye('Ready', 32)} after {time.monotonic() - started:.1f} s.\n")
    for what, address in (
        ("Performers start in the sandbox", f"{sandbox_url}/"),
        ("Requesters", f"{url}/requester/"),
        ("Admin", f"{url}/admin/"),
        ("The sandbox's faults and state", f"{sandbox_url}/control"),
    ):
        say(f"  {what:32} {address}")
    if demo:
        say("\n" + "\n".join(f"  {line}" for line in demo if not LOG_LINE.match(line)))
    say(f"\nProblems are shown here; everything is in {LOGS}. Ctrl-C ends all of it.\n")


def _environment(chosen: Namespace, secrets: Mapping[str, str]) -> dict[str, str]:
    place = embedded.locate(ROOT)
    defaults = {
        "DATABASE_URL": place.database_url,
        "REDIS_URL": place.redis_url,
        "SECRET_KEY": secrets["SECRET_KEY"],
        "FIELD_KEYS": secrets["FIELD_KEYS"],
        "PUBLIC_URL": f"http://localhost:{chosen.port}",
        "LOG_FORMAT": "text",
        "WEB_PROCESSES": "2",
        "WEB_THREADS": "4",
    }
    counts = VAR / "metrics"  # of the last run's processes; theirs are no one's any more
    shutil.rmtree(counts, ignore_errors=True)
    counts.mkdir(parents=True)
    ours = {
        "DJANGO_SETTINGS_MODULE": "labelplatform.settings",
        "PROMETHEUS_MULTIPROC_DIR": str(counts),
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(ROOT),
    }
    return {**defaults, **os.environ, **ours}


def _migrate(supervisor: Supervisor, manage: Sequence[str], environment: Mapping[str, str]) -> None:
    migrations = sorted(ROOT.glob("*/migrations/*.py"))
    digest = digest_files([*migrations, ROOT / "requirements.txt"], environment["DATABASE_URL"])
    # With the data, so that it goes with the data.
    stamp = embedded.locate(ROOT).data / "migrated"
    if "DATABASE_URL" in os.environ or not is_current(stamp, digest):
        say("Bringing the database up to date")
        supervisor.run("migrate", [*manage, "migrate", "--verbosity", "1"], environment)
        write_stamp(stamp, digest)


def _collect_static_files(
    supervisor: Supervisor, manage: Sequence[str], environment: Mapping[str, str]
) -> None:
    sources = [ROOT / "static", ROOT / "requirements.txt", ROOT / "labelplatform" / "settings.py"]
    digest = digest_files(sources)
    stamp = ROOT / "staticfiles" / ".collected"
    if not is_current(stamp, digest):
        say("Collecting static files")
        command = [*manage, "collectstatic", "--no-input", "--clear", "--verbosity", "0"]
        supervisor.run("collectstatic", command, environment)
        write_stamp(stamp, digest)


class _Services:
    """Starts PostgreSQL and Redis again where one of them ended by itself."""

    def __init__(self, place: embedded.Place, own: Mapping[str, bool]) -> None:
        self.place = place
        self.own = own
        self.are_up = False
        self.looked_at = 0.0

    def look_after(self) -> None:
        if not self.are_up or time.monotonic() - self.looked_at < LOOK_AFTER_SERVICES_S:
            return
        self.looked_at = time.monotonic()
        for service in embedded.find_ended(self.place):
            if service == "PostgreSQL" and self.own["postgres"]:
                complain("PostgreSQL ended; starting it again")
                embedded.start_postgres(self.place)
            if service == "Redis" and self.own["redis"]:
                complain("Redis ended; starting it again")
                embedded.start_redis(self.place)


@contextlib.contextmanager
def _only_one(chosen: Namespace) -> Iterator[None]:
    """Have this checkout served by one command at a time."""
    VAR.mkdir(exist_ok=True)
    with (VAR / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            told = lock.read().strip() or "{}"
            other = json.loads(told)
            raise ScriptError(
                f"script/run is running here already: {other.get('address', 'it is starting')} "
                f"(pid {other.get('pid', 'unknown')})"
            ) from None
        lock.truncate(0)
        address = f"http://localhost:{chosen.port}/"
        lock.write(json.dumps({"address": address, "pid": os.getpid()}))
        lock.flush()
        yield


def _check_port(port: int, option: str) -> None:
    """Raise ScriptError where ``port`` can't be had.

    Programs of a command that was killed are about to end. Who listens there after three seconds
    is none of them; but connections that they leave behind keep a port bound for longer, and need
    not keep us from it: if they do, the program itself will say so.
    """
    began = time.monotonic()
    while not _can_bind(port, option):
        waited_s = time.monotonic() - began
        if waited_s > 3 and _listens(port):
            raise ScriptError(f"Port {port} is taken by another program: choose one with {option}")
        if waited_s > 12:
            return
        time.sleep(0.2)


def _can_bind(port: int, option: str) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise ScriptError(f"Port {port} is not for ordinary users: choose {option}") from error
        except OSError:
            return False
    return True


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
