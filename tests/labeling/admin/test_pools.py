import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integration.enums import ListingStatus
from integration.models import Listing
from labeling.enums import PoolStatus, TaskKind
from labeling.models import Pool, UploadJob
from tests.factories import (
    AssignmentFactory,
    ListingFactory,
    PoolFactory,
    ProjectFactory,
    ProjectVersionFactory,
    SessionFactory,
    TaskFactory,
    TolokaAccountFactory,
)
from tests.integration.factories import make_account
from tests.sandbox.running import RunningSandbox


def page_of(pool: Pool, name: str = "change") -> str:
    return reverse(f"admin:labeling_pool_{name}", args=[pool.pk])


def take_step(client: Client, pool: Pool, name: str, **answers: Any) -> list[str]:
    """Take a step by its button; return what the next page says."""
    response = client.post(page_of(pool, name), answers, follow=True)
    assert response.status_code == 200
    return [str(message) for message in response.context["messages"]]


def form_of(client: Client, address: str) -> dict[str, Any]:
    """Return what a browser would send back from a form that nobody touched."""
    form = client.get(address).context["adminform"].form
    data = {}
    for field in form:
        value = field.value()
        if isinstance(value, datetime):
            local = value.astimezone(UTC)
            data[f"{field.html_name}_0"] = local.strftime("%Y-%m-%d")
            data[f"{field.html_name}_1"] = local.strftime("%H:%M:%S")
        elif value is not None and value is not False:
            data[field.html_name] = value
    return data


@pytest.fixture
def pool(db) -> Pool:
    made: Pool = PoolFactory(status=PoolStatus.CLOSED, listing__status=ListingStatus.CLOSED)
    TaskFactory(pool=made)
    return made


def test_a_new_pool_pins_the_newest_version(admin_page):
    version = ProjectVersionFactory()
    address = reverse("admin:labeling_pool_add", query={"project": version.project_id})
    data = form_of(admin_page, address)

    response = admin_page.post(address, data | {"private_name": "Wave 1"})

    pool = Pool.objects.get()
    assert response.status_code == 302
    assert (pool.version, pool.private_name, pool.status) == (
        version,
        "Wave 1",
        PoolStatus.CLOSED,
    )


def test_a_project_without_a_version_has_no_pools(admin_page):
    project = ProjectFactory()
    address = reverse("admin:labeling_pool_add", query={"project": project.pk})

    page = admin_page.post(address, form_of(admin_page, address) | {"private_name": "Wave 1"})

    assert "no version yet" in str(page.context["errors"])
    assert not Pool.objects.exists()


def test_an_edit_writes_only_what_was_edited(admin_page, pool):
    data = form_of(admin_page, page_of(pool))
    Pool.objects.filter(pk=pool.pk).update(budget_drawn=Decimal("7"))  # meanwhile

    admin_page.post(page_of(pool), data | {"private_name": "Wave 2"})

    pool.refresh_from_db()
    assert (pool.private_name, pool.budget_drawn) == ("Wave 2", Decimal("7"))


def test_of_an_open_pool_the_form_offers_what_may_change(admin_page, pool):
    Pool.objects.filter(pk=pool.pk).update(status=PoolStatus.OPEN)

    form = admin_page.get(page_of(pool)).context["adminform"].form

    assert set(form.fields) == {"priority", "private_name", "private_comment", "budget_cap"}


def test_a_form_filled_in_before_somebody_opened_the_pool_changes_no_price(admin_page, pool):
    data = form_of(admin_page, page_of(pool))
    Pool.objects.filter(pk=pool.pk).update(status=PoolStatus.OPEN)

    admin_page.post(page_of(pool), data | {"reward_per_assignment": "9"})

    pool.refresh_from_db()
    assert pool.reward_per_assignment == Decimal("0.02")


@pytest.mark.parametrize(
    ("field", "value"), [("lease_seconds", "4"), ("lease_seconds", "9999"), ("priority", "101")]
)
def test_impossible_settings_are_named_at_their_field(admin_page, pool, field, value):
    data = form_of(admin_page, page_of(pool))

    page = admin_page.post(page_of(pool), data | {field: value})

    assert list(page.context["adminform"].form.errors) == [field]


