"""The sixteen types of fields and what may be said about each."""

import re
from typing import Any, Final

SCALARS: Final = (
    "boolean",
    "coordinates",
    "file",
    "float",
    "integer",
    "json",
    "string",
    "url",
)
ARRAY_PREFIX: Final = "array_"
TYPES: Final = (*SCALARS, *(ARRAY_PREFIX + scalar for scalar in SCALARS))

FIELD_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")

_EVERY: Final = frozenset({"type", "required", "hidden"})
_BOUNDS: Final = frozenset({"min_value", "max_value"})
_OF_SCALAR: Final[dict[str, frozenset[str]]] = {
    "boolean": frozenset({"allowed_values"}),
    "coordinates": frozenset({"current_location"}),
    "file": frozenset(),
    "float": _BOUNDS | {"allowed_values"},
    "integer": _BOUNDS | {"allowed_values"},
    "json": frozenset(),
    "string": frozenset({"allowed_values", "max_length", "min_length", "pattern"}),
    "url": frozenset({"allowed_values"}),
}
_OF_ARRAY: Final = frozenset({"min_size", "max_size"})

Field = dict[str, Any]


def scalar_of(type_name: str) -> str:
    """Return the type of an array's items; a scalar type is returned as it is."""
    return type_name.removeprefix(ARRAY_PREFIX)


def parameters_of(type_name: str) -> frozenset[str]:
    """Return the parameters that a field of this type may have."""
    own = _EVERY | _OF_SCALAR[scalar_of(type_name)]
    return own | _OF_ARRAY if type_name.startswith(ARRAY_PREFIX) else own
