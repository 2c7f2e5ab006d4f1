import pytest

from integration import limits
from labelplatform import embedded


@pytest.fixture(autouse=True)
def trusting(monkeypatch):
    monkeypatch.setattr(limits, "_distrusted_until", 0.0)


def test_a_bucket_gives_a_second_s_turns_at_once_and_then_makes_wait(broker):
    waits = [limits.take_turn(1, 5) for _ in range(6)]

    assert waits[:5] == [0, 0, 0, 0, 0]
    assert 0 < waits[5] <= 0.2


def test_each_account_has_a_bucket_of_its_own(broker):
    for _ in range(5):
        limits.take_turn(1, 5)

    assert limits.take_turn(2, 5) == 0


def test_a_dead_redis_holds_nobody_up_and_costs_one_time_out(broker, caplog):
    embedded.stop_redis(broker)

    waits = [limits.take_turn(1, 1) for _ in range(3)]
    limits.count_failed_lookup("198.51.100.7")

    assert waits == [0, 0, 0]
    assert limits.wait_for_lookup("198.51.100.7") == 0
    assert len([one for one in caplog.records if "rate limits are off" in one.message]) == 1


def test_failed_lookups_are_counted_without_the_address_itself(broker):
    for _ in range(limits.FAILED_LOOKUPS):
        limits.count_failed_lookup("198.51.100.7")

    assert 0 < limits.wait_for_lookup("198.51.100.7") <= limits.FAILED_LOOKUPS_WINDOW_S
    assert limits.wait_for_lookup("198.51.100.8") == 0
    (key,) = limits._redis().keys("failed_lookups:*")
    assert b"198.51" not in key