def test_a_budget_below_what_is_spent_is_refused_in_words(admin_page, pool):
    SessionFactory(pool=pool, money_drawn=Decimal("0.50"))
    data = form_of(admin_page, page_of(pool))

    page = admin_page.post(page_of(pool), data | {"budget_cap": "0.1"}, follow=True)

    assert [str(message) for message in page.context["messages"]] == [
        "0.5 USD are spent or promised already; the budget can't be less."
    ]


def test_a_button_leads_to_a_question_and_changes_nothing(admin_page, pool):
    response = admin_page.get(page_of(pool, "open_pool"))

    pool.refresh_from_db()
    assert response.status_code == 200
    assert pool.status == PoolStatus.CLOSED


def test_a_pool_is_opened_and_closed(admin_page, pool):
    opened = take_step(admin_page, pool, "open_pool")
    status_between = Pool.objects.get(pk=pool.pk).status
    closed = take_step(admin_page, pool, "close_pool")

    pool.refresh_from_db()
    assert (opened, closed) == (["The pool is open."], ["The pool is closed."])
    assert (status_between, pool.status) == (PoolStatus.OPEN, PoolStatus.CLOSED)


def test_every_obstacle_is_told_with_its_cure(admin_page, pool):
    Pool.objects.filter(pk=pool.pk).update(
        reward_per_assignment=Decimal("0.001"), will_expire=timezone.now()
    )

    said = take_step(admin_page, pool, "open_pool")
    page = admin_page.get(page_of(pool)).content.decode()

    assert len(said) == 2
    assert "Set a later time or none." in said[0]
    assert "Pay at least 0.005 USD for a page, or nothing." in said[1]
    assert "Set a later time or none." in page


def test_a_step_that_comes_too_late_says_so(admin_page, pool):
    said = take_step(admin_page, pool, "close_pool")

    assert said == ["The pool is closed; for this it must be open."]


def test_only_steps_that_make_sense_have_a_button(admin_page, pool):
    page = admin_page.get(page_of(pool))

    names = {
        action["path"].rstrip("/").rsplit("/", 1)[-1]
        for entry in page.context["actions_detail"]
        for action in entry.get("items", [entry])
    }
    assert names == {"open_pool", "upload", "preview", "open_card", "clone", "archive"}


def test_a_clone_is_shown_at_once(admin_page, pool):
    response = admin_page.post(page_of(pool, "clone"))

    clone = Pool.objects.exclude(pk=pool.pk).get()
    assert response["Location"] == page_of(clone)


def test_archiving_waits_for_pages_to_review(admin_page, pool):
    AssignmentFactory(pool=pool, status="SUBMITTED")

    said = take_step(admin_page, pool, "archive")

    assert said == ["1 pages are out or await a decision. Wait for them and decide first."]


def test_tasks_are_uploaded(admin_page, pool):
    file = SimpleUploadedFile("tasks.tsv", b"INPUT:text\tGOLDEN:label\nRain\t\nSun\tyes\n")

    said = take_step(admin_page, pool, "upload", file=file)

    assert said == ["2 tasks made."]
    kinds = pool.tasks.order_by("position").values_list("kind", flat=True)
    assert list(kinds)[-2:] == [TaskKind.ORDINARY, TaskKind.GOLDEN]


def test_bad_rows_are_shown_by_row_and_column(admin_page, pool):
    file = SimpleUploadedFile("tasks.tsv", b"INPUT:text\tGOLDEN:label\nRain\t\nSun\tperhaps\n")

    response = admin_page.post(page_of(pool, "upload"), {"file": file}, follow=True)

    job = UploadJob.objects.get()
    assert response.redirect_chain[-1][0] == reverse(
        "admin:labeling_uploadjob_change", args=[job.pk]
    )
    cells = [
        re.sub(r"<[^>]+>", "", cell).strip()
        for cell in re.findall(r"<td.*?</td>", response.content.decode(), flags=re.DOTALL)
    ]
    row, column = str(job.errors[0]["row"]), job.errors[0]["column"]
    assert column == "GOLDEN:label"
    assert [row, column] in [cells[n : n + 2] for n in range(len(cells))]
    assert pool.tasks.count() == 1


