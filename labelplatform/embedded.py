"""PostgreSQL and Redis from wheels, for an installation without servers of its own.

Standard library only, so that the scripts can use it before Django is configured. The binaries
lie in the virtual environment; data, sockets and locks lie in a :class:`Place`. Servers outlive
the process that started them: whoever comes next adopts them, and the last one stops them.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from labelplatform import detached, wheels
from labelplatform.detached import EmbeddedError as EmbeddedError

DATABASE = "label"
POSTGRES_PORT = 5432  # only names the socket's file: no port is opened
START_TIMEOUT_S = 180.0  # recovery after a crash may replay a gigabyte of log
# How to ask a server to end, and how many seconds to wait for it.
STOP_POSTGRES = ((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
STOP_REDIS = ((signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0))


@dataclass(frozen=True)
class Place:
    """Where the services of one checkout and one use (``run``, ``tests``) keep what is theirs."""

    variant: str
    base: Path  # in the temporary folder: short, since a socket's path has at most 107 bytes
    data: Path  # the database; for root below ``base``, else in the checkout
    logs: Path

    @property
    def sockets(self) -> Path:
        return self.base / self.variant / "s"

    @property
    def postgres_data(self) -> Path:
        return self.data / f"postgres-{wheels.POSTGRES_MAJOR}"

    @property
    def redis_socket(self) -> Path:
        return self.sockets / "redis"

    @property
    def database_url(self) -> str:
        return f"postgresql://{DATABASE}@/{DATABASE}?host={quote(str(self.sockets), safe='/')}"

    @property
    def redis_url(self) -> str:
        return f"unix://{self.redis_socket}"

    def log_of(self, service: str) -> Path:
        return self.logs / f"{service}-{self.variant}.log"


def locate(root: Path, variant: str = "run") -> Place:
    """Tell where the services of the checkout at ``root`` are, without touching anything."""
    uid = os.geteuid()
    checkout = root.resolve()
    digest = hashlib.sha256(os.fsencode(checkout)).hexdigest()[:12]
    # Not TMPDIR where that can be helped: two shells that set it differently must meet.
    temporary = "/tmp" if os.access("/tmp", os.W_OK) else tempfile.gettempdir()  # noqa: S108
    base = Path(temporary) / f"labelplatform-{uid}-{digest}"
    data = base / variant if uid == 0 else checkout / "var" / "embedded" / variant
    return Place(variant, base=base, data=data, logs=checkout / "var" / "log")


def start(place: Place, *, durable: bool = True, postgres: bool = True, redis: bool = True) -> None:
    """Start the services asked for, or adopt them where they run already.

    ``durable=False`` gives up what a crash of the machine would need; for tests. Raises
    EmbeddedError.
    """
    if postgres:
        start_postgres(place, durable=durable)
    if redis:
        start_redis(place)


def find_ended(place: Place) -> list[str]:
    """Name the services of the place that do not run; a look at two files and two processes."""
    pids = {"PostgreSQL": find_postgres(place), "Redis": find_redis(place)}
    return [service for service, pid in pids.items() if pid is None]


def stop(place: Place) -> None:
    """Stop both services; one that does not run is no error."""
    stop_redis(place)
    stop_postgres(place)


@contextlib.contextmanager
def hold(
    place: Place, *, durable: bool = True, postgres: bool = True, redis: bool = True
) -> Iterator[None]:
    """Have the services while the block runs; the last of several holders stops them."""
    _make_folders(place)
    with (place.base / place.variant / "holders").open("a") as holders:
        fcntl.flock(holders, fcntl.LOCK_SH)
        try:
            start(place, durable=durable, postgres=postgres, redis=redis)
            yield
        finally:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(holders, fcntl.LOCK_EX | fcntl.LOCK_NB)
                stop(place)


# --- PostgreSQL


def start_postgres(place: Place, *, durable: bool = True) -> None:
    """Start the database server, or adopt it; on return it answers. Raises EmbeddedError."""
    _make_folders(place)
    with _lock(place, "postgres"):
        pid = find_postgres(place)
        if pid is None:
            binaries = wheels.find_binaries(place.base) / wheels.POSTGRES_BINARIES
            if not place.postgres_data.exists():
                _create_cluster(place, binaries)
            # The server itself would take a killed one that nobody has buried for a living one.
            (place.postgres_data / "postmaster.pid").unlink(missing_ok=True)
            (place.sockets / f".s.PGSQL.{POSTGRES_PORT}.lock").unlink(missing_ok=True)
            _launch_postgres(place, binaries, durable=durable)
        else:
            _await_postgres(place, pid)


def stop_postgres(place: Place) -> None:
    """Stop the database server by a fast shutdown, and harder where it does not follow."""
    if place.postgres_data.exists():
        _make_folders(place)
        with _lock(place, "postgres"):
            detached.end(find_postgres(place), STOP_POSTGRES)


def _create_cluster(place: Place, binaries: Path) -> None:
    # Made under another name: an initdb that was killed leaves nothing that looks complete.
    unfinished = place.postgres_data.with_suffix(".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    detached.make_folder(unfinished, 0o700, served=True)
    detached.run(
        [
            str(binaries / "initdb"),
            f"--pgdata={unfinished}",
            f"--username={DATABASE}",
            "--auth=trust",  # whoever reaches the socket's folder owns the data anyway
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ],
    )
    detached.run(
        [str(binaries / "postgres"), "--single", "-D", str(unfinished), "postgres"],
        given=f"CREATE DATABASE {DATABASE};\n",
    )
    unfinished.rename(place.postgres_data)


def _launch_postgres(place: Place, binaries: Path, *, durable: bool) -> None:
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(place.sockets),
        "unix_socket_permissions": "0700",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "jit": "off",
        "shared_buffers": "128MB",
    }
    if not durable:
        options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    command = [str(binaries / "postgres"), "-D", str(place.postgres_data)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    log = place.log_of("postgres")
    deadline = time.monotonic() + 15
    while True:
        try:
            _await_postgres(place, detached.launch(command, log))
            return
        except EmbeddedError as error:
            # After a kill -9 of the server its children need a moment to see it and go.
            if "shared memory block" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.3)


def _await_postgres(place: Place, pid: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        lines = detached.read(place.postgres_data / "postmaster.pid").split("\n")
        if len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready":
            return
        if not detached.is_alive(pid):
            problem = detached.find_problem(place.log_of("postgres"))
            raise EmbeddedError(f"PostgreSQL did not start: {problem}")
        time.sleep(0.02)
    raise EmbeddedError(
        f"PostgreSQL (pid {pid}) is not ready after {START_TIMEOUT_S:.0f} s; "
        f"see {place.log_of('postgres')}"
    )


def find_postgres(place: Place) -> int | None:
    """Return the server's pid, None where it does not run."""
    first_line = detached.read(place.postgres_data / "postmaster.pid").split("\n", 1)[0].strip()
    return detached.find_running(first_line, str(place.postgres_data))


