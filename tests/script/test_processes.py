"""Programs beside each other: what becomes of them however things end."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from script.processes import EndError, Supervisor
from script.terminal import ScriptError
from tests.settings import ROOT

pytestmark = pytest.mark.slow

SLEEP = "import time; time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('stubborn', flush=True); time.sleep(60)"
)
WITH_CHILD = (
    "import subprocess, sys, time;"
    f"child = subprocess.Popen([sys.executable, '-c', {SLEEP!r}]);"
    "print('child', child.pid, flush=True); time.sleep(60)"
)
# A command like script/run: two programs, one with a child, until a signal comes.
COMMAND = f"""
import os, sys
from pathlib import Path
from script import processes
processes.ENDING_PATIENCE_S = 0.5
with processes.Supervisor(Path(sys.argv[1])) as supervisor:
    first = supervisor.start("first", [sys.executable, "-c", {WITH_CHILD!r}], os.environ)
    second = supervisor.start("second", [sys.executable, "-c", {STUBBORN!r}], os.environ)
    while not (first.tail and second.tail):
        supervisor.watch(0.05)
    supervisor.restarts = True
    print(first.process.pid, first.tail[0].split()[1], second.process.pid, flush=True)
    try:
        while True:
            supervisor.watch(1)
    except processes.EndError:
        print("ended", flush=True)
"""


def run_python(code):
    return [sys.executable, "-c", code]


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until(condition, timeout_s=10):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def supervisor(tmp_path):
    with Supervisor(tmp_path) as started:
        yield started


@pytest.fixture
def command(tmp_path):
    """A running command and the pids of what it has started."""
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        pids = [int(word) for word in process.stdout.readline().split()]
        yield process, pids
        process.kill()
        for pid in pids:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_even_what_will_not(command, number):
    process, pids = command

    process.send_signal(number)
    process.wait(10)

    assert [pid for pid in pids if is_alive(pid)] == []
    assert "second did not end by itself and was killed" in process.stdout.read()


def test_what_a_killed_command_started_ends_too(command):
    process, pids = command

    process.kill()
    process.wait(10)

    # The stubborn one alone outlives a polite word from the kernel.
    wait_until(lambda: not is_alive(pids[0]))
    assert is_alive(pids[2])


def test_what_a_program_says_is_in_its_log(supervisor, tmp_path):
    lines = supervisor.run("step", run_python("print('one'); print('two')"), os.environ)

    assert lines == ["one", "two"]
    log = (tmp_path / "step.log").read_text()
    assert re.sub(r"(?<=--- started ).*", "…", log) == "--- started …\none\ntwo\n"


def test_problems_are_shown_and_the_rest_is_not(supervisor, capfd):
    lines = "10:00:00.000 INFO a: fine\n10:00:00.001 WARNING b: Redis does not answer\n"

    supervisor.run("step", run_python(f"print({lines!r})"), os.environ)

    assert capfd.readouterr().out == "    step  10:00:00.001 WARNING b: Redis does not answer\n"


def test_a_step_that_fails_is_told_with_its_last_lines(supervisor, tmp_path):
    with pytest.raises(ScriptError) as raised:
        supervisor.run("step", run_python("print('why'); raise SystemExit(3)"), os.environ)

    assert str(raised.value).splitlines() == [
        "step ended (exit code 3); its last lines:",
        "    why",
        f"    (all in {tmp_path / 'step.log'})",
    ]


def test_a_program_that_ends_while_others_start_is_an_error(supervisor):
    supervisor.start("first", run_python("print('no port')"), os.environ)

    with pytest.raises(ScriptError, match=r"(?s)first ended \(exit code 0\).*no port"):
        supervisor.wait_until(lambda: False, timeout_s=10, what="the product")


def test_a_program_that_ends_later_is_started_again_and_told(supervisor, capfd):
    supervisor.restarts = True
    program = supervisor.start("first", run_python(WITH_CHILD), os.environ)
    wait_until(lambda: supervisor.watch(0.05) or program.tail)
    first, child = program.process.pid, int(program.tail[0].split()[1])

    os.kill(first, signal.SIGKILL)
    wait_until(lambda: supervisor.watch(0.05) or program.process.pid != first)

    assert "first was ended by signal 9; its last lines:" in capfd.readouterr().err
    wait_until(lambda: not is_alive(child))


def test_a_program_that_cannot_stay_up_ends_everything(supervisor):
    supervisor.restarts = True
    supervisor.start("first", run_python("pass"), os.environ)

    with pytest.raises(ScriptError, match="first ended 4 times within a minute: giving up"):
        supervisor.watch(20)


def test_a_signal_is_noticed_while_a_step_runs(supervisor):
    stop_us = f"import os, time; os.kill({os.getpid()}, 15); time.sleep(60)"

    with pytest.raises(EndError):
        supervisor.run("step", run_python(stop_us), os.environ)


def test_a_program_that_cannot_be_run_is_one_line(supervisor):
    with pytest.raises(ScriptError, match="cannot run /nowhere: No such file or directory"):
        supervisor.start("first", ["/nowhere"], os.environ)


def test_too_large_a_log_is_put_aside(supervisor, tmp_path, monkeypatch):
    monkeypatch.setattr("script.processes.LOG_LIMIT", 10)
    (tmp_path / "step.log").write_text("what was said before\n")

    supervisor.run("step", run_python("print('new')"), os.environ)

    assert (tmp_path / "step.log.1").read_text() == "what was said before\n"
    assert "before" not in (tmp_path / "step.log").read_text()