def test_bad_rows_can_be_left_out(admin_page, pool):
    file = SimpleUploadedFile("tasks.tsv", b"INPUT:text\tGOLDEN:label\nRain\t\nSun\tperhaps\n")

    said = take_step(admin_page, pool, "upload", file=file, skip_invalid="on")

    assert said == ["1 tasks made, 1 bad rows left out."]
    assert pool.tasks.count() == 2


def test_a_card_is_not_opened_before_its_pool(admin_page, pool):
    said = take_step(admin_page, pool, "open_card")

    assert said == ["The pool is not open: performers would find no work. Open the pool first."]


def test_a_card_that_can_not_be_published_stays_a_draft_and_says_why(admin_page):
    pool = PoolFactory(listing=None)
    account = TolokaAccountFactory(requester=pool.project.requester, redirect_registered=False)

    said = take_step(
        admin_page,
        pool,
        "publish",
        account=account.pk,
        public_name="Is it so?",
        public_description="Read a sentence.",
        assignment_max_duration_seconds="14400",
    )

    pool.refresh_from_db()
    assert pool.listing.status == ListingStatus.DRAFT
    assert "redirect registered" in said[0]
    assert "redirect registered" in admin_page.get(page_of(pool)).content.decode()


def test_a_second_try_to_publish_makes_no_second_card(admin_page):
    listing = ListingFactory(
        status=ListingStatus.DRAFT,
        toloka_project_id="",
        toloka_pool_id="",
        account__redirect_registered=True,
    )
    pool = PoolFactory(listing=listing)

    said = take_step(admin_page, pool, "publish")

    assert Listing.objects.count() == 1
    assert "could not be reached" in said[0]  # nobody listens there


def test_accounts_of_other_requesters_are_not_offered(admin_page):
    pool = PoolFactory(listing=None)
    TolokaAccountFactory()
    own = TolokaAccountFactory(requester=pool.project.requester)

    form = admin_page.get(page_of(pool, "publish")).context["form"]

    assert list(form.fields["account"].queryset) == [own]


@pytest.fixture
def toloka(tmp_path) -> Iterator[RunningSandbox]:
    """A stand-in Toloka in a process of its own, where the redirect address is registered."""
    running = RunningSandbox(tmp_path / "store.sqlite3")
    running.configure(operation_seconds=0.05, registered_redirects=[settings.PUBLIC_URL])
    yield running
    running.end()


@pytest.mark.slow
def test_a_pool_goes_to_toloka_and_back_by_buttons_alone(admin_page, toloka):
    pool = PoolFactory(status=PoolStatus.CLOSED, listing=None)
    TaskFactory(pool=pool)
    account = make_account(toloka, requester=pool.project.requester)

    connected = admin_page.post(
        reverse("admin:integration_tolokaaccount_check_connection", args=[account.pk]),
        follow=True,
    )
    said = [
        take_step(
            admin_page,
            pool,
            "publish",
            account=account.pk,
            public_name="Is it so?",
            public_description="Read a sentence.",
            assignment_max_duration_seconds="14400",
        ),
        take_step(admin_page, pool, "open_pool"),
        take_step(admin_page, pool, "open_card"),
    ]
    opened = status_in_toloka(toloka, pool)
    said.append(take_step(admin_page, pool, "close_card"))

    assert "balance 100 USD" in str(next(iter(connected.context["messages"])))
    assert said == [
        ["The card in Toloka: closed."],
        ["The pool is open."],
        ["The card in Toloka: open."],
        ["The card in Toloka: closed."],
    ]
    assert (opened, status_in_toloka(toloka, pool)) == ("OPEN", "CLOSED")


def status_in_toloka(toloka: RunningSandbox, pool: Pool) -> str:
    pool.refresh_from_db()
    assert pool.listing
    return str(toloka.ask("GET", f"/api/v1/pools/{pool.listing.toloka_pool_id}")["status"])
