"""What may be said on the command line of script/run, script/test and script/check."""

import argparse
from collections.abc import Sequence


def parse_run(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/run",
        description="Make everything that is missing and serve the product; Ctrl-C ends it.",
    )
    parser.add_argument("--port", type=_port, default=8000, help="of the product (8000)")
    parser.add_argument(
        "--sandbox-port", type=_port, default=8800, help="of the stand-in Toloka (8800)"
    )
    parser.add_argument(
        "--no-demo", dest="demo", action="store_false", help="start without projects and accounts"
    )
    return parser.parse_args(arguments)


def parse_test(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Return our own options and what is for pytest."""
    parser = argparse.ArgumentParser(
        prog="script/test",
        description="Run formatters, linters and every test; other arguments go to pytest.",
    )
    parser.add_argument("--long", action="store_true", help="full sizes, long tests too")
    return parser.parse_known_args(arguments)


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 65536:
        raise ValueError
    return port
