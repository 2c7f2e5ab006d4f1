import pytest
from django.utils import timezone

from labeling import overlap
from labeling.enums import AssignmentStatus
from labeling.errors import InvalidInputError
from labeling.models import Pool
from tests.factories import AssignmentFactory, PoolFactory, TaskFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("wanted", [5, 1, None])
def test_overlap_becomes_what_is_wanted(wanted):
    task = TaskFactory(overlap=3)

    assert overlap.change_overlap(task, wanted) == wanted


def test_lowering_stops_at_what_is_issued():
    task = TaskFactory(overlap=3)
    for status in (AssignmentStatus.ACTIVE, AssignmentStatus.ACCEPTED):
        AssignmentFactory(tasks=[task], status=status)

    assert overlap.change_overlap(task, 1) == 2


@pytest.mark.parametrize("wanted", [-1, 30_001])
def test_what_toloka_does_not_know_is_refused(wanted):
    task = TaskFactory(overlap=3)

    with pytest.raises(InvalidInputError, match="30000"):
        overlap.change_overlap(task, wanted)


def test_a_pool_that_waited_to_close_goes_on():
    pool = PoolFactory(complete_since=timezone.now())

    overlap.change_overlap(TaskFactory(pool=pool), 2)

    assert Pool.objects.get(pk=pool.pk).complete_since is None


def test_places_are_counted_from_when_there_is_a_limit():
    task = TaskFactory(overlap=None)
    for _ in range(2):
        AssignmentFactory(tasks=[task], status=AssignmentStatus.ACCEPTED)
    AssignmentFactory(tasks=[task], status=AssignmentStatus.SKIPPED)

    became = overlap.change_overlap(task, 1)

    assert (became, task.issued) == (2, 2)
