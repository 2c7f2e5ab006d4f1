"""The kinds of components that the labeling page knows, and which of a template's it does not."""

import re
from collections.abc import Iterator
from typing import Any

KINDS = frozenset(
    {
        "action.set",
        "condition.all",
        "condition.any",
        "condition.empty",
        "condition.equals",
        "condition.not",
        "condition.required",
        "data.input",
        "data.internal",
        "data.output",
        "field.button-radio-group",
        "field.checkbox",
        "field.radio-group",
        "field.text",
        "field.textarea",
        "helper.if",
        "plugin.hotkeys",
        "plugin.toloka",
        "view.image",
        "view.list",
        "view.markdown",
        "view.text",
    }
)

_PREFIX = re.compile(r"^@(?:yandex-)?toloka/")
MAX_DEPTH = 200


def find_unknown(config: Any, path: str = "", *, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield ``(JSON path, type)`` of every component in ``config`` that nobody could draw.

    Any object with a ``type`` of text is a component, as in the language itself; both of Toloka's
    prefixes are taken off first.
    """
    if depth > MAX_DEPTH:
        return
    if isinstance(config, dict):
        kind = config.get("type")
        if isinstance(kind, str) and _PREFIX.sub("", kind) not in KINDS:
            yield path or ".", kind
        children: Any = config.items()
    elif isinstance(config, list):
        children = enumerate(config)
    else:
        return
    for key, child in children:
        yield from find_unknown(child, f"{path}.{key}" if path else str(key), depth=depth + 1)
