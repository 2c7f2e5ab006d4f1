"""Decisions about money and people: each asks first, wants a reason, and is kept."""

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integration.enums import PaymentState, PaymentWay
from integration.models import AuditEntry, Payment, TolokaAccount
from labeling.enums import AssignmentStatus, RestrictionScope
from labeling.models import Assignment, Restriction
from labelplatform.models import User
from tests.factories import (
    ApiTokenFactory,
    AssignmentFactory,
    PaymentFactory,
    PerformerFactory,
    PoolFactory,
    RequesterFactory,
    RestrictionFactory,
    TaskFactory,
    TolokaAccountFactory,
    WorkReportFactory,
)


def take_step(client: Client, row: Any, name: str, **answers: Any) -> list[str]:
    """Take a step by its button; return what the next page says."""
    names = (row._meta.app_label, row._meta.model_name, name)
    address = reverse("admin:{}_{}_{}".format(*names), args=[row.pk])
    response = client.post(address, answers, follow=True)
    assert response.status_code == 200
    return [str(message) for message in response.context["messages"]]


def make_stuck(state: PaymentState = PaymentState.PARKED) -> Payment:
    report = WorkReportFactory(payment__state=state)
    payment: Payment = report.payment
    Payment.objects.filter(pk=payment.pk).update(
        account=report.listing.account, listing=report.listing
    )
    return payment


def entries() -> list[tuple[str, str, str, str]]:
    rows = AuditEntry.objects.order_by("pk").select_related("user")
    return [
        (row.action, row.subject, row.reason, row.user.username if row.user else "") for row in rows
    ]


def test_a_stuck_payment_is_sent_again(admin_page):
    payment = make_stuck()

    said = take_step(admin_page, payment, "send_again", reason="Toloka was down")

    payment.refresh_from_db()
    assert said == ["The payment is due again."]
    assert payment.state == PaymentState.DUE
    assert entries() == [("payment.send_again", f"payment:{payment.pk}", "Toloka was down", "boss")]


def test_a_stuck_payment_is_paid_by_a_bonus(admin_page):
    payment = make_stuck(PaymentState.UNKNOWN)

    take_step(admin_page, payment, "pay_by_bonus", reason="the session is closed")

    payment.refresh_from_db()
    bonus = Payment.objects.get(way=PaymentWay.BONUS)
    assert (payment.state, bonus.amount) == (PaymentState.SETTLED, payment.amount)


def test_a_payment_is_marked_as_paid_only_with_a_proof(admin_page):
    payment = make_stuck(PaymentState.UNKNOWN)

    take_step(admin_page, payment, "mark_paid", reason="seen")
    without = Payment.objects.get(pk=payment.pk).state
    take_step(admin_page, payment, "mark_paid", reason="seen", proof="statement, line 3")

    payment.refresh_from_db()
    assert (without, payment.state) == (PaymentState.UNKNOWN, PaymentState.SETTLED)
    assert AuditEntry.objects.get().details["proof"] == "statement, line 3"


@pytest.mark.parametrize("step", ["send_again", "pay_by_bonus", "mark_paid", "give_up"])
def test_nothing_is_decided_without_a_reason_or_by_a_link(admin_page, step):
    payment = make_stuck()
    address = reverse(f"admin:integration_payment_{step}", args=[payment.pk])

    asked = admin_page.get(address, {"reason": "by a link"})
    unreasoned = admin_page.post(address, {"reason": " "})

    payment.refresh_from_db()
    assert (asked.status_code, unreasoned.status_code) == (200, 200)
    assert payment.state == PaymentState.PARKED
    assert entries() == []


def test_a_payment_that_went_out_meanwhile_is_left_alone(admin_page):
    payment = make_stuck()
    Payment.objects.filter(pk=payment.pk).update(state=PaymentState.SENT)

    said = take_step(admin_page, payment, "give_up", reason="no answer")

    payment.refresh_from_db()
    assert payment.state == PaymentState.SENT
    assert "is not stuck" in said[0]


def test_several_are_decided_at_once_after_one_question(admin_page):
    stuck = [make_stuck(), make_stuck()]
    other = make_stuck()
    sent = make_stuck(PaymentState.SENT)
    address = reverse("admin:integration_payment_changelist")
    chosen = {"action": "give_up", "_selected_action": [p.pk for p in [*stuck, sent]]}

    question = admin_page.post(address, chosen)
    undecided = Payment.objects.filter(state=PaymentState.PARKED).count()
    done = admin_page.post(
        address, {**chosen, "step_confirmed": "yes", "reason": "old"}, follow=True
    )

    assert (question.status_code, undecided) == (200, 3)
    said = [str(message) for message in done.context["messages"]]
    assert [text for text in said if "Done for" in text] == ["Done for 2 rows."]
    assert len(said) == 2  # and why the sent one was left alone
    other.refresh_from_db()
    assert other.state == PaymentState.PARKED


