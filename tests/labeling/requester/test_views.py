import csv
import io
import json
import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integration.enums import PaymentState
from labeling.enums import AssignmentStatus
from labeling.models import Answer, Pool, Session
from labelplatform.models import Role, User
from tests.factories import (
    AssignmentFactory,
    MembershipFactory,
    PoolFactory,
    ProjectFactory,
    RequesterFactory,
    TaskFactory,
    UserFactory,
    WorkReportFactory,
)

PASSWORD = "a long made-up password"


@pytest.fixture
def user() -> User:
    user = UserFactory()
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def pool(user: User) -> Pool:
    """A pool of a requester whose viewer the user is."""
    pool = PoolFactory(private_name="Letters & <digits>")
    MembershipFactory(user=user, requester=pool.project.requester, role=Role.VIEWER)
    return pool


@pytest.fixture
def signed_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def pages_of(pool: Pool) -> list[str]:
    page = AssignmentFactory(pool=pool)
    return [
        reverse("requester:pool", args=[pool.pk]),
        reverse("requester:answers", args=[pool.pk, "tsv"]),
        reverse("requester:answers", args=[pool.pk, "jsonl"]),
        reverse("requester:assignment", args=[page.pk]),
    ]


@pytest.mark.django_db
def test_a_requester_logs_in_and_out(client: Client, user: User, pool: Pool) -> None:
    login = client.get("/requester/", follow=True)
    wrong = client.post("/requester/login/", {"username": user.username, "password": "no"})
    right = client.post(
        "/requester/login/?next=/requester/",
        {"username": user.username, "password": PASSWORD},
        follow=True,
    )
    out = client.post("/requester/logout/")
    after = client.get("/requester/")

    assert login.redirect_chain == [("/requester/login/?next=/requester/", 302)]
    assert wrong.status_code == 200
    assert 'role="alert"' in wrong.content.decode()
    assert pool.project.public_name in right.content.decode()
    assert (out.status_code, after.status_code) == (302, 302)


@pytest.mark.django_db
def test_nothing_is_seen_without_login(client: Client, pool: Pool) -> None:
    for address in ["/requester/", *pages_of(pool)]:
        response = client.get(address)

        assert response.status_code == 302, address
        assert response["Location"].startswith("/requester/login/?next=")


@pytest.mark.django_db
@pytest.mark.parametrize("role", Role.values)
def test_every_role_sees_and_downloads(client: Client, role: str) -> None:
    pool = PoolFactory()
    client.force_login(MembershipFactory(requester=pool.project.requester, role=role).user)

    for address in ["/requester/", *pages_of(pool)]:
        assert client.get(address).status_code == 200, address


@pytest.mark.django_db
def test_what_another_owns_is_not_found(signed_in: Client, pool: Pool) -> None:
    foreign = PoolFactory(private_name="Foreign pool")

    for address in pages_of(foreign):
        assert signed_in.get(address).status_code == 404, address
    content = signed_in.get("/requester/").content.decode()
    assert "Foreign pool" not in content
    assert foreign.project.public_name not in content


@pytest.mark.django_db
def test_a_superuser_who_is_no_member_sees_no_foreign_work(client: Client) -> None:
    pool = PoolFactory()
    client.force_login(UserFactory(is_superuser=True, is_staff=True))

    assert client.get(reverse("requester:pool", args=[pool.pk])).status_code == 404


@pytest.mark.django_db
def test_pages_change_nothing(signed_in: Client, pool: Pool) -> None:
    for address in pages_of(pool):
        assert signed_in.post(address).status_code == 405


@pytest.mark.django_db
def test_a_pools_page_tells_how_far_it_is(signed_in: Client, pool: Pool) -> None:
    tasks = TaskFactory.create_batch(3, pool=pool, overlap=2)
    golden = TaskFactory(pool=pool, golden=True, input_values={"text": "A <b>golden</b> one"})
    done = AssignmentFactory(tasks=[*tasks[:2], golden], status=AssignmentStatus.ACCEPTED)
    AssignmentFactory(tasks=[tasks[2]], status=AssignmentStatus.ACTIVE)
    AssignmentFactory(tasks=[tasks[2]], status=AssignmentStatus.SKIPPED)
    Answer.objects.filter(task=golden).update(score=Decimal("0.5"))
    Session.objects.filter(pk=done.session_id).update(
        pages_submitted=1, earned=Decimal("0.02"), scored_weight=4, right_weight=3
    )
    report = {"visit": done.session.visit, "payment__amount": Decimal("0.0125")}
    WorkReportFactory(**report, payment__state=PaymentState.SENT)
    WorkReportFactory(**report, payment__state=PaymentState.PARKED)
    WorkReportFactory(**report, payment__state=PaymentState.GIVEN_UP)

    response = signed_in.get(reverse("requester:pool", args=[pool.pk]))

    content = response.content.decode()
    facts = dict(re.findall(r"<dt>(.*?)</dt><dd.*?>(.*?)</dd>", content))
    assert '<progress value="2" max="6"' in content
    assert "2 of 6 answers given (33 %), 1 in work now." in content
    assert facts == {
        "Tasks": "3",
        "Golden and training tasks": "1",
        "Pages submitted": "1",
        "Pages skipped": "0",
        "Performers": "1",
        "Quality so far": "75 %",
        "Price of a page": "$0.02",
        "Earned by performers": "$0.02",
        "Paid": "$0.0125",
        "On the way": "$0.00",
        "Waits for a person": "$0.0125",
        "Budget": "no limit",
        "Title": "Is it so?",
        "Status": "open",
        "Pool in Toloka": pool.listing.toloka_pool_id if pool.listing else "",
    }
    assert "A &lt;b&gt;golden&lt;/b&gt; one" in content
    assert "50 %" in content


