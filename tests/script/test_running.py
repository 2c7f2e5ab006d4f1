"""script/run in a checkout of its own: it starts, is found running, is killed, and ends."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from labelplatform import embedded
from tests.programs import find_free_port, is_listening
from tests.settings import ROOT

pytestmark = pytest.mark.slow

PARTS = (
    *("labelplatform", "integration", "labeling", "sandbox", "script", "templates", "locale"),
    *("static", "manage.py", "requirements.txt", "requirements-local.txt"),
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "another checkout"
    folder.mkdir()
    for name in PARTS:
        source = ROOT / name
        ignored = shutil.ignore_patterns("__pycache__")
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignored)
        elif source.exists():
            shutil.copy(source, folder)
    yield folder
    place = embedded.locate(folder)
    embedded.stop(place)
    shutil.rmtree(place.base, ignore_errors=True)


class Command:
    """script/run as a person starts it, without the demo."""

    def __init__(self, checkout):
        self.checkout = checkout
        self.port, self.sandbox_port = find_free_port(), find_free_port()
        self.process = None

    def start(self, **variables):
        unset = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_KEYS", "TEST_RUN", "MEDIA_ROOT")
        environment = {name: value for name, value in os.environ.items() if name not in unset}
        environment |= {"DJANGO_SETTINGS_MODULE": "", **variables}
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "script.running", "--no-demo"),
                *("--port", str(self.port), "--sandbox-port", str(self.sandbox_port)),
            ],
            cwd=self.checkout,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def read_until(self, word):
        lines = []
        for line in self.process.stdout:
            lines.append(line.rstrip())
            if word in line:
                return lines
        raise AssertionError("\n".join(lines))

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        said = self.process.communicate(timeout=40)[0]
        return self.process.returncode, said.strip().splitlines()

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://localhost:{self.port}/readyz") as answer:
                return answer.status == 200
        except OSError:
            return False


@pytest.fixture
def command(checkout):
    made = Command(checkout)
    yield made
    if made.process:
        with contextlib.suppress(ProcessLookupError):
            made.process.kill()
        made.process.communicate()


def wait_until(condition, timeout_s=20):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def test_it_serves_and_ctrl_c_ends_all_of_it(command, checkout):
    command.start()
    command.read_until("Ctrl-C")
    ready = command.is_ready()

    code, lines = command.end()

    assert ready
    assert (code, lines) == (0, ["Ended."])
    assert not is_listening(command.port)
    assert not is_listening(command.sandbox_port)
    assert embedded.find_ended(embedded.locate(checkout)) == ["PostgreSQL", "Redis"]


def test_a_second_one_says_where_the_first_is(command, checkout):
    command.start()
    command.read_until("Ctrl-C")

    second = Command(checkout)
    second.start()
    said = second.process.communicate(timeout=20)[0]

    assert second.process.returncode == 1
    assert said == (
        f"script/run is running here already: http://localhost:{command.port}/ "
        f"(pid {command.process.pid})\n"
    )
    assert command.is_ready()
    assert command.end(signal.SIGHUP)[0] == 0


def test_after_a_kill_the_next_start_takes_over(command, checkout):
    command.start()
    command.read_until("Ctrl-C")
    place = embedded.locate(checkout)
    server = embedded.find_postgres(place)

    command.process.kill()
    command.process.communicate()
    wait_until(lambda: not is_listening(command.port) and not is_listening(command.sandbox_port))
    adopted = embedded.find_postgres(place)
    command.start()
    command.read_until("Ctrl-C")

    assert adopted == server == embedded.find_postgres(place)
    assert command.is_ready()
    assert command.end(signal.SIGTERM)[0] == 0
    assert embedded.find_ended(place) == ["PostgreSQL", "Redis"]


def test_servers_and_programs_that_are_killed_come_back(command, checkout):
    command.start()
    command.read_until("Ctrl-C")
    place = embedded.locate(checkout)

    for pid in (embedded.find_postgres(place), embedded.find_redis(place)):
        os.kill(pid, signal.SIGKILL)
    command.read_until("Redis ended; starting it again")
    os.kill(find_listener(command.port), signal.SIGKILL)
    command.read_until("web: starting it again")

    wait_until(command.is_ready)
    assert command.end()[0] == 0


def find_listener(port):
    """Return the pid of the web program: the parent of the processes that listen."""
    for line in subprocess.run(
        ["/bin/ps", "-ww", "-eo", "pid,args"], capture_output=True, text=True, check=True
    ).stdout.splitlines():
        if "granian" in line and f"--port {port} " in line:
            return int(line.split()[0])
    raise AssertionError(f"no granian for port {port}")


def test_a_taken_port_gets_one_line(command):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", command.port))
        taken.listen()
        command.start()
        said = command.process.communicate(timeout=20)[0]

    assert command.process.returncode == 1
    assert said == f"Port {command.port} is taken by another program: choose one with --port\n"


def test_a_wrong_setting_ends_it_with_the_setting_named(command):
    command.start(LOG_FORMAT="xml")
    said = command.process.communicate(timeout=60)[0]

    assert command.process.returncode == 1
    assert "LOG_FORMAT is 'xml': expected one of json, text" in said
    assert "Traceback" not in said
