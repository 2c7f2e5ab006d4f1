import html
import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from labeling.models import Answer, Assignment, Session
from tests.factories import PoolFactory, ProjectVersionFactory, TaskFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff_page() -> Client:
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def read_state(content: bytes) -> dict[str, Any]:
    text = re.search(r'<script type="application/json" id="state">(.*?)</script>', content.decode())
    assert text
    state: dict[str, Any] = json.loads(html.unescape(text[1]))
    return state


def make_pool():
    version = ProjectVersionFactory(
        input_spec={
            "text": {"type": "string", "required": True},
            "source": {"type": "string", "hidden": True},
        }
    )
    pool = PoolFactory(
        project=version.project,
        version=version,
        real_tasks_count=1,
        golden_tasks_count=1,
        training_tasks_count=1,
    )
    for name, kind in (("ordinary", {}), ("gold", {"golden": True}), ("train", {"training": True})):
        for number in range(2):
            values = {"text": f"{name} {number}", "source": "kept-from-performers"}
            TaskFactory(pool=pool, input_values=values, **kind)
    return pool


def test_the_first_page_is_shown_as_a_performer_would_see_it(staff_page):
    pool = make_pool()

    response = staff_page.get(reverse("preview", args=[pool.pk]))

    state = read_state(response.content)
    assert state["preview"] is True
    assert [(task["kind"], task["input_values"]) for task in state["assignment"]["tasks"]] == [
        ("training", {"text": "train 0"}),
        ("ordinary", {"text": "gold 0"}),
        ("ordinary", {"text": "ordinary 0"}),
    ]
    assert "kept-from-performers" not in response.content.decode()
    assert "known_solutions" not in response.content.decode()


def test_nothing_is_stored(staff_page):
    pool = make_pool()

    staff_page.get(reverse("preview", args=[pool.pk]))

    assert [model.objects.count() for model in (Session, Assignment, Answer)] == [0, 0, 0]
    assert not pool.tasks.exclude(issued=0).exists()


def test_its_policy_is_the_strict_one_and_lets_the_admin_frame_it(staff_page):
    response = staff_page.get(reverse("preview", args=[make_pool().pk]))

    policy = dict(
        part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";")
    )
    assert (policy["script-src"], policy["frame-ancestors"]) == ("'self'", "'self'")
    assert "X-Frame-Options" not in response


def test_a_pool_without_tasks_says_so(staff_page):
    response = staff_page.get(reverse("preview", args=[PoolFactory().pk]))

    state = read_state(response.content)
    assert state["assignment"] is None
    assert "no tasks" in state["reason"]["message"]


@pytest.mark.parametrize("is_known", [True, False])
def test_others_do_not_see_it(client, is_known):
    if is_known:
        client.force_login(UserFactory())

    response = client.get(reverse("preview", args=[make_pool().pk]))

    assert response.status_code == 302
    assert "/admin/login/" in response["Location"]


def test_staff_without_the_right_do_not_see_it(client):
    client.force_login(UserFactory(is_staff=True))

    assert client.get(reverse("preview", args=[make_pool().pk])).status_code == 403
