"""A headless browser, and the rule that no page may err or break its own security policy."""

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from script.browser import ARGUMENTS, browser_environment, unpack_browser
from tests.stack import programs, publish, sandbox, sandbox_process

__all__ = ["programs", "publish", "sandbox", "sandbox_process"]

DESKTOP = {"width": 1366, "height": 768}
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread; our code is not run by it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    folder = unpack_browser()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=folder / "chromium",
            args=list(ARGUMENTS),
            env={**browser_environment(folder)},
        )
        yield started
        started.close()


@pytest.fixture
def page_problems() -> list[str]:
    """What went wrong on the pages of this test; a test that means it empties the list."""
    return []


@pytest.fixture
def new_context(
    browser: Browser, page_problems: list[str]
) -> Iterator[Callable[..., BrowserContext]]:
    """Make a browser of its own for each call: cookies, size, language as Playwright names them.

    After the test, an error in a page's script or a violation of its policy fails the test.
    """
    contexts: list[BrowserContext] = []

    def make(**options: object) -> BrowserContext:
        context = browser.new_context(**{"viewport": DESKTOP, "locale": "en-US", **options})  # type: ignore[arg-type]
        context.set_default_timeout(10_000)
        context.on("weberror", lambda error: page_problems.append(f"error: {error.error}"))
        context.on("console", lambda message: _note_violation(message, page_problems))
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert page_problems == []


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Page:
    return new_context().new_page()


@pytest.fixture
def phone_page(new_context: Callable[..., BrowserContext]) -> Page:
    return new_context(viewport=PHONE, has_touch=True, is_mobile=True).new_page()


def _note_violation(message: ConsoleMessage, problems: list[str]) -> None:
    if message.type == "error" and "Content Security Policy" in message.text:
        problems.append(f"policy: {message.text}")
