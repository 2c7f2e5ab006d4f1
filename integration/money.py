"""The one place that rounds money."""

from decimal import ROUND_HALF_UP, Decimal

PLACES = Decimal("0.0001")


def money(value: Decimal | int | str) -> Decimal:
    """Round to the four decimals that Toloka is told, half up.

    A float is refused: its binary tail would be rounded as if someone had meant it.
    """
    if isinstance(value, float):
        raise TypeError(f"money from a float: {value!r}; make it from text or Decimal")
    return Decimal(value).quantize(PLACES, ROUND_HALF_UP)


def plain(value: Decimal) -> str:
    """Write money without exponent and without trailing zeros: ``0.035``, ``0``, ``12``."""
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text