@pytest.mark.parametrize(
    ("choice", "states"),
    [
        ("person", {PaymentState.PARKED, PaymentState.UNKNOWN}),
        ("held", {PaymentState.HELD}),
        ("claim", {PaymentState.SENDING}),
        (
            "all",
            {
                PaymentState.PARKED,
                PaymentState.UNKNOWN,
                PaymentState.HELD,
                PaymentState.SENDING,
            },
        ),
    ],
)
def test_the_stuck_are_listed(admin_page, choice, states):
    for state in set(PaymentState) - {PaymentState.SENDING}:
        PaymentFactory(state=state)
    now = timezone.now()
    PaymentFactory(state=PaymentState.SENDING, claimed_at=now - timedelta(minutes=6))
    PaymentFactory(state=PaymentState.SENDING, claimed_at=now)
    address = reverse("admin:integration_payment_changelist", query={"stuck": choice})

    shown = list(admin_page.get(address).context["cl"].result_list)

    assert {payment.state for payment in shown} == states
    assert len(shown) == len(states)


def test_a_page_is_accepted_or_rejected_with_a_comment(admin_page):
    tasks = TaskFactory.create_batch(2)
    good = AssignmentFactory(tasks=[tasks[0]], status=AssignmentStatus.SUBMITTED)
    bad = AssignmentFactory(tasks=[tasks[1]], status=AssignmentStatus.SUBMITTED)

    take_step(admin_page, good, "accept")
    take_step(admin_page, bad, "reject")
    undecided = Assignment.objects.get(pk=bad.pk).status
    take_step(admin_page, bad, "reject", public_comment="The answer is empty.")

    good.refresh_from_db()
    bad.refresh_from_db()
    assert (good.status, undecided) == (AssignmentStatus.ACCEPTED, AssignmentStatus.SUBMITTED)
    assert (bad.status, bad.public_comment) == (
        AssignmentStatus.REJECTED,
        "The answer is empty.",
    )
    assert [entry[0] for entry in entries()] == ["assignment.accept", "assignment.reject"]


def test_a_page_is_decided_once(admin_page):
    page = AssignmentFactory(status=AssignmentStatus.ACCEPTED)

    said = take_step(admin_page, page, "reject", public_comment="Too late.")

    page.refresh_from_db()
    assert page.status == AssignmentStatus.ACCEPTED
    assert "no decision" in said[0]
    assert entries() == []


def test_a_restriction_is_added_by_hand_and_names_its_owner(admin_page):
    pool = PoolFactory()
    performer = PerformerFactory()
    form = {
        "performer": performer.pk,
        "scope": RestrictionScope.POOL,
        "pool": pool.pk,
        "requester": RequesterFactory().pk,  # another's: the pool's own counts
        "private_comment": "answers at random",
    }

    admin_page.post(reverse("admin:labeling_restriction_add"), form)

    restriction = Restriction.objects.get()
    assert (restriction.pool, restriction.requester, restriction.made_by.username) == (
        pool,
        pool.project.requester,
        "boss",
    )
    assert entries() == [
        ("restriction.impose", f"restriction:{restriction.pk}", "answers at random", "boss")
    ]


@pytest.mark.parametrize(
    ("scope", "field"), [("POOL", "pool"), ("PROJECT", "project"), ("ALL_PROJECTS", "requester")]
)
def test_a_restriction_without_its_object_is_refused_at_the_field(admin_page, scope, field):
    page = admin_page.post(
        reverse("admin:labeling_restriction_add"),
        {"performer": PerformerFactory().pk, "scope": scope},
    )

    assert list(page.context["adminform"].form.errors) == [field]


def test_a_restriction_is_lifted_once(admin_page):
    restriction = RestrictionFactory()

    first = take_step(admin_page, restriction, "lift", reason="appeal granted")
    second = take_step(admin_page, restriction, "lift", reason="again")

    restriction.refresh_from_db()
    assert restriction.lifted_by.username == "boss"
    assert (first, second) == (
        ["The restriction is lifted."],
        ["The restriction was lifted before."],
    )
    assert [entry[0] for entry in entries()] == ["restriction.lift"]


