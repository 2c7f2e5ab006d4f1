"""The fixtures of this folder notice what they shall notice."""

STRICT = "default-src 'none'; script-src 'self'; style-src 'self'"


def open_page(page, html, policy="default-src 'none'; script-src 'unsafe-inline'"):
    headers = {"Content-Security-Policy": policy, "Content-Type": "text/html; charset=utf-8"}
    page.route("http://page.test/", lambda route: route.fulfill(body=html, headers=headers))
    page.goto("http://page.test/")


def test_a_violation_of_the_policy_is_noticed(page, page_problems):
    open_page(page, "<p style='color: red'>Привет</p>", policy=STRICT)

    assert [problem.partition(":")[0] for problem in page_problems] == ["policy"]
    page_problems.clear()


def test_an_error_in_a_script_is_noticed(page, page_problems):
    open_page(page, "<script>missing.call()</script>")

    page.wait_for_timeout(100)
    assert page_problems == ["error: missing is not defined"]
    page_problems.clear()


def test_russian_text_has_letters_of_its_own(page):
    open_page(page, "<span id='ru'>щж</span> <span id='none'>\ue000\ue001</span>")

    pixels = [page.locator(selector).screenshot() for selector in ("#ru", "#none")]

    assert pixels[0] != pixels[1]


def test_a_phone_is_small_and_is_touched(phone_page):
    open_page(phone_page, "<meta name='viewport' content='width=device-width'>")

    facts = phone_page.evaluate("[innerWidth, innerHeight, navigator.maxTouchPoints > 0]")

    assert facts == [360, 740, True]