# --- Redis


def start_redis(place: Place) -> None:
    """Start Redis, or adopt it where it answers; it keeps nothing on disk. Raises EmbeddedError."""
    _make_folders(place)
    with _lock(place, "redis"):
        if _redis_answers(place):
            return
        # One that runs and does not answer is of no use.
        detached.end(find_redis(place), STOP_REDIS)
        command = [
            str(wheels.find_binaries(place.base) / wheels.REDIS_SERVER),
            *("--port", "0", "--unixsocket", str(place.redis_socket), "--unixsocketperm", "700"),
            *("--daemonize", "no", "--save", "", "--appendonly", "no", "--dir", str(place.sockets)),
            *("--pidfile", str(place.sockets / "redis.pid")),
            *("--set-proc-title", "no"),  # a pid is known to be ours by its command line
            *("--maxmemory", "256mb", "--maxmemory-policy", "noeviction"),
        ]
        (place.sockets / "redis.pid").unlink(missing_ok=True)
        pid = detached.launch(command, place.log_of("redis"))
        deadline = time.monotonic() + 20
        while not _redis_answers(place):
            if not detached.is_alive(pid) or time.monotonic() > deadline:
                problem = detached.find_problem(place.log_of("redis"))
                raise EmbeddedError(f"Redis did not start: {problem}")
            time.sleep(0.02)


def stop_redis(place: Place) -> None:
    """Stop Redis; what it held is lost, as it may be at any time."""
    if place.sockets.exists():
        _make_folders(place)
        with _lock(place, "redis"):
            detached.end(find_redis(place), STOP_REDIS)


def _redis_answers(place: Place) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(place.redis_socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def find_redis(place: Place) -> int | None:
    """Return the server's pid, None where it does not run."""
    return detached.find_running(
        detached.read(place.sockets / "redis.pid").strip(), str(place.redis_socket)
    )


# --- Folders


def _make_folders(place: Place) -> None:
    detached.make_folder(place.base, 0o711 if os.geteuid() == 0 else 0o700)
    detached.make_folder(place.base / place.variant, 0o711 if os.geteuid() == 0 else 0o700)
    detached.make_folder(place.sockets, 0o700, served=True)
    for folder in (place.data, place.logs):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EmbeddedError(f"cannot make the folder {folder}: {error.strerror}") from error
    if len(os.fsencode(place.sockets / f".s.PGSQL.{POSTGRES_PORT}")) > 103:
        raise EmbeddedError(f"the path {place.sockets} is too long for a socket")


def _lock(place: Place, name: str) -> AbstractContextManager[None]:
    return detached.locked(place.base / place.variant / f"{name}.lock")
