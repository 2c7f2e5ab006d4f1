"""Who fits a filter."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sandbox.filters import check_filter, fits

PROFILE = {
    "country": "DE",
    "languages": ["DE", "EN"],
    "adult_allowed": True,
    "date_of_birth": 631152000,
    "attributes": {"client_type": "BROWSER", "region_by_ip": [225, 96]},
}
SKILLS = {"1": Decimal("79.5")}


def condition(category, key, operator, value=None):
    return {"category": category, "key": key, "operator": operator, "value": value}


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        (None, True),
        ({"and": []}, True),
        ({"and": [{"or": []}]}, True),
        (condition("profile", "country", "EQ", "DE"), True),
        (condition("profile", "country", "NE", "DE"), False),
        (condition("profile", "languages", "IN", "EN"), True),
        (condition("profile", "languages", "NOT_IN", "EN"), False),
        (condition("profile", "adult_allowed", "EQ", True), True),
        (condition("profile", "date_of_birth", "LTE", 631152000), True),
        (condition("profile", "date_of_birth", "LT", 631152000), False),
        (condition("profile", "gender", "EQ", "MALE"), False),
        (condition("profile", "gender", "NE", "MALE"), False),
        (condition("computed", "client_type", "EQ", "BROWSER"), True),
        (condition("computed", "region_by_ip", "IN", 225), True),
        (condition("computed", "region_by_ip", "IN", 1), False),
        (condition("skill", "1", "GTE", 80), False),
        (condition("skill", "1", "GT", 79), True),
        (condition("skill", "1", "EQ"), False),
        (condition("skill", "2", "EQ"), True),
        (condition("skill", "2", "NE"), False),
        (condition("skill", "1", "NE"), True),
        (condition("skill", "2", "LT", 50), False),
        (
            {
                "and": [
                    {
                        "or": [
                            condition("profile", "country", "EQ", "AT"),
                            condition("profile", "country", "EQ", "DE"),
                        ]
                    },
                    {"or": [condition("skill", "1", "GTE", 50)]},
                ]
            },
            True,
        ),
    ],
)
def test_fits(filter_, expected):
    assert fits(filter_, PROFILE, SKILLS) is expected


def test_errors_are_found_at_their_place():
    wrong = {"and": [{"or": [condition("weather", "rain", "IS", 1)]}, {"or": 5}, 7]}

    found = {path: one["code"] for path, one in check_filter(wrong).items()}

    assert found == {
        "filter.and.0.or.0.category": "UNKNOWN_ENUM_VALUE",
        "filter.and.0.or.0.operator": "UNKNOWN_ENUM_VALUE",
        "filter.and.1.or": "ARRAY_EXPECTED",
        "filter.and.2": "OBJECT_EXPECTED",
    }
