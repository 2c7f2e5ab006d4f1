"""Requesters' regular expressions, run by RE2.

Python's own engine backtracks: one pattern such as ``(a+)+b`` and one unlucky answer would hold a
web process for hours. RE2 takes time linear in the text; in return it knows no look-around and
no back-references, and a definition that has them is refused with these words.
"""

from functools import lru_cache
from typing import Final, Protocol

import re2  # type: ignore[import-untyped]  # it brings no types

MAX_PATTERN_LENGTH: Final = 2000


class Pattern(Protocol):
    def fullmatch(self, text: str) -> object | None: ...


def _options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    return options


@lru_cache(maxsize=1024)
def compile_pattern(text: str) -> Pattern:
    """Compile a pattern; raises ValueError that says why it can't be used."""
    if len(text) > MAX_PATTERN_LENGTH:
        raise ValueError(f"{len(text)} characters, at most {MAX_PATTERN_LENGTH} are taken")
    try:
        pattern: Pattern = re2.compile(text, _options())
    except UnicodeEncodeError:
        raise ValueError("half of a surrogate pair is no character") from None
    except re2.error as error:
        cause = error.args[0]
        words = cause.decode(errors="replace") if isinstance(cause, bytes) else str(cause)
        raise ValueError(
            f"{words} (the language is RE2's: no look-around, no back-references)"
        ) from None
    return pattern
