"""Log lines that say which request and visit they belong to, and never a secret.

A view that knows the visit says so by ``request.META["visit_id"] = visit.pk``; every line logged
in the rest of that request carries it. Code outside a request sets :data:`visit_id`.
"""

import logging
import re
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

request_id: ContextVar[str] = ContextVar("request_id", default="")
visit_id: ContextVar[str] = ContextVar("visit_id", default="")
request_meta: ContextVar[Mapping[str, Any]] = ContextVar("request_meta", default={})  # noqa: B039

REMOVED = "[removed]"
# Lines are cleaned as they are written, whatever code they come from: also a traceback, or a
# library that logs an address.
SECRETS = (
    # An arrival key, an assignment id and a partner's token stand in these addresses.
    (re.compile(r"(/toloka/)[^\s\"'\\<>]+"), rf"\1{REMOVED}"),
    (re.compile(r"\b((?:OAuth|ApiKey|Bearer)\s+)[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1{REMOVED}"),
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*"), REMOVED),  # a JSON web token
    (re.compile(r"\b[0-9a-f]{8,12}--[0-9a-f]{20,28}\b"), REMOVED),  # Toloka's assignment id
    (re.compile(r"(://[^\s/:@\"']*:)[^\s/@\"']+@"), rf"\1{REMOVED}@"),  # a password in an address
    (
        re.compile(
            r"(\b(?:assignment_?id|token|secret|password|api_?key|custom_log)\b"
            r"(?:\\?[\"'])?\s*[=:]\s*(?:\\?[\"'])?)[^\s\"'&,;\\})\]]+",
            re.IGNORECASE,
        ),
        rf"\1{REMOVED}",
    ),
)


def remove_secrets(line: str) -> str:
    """Return ``line`` with tokens, passwords, assignment ids and arrival addresses taken out."""
    for pattern, replacement in SECRETS:
        line = pattern.sub(replacement, line)
    return line


class ContextFilter(logging.Filter):
    """Puts the request's and the visit's id on each record; empty where there is none."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        record.visit_id = str(request_meta.get().get("visit_id") or visit_id.get())
        return True


class TextFormatter(logging.Formatter):
    """One line for a person: time, level, logger, ids where there are any, message."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        time = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S.%f")[:-3]
        ids = [getattr(record, name, "") for name in ("request_id", "visit_id")]
        context = "".join(f" [{value}]" for value in ids if value)
        return remove_secrets(f"{time} {record.levelname} {record.name}{context}: {line}")


class JsonFormatter(BaseJsonFormatter):
    """One JSON object a line: time, level, logger, message, ids, and what ``extra`` gave."""

    def __init__(self) -> None:
        super().__init__("%(message)s", json_ensure_ascii=False)

    def add_fields(
        self,
        log_data: dict[str, Any],
        record: logging.LogRecord,
        message_dict: dict[str, Any],
    ) -> None:
        log_data["time"] = datetime.fromtimestamp(record.created, UTC).isoformat(
            timespec="milliseconds"
        )
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        super().add_fields(log_data, record, message_dict)
        for name in ("request_id", "visit_id"):
            if not log_data.get(name):
                log_data.pop(name, None)

    def format(self, record: logging.LogRecord) -> str:
        return remove_secrets(super().format(record))
