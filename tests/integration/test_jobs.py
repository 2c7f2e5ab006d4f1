from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from integration import jobs
from integration.enums import ListingStatus, PaymentState, VisitStatus
from integration.models import Listing, Payment
from labelplatform.celery import app
from tests.integration.factories import close, outcomes_of, owe, state_of

JOBS = [
    jobs.deliver_due_payments,
    jobs.resolve_unknown_payments,
    jobs.finish_closing_visits,
    jobs.close_drained_listings,
    jobs.refresh_listings,
    jobs.forget_old_webhook_events,
]


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_celery_finds_every_job_by_itself(job):
    app.loader.import_default_modules()

    assert job.name in app.tasks


@pytest.mark.django_db(transaction=True)
def test_the_jobs_carry_a_visit_from_its_last_page_to_a_closed_card(sandbox, card, visit):
    now = timezone.now()
    lost = owe(visit, now=now - timedelta(minutes=10))
    Payment.objects.filter(pk=lost.pk).update(
        state=PaymentState.SENDING, claimed_at=now - timedelta(minutes=3), attempts_count=1
    )
    page = owe(visit, now=now)
    close(visit, now=now)
    Listing.objects.update(status=ListingStatus.CLOSING)

    jobs.resolve_unknown_payments()
    Payment.objects.update(due_at=now - timedelta(minutes=1))
    jobs.resolve_unknown_payments()
    jobs.deliver_due_payments()
    jobs.finish_closing_visits()
    jobs.close_drained_listings()

    visit.refresh_from_db()
    card.refresh_from_db()
    assert (state_of(lost), state_of(page)) == (PaymentState.SENT, PaymentState.SENT)
    assert outcomes_of(page) == ["applied"]
    assert visit.status == VisitStatus.CLOSED
    assert card.status == ListingStatus.CLOSED
    assert [one["body"]["close_session"] for one in sandbox.state()["submits"]] == [False, True]


@pytest.mark.django_db
def test_jobs_with_nothing_to_do_do_nothing():
    assert [job() for job in JOBS[1:]] == [0, 0, 0, 0, 0]


@pytest.mark.django_db(transaction=True)
def test_deliveries_do_not_take_every_process_of_a_worker(sandbox, visit):
    owe(visit, now=timezone.now())
    settings = connection.settings_dict
    with psycopg.connect(
        dbname=settings["NAME"], host=settings["HOST"], user=settings["USER"], port=settings["PORT"]
    ) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [jobs.DELIVERING])
        while_another_delivers = jobs.deliver_due_payments()

    assert (while_another_delivers, jobs.deliver_due_payments()) == (0, 1)
