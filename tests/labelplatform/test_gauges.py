"""Numbers from the rows."""

import pytest

from integration.enums import PaymentState
from labelplatform import gauges
from tests.factories import AssignmentFactory, ListingFactory, PaymentFactory

pytestmark = pytest.mark.django_db


def read() -> dict[str, float]:
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for source in gauges.SOURCES[1:]
        for sample in source()
    }


def test_what_waits_and_what_is_stuck_is_counted() -> None:
    for state in (PaymentState.DUE, PaymentState.PARKED, PaymentState.PARKED, PaymentState.SENT):
        PaymentFactory(state=state)
    AssignmentFactory()
    ListingFactory(last_error="Toloka said no", account__paused_at="2026-11-21T12:00:00Z")

    numbers = read()

    assert numbers.pop("payment_due_seconds") >= 0
    assert numbers == {
        "payments held": 0,
        "payments due": 1,
        "payments sending": 0,
        "payments unknown": 0,
        "payments parked": 2,
        "visits_open": 1,
        "pages_out": 1,
        "pools_open": 1,
        "accounts_paused": 1,
        "listings_failed": 1,
    }
