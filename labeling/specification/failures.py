from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Side = Literal["input_values", "output_values"]


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that is wrong.

    ``path`` is dotted, as Toloka writes it: ``input_values.images.2``, ``output_spec.box.type``;
    ``code`` is for programs. ``message`` says in English what ``template`` and ``params`` say in
    any language: ``gettext(failure.template) % failure.params``.
    """

    path: str
    code: str
    template: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> str:
        return self.template % self.params


def gettext_noop(template: str) -> str:
    """Mark a text for the translators' extraction; nothing else happens here."""
    return template


def shorten(value: object, *, limit: int = 60) -> str:
    """Quote a found value in a message without repeating a whole document."""
    if isinstance(value, list):
        return f"[…] ({len(value)})"
    if isinstance(value, Mapping):
        return f"{{…}} ({len(value)})"
    if isinstance(value, int) and value.bit_length() > 128:
        return "±10³⁸…"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = repr(value[: limit + 1] if isinstance(value, str) else value)
    return text if len(text) <= limit else text[:limit] + "…"
