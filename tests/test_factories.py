import inspect
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from factory.django import DjangoModelFactory

from labeling.enums import AssignmentStatus, RestrictionScope
from tests import factories

FACTORIES: dict[type[models.Model], type[DjangoModelFactory[Any]]] = {
    factory._meta.model: factory
    for _name, factory in inspect.getmembers(factories, inspect.isclass)
    if issubclass(factory, DjangoModelFactory) and not factory._meta.abstract
}
MODELS = [
    model
    for label in ("labelplatform", "integration", "labeling")
    for model in apps.get_app_config(label).get_models()
]


@pytest.mark.django_db
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_model_has_a_factory_of_valid_rows(model: type[models.Model]) -> None:
    first, second = FACTORIES[model].create_batch(2)

    first.full_clean(exclude=["password"])
    assert first.pk != second.pk


@pytest.mark.django_db
def test_the_rows_around_a_pool_have_one_owner() -> None:
    pool = factories.PoolFactory()

    assert pool.version.project == pool.project
    assert pool.listing is not None
    assert pool.listing.account.requester == pool.project.requester


@pytest.mark.django_db
def test_a_page_brings_its_answers_and_counts_what_is_issued() -> None:
    task, other = factories.TaskFactory.create_batch(2, pool=factories.PoolFactory(), overlap=2)

    page = factories.AssignmentFactory(tasks=[task, other], status=AssignmentStatus.SUBMITTED)
    skipped = factories.AssignmentFactory(tasks=[task], status=AssignmentStatus.SKIPPED)

    task.refresh_from_db()
    assert page.pool == task.pool == page.session.pool
    assert page.session.visit.performer == page.performer
    assert [answer.output_values for answer in page.answers.order_by("position")] == [
        {"label": "yes"},
        {"label": "yes"},
    ]
    assert [answer.is_given_back for answer in skipped.answers.all()] == [True]
    assert task.issued == 1


@pytest.mark.django_db
@pytest.mark.parametrize("scope", RestrictionScope.values)
def test_a_restriction_names_its_scope(scope: str) -> None:
    restriction = factories.RestrictionFactory(scope=scope)

    assert (restriction.pool is not None) == (scope == RestrictionScope.POOL)
    assert (restriction.project is not None) == (scope == RestrictionScope.PROJECT)
