"""Refusals in the form of Toloka's API."""

from __future__ import annotations

import uuid
from typing import Any

from sandbox.wire import Json

Problems = dict[str, Json]

STATUS_OF_CODE = {
    "VALIDATION_ERROR": 400,
    "AUTHENTICATION_ERROR": 401,
    "ACCESS_DENIED": 403,
    "DOES_NOT_EXIST": 404,
    "METHOD_NOT_ALLOWED": 405,
    "PAYLOAD_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "TOO_MANY_REQUESTS": 429,
    "INTERNAL_ERROR": 500,
    "REMOTE_SERVICE_UNAVAILABLE": 503,
}


def error_body(code: str, message: str, payload: Any = None) -> Json:
    body = {"request_id": str(uuid.uuid4()), "code": code, "message": message}
    # The official client breaks on a payload of null, so that none is left out.
    return body if payload is None else {**body, "payload": payload}


class ApiError(Exception):
    """A refusal; codes that are not listed above are conflicts (409)."""

    def __init__(self, code: str, message: str, payload: Any = None) -> None:
        super().__init__(message)
        self.status = STATUS_OF_CODE.get(code, 409)
        self.code = code
        self.message = message
        self.payload = payload

    @property
    def body(self) -> Json:
        return error_body(self.code, self.message, self.payload)


def invalid(problems: Problems | dict[str, Problems]) -> ApiError:
    """Refuse a form; ``problems`` maps dotted paths, or item numbers and then paths."""
    return ApiError("VALIDATION_ERROR", "Validation failed", problems)


def missing(what: str) -> ApiError:
    """Refuse an id that does not exist, or that another requester owns: the two look the same."""
    return ApiError("DOES_NOT_EXIST", f"{what} does not exist")


def problem(code: str, message: str, **params: Any) -> Json:
    return {"code": code, "message": message, **({"params": params} if params else {})}
