"""script/test and script/check: every formatter, linter and test, each with one line to say so."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from script import browser, installation, options
from script.terminal import ScriptError, complain, dye, say

ROOT = Path(__file__).resolve().parent.parent
# Left out of script/check, beside what is marked slow.
SLOW_FOLDERS = ("tests/browser", "tests/chaos")


@dataclass(frozen=True)
class Check:
    """A command that is silent where all is well."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]


def main(arguments: Sequence[str]) -> int:
    chosen, for_pytest = options.parse_test(arguments[1:])
    is_quick = arguments[0] == "quick"
    try:
        failed = run_checks(is_quick=is_quick)
        if not is_quick:
            browser.unpack_browser()
        code, closing_line = run_pytest(for_pytest, is_quick=is_quick, is_long=chosen.long)
    except ScriptError as error:
        complain(str(error))
        return 1
    except KeyboardInterrupt:
        complain("stopped")
        return 130
    if failed:
        # The closing line of the tests comes last, but must not be read alone.
        say(dye(f"\nfailed before the tests: {', '.join(failed)}", 31))
        say(closing_line)
    return 1 if failed else code


def run_checks(*, is_quick: bool) -> list[str]:
    """Run formatters, linters, type checkers and Vitest; return the names of those that failed."""
    npm, node_environment = installation.find_npm()
    python = [sys.executable, "-m"]
    ours = dict(os.environ)
    # Two lanes, for two cores; what depends on nothing else goes side by side.
    lanes = (
        [
            Check("ruff format", [*python, "ruff", "format", "--check", "--quiet"], ours),
            Check("ruff check", [*python, "ruff", "check", "--quiet"], ours),
            Check("import-linter", [sys.executable, "-c", LINT_IMPORTS, "--no-cache"], ours),
            Check("mypy", [*python, "mypy", "--no-error-summary"], ours),
        ],
        [
            Check("Biome and tsc", [*npm, "run", "--silent", "check"], node_environment),
            Check("Vitest", [*npm, "test", "--silent"], node_environment),
        ],
    )
    with ThreadPoolExecutor(len(lanes)) as threads:
        return [name for names in threads.map(_run_lane, lanes) for name in names]


# import-linter has no __main__; its entry point greets with a picture.
LINT_IMPORTS = "import sys; from importlinter.cli import lint_imports_command as c; c()"


def _run_lane(checks: Sequence[Check]) -> list[str]:
    return [check.name for check in checks if not _passes(check)]


def _passes(check: Check) -> bool:
    started = time.monotonic()
    finished = subprocess.run(
        check.command,
        cwd=ROOT,
        env=check.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    passes = finished.returncode == 0
    verdict = dye("ok", 32) if passes else dye("FAILED", 31)
    say(f"{check.name:14} {verdict} ({seconds:.1f} s)")
    if not passes:
        say(finished.stdout.rstrip())
    return passes


def run_pytest(arguments: Sequence[str], *, is_quick: bool, is_long: bool) -> tuple[int, str]:
    """Run pytest, its output as it comes; return its exit code and its closing line."""
    command = [sys.executable, "-m", "pytest", "-q", *arguments]
    if is_long:
        command.append("--long")
    if is_quick:
        command += ["-m", "not slow", *(f"--ignore={folder}" for folder in SLOW_FOLDERS)]
    closing_line = "no tests ran"
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            for line in process.stdout or ():
                say(line.rstrip("\n"))
                closing_line = line.rstrip("\n") or closing_line
        except KeyboardInterrupt:
            process.wait()  # it got the same Ctrl-C and stops its servers
            raise
    return process.returncode, closing_line


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
