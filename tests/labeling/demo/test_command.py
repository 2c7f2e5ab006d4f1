import json
import re
import struct
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integration.enums import ListingStatus
from integration.models import Listing, TolokaAccount
from labeling.demo.content import PROJECTS, DemoProject
from labeling.enums import PoolStatus
from labeling.models import Pool, Project, Task
from labeling.specification import check_definition, check_values
from labelplatform.models import User
from tests.sandbox.running import TOKEN, RunningSandbox

STATIC = Path(settings.BASE_DIR) / "static"
COMPONENTS = {
    "view.list",
    "view.text",
    "view.image",
    "view.markdown",
    "field.radio-group",
    "field.button-radio-group",
    "field.checkbox",
    "field.text",
    "field.textarea",
    "data.input",
    "data.output",
    "data.internal",
    "condition.required",
    "condition.equals",
    "helper.if",
    "action.set",
    "plugin.hotkeys",
    "plugin.toloka",
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    running = RunningSandbox(tmp_path_factory.mktemp("demo-sandbox") / "store.sqlite3")
    yield running
    running.end()


def run(**options: Any) -> str:
    output = StringIO()
    call_command("demo", stdout=output, stderr=output, **options)
    return output.getvalue()


def find_types(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("type"), str):
            yield node["type"]
        for child in node.values():
            yield from find_types(child)
    elif isinstance(node, list):
        for child in node:
            yield from find_types(child)


@pytest.mark.parametrize("content", PROJECTS, ids=lambda content: content.key)
def test_contents_are_sound(content: DemoProject) -> None:
    tasks = list(content.make_tasks("https://label.example/static/"))
    solutions = [one["output_values"] for task in tasks for one in task.get("known_solutions", [])]

    assert check_definition(content.input_spec, "input_values") == []
    assert check_definition(content.output_spec, "output_values") == []
    assert [
        failure
        for task in tasks
        for failure in check_values(content.input_spec, task["input_values"], side="input_values")
    ] == []
    assert [
        failure
        for solution in solutions
        for failure in check_values(content.output_spec, solution, side="output_values")
    ] == []
    assert len({json.dumps(task["input_values"]) for task in tasks}) == len(tasks)
    assert set(find_types(json.loads(content.view_spec["config"]))) <= COMPONENTS
    assert set(content.pool["scored_fields"]) <= set(content.output_spec)


def test_all_components_are_shown_somewhere() -> None:
    used = {name for content in PROJECTS for name in find_types(content.view)}

    assert used == COMPONENTS


def test_solutions_are_balanced() -> None:
    for content in PROJECTS:
        golden = [
            tuple(one["output_values"].values())
            for task in content.make_tasks("")
            if not task.get("message_on_unknown_solution")
            for one in task.get("known_solutions", [])
        ]
        counts = Counter(golden).values()
        assert max(counts) - min(counts) <= 1, content.key


def test_pictures_are_there_and_small() -> None:
    (digits,) = (content for content in PROJECTS if content.key == "digits")
    files = [
        STATIC / task["input_values"]["image"].removeprefix("static/")
        for task in digits.make_tasks("static/")
    ]
    sizes = {struct.unpack(">II", file.read_bytes()[16:24]) for file in files}

    assert sizes == {(128, 128)}
    assert sum(file.stat().st_size for file in files) < 600_000
    assert {file.name for file in files} == {
        file.name for file in (STATIC / "demo" / "digits").iterdir()
    }


@pytest.mark.django_db
def test_the_demo_is_published_and_open(sandbox: RunningSandbox) -> None:
    output = run(toloka_url=sandbox.url, toloka_token=TOKEN)

    pools = Pool.objects.order_by("id")
    assert [(pool.status, pool.tasks.count()) for pool in pools] == [
        (PoolStatus.OPEN, 310),
        (PoolStatus.OPEN, 120),
    ]
    assert [listing.last_error for listing in Listing.objects.all()] == ["", ""]
    assert {listing.status for listing in Listing.objects.all()} <= {
        ListingStatus.OPEN,
        ListingStatus.OPENING,
    }
    state = sandbox.state()
    assert len({listing.toloka_pool_id for listing in Listing.objects.all()}) == 2
    assert {listing.toloka_pool_id for listing in Listing.objects.all()} <= {
        str(pool["id"]) for pool in state["pools"]
    }
    assert TOKEN not in output


@pytest.mark.django_db
def test_a_second_run_makes_nothing_anew(sandbox: RunningSandbox) -> None:
    first = run(toloka_url=sandbox.url, toloka_token=TOKEN)
    counts = [model.objects.count() for model in (Project, Pool, Task, Listing, TolokaAccount)]

    with CaptureQueriesContext(connection) as queries:
        second = run(toloka_url=sandbox.url, toloka_token=TOKEN)

    assert [
        model.objects.count() for model in (Project, Pool, Task, Listing, TolokaAccount)
    ] == counts
    assert re.findall("password .*", second) == re.findall("password .*", first)
    assert len(queries) < 30


@pytest.mark.django_db
def test_the_printed_passwords_open_the_doors(client: Client) -> None:
    output = run()

    found = dict(re.findall(r"as (\w+), password (\w+)", output))
    assert set(found) == {"admin", "requester"}
    for name, password in found.items():
        user = authenticate(username=name, password=password)
        assert isinstance(user, User)
        assert user.is_superuser == (name == "admin")
        client.force_login(user)
        assert "Which digit is it?" in client.get("/requester/").content.decode()


@pytest.mark.django_db
def test_another_address_moves_files_and_cards(sandbox: RunningSandbox, settings: Any) -> None:
    run(toloka_url=sandbox.url, toloka_token=TOKEN)
    settings.PUBLIC_URL = "http://localhost:9123"

    run(toloka_url=sandbox.url, toloka_token=TOKEN)

    images = Task.objects.filter(input_values__has_key="image")
    assert {task.input_values["image"].split("/static/")[0] for task in images} == {
        "http://localhost:9123"
    }
    redirects = {
        project["assignments_issuing_view_config"]["redirect_url"].split("/toloka/")[0]
        for project in sandbox.state()["projects"]
        if project["id"] in set(Listing.objects.values_list("toloka_project_id", flat=True))
    }
    assert redirects == {"http://localhost:9123"}


@pytest.mark.django_db
def test_without_a_sandbox_the_rest_is_set_up_and_the_cause_is_told() -> None:
    output = run(toloka_url="http://127.0.0.1:9", toloka_token=TOKEN)

    assert "is not in the sandbox" in output
    assert {pool.status for pool in Pool.objects.all()} == {PoolStatus.OPEN}


@pytest.mark.django_db
def test_the_real_toloka_is_refused() -> None:
    with pytest.raises(CommandError, match="real Toloka"):
        run(toloka_url="https://toloka.dev", toloka_token=TOKEN)

    assert not Project.objects.exists()
