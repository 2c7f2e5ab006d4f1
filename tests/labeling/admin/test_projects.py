import json

import pytest
from django.urls import reverse

from labeling.enums import ProjectStatus
from labeling.models import Project, ProjectVersion
from tests.factories import (
    INPUT_SPEC,
    OUTPUT_SPEC,
    VIEW_SPEC,
    ProjectFactory,
    ProjectVersionFactory,
    RequesterFactory,
)

CONFIG = json.loads(VIEW_SPEC["config"])


def new_version_of(project: Project) -> str:
    return reverse("admin:labeling_project_new_version", args=[project.pk])


def fill_form(**changes: str) -> dict[str, str]:
    return {
        "input_spec": json.dumps(INPUT_SPEC),
        "output_spec": json.dumps(OUTPUT_SPEC),
        "config": json.dumps(CONFIG),
        "instructions": "Read, then answer.",
        **changes,
    }


def test_a_project_is_made_for_a_requester(admin_page):
    requester = RequesterFactory()

    admin_page.post(
        reverse("admin:labeling_project_add"),
        {
            "requester": requester.pk,
            "public_name": "Signs",
            "quality_control": "null",
            "localization_config": "null",
            "metadata": "{}",
            "versions-TOTAL_FORMS": "0",
            "versions-INITIAL_FORMS": "0",
        },
    )

    assert Project.objects.get().requester == requester


def test_the_form_makes_the_first_version(admin_page):
    project = ProjectFactory()

    admin_page.post(new_version_of(project), fill_form())

    version = ProjectVersion.objects.get(project=project)
    assert (version.number, version.input_spec, version.output_spec, version.instructions) == (
        1,
        INPUT_SPEC,
        OUTPUT_SPEC,
        "Read, then answer.",
    )
    assert version.view_spec["type"] == "tb"
    assert json.loads(version.view_spec["config"]) == CONFIG


def test_the_form_starts_from_the_newest_version_and_keeps_it_where_nothing_changes(admin_page):
    version = ProjectVersionFactory()
    form = admin_page.get(new_version_of(version.project)).context["form"]

    admin_page.post(new_version_of(version.project), {field.name: field.value() for field in form})

    assert list(version.project.versions.all()) == [version]


def test_a_changed_interface_keeps_the_rest_of_the_view(admin_page):
    version = ProjectVersionFactory(view_spec={**VIEW_SPEC, "settings": {"showSkip": False}})
    changed = {**CONFIG, "plugins": [{"type": "plugin.toloka"}]}

    admin_page.post(new_version_of(version.project), fill_form(config=json.dumps(changed)))

    newest = version.project.versions.latest("number")
    assert newest.number == version.number + 1
    assert newest.view_spec["settings"] == {"showSkip": False}
    assert json.loads(newest.view_spec["config"]) == changed


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("input_spec", "{", "valid JSON"),
        ("input_spec", '{"text": {"type": "rectangle"}}', "rectangle"),
        ("output_spec", '{"a b": {"type": "string"}}', "a b"),
        ("config", "[]", "view"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(admin_page, field, text, said):
    project = ProjectFactory()

    page = admin_page.post(new_version_of(project), fill_form(**{field: text}))

    assert list(page.context["form"].errors) == [field]
    assert said in str(page.context["form"].errors[field])
    assert not project.versions.exists()


def test_archiving_asks_first(admin_page):
    project = ProjectFactory()
    address = reverse("admin:labeling_project_archive", args=[project.pk])

    admin_page.get(address)
    project.refresh_from_db()
    asked = project.status
    admin_page.post(address)
    project.refresh_from_db()

    assert (asked, project.status) == (ProjectStatus.ACTIVE, ProjectStatus.ARCHIVED)
