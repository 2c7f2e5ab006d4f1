"""The calls of the labeling page, over HTTP."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from integration.arrivals import browser_digest
from labeling.models import Assignment, Pool, Session
from labeling.performer.browser import COOKIE_NAME, send_browser_key
from tests.factories import ProjectVersionFactory

MakePool = Callable[..., Pool]
Start = Callable[..., Session]
KEY = "the key of a browser"


class Page:
    """A browser at the page of one session."""

    def __init__(self, session: Session, key: str | None = KEY) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.base = f"/label/api/sessions/{session.pk}"
        self.client.cookies["csrftoken"] = "t" * 32
        if key:
            sign_in(self.client, key)

    def get(self) -> Any:
        return self.client.get(self.base)

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        text = body if isinstance(body, str) else json.dumps(body or {})
        headers = {"X-CSRFToken": "t" * 32, **more.pop("headers", {})}
        return self.client.post(
            f"{self.base}/{path}", text, content_type="application/json", headers=headers
        )


def sign_in(client: Client, key: str) -> None:

    response = HttpResponse()
    send_browser_key(response, key)
    client.cookies[COOKIE_NAME] = response.cookies[COOKIE_NAME].value


@pytest.fixture
def session(make_pool: MakePool, start: Start) -> Session:
    now = timezone.now()
    return start(
        make_pool(real=3),
        visit__browser_key=browser_digest(KEY),
        visit__opened_at=now,
        visit__heard_at=now,
    )


def answers(assignment: dict[str, Any], label: str = "yes") -> dict[str, Any]:
    return {
        "solutions": [
            {"task_id": task["id"], "output_values": {"label": label}}
            for task in assignment["tasks"]
        ]
    }


def test_state_has_the_shape_of_the_protocol(session: Session) -> None:
    state = Page(session).get().json()

    assert sorted(state) == ["assignment", "project", "server_time", "session", "urls"]
    assert state["session"] == {
        "id": str(session.pk),
        "status": "open",
        "progress": {"submitted": 0, "total": None},
        "earned": "0",
        "currency": "USD",
        "can_skip": True,
    }
    assert sorted(state["project"]) == ["instructions", "public_name", "view_spec"]
    assert state["assignment"]["reward"] == "0.02"
    assert state["assignment"]["tasks"][0]["kind"] == "ordinary"


def test_submit_answers_with_the_next_page_and_a_repeat_says_so(session: Session) -> None:
    page = Page(session)
    first = page.get().json()["assignment"]

    reply = page.post(f"assignments/{first['id']}/submit", answers(first))
    repeat = page.post(f"assignments/{first['id']}/submit", answers(first))

    assert (reply.status_code, repeat.status_code) == (200, 200)
    assert reply.json()["assignment"]["id"] != first["id"]
    assert reply.json()["session"]["earned"] == "0.02"
    assert "repeat" not in reply.json()
    assert repeat.json()["repeat"] is True
    assert repeat.json()["assignment"]["id"] == reply.json()["assignment"]["id"]


def test_faults_are_named_at_their_field(session: Session) -> None:
    page = Page(session)
    first = page.get().json()["assignment"]

    reply = page.post(f"assignments/{first['id']}/submit", answers(first, "perhaps"))

    assert reply.status_code == 422
    body = reply.json()
    assert (body["code"], list(body["payload"])) == (
        "VALIDATION_ERROR",
        [f"{first['tasks'][0]['id']}.label"],
    )


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        "{}",
        '{"solutions": 1}',
        '{"solutions": [1]}',
        '{"solutions": [{"task_id": "x"}]}',
        '{"solutions": [{"task_id": "01a20054-07b5-7572-973c-96cf7202eaf1"}]}',
        "[" * 100_000,
    ],
)
def test_bodies_of_another_shape_are_refused(session: Session, body: str) -> None:
    page = Page(session)
    first = page.get().json()["assignment"]

    reply = page.post(f"assignments/{first['id']}/submit", body)

    assert reply.status_code == 422
    assert reply.json()["code"] == "VALIDATION_ERROR"
    assert Assignment.objects.get().status == "ACTIVE"


def test_skipped_page_is_answered_with_why_and_the_next_one(session: Session) -> None:
    page = Page(session)
    first = page.get().json()["assignment"]
    page.post(f"assignments/{first['id']}/skip", {"reason": "dark"})

    reply = page.post(f"assignments/{first['id']}/submit", answers(first))

    assert reply.status_code == 409
    body = reply.json()
    assert body["code"] == "PAGE_SKIPPED"
    assert body["assignment"]["id"] != first["id"]


def test_other_browsers_and_none_are_told_apart(session: Session) -> None:
    taken = Page(session, key="another browser").get()
    unknown = Page(session, key=None).get()

    assert (taken.status_code, taken.json()["code"]) == (409, "TAKEN_OVER")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "NOT_YOURS")


def test_calls_without_the_csrf_token_are_refused(session: Session) -> None:
    page = Page(session)

    reply = page.post("finish", headers={"X-CSRFToken": "x" * 32})

    assert reply.status_code == 403


def test_heartbeat_tells_the_end_of_the_lease_and_keeps_drafts(session: Session) -> None:
    page = Page(session)
    first = page.get().json()["assignment"]
    drafts = {first["tasks"][0]["id"]: {"label": "no"}}

    beat = page.post(f"assignments/{first['id']}/heartbeat", {"drafts": drafts})

    assert beat.json()["expires_at"] >= first["expires_at"]
    assert page.get().json()["assignment"]["drafts"] == drafts


def test_finish_ends_the_visit_and_says_the_way_back(session: Session) -> None:
    page = Page(session)
    page.get()

    reply = page.post("finish").json()

    assert reply["return_url"] == "https://toloka.example/tasks"
    assert reply["session"]["status"] == "closed"
    assert page.get().json()["reason"]["code"] == "finished"


@pytest.fixture
def photo_page(make_pool: MakePool, start: Start) -> Page:
    pool = make_pool(real=2)
    version = ProjectVersionFactory(
        project=pool.project,
        output_spec={"photo": {"type": "file", "required": True}},
    )
    Pool.objects.update(version=version)
    now = timezone.now()
    return Page(
        start(
            Pool.objects.get(),
            visit__browser_key=browser_digest(KEY),
            visit__opened_at=now,
            visit__heard_at=now,
        )
    )


def send_file(page: Page, assignment: dict[str, Any], path: str = "photo") -> Any:

    return page.client.post(
        f"{page.base}/assignments/{assignment['id']}/attachments",
        {
            "task_id": assignment["tasks"][0]["id"],
            "path": path,
            "file": SimpleUploadedFile("../a photo.jpg", b"jpeg", content_type="image/jpeg"),
        },
        headers={"X-CSRFToken": "t" * 32},
    )


def test_captured_file_is_kept_and_bound_by_the_submit(photo_page: Page) -> None:
    assignment = photo_page.get().json()["assignment"]

    sent = send_file(photo_page, assignment)
    solution = {
        "task_id": assignment["tasks"][0]["id"],
        "output_values": {"photo": sent.json()["id"]},
    }
    reply = photo_page.post(f"assignments/{assignment['id']}/submit", {"solutions": [solution]})

    assert (sent.status_code, sent.json()["name"], sent.json()["media_type"]) == (
        201,
        "a photo.jpg",
        "image/jpeg",
    )
    assert reply.status_code == 200
    attachment = Assignment.objects.get(pk=assignment["id"]).attachments.get()
    assert attachment.answer is not None
    with attachment.file.open() as stored:
        assert stored.read() == b"jpeg"


def test_files_that_never_came_and_fields_without_files_are_refused(photo_page: Page) -> None:
    assignment = photo_page.get().json()["assignment"]
    solution = {
        "task_id": assignment["tasks"][0]["id"],
        "output_values": {"photo": "01a20054-07b5-7572-973c-96cf7202eaf1"},
    }

    reply = photo_page.post(f"assignments/{assignment['id']}/submit", {"solutions": [solution]})

    assert reply.status_code == 422
    assert next(iter(reply.json()["payload"].values()))["code"] == "ENTITY_DOES_NOT_EXIST"
    assert send_file(photo_page, assignment, path="label").status_code == 422


def test_file_taken_back_is_gone(photo_page: Page) -> None:
    assignment = photo_page.get().json()["assignment"]
    sent = send_file(photo_page, assignment).json()

    reply = photo_page.client.delete(
        f"{photo_page.base}/assignments/{assignment['id']}/attachments/{sent['id']}",
        headers={"X-CSRFToken": "t" * 32},
    )

    assert reply.status_code == 200
    assert not Assignment.objects.get().attachments.exists()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("heartbeat", '{"drafts": {"x": {"label": "a\\u0000"}}}'),
        ("heartbeat", '{"drafts": {"x": {"label": "a\\ud83d"}}}'),
        ("heartbeat", '{"drafts": {"x": {"label": 1e999}}}'),
        ("heartbeat", '{"problems": ["\\u0000"]}'),
        ("heartbeat", f'{{"drafts": {{"x": "{"y" * 2_000_000}"}}}}'),
        ("skip", '{"reason": "a\\u0000b"}'),
        ("skip", '{"reason": "a\\ud83d"}'),
    ],
    ids=["zero", "surrogate", "infinity", "problem", "huge", "reason", "half"],
)
def test_json_that_can_not_be_kept_is_refused(session: Session, path: str, body: str) -> None:
    page = Page(session)
    first = page.get().json()["assignment"]

    reply = page.post(f"assignments/{first['id']}/{path}", body)

    assert reply.status_code == 422
    assert Assignment.objects.get().status == "ACTIVE"


def test_reading_the_state_renews_the_csrf_cookie(session: Session) -> None:
    page = Page(session)
    del page.client.cookies["csrftoken"]

    page.get()

    assert page.client.cookies["csrftoken"].value
