"""How the requester's pages write money, shares and values."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from integration.money import plain
from labeling.specification.cells import write_cell

register = template.Library()

NOTHING: Final = "–"
LONGEST: Final = 200


@register.filter
def dollars(amount: Decimal | None) -> str:
    """Write USD, cents at least: ``$0.02``, ``$1.50``, ``$0.005``."""
    if amount is None:
        return NOTHING
    whole, _dot, fraction = plain(amount).partition(".")
    return f"${whole}.{fraction:0<2}"


@register.filter
def percent(share: Decimal | float | None) -> str:
    """Write a share from 0 to 1 as whole percent."""
    if share is None:
        return NOTHING
    return f"{(Decimal(share) * 100).quantize(Decimal(1), ROUND_HALF_UP)} %"


@register.filter
def values(fields: Mapping[str, Any] | None) -> SafeString | str:
    """Write the values of a task or an answer, a line each; images and links as links."""
    if not fields:
        return NOTHING
    return format_html_join(
        SafeString("<br>"),
        '<span class="value-name">{}:</span> <span class="value">{}</span>',
        ((name, _value(value)) for name, value in fields.items()),
    )


@register.filter
def solutions(known: list[dict[str, Any]]) -> SafeString | str:
    """Write known solutions, those after the first as alternatives."""
    if not known:
        return NOTHING
    return format_html_join(
        SafeString("<br>"), "{}", ((values(one["output_values"]),) for one in known)
    )


def _value(value: Any) -> SafeString | str:
    text = write_cell(value)
    short = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    if isinstance(value, str) and value.startswith(("https://", "http://")):
        return format_html('<a href="{}" rel="noreferrer">{}</a>', value, short)
    return short
