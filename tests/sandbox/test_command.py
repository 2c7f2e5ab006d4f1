"""The process: one line when ready, one line where it cannot, a quick end, a store that stays."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest

from tests.sandbox.running import ROOT


def run_command(tmp_path, *options):
    return subprocess.run(
        [sys.executable, "-m", "sandbox", "--store", str(tmp_path / "other.sqlite3"), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_a_taken_port_is_one_clear_line(sandbox, tmp_path):
    port = str(urlsplit(sandbox.url).port)

    ended = run_command(tmp_path, "--port", port)

    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert f"127.0.0.1:{port}" in ended.stderr


def test_an_account_that_is_none_is_one_clear_line(tmp_path):
    ended = run_command(tmp_path, "--port", "0", "--token", "lab:token:much")

    assert ended.returncode == 1
    assert ended.stderr == "sandbox: --token: balance 'much' is no number\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_quickly(start_sandbox, number):
    sandbox = start_sandbox()
    began = time.monotonic()

    status = sandbox.end(number)

    assert status == 0
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_keeps_everything(start_sandbox, number):
    sandbox = start_sandbox()
    pool_id, user_id = sandbox.make_pool(), sandbox.make_performer()
    assignment_id = sandbox.press_start(pool_id, user_id)
    sandbox.configure(fee=0.5)
    body = {"pool_id": int(pool_id), "user_id": user_id, "reward": 0.25, "retry_id": "r"}
    first = sandbox.submit(body).json()
    before = sandbox.state()

    sandbox.end(number)
    sandbox.start()

    after = sandbox.state()
    volatile = ("requests", "faults")
    assert {name: one for name, one in after.items() if name not in volatile} == {
        name: one for name, one in before.items() if name not in volatile
    }
    assert sandbox.press_start(pool_id, user_id) == assignment_id
    assert sandbox.submit(body).json() == first
    assert [one["duplicate"] for one in sandbox.state()["submits"]] == [False, True]
