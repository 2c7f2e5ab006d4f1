"""Talking to the person at the terminal, who may have gone."""

import contextlib
import sys


class ScriptError(Exception):
    """The command cannot go on; the message is the one line that its user needs."""


def say(text: str = "") -> None:
    # The terminal may be closed while we end what we started.
    with contextlib.suppress(OSError, ValueError):
        print(text, flush=True)


def complain(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)


def dye(text: str, colour: int) -> str:
    """Return ``text`` in an ANSI colour where the terminal shows colours."""
    return f"\033[{colour}m{text}\033[0m" if sys.stdout.isatty() else text
