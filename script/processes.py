"""Running programs beside each other, and ending every one of them.

One thread watches all: it writes what they say to var/log, shows problems at the terminal, and
starts again what ended by itself. Each program leads a process group of its own, so that Ctrl-C
reaches us alone and nothing that a program has started is left behind.
"""

import contextlib
import ctypes
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from script.terminal import ScriptError, complain, dye, say

PROBLEM = re.compile(r"\b(WARNING|ERROR|CRITICAL)\b|\[error\]|^Traceback ", re.IGNORECASE)
ENDING_PATIENCE_S = 10.0
RESTARTS, RESTARTS_WITHIN_S = 3, 60.0
LOG_LIMIT = 20 * 1024 * 1024
PR_SET_PDEATHSIG = 1
COLOURS = (36, 35, 34, 33, 32)


class EndError(Exception):
    """Someone wants everything to end: Ctrl-C, a signal, a closed terminal."""


@dataclass
class Program:
    """A program that runs until we end it."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    tail: "deque[str]" = field(default_factory=lambda: deque(maxlen=15))
    ends: list[float] = field(default_factory=list)
    unfinished: bytes = b""
    is_step: bool = False  # ends by itself


class Supervisor:
    """Starts programs, watches them and ends them; use it as a context manager."""

    def __init__(self, folder: Path, *, every: Callable[[], None] = lambda: None) -> None:
        """``every`` is called now and then while programs are watched."""
        self._folder = folder
        self._every = every
        self._programs: list[Program] = []
        self.restarts = False  # until all are up, a program that ends is an error
        self._selector = selectors.DefaultSelector()
        self._signals: list[int] = []
        self._handlers: dict[int, object] = {}

    def __enter__(self) -> "Supervisor":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Whoever starts us with nohup wants SIGHUP ignored.
            if signal.getsignal(number) is not signal.SIG_IGN or number != signal.SIGHUP:
                self._handlers[number] = signal.signal(number, self._note_signal)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.end_all()
        finally:
            self._selector.close()
            for number, handler in self._handlers.items():
                signal.signal(number, handler)  # type: ignore[arg-type]  # as signal gave it

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Program:
        """Start a program that shall run until the end."""
        program = Program(name, command, environment, self._folder / f"{name}.log")
        self._launch(program)
        self._programs.append(program)
        return program

    def run(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        """Run a program to its end and return the last lines it wrote.

        Raises ScriptError where it fails, EndError where we shall end.
        """
        program = Program(name, command, environment, self._folder / f"{name}.log", is_step=True)
        program.tail = deque(maxlen=200)
        self._launch(program)
        self._programs.append(program)
        while program.process and program.process.poll() is None:
            self.watch(0.05)
        self._drain(program)
        self._programs.remove(program)
        if program.process and program.process.returncode:
            raise ScriptError(self._describe_end(program))
        return [*program.tail]

    def watch(self, seconds: float) -> None:
        """Look after the programs for a while. Raises EndError, ScriptError."""
        deadline = time.monotonic() + seconds
        while True:
            if self._signals:
                raise EndError
            for key, _ in self._selector.select(max(0, min(0.2, deadline - time.monotonic()))):
                self._read(key.data)
            for program in self._programs:
                if not program.is_step and program.process and program.process.poll() is not None:
                    self._restart(program)
            self._every()
            if time.monotonic() >= deadline:
                return

    def wait_until(self, is_ready: Callable[[], bool], *, timeout_s: float, what: str) -> None:
        """Wait for ``is_ready``. Raises ScriptError where it takes too long, or as ``watch``."""
        deadline = time.monotonic() + timeout_s
        while not is_ready():
            self.watch(0.05)
            if time.monotonic() > deadline:
                raise ScriptError(
                    f"{what} is not ready after {timeout_s:.0f} s; see {self._folder}"
                )

    def end_all(self) -> None:
        """End every program: politely, then, after some seconds or another Ctrl-C, for good."""
        running = [program for program in self._programs if program.process]
        self._programs = []
        for program in running:
            _signal(program, signal.SIGTERM)
        deadline = time.monotonic() + ENDING_PATIENCE_S
        interrupts = self._signals.count(signal.SIGINT)
        while any(program.process and program.process.poll() is None for program in running):
            for key, _ in self._selector.select(0.05):
                self._read(key.data)
            if time.monotonic() > deadline or self._signals.count(signal.SIGINT) > interrupts:
                break
        for program in running:
            late = program.process and program.process.poll() is None
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(program.process.pid, signal.SIGKILL)  # type: ignore[union-attr]
            if late and program.process:
                complain(f"{program.name} did not end by itself and was killed")
                program.process.wait()
            self._drain(program)

    def _launch(self, program: Program) -> None:
        _begin_log(program.log)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if program.process:  # what its last life may have left
                os.killpg(program.process.pid, signal.SIGKILL)
        try:
            program.process = subprocess.Popen(
                program.command,
                env=dict(program.environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent(),  # this process has one thread
            )
        except OSError as error:
            raise ScriptError(f"cannot run {program.command[0]}: {error.strerror}") from error
        assert program.process.stdout is not None  # noqa: S101  # a pipe was asked for
        os.set_blocking(program.process.stdout.fileno(), False)
        self._selector.register(program.process.stdout, selectors.EVENT_READ, program)

    def _read(self, program: Program) -> bool:
        """Take in what a program wrote; False where there is nothing more."""
        pipe = program.process.stdout if program.process else None
        if pipe is None or pipe.closed:
            return False
        try:
            chunk = os.read(pipe.fileno(), 65536)
        except BlockingIOError:
            return False
        with program.log.open("ab") as log:
            log.write(chunk)
        *lines, program.unfinished = (program.unfinished + chunk).split(b"\n")
        for line in lines:
            self._show(program, line.decode(errors="replace").rstrip())
        if not chunk:
            self._selector.unregister(pipe)
            pipe.close()
        return bool(chunk)

    def _drain(self, program: Program) -> None:
        while self._read(program):
            pass
        pipe = program.process.stdout if program.process else None
        if pipe and not pipe.closed:  # a grandchild holds the other end
            self._selector.unregister(pipe)
            pipe.close()

    def _show(self, program: Program, line: str) -> None:
        if line:
            program.tail.append(line)
        if PROBLEM.search(line):
            colour = COLOURS[sum(program.name.encode()) % len(COLOURS)]
            say(f"{dye(f'{program.name:>8}', colour)}  {line[:400]}")

    def _restart(self, program: Program) -> None:
        self._drain(program)
        if not self.restarts:
            raise ScriptError(self._describe_end(program))
        complain(self._describe_end(program))
        now = time.monotonic()
        program.ends = [end for end in program.ends if now - end < RESTARTS_WITHIN_S] + [now]
        if len(program.ends) > RESTARTS:
            raise ScriptError(
                f"{program.name} ended {len(program.ends)} times within a minute: giving up"
            )
        complain(f"{program.name}: starting it again")
        program.tail.clear()
        self._launch(program)

    def _describe_end(self, program: Program) -> str:
        code = program.process.returncode if program.process else None
        how = f"was ended by signal {-code}" if code and code < 0 else f"ended (exit code {code})"
        lines = "".join(f"\n    {line}" for line in [*program.tail][-10:])
        return (
            f"{program.name} {how}; its last lines:{lines or ' none'}\n    (all in {program.log})"
        )

    def _note_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals.append(number)


def _signal(program: Program, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        if program.process and program.process.poll() is None:
            program.process.send_signal(number)


def _end_with_parent() -> Callable[[], None] | None:
    """Return what makes a child end when we are killed and cannot end it (Linux)."""
    if not sys.platform.startswith("linux"):
        return None
    libc, parent = ctypes.CDLL(None), os.getpid()

    def ask_kernel() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel


def _begin_log(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
    log.touch(mode=0o600)  # the demo's passwords are in one of them
    with log.open("a") as file:
        file.write(f"--- started {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC\n")
