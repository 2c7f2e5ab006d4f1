"""The HTTP server: threads, keep-silent and reset connections, a quick end."""

from __future__ import annotations

import socket
import struct
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

NO_LINGER = struct.pack("ii", 1, 0)


class Handler(WSGIRequestHandler):
    """Handles one connection; nothing is written per request: the state page counts them."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass

    def connection_dropped(
        self, error: BaseException, environ: dict[str, Any] | None = None
    ) -> None:
        # Without this the handler waits for another request on a connection that a fault ended.
        self.close_connection = True


class Server(ThreadedWSGIServer):
    def shutdown_request(self, request: Any) -> None:
        """End a connection; one that a fault resets must not say good-bye first."""
        try:
            linger = request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(NO_LINGER))
        except OSError:
            linger = b""
        if linger == NO_LINGER:
            self.close_request(request)
        else:
            super().shutdown_request(request)


def listen(host: str, port: int) -> socket.socket:
    """Take a port (0: any free one). Raises OSError where it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    return listener
