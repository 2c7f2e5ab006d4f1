"""The whole way, as people walk it: from Start in Toloka to pay, close and results."""

from collections.abc import Callable
from decimal import Decimal
from itertools import cycle
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from integration import closing, listings
from integration.models import Payment, Visit
from labeling import pools
from labeling.integrity import find_broken
from labeling.models import Answer, Pool
from labelplatform import embedded
from labelplatform.models import User
from tests.factories import MembershipFactory, UserFactory
from tests.programs import Programs
from tests.sandbox.running import RunningSandbox
from tests.stack import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

NewContext = Callable[..., BrowserContext]


def start_as(page: Page, sandbox: RunningSandbox, user_id: str) -> None:
    """Be this performer in the sandbox, and press Start on its one card."""
    page.goto(sandbox.url)
    page.get_by_label("Id (empty: a new one)").fill(user_id)
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Start").click()
    page.get_by_test_id("task").first.wait_for()


def label_until_the_end(page: Page, choices: list[str]) -> int:
    """Answer pages with the keys that stand beside the choices; return how many there were."""
    pages = 0
    wanted = cycle(choices)
    while True:
        ended = page.get_by_test_id("ended")
        page.get_by_test_id("submit").or_(ended).first.wait_for()
        if ended.count():
            return pages
        for task in page.get_by_test_id("task").all():
            task.get_by_text(next(wanted), exact=True).click()
        before = page.get_by_test_id("progress").inner_text()
        page.get_by_test_id("submit").click()
        pages += 1
        expect(
            page.get_by_test_id("ended").or_(
                page.get_by_test_id("progress").filter(has_not_text=before)
            )
        ).not_to_have_count(0)


def test_two_performers_from_start_to_payout_and_results(
    publish: Callable[..., Pool],
    sandbox: RunningSandbox,
    programs: Programs,
    broker: embedded.Place,
    new_context: NewContext,
) -> None:
    pool = publish(real=4, golden=4, overlap=2, shuffle_tasks_in_task_suite=False)
    programs.start_worker()
    performers = {sandbox.make_performer(): ["Yes"], sandbox.make_performer(): ["Yes", "No"]}

    for user_id, choices in performers.items():
        page = new_context().new_page()
        start_as(page, sandbox, user_id)
        assert label_until_the_end(page, choices) == 4
        expect(page.get_by_test_id("summary-earned")).to_contain_text("0.08")
    wait_for(lambda: not Payment.objects.exclude(state="sent").exists())
    closing.finish_closing(timezone.now())

    submits = sandbox.state()["submits"]
    assert sandbox.state()["rewards"] == dict.fromkeys(performers, Decimal("0.08"))
    for user_id, quality in zip(performers, (1, 0), strict=True):
        bodies = [one["body"] for one in submits if one["user_id"] == user_id]
        assert [body["close_session"] for body in bodies] == [False, False, False, True]
        assert [body["quality"] for body in bodies] == [quality] * 4
        assert [counts_of(body) for body in bodies] == [(1, 1, 0)] * 4
        assert [body["reward"] for body in bodies] == [Decimal("0.02")] * 4
    assert set(Visit.objects.values_list("status", flat=True)) == {"closed"}
    assert_pool_ends(pool, sandbox)
    assert_download_has_the_answers(pool, programs.environment["PUBLIC_URL"], new_context)
    assert [(check.name, lines) for check, lines in find_broken() if lines] == []


def counts_of(body: dict[str, Any]) -> tuple[int, int, int]:
    return body["real_tasks_count"], body["golden_tasks_count"], body["training_tasks_count"]


def assert_pool_ends(pool: Pool, sandbox: RunningSandbox) -> None:
    """A finished pool completes, and its card in Toloka closes once the outbox is drained."""
    assert pools.complete_pools(now=timezone.now()) == 1
    listings.close_drained(timezone.now())
    assert pool.listing_id is not None
    wait_for(lambda: listings.refresh(pool.listing_id or 0, now=timezone.now()).status == "closed")
    assert [one["status"] for one in sandbox.state()["pools"]] == ["CLOSED"]


def assert_download_has_the_answers(pool: Pool, url: str, new_context: NewContext) -> None:
    user: User = UserFactory(username="rita")
    user.set_password("a password of her own")
    user.save()
    MembershipFactory(requester=pool.project.requester, user=user)
    page = new_context().new_page()
    page.goto(f"{url}/requester/")
    page.get_by_label("Username").fill("rita")
    page.get_by_label("Password").fill("a password of her own")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name=pool.private_name).click()

    with page.expect_download() as download:
        page.get_by_role("button", name="Download TSV").click()

    header, *rows = download.value.path().read_text(encoding="utf-8").splitlines()
    columns = header.split("\t")
    found = sorted(
        (cells["ASSIGNMENT:worker_id"], cells["INPUT:text"], cells["OUTPUT:label"])
        for cells in (dict(zip(columns, row.split("\t"), strict=True)) for row in rows)
    )
    stored = Answer.objects.select_related("performer", "task")
    assert found == sorted(
        (
            one.performer.external_id,
            one.task.input_values["text"],
            (one.output_values or {})["label"],
        )
        for one in stored
    )
