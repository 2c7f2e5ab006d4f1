from decimal import Decimal

import pytest

from labeling.templatetags.requester import dollars, percent, solutions, values


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"),
        ("0.02", "$0.02"),
        ("1.5", "$1.50"),
        ("0.0050", "$0.005"),
        ("1234", "$1234.00"),
    ],
)
def test_money_has_two_decimals_at_least_and_no_tail(amount: str, text: str) -> None:
    assert dollars(Decimal(amount)) == text


def test_shares_are_whole_percent() -> None:
    assert [percent(Decimal("0.995")), percent(0.5), percent(None)] == ["100 %", "50 %", "–"]


def test_values_are_escaped_and_only_links_link() -> None:
    written = values(
        {"text": "<b>", "url": "https://a.example/?a=1&b", "js": "javascript:alert(1)"}
    )

    assert written == (
        '<span class="value-name">text:</span> <span class="value">&lt;b&gt;</span><br>'
        '<span class="value-name">url:</span> <span class="value">'
        '<a href="https://a.example/?a=1&amp;b" rel="noreferrer">https://a.example/?a=1&amp;b</a>'
        '</span><br><span class="value-name">js:</span> '
        '<span class="value">javascript:alert(1)</span>'
    )
    assert values({}) == values(None) == solutions([]) == "–"
    assert len(values({"text": "a" * 1000})) < 300