@pytest.mark.django_db
def test_golden_tasks_most_often_missed_come_first(signed_in: Client, pool: Pool) -> None:
    easy, hard, fresh = (
        TaskFactory(pool=pool, golden=True, input_values={"text": name})
        for name in ("easy", "hard", "fresh")
    )
    AssignmentFactory(tasks=[easy, hard], status=AssignmentStatus.ACCEPTED)
    Answer.objects.filter(task=easy).update(score=1)
    Answer.objects.filter(task=hard).update(score=0)

    content = signed_in.get(reverse("requester:pool", args=[pool.pk])).content.decode()

    assert re.findall(r">(easy|hard|fresh)<", content) == ["hard", "easy", "fresh"]
    assert fresh.issued == 0


@pytest.mark.django_db
def test_the_query_count_does_not_grow(signed_in: Client, user: User) -> None:
    def count(address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert signed_in.get(address).status_code == 200
        return len(queries)

    def fill(pool: Pool, pages: int) -> None:
        for _page in range(pages):
            tasks = [TaskFactory(pool=pool), TaskFactory(pool=pool, golden=True)]
            AssignmentFactory(tasks=tasks, status=AssignmentStatus.ACCEPTED)

    requester = RequesterFactory()
    MembershipFactory(user=user, requester=requester)
    pool = PoolFactory(project__requester=requester)
    fill(pool, 1)
    list_of_one, pool_of_one = count("/requester/"), count(f"/requester/pools/{pool.pk}/")
    fill(pool, 2)
    for _number in range(2):
        fill(PoolFactory(project=ProjectFactory(requester=requester)), 1)

    assert count("/requester/") == list_of_one
    assert count(f"/requester/pools/{pool.pk}/") == pool_of_one


@pytest.mark.django_db
def test_answers_are_downloaded_by_status(signed_in: Client, pool: Pool) -> None:
    tasks = TaskFactory.create_batch(2, pool=pool)
    AssignmentFactory(tasks=[tasks[0]], status=AssignmentStatus.ACCEPTED)
    AssignmentFactory(tasks=[tasks[1]], status=AssignmentStatus.REJECTED)
    address = reverse("requester:answers", args=[pool.pk, "tsv"])

    accepted = signed_in.get(address)
    both = signed_in.get(f"{address}?status=APPROVED&status=REJECTED")
    comma = signed_in.get(f"{address}?status=APPROVED,REJECTED")
    lines = signed_in.get(reverse("requester:answers", args=[pool.pk, "jsonl"]))

    def ids(response: Any) -> list[str]:
        text = b"".join(response.streaming_content).decode()
        rows = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t")
        return [row["ASSIGNMENT:task_id"] for row in rows]

    assert accepted["Content-Type"] == "text/tab-separated-values; charset=utf-8"
    assert accepted["Content-Disposition"] == (f'attachment; filename="pool-{pool.pk}-answers.tsv"')
    assert ids(accepted) == [str(tasks[0].id)]
    assert ids(both) == ids(comma) == [str(task.id) for task in tasks]
    assert [json.loads(line)["task_id"] for line in b"".join(lines).splitlines()] == [
        str(tasks[0].id)
    ]


@pytest.mark.django_db
def test_an_unknown_status_or_format_is_refused(signed_in: Client, pool: Pool) -> None:
    address = reverse("requester:answers", args=[pool.pk, "tsv"])

    wrong = signed_in.get(f"{address}?status=DONE")

    assert (wrong.status_code, "DONE" in wrong.content.decode()) == (400, True)
    assert signed_in.get(reverse("requester:answers", args=[pool.pk, "xlsx"])).status_code == 404


@pytest.mark.django_db
def test_one_pages_answers_are_shown_beside_the_solutions(signed_in: Client, pool: Pool) -> None:
    task = TaskFactory(pool=pool, training=True)
    page = AssignmentFactory(tasks=[task], status=AssignmentStatus.ACCEPTED)
    Answer.objects.update(first_values={"label": "no"}, score=0)

    content = signed_in.get(reverse("requester:assignment", args=[page.pk])).content.decode()

    assert page.performer.external_id in content
    assert task.input_values["text"] in content
    assert "First:" in content
    assert page.session.visit.assignment_id not in content


@pytest.mark.django_db
def test_pages_keep_the_strict_policy(signed_in: Client, pool: Pool) -> None:
    for address in ["/requester/", *pages_of(pool)[:1], pages_of(pool)[3]]:
        response = signed_in.get(address)
        content = response.content.decode()

        assert "default-src 'none'" in response["Content-Security-Policy"]
        assert not re.search(r"<script|<style| style=| on[a-z]+=", content), address
        assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_pages_speak_russian(signed_in: Client, pool: Pool) -> None:
    response = signed_in.get("/requester/", headers={"accept-language": "ru"})

    assert '<html lang="ru">' in response.content.decode()
