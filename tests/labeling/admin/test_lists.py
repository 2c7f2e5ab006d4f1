"""Every model has its list and page; lists cost the same however many rows they show."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integration.enums import PaymentState
from integration.models import TolokaAccount
from labelplatform.admin import SIDEBAR
from labelplatform.models import User
from tests import factories
from tests.factories import TolokaAccountFactory, UserFactory

OURS = ("labelplatform", "integration", "labeling")
MODELS = [model for app in OURS for model in apps.get_app_config(app).get_models()]
FACTORIES: dict[Any, Any] = {
    factory._meta.model: factory
    for factory in vars(factories).values()
    if isinstance(factory, type) and hasattr(factory, "_meta") and factory._meta.model
}
NOT_DELETED = [
    model
    for model in MODELS
    if model._meta.label not in ("labelplatform.Membership", "labeling.WebhookSubscription")
]


def make_row(model: Any) -> Any:
    factory = FACTORIES.get(model)
    if factory is None:
        return TolokaAccountFactory().webhook_events.create(
            uuid=f"event-{model.objects.count()}",
            event_type="POOL_CLOSED",
            received_at="2026-11-21T12:00:00Z",
        )
    return factory()


def address(model: Any, page: str, *args: Any, **query: Any) -> str:
    names = (model._meta.app_label, model._meta.model_name, page)
    return reverse("admin:{}_{}_{}".format(*names), args=args, query=query or None)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_model_has_a_page_at_the_side(model):
    assert model in admin.site._registry
    assert model._meta.label in [label for _title, items in SIDEBAR for label, _icon in items]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_a_list_asks_as_often_for_three_rows_as_for_one(model, admin_page):
    def count_queries() -> int:
        with CaptureQueriesContext(connection) as queries:
            response = admin_page.get(address(model, "changelist"))
        assert response.status_code == 200
        return len(queries)

    make_row(model)
    count_queries()  # what is cached is cached
    one = count_queries()
    make_row(model)
    make_row(model)

    assert count_queries() == one


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_a_list_can_be_searched_and_a_row_opened(model, admin_page):
    row = make_row(model)

    found = admin_page.get(address(model, "changelist", q="17"))
    page = admin_page.get(address(model, "change", row.pk))

    assert (found.status_code, page.status_code) == (200, 200)


@pytest.mark.parametrize("model", NOT_DELETED, ids=lambda model: model._meta.label)
def test_rows_are_not_deleted(model, admin_page):
    row = make_row(model)

    response = admin_page.post(address(model, "delete", row.pk), {"post": "yes"})

    assert response.status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize(
    "label",
    [
        "integration.Payment",
        "integration.WorkReport",
        "integration.Attempt",
        "integration.Visit",
        "integration.AuditEntry",
        "labeling.Assignment",
        "labeling.Answer",
        "labeling.ProjectVersion",
    ],
)
def test_records_are_neither_added_nor_changed_by_forms(label, admin_page):
    model = apps.get_model(label)
    row = make_row(model)

    added = admin_page.post(address(model, "add"), {})
    changed = admin_page.post(address(model, "change", row.pk), {"_save": "Save"})

    assert (added.status_code, changed.status_code) == (403, 403)


def test_the_dashboard_names_what_needs_a_person(admin_page):
    factories.PaymentFactory(state=PaymentState.PARKED)
    TolokaAccount.objects.filter(pk=TolokaAccountFactory().pk).update(
        paused_at="2026-11-21T12:00:00Z"
    )
    factories.ListingFactory(last_error="the redirect address is not registered")

    page = admin_page.get(reverse("admin:index")).context

    assert [(concern.title, concern.count) for concern in page["concerns"]] == [
        ("Payments stuck", 1),
        ("Accounts paused", 1),
        ("Cards with an error", 1),
    ]
    assert all(admin_page.get(concern.url).status_code == 200 for concern in page["concerns"])
    assert all(admin_page.get(fact.url).status_code == 200 for fact in page["facts"])


def test_the_dashboard_is_calm_where_nothing_waits(admin_page):
    response = admin_page.get(reverse("admin:index"))

    assert response.context["concerns"] == []
    assert "Nothing: no payment is stuck" in response.content.decode()


def test_a_plain_user_does_not_come_in(client, db):
    client.force_login(UserFactory())

    response = client.get(reverse("admin:index"))

    assert response.status_code == 302
    assert "/admin/login/" in response["Location"]


def test_a_user_who_may_only_look_sees_no_secret(client, db):
    account = TolokaAccountFactory(token="very-secret-token")
    looker: User = UserFactory(is_staff=True)
    permission = looker.user_permissions.model.objects.get(codename="view_tolokaaccount")
    looker.user_permissions.add(permission)
    client.force_login(looker)

    page = client.get(address(TolokaAccount, "change", account.pk))

    assert page.status_code == 200
    assert "very-secret-token" not in page.content.decode()
