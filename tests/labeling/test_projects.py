import threading
from typing import Any

import pytest
from django.db import connection

from labeling import pools, projects
from labeling.enums import PoolStatus, ProjectStatus
from labeling.errors import InvalidInputError, StateConflictError
from labeling.models import Project, ProjectVersion
from tests.factories import (
    INPUT_SPEC,
    OUTPUT_SPEC,
    VIEW_SPEC,
    PoolFactory,
    ProjectFactory,
    ProjectVersionFactory,
    RequesterFactory,
)

CONTENT: dict[str, Any] = {
    "input_spec": INPUT_SPEC,
    "output_spec": OUTPUT_SPEC,
    "view_spec": VIEW_SPEC,
    "instructions": "Read, then answer.",
}


@pytest.mark.django_db
def test_a_new_project_is_active_and_has_no_version():
    requester = RequesterFactory()

    project = projects.make_project(requester_id=requester.pk, public_name="Signs")

    assert project.status == ProjectStatus.ACTIVE
    assert projects.find_newest_version(project) is None


@pytest.mark.django_db
def test_versions_are_numbered_from_one():
    project = ProjectFactory()

    first = projects.make_version(project, **CONTENT)
    second = projects.make_version(project, **CONTENT | {"instructions": "Other words."})

    assert [first.number, second.number] == [1, 2]
    assert projects.find_newest_version(project) == second


@pytest.mark.django_db
def test_equal_content_makes_no_new_version():
    project = ProjectFactory()
    first = projects.make_version(project, **CONTENT)

    again = projects.make_version(project, **CONTENT)

    assert again == first
    assert ProjectVersion.objects.filter(project=project).count() == 1


@pytest.mark.django_db
def test_going_back_to_older_content_makes_a_version():
    project = ProjectFactory()
    projects.make_version(project, **CONTENT)
    projects.make_version(project, **CONTENT | {"instructions": "Other words."})

    third = projects.make_version(project, **CONTENT)

    assert third.number == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"input_spec": {"text": {"type": "rectangle"}}}, "input_spec.text.type"),
        ({"output_spec": {"a b": {"type": "string"}}}, "output_spec.a b"),
        ({"output_spec": {}}, "output_spec"),
        ({"view_spec": {"type": "classic", "markup": ""}}, "view_spec.type"),
        ({"view_spec": {"type": "tb", "config": {"view": {}}}}, "view_spec.config"),
        ({"view_spec": {"type": "tb", "config": "{"}}, "view_spec.config"),
        ({"view_spec": {"type": "tb", "config": "[]"}}, "view_spec.config"),
        ({"view_spec": {"type": "tb", "config": '{"view": 1}'}}, "view_spec.config"),
        ({"view_spec": {"type": "tb", "config": "[" * 100_000}}, "view_spec.config"),
    ],
)
def test_a_version_that_could_not_work_is_refused_by_place(change: dict[str, Any], place: str):
    project = ProjectFactory()

    with pytest.raises(InvalidInputError) as caught:
        projects.make_version(project, **CONTENT | change)

    assert list(caught.value.payload) == [place]
    assert not ProjectVersion.objects.filter(project=project).exists()


@pytest.mark.django_db
def test_an_archived_project_gets_no_version():
    project = ProjectFactory(status=ProjectStatus.ARCHIVED)

    with pytest.raises(StateConflictError, match="archived"):
        projects.make_version(project, **CONTENT)


@pytest.mark.django_db
def test_a_project_is_archived_only_after_all_its_pools():
    pool = PoolFactory(private_name="Wave 1", status=PoolStatus.CLOSED, listing=None)

    with pytest.raises(StateConflictError, match="Wave 1"):
        projects.archive_project(pool.project)
    pools.archive_pool(pool)
    projects.archive_project(pool.project)

    assert Project.objects.get(pk=pool.project_id).status == ProjectStatus.ARCHIVED


@pytest.mark.django_db
def test_archiving_twice_is_a_conflict():
    project = ProjectFactory(status=ProjectStatus.ARCHIVED)

    with pytest.raises(StateConflictError):
        projects.archive_project(project)


def run_together(*steps: Any) -> list[Any]:
    """Run each step in a thread with a connection of its own; return results or errors."""
    start = threading.Barrier(len(steps))
    results: list[Any] = [None] * len(steps)

    def run(place: int, step: Any) -> None:
        start.wait()
        try:
            results[place] = step()
        except StateConflictError as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n, step)) for n, step in enumerate(steps)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_versions_made_at_once_get_different_numbers():
    project = ProjectFactory()

    versions = run_together(
        *(
            lambda n=n: projects.make_version(project, **CONTENT | {"instructions": f"{n}"})
            for n in range(4)
        )
    )

    assert sorted(version.number for version in versions) == [1, 2, 3, 4]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(5))
def test_no_pool_slips_into_a_project_that_is_being_archived(_round: int):
    project = ProjectVersionFactory().project

    run_together(
        lambda: projects.archive_project(project),
        lambda: pools.make_pool(project, private_name="late"),
    )

    project.refresh_from_db()
    has_live_pool = project.pools.exclude(status=PoolStatus.ARCHIVED).exists()
    assert has_live_pool == (project.status == ProjectStatus.ACTIVE)
