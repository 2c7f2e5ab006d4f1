"""The labeling page against the real server, as a performer has it in his hands."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from playwright.sync_api import BrowserContext, Page, expect

from integration.models import Visit
from labeling.models import Answer, Assignment, Pool
from labelplatform import embedded
from tests.browser.conftest import PHONE
from tests.sandbox.running import RunningSandbox
from tests.settings import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

NewContext = Callable[..., BrowserContext]
Arrive = Callable[..., Page]


@pytest.fixture
def arrive(
    publish: Callable[..., Pool],
    sandbox: RunningSandbox,
    broker: embedded.Place,
    new_context: NewContext,
) -> Arrive:
    """Publish a pool of four pages and press Start; ``arrive(**context options)``."""
    pool = publish(real=4)
    assert pool.listing is not None
    form = {"pool_id": pool.listing.toloka_pool_id, "user_id": sandbox.make_performer()}
    link = sandbox.ask("POST", "/control/start", form)["redirect_url"]

    def go(**options: Any) -> Page:
        page = new_context(**options).new_page()
        page.goto(link)
        return page

    return go


def choose(page: Page, label: str) -> None:
    page.get_by_test_id("task").get_by_text(label, exact=True).click()


def test_a_page_is_done_with_the_keyboard_alone(arrive: Arrive) -> None:
    page = arrive()
    page.get_by_test_id("task").wait_for()

    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("message")).not_to_be_empty()
    expect(page.get_by_role("radio", name="Yes")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")

    expect(page.get_by_test_id("progress")).to_contain_text("1")
    assert Answer.objects.exclude(output_values=None).get().output_values == {"label": "yes"}


def test_choices_survive_a_reload(arrive: Arrive) -> None:
    page = arrive()
    choose(page, "No")
    expect(page.get_by_test_id("saved")).to_have_attribute("data-state", "saved")

    page.reload()

    expect(page.get_by_role("radio", name="No")).to_be_checked()


def test_a_submit_without_network_goes_when_it_is_back(arrive: Arrive) -> None:
    page = arrive()
    choose(page, "Yes")
    page.context.set_offline(True)

    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("saved")).to_have_attribute("data-state", "offline")
    before = Assignment.objects.filter(submitted_at__isnull=False).count()
    page.context.set_offline(False)

    expect(page.get_by_test_id("progress")).to_contain_text("1", timeout=20_000)
    assert before == 0
    assert Assignment.objects.filter(submitted_at__isnull=False).count() == 1


def test_a_double_click_on_submit_answers_one_page(arrive: Arrive) -> None:
    page = arrive()
    choose(page, "Yes")

    page.get_by_test_id("submit").dblclick()

    expect(page.get_by_test_id("progress")).to_contain_text("1")
    assert Assignment.objects.filter(submitted_at__isnull=False).count() == 1


def test_another_browser_takes_over_after_silence_and_the_first_is_told(arrive: Arrive) -> None:
    first = arrive()
    choose(first, "Yes")
    refused = arrive()
    refused_status = refused.get_by_test_id("task").count()
    Visit.objects.update(heard_at=F("heard_at") - timedelta(minutes=3))

    second = arrive()
    second.get_by_test_id("task").wait_for()
    first.get_by_test_id("submit").click()

    assert refused_status == 0
    expect(first.get_by_test_id("taken")).to_be_visible()
    assert not Assignment.objects.filter(submitted_at__isnull=False).exists()


def test_finish_leads_back_to_toloka(arrive: Arrive, sandbox: RunningSandbox) -> None:
    page = arrive()

    page.get_by_role("button", name="Finish").click()
    page.get_by_test_id("confirm").click()

    expect(page.get_by_test_id("ended")).to_contain_text("You have finished")
    expect(page.get_by_test_id("back")).to_have_attribute("href", sandbox.url)


def test_russian_is_spoken_to_who_wants_it(arrive: Arrive) -> None:
    page = arrive(locale="ru-RU")

    expect(page.get_by_test_id("submit")).to_have_text("Отправить")
    expect(page.locator("html")).to_have_attribute("lang", "ru")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_axe_finds_nothing_and_nothing_moves(arrive: Arrive, scheme: str, size: str) -> None:
    phone = {"viewport": PHONE, "is_mobile": True, "has_touch": True}
    page = arrive(color_scheme=scheme, **(phone if size == "phone" else {}))
    page.get_by_test_id("task").wait_for()

    page.evaluate((ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then(r => r.violations.map(v => v.id))")
    shift = page.evaluate(
        """new Promise(resolve => {
            let sum = 0;
            new PerformanceObserver(list => {
                for (const entry of list.getEntries()) sum += entry.value;
            }).observe({type: "layout-shift", buffered: true});
            setTimeout(() => resolve(sum), 300);
        })"""
    )

    assert found == []
    assert shift < 0.02
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if size == "phone":
        expect(page.get_by_test_id("submit")).to_be_in_viewport()
        expect(page.get_by_role("radio").last).to_be_in_viewport()
