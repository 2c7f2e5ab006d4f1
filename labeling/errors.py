"""Every refusal the domain can utter. Views turn each into a status code and a page or JSON."""

from collections.abc import Mapping
from typing import Any


class LabelingError(Exception):
    """A request that can't be fulfilled; ``code`` for programs, the text for people."""

    code = "ERROR"

    def __init__(self, message: str, *, payload: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.payload = dict(payload or {})


class InvalidInputError(LabelingError):
    """Something sent is wrong; ``payload`` maps each place to its ``{code, message}``."""

    code = "VALIDATION_ERROR"


class StateConflictError(LabelingError):
    """The row is not, or no longer, in the state that the step needs."""

    code = "CONFLICT_STATE"


class LeaseLostError(LabelingError):
    """The page was given back or handed on before its answers came."""

    code = "LEASE_LOST"


class PageSkippedError(LeaseLostError):
    """The performer has skipped the page himself."""

    code = "PAGE_SKIPPED"


class PoolNotReadyError(LabelingError):
    """A pool can't open as it stands; ``payload`` names every cause."""

    code = "POOL_INAPPROPRIATE_STATUS"
