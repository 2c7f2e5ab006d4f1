"""Real programs for tests that need them: started, awaited, and killed when the test is over."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.settings import ROOT


class Programs:
    """Starts programs whose output goes to files in ``folder``; :meth:`end` ends them all."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = dict(environment)
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(
        self,
        *command: str,
        is_ready: Callable[[], bool] = lambda: True,
        timeout_s: float = 30,
        **variables: str,
    ) -> "subprocess.Popen[bytes]":
        """Start ``python <command>`` and wait until it is ready.

        The process leads a group of its own: ``os.killpg(process.pid, …)`` reaches its children.
        """
        log = self.folder / f"{len(self.processes)}-{Path(command[-1]).name[:40]}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=self.environment | variables,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)
        deadline = time.monotonic() + timeout_s
        while not is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{command} is not ready:\n{log.read_text()[-3000:]}")
            time.sleep(0.05)
        return process

    def start_web(self, port: int | None = None, *, processes: int = 1) -> str:
        """Start the product's web processes and return their address."""
        port = port or find_free_port()
        url = f"http://localhost:{port}"
        self.environment["PUBLIC_URL"] = url
        self.start(
            *("-m", "granian", "--interface", "wsgi", "--port", str(port)),
            *("--workers", str(processes), "--blocking-threads", "4", "--log-level", "warning"),
            "labelplatform.wsgi:application",
            is_ready=lambda: is_listening(port),
        )
        return url

    def start_worker(self) -> "subprocess.Popen[bytes]":
        """Start a Celery worker with one process beside its own; ready a moment later."""
        return self.start(
            *("-m", "celery", "--app", "labelplatform", "--quiet", "worker", "--concurrency", "1"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO"),
        )

    def end(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
