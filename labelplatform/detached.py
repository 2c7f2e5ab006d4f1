"""Programs that outlive whoever starts them and, for root, belong to a user without rights.

Standard library only. PostgreSQL refuses to run as root; what runs as another user needs folders
of its own and cannot be reached by what is only ours.
"""

import contextlib
import fcntl
import os
import pwd
import signal
import stat
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

# The program belongs to no one who waits for it, so that neither Ctrl-C nor the end of its starter
# reaches it; the shell tells its pid and goes.
DETACHED = 'exec 3>&1 >&2; "$@" </dev/null 3>&- & echo $! >&3'


class EmbeddedError(Exception):
    """An embedded service cannot be used; the message is one line for the person who started it."""


def find_service_user() -> pwd.struct_passwd | None:
    """Return whom the servers run as, None for ourselves: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for user in sorted(pwd.getpwall(), key=lambda user: (user.pw_name != "nobody", user.pw_uid)):
        if user.pw_uid != 0:
            return user
    raise EmbeddedError("PostgreSQL does not run as root, and this machine has no other user")


def make_folder(path: Path, mode: int, *, served: bool = False) -> None:
    """Make a folder that nobody else can have prepared; ``served`` gives it to the servers."""
    user = find_service_user() if served else None
    owner = user.pw_uid if user else os.geteuid()
    try:
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
            if user:
                os.chown(path, user.pw_uid, user.pw_gid)
            path.chmod(mode)
        found = path.lstat()
    except OSError as error:
        raise EmbeddedError(f"cannot make the folder {path}: {error.strerror}") from error
    if found.st_uid == os.geteuid() != owner and not any(path.iterdir()):
        os.chown(path, owner, -1)  # a start was killed between the two steps above
    elif not stat.S_ISDIR(found.st_mode) or found.st_uid != owner:
        raise EmbeddedError(f"{path} belongs to someone else; remove it and start again")


def _popen(command: Sequence[str], **options: object) -> "subprocess.Popen[str]":
    user = find_service_user()
    if user:
        options |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    try:
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]  # options vary
            command, cwd="/", env=environment, text=True, umask=0o077, **options
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedError(f"cannot run {command[0]}: {error}") from error


def run(command: Sequence[str], *, given: str = "") -> None:
    """Run a program to its end, ``given`` on its input. Raises EmbeddedError with its last line."""
    with _popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # out of Ctrl-C's reach: its caller decides what that means
    ) as process:
        output, _ = process.communicate(given)
    if process.returncode:
        lines = [line for line in output.split("\n") if line.strip()] or ["no message"]
        raise EmbeddedError(f"{Path(command[0]).name} failed: {lines[-1]}")


def launch(command: Sequence[str], log_path: Path) -> int:
    """Start a program that outlives us, its output added to ``log_path``; return its pid."""
    with (
        log_path.open("ab") as log,
        _popen(
            ["/bin/sh", "-c", DETACHED, "sh", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        ) as shell,
    ):
        output, _ = shell.communicate()
    return int(output)


def find_running(text: str, argument: str) -> int | None:
    """Return the pid in ``text`` where it is a server of ours, not a number given out again."""
    if not text.isdecimal() or not is_alive(int(text)):
        return None
    try:
        command = Path(f"/proc/{text}/cmdline").read_bytes()
    except OSError:
        listed = subprocess.run(
            ["/bin/ps", "-o", "command=", "-p", text], capture_output=True, check=False
        )
        command = listed.stdout
    return int(text) if os.fsencode(argument) in command else None


def is_alive(pid: int) -> bool:
    """Tell whether a process runs: not one that has ended and waits to be buried."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return state != "Z"  # ended; only nobody has asked for its exit code yet


def end(pid: int | None, steps: Sequence[tuple[signal.Signals, float]]) -> None:
    """Send signals, each followed by so many seconds of patience, until the process has ended."""
    if pid is None:
        return
    for signal_number, patience_s in steps:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal_number)
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if not is_alive(pid):
                return
            time.sleep(0.02)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file while the block runs; others wait."""
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def read(path: Path) -> str:
    """Return what is in a file, nothing where it cannot be read."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def find_problem(log: Path) -> str:
    """Return the line of a log that most probably says why a program did not start."""
    lines = [line for line in read(log).split("\n") if line.strip()]
    problems = [line for line in lines if "FATAL" in line or "rror" in line or "Fatal" in line]
    return (problems or lines or ["no message"])[-1].strip()[:300]
