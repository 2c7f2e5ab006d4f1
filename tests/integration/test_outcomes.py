"""What an answer says about the money."""

import pytest

from integration.claims import Delivery
from integration.enums import AttemptOutcome
from integration.outcomes import judge_error
from integration.toloka.errors import ConflictError
from tests.factories import TolokaAccountFactory

pytestmark = pytest.mark.django_db


def judge(code, message, *, unknown_count):
    delivery = Delivery(
        payment_id=1,
        attempt_id=1,
        number=2,
        body=b"",
        listing_id=1,
        performer_id=1,
        has_speed_quality=False,
        unknown_count=unknown_count,
        operation_id=None,
    )
    error = ConflictError(message, code=code, payload=None, answer=None)
    return judge_error(TolokaAccountFactory(), delivery, error).outcome


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("INAPPROPRIATE_STATUS", "The pool is already closed"),
        ("CONFLICT_STATE", "The assignment has already expired"),
        ("NOT_ENOUGH_BALANCE", "The balance has already been spent"),
    ],
)
def test_a_conflict_about_something_else_is_no_payment(code, message):
    assert judge(code, message, unknown_count=1) == AttemptOutcome.REFUSED


@pytest.mark.parametrize("unknown_count", [0, 1])
def test_a_conflict_about_a_repeat_is_one_only_after_an_unknown_outcome(unknown_count):
    outcome = judge("DUPLICATE_SUBMIT", "retry_id was used", unknown_count=unknown_count)

    assert outcome == (AttemptOutcome.APPLIED if unknown_count else AttemptOutcome.REFUSED)
