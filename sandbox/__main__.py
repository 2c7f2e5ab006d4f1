"""The command ``python -m sandbox``."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from sandbox import accounts, control, pages
from sandbox.application import Sandbox, create_application
from sandbox.clock import Clock
from sandbox.faulty import FaultyServer
from sandbox.server import Handler, Server, listen
from sandbox.settings import change_settings, load_settings
from sandbox.store import Store


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A stand-in Toloka.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8800, help="0 takes any free one")
    parser.add_argument("--store", type=Path, default=Path("var/sandbox.sqlite3"))
    parser.add_argument(
        "--token",
        action="append",
        default=[],
        metavar="TOKEN",
        help="a requester's account: token, name:token or name:token:balance; repeatable",
    )
    parser.add_argument(
        "--register-redirect",
        action="append",
        default=[],
        metavar="PREFIX",
        help="addresses that begin so may be a project's redirect_url; repeatable",
    )
    parser.add_argument(
        "--partner-return-url", default="", help="where the performer's page links back to"
    )
    return parser.parse_args()


def main() -> int:
    arguments = read_arguments()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        given = [accounts.parse_account(text) for text in arguments.token]
    except ValueError as error:
        return _fail(f"--token: {error}")
    try:
        listener = listen(arguments.host, arguments.port)
    except OSError as error:
        address = f"{arguments.host}:{arguments.port}"
        return _fail(f"cannot listen on {address}: {error.strerror}; is another one running?")
    store = Store(arguments.store)
    with store.transaction() as tx:
        for account in given:
            accounts.put_account(tx, account, keep_balance=True)
        known = load_settings(tx).registered_redirects
        prefixes = [*known, *(one for one in arguments.register_redirect if one not in known)]
        change_settings(tx, {"registered_redirects": prefixes})
    sandbox = Sandbox(store, return_url=arguments.partner_return_url)
    app = create_application(sandbox)
    app.register_blueprint(control.make_blueprint(sandbox))
    app.register_blueprint(pages.make_blueprint(sandbox))
    faulty = FaultyServer(app, sandbox.faults, sandbox.traffic.note)
    host, port = listener.getsockname()[:2]
    server = Server(host, port, faulty, Handler, fd=listener.fileno())
    listener.close()
    Clock(store).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    sys.stdout.write(f"sandbox ready: http://{address}/\n")
    sys.stdout.flush()
    server.serve_forever()
    return 0


def _end(number: int, frame: FrameType | None) -> None:
    # Every commit is on the file already: nothing is lost by not waiting for held connections.
    os._exit(0)


def _fail(message: str) -> int:
    sys.stderr.write(f"sandbox: {message}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
