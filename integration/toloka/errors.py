"""What can come of a call to Toloka, as one class for each kind of outcome.

Delivery decides by these classes alone: was the request certainly not applied, refused for good,
or does nobody know. No text here ever holds a token or the path of the request.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from integration.toloka.transport import Answer


class TolokaError(Exception):
    """A call that did not end well.

    ``code`` and ``payload`` are Toloka's own, empty where it sent none; ``answer`` is what came
    back, None where nothing did.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        payload: Any = None,
        answer: "Answer | None" = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.payload = payload
        self.answer = answer


class NotSentError(TolokaError):
    """No name, no connection, no TLS, or not wholly written: certainly not applied."""


class RateLimitedError(TolokaError):
    """429: not applied; ``retry_after_s`` says for how long the whole account should rest."""

    retry_after_s: float = 0.0


class UnavailableError(TolokaError):
    """503: probably not applied; a strict account counts it as unknown."""


class OutcomeUnknownError(TolokaError):
    """A time-out, a cut connection, 408 or another 5xx: applied or not, nobody knows."""


class RefusedError(TolokaError):
    """Another 4xx: not applied, and a repeat would be refused as well."""


class ConflictError(RefusedError):
    """409: the state of things forbids it, or it was done before."""


class AccountError(TolokaError):
    """401, 403, 405, a redirect, or settings that cannot work: nothing goes until a person acts."""


class MalformedAnswerError(TolokaError):
    """A 2xx whose body is not what the call promises."""
