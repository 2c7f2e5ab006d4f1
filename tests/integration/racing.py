"""Runs functions at the same moment, each in a thread with a database connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

from integration.toloka.transport import close_session


def race(*functions: Callable[[], Any]) -> list[Any]:
    """Return the results, exceptions among them, in the order of ``functions``."""
    start = Barrier(len(functions), timeout=10)

    def run(function: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            start.wait()
            return function()
        except Exception as error:  # noqa: BLE001  # the test looks at whatever came
            return error
        finally:
            connection.close()
            close_session()

    with ThreadPoolExecutor(len(functions)) as pool:
        return [future.result() for future in [pool.submit(run, one) for one in functions]]