def test_an_account_is_paused_and_resumed_with_reasons(admin_page):
    account = TolokaAccountFactory()

    take_step(admin_page, account, "pause", reason="the token leaked")
    paused = TolokaAccount.objects.get(pk=account.pk)
    again = take_step(admin_page, account, "pause", reason="twice")
    take_step(admin_page, account, "resume", reason="a new token")

    account.refresh_from_db()
    assert (paused.paused_reason, again) == (
        "the token leaked",
        ["The account is paused already."],
    )
    assert account.paused_at is None
    assert [entry[0] for entry in entries()] == ["account.pause", "account.resume"]


def test_a_connection_that_fails_is_told(admin_page):
    said = take_step(admin_page, TolokaAccountFactory(), "check_connection")

    assert len(said) == 1
    assert "could not be reached" in said[0]


def form_of(client: Client, address: str) -> dict[str, Any]:
    form = client.get(address).context["adminform"].form
    return {field.html_name: field.value() for field in form if field.value() not in (None, False)}


def test_a_token_is_never_shown_and_kept_where_the_field_stays_blank(admin_page):
    account = TolokaAccountFactory(token="very-secret-token")
    address = reverse("admin:integration_tolokaaccount_change", args=[account.pk])
    page = admin_page.get(address).content.decode()
    data = form_of(admin_page, address)

    admin_page.post(address, data | {"name": "renamed", "token": ""})

    account.refresh_from_db()
    assert "very-secret-token" not in page
    assert "token" not in data
    assert (account.name, account.token) == ("renamed", "very-secret-token")


def test_a_token_is_replaced(admin_page):
    account = TolokaAccountFactory(token="very-secret-token")
    address = reverse("admin:integration_tolokaaccount_change", args=[account.pk])

    response = admin_page.post(address, form_of(admin_page, address) | {"token": "a newer one"})

    account.refresh_from_db()
    assert response.status_code == 302
    assert account.token == "a newer one"


def test_saving_an_account_does_not_undo_a_pause_that_came_meanwhile(admin_page):
    account = TolokaAccountFactory()
    address = reverse("admin:integration_tolokaaccount_change", args=[account.pk])
    data = form_of(admin_page, address)
    TolokaAccount.objects.filter(pk=account.pk).update(
        paused_at=timezone.now(), paused_reason="401"
    )

    admin_page.post(address, data | {"name": "renamed"})

    account.refresh_from_db()
    assert (account.name, account.paused_reason) == ("renamed", "401")


def test_arrival_key_and_redirect_url_can_be_copied(admin_page, settings):
    account = TolokaAccountFactory()

    page = admin_page.get(
        reverse("admin:integration_tolokaaccount_change", args=[account.pk])
    ).content.decode()

    assert f'readonly value="{account.arrival_key}"' in page
    assert f'value="{settings.PUBLIC_URL}/toloka/{account.arrival_key}/start/"' in page


@pytest.mark.parametrize(("secret", "count"), [("", 0), ("short", 0), ("s" * 32, 1)])
def test_a_partners_key_needs_a_long_secret(admin_page, secret, count):
    key = apps.get_model("integration.PartnerKey")

    admin_page.post(
        reverse("admin:integration_partnerkey_add"),
        {"requester": RequesterFactory().pk, "name": "partner", "secret": secret},
    )

    assert key.objects.count() == count


def test_a_token_for_programs_is_revoked_once(admin_page):
    token = ApiTokenFactory()

    first = take_step(admin_page, token, "revoke")
    second = take_step(admin_page, token, "revoke")

    token.refresh_from_db()
    assert token.revoked_at is not None
    assert (first, second) == (["The token is revoked."], ["The token was revoked before."])


def test_overlap_is_lowered_to_what_is_issued_at_least(admin_page):
    task = TaskFactory(overlap=5)
    AssignmentFactory(tasks=[task], status=AssignmentStatus.ACCEPTED)
    address = reverse("admin:labeling_task_change", args=[task.pk])

    admin_page.post(address, {"overlap": "0"})

    task.refresh_from_db()
    assert (task.overlap, task.issued) == (1, 1)


def test_a_user_is_made_with_a_password(admin_page):
    form = admin_page.get("/admin/labelplatform/user/add/").content.decode()
    answer = admin_page.post(
        "/admin/labelplatform/user/add/",
        {
            "username": "rita",
            "usable_password": "true",
            "password1": "a password of her own",
            "password2": "a password of her own",
        },
    )

    assert 'name="password1"' in form
    assert answer.status_code == 302
    assert User.objects.get(username="rita").check_password("a password of her own")
