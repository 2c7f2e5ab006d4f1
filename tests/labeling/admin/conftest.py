import pytest
from django.test import Client

from labelplatform.models import User
from tests.factories import UserFactory


@pytest.fixture
def boss(db) -> User:
    user: User = UserFactory(username="boss", is_staff=True, is_superuser=True)
    return user


@pytest.fixture
def admin_page(boss) -> Client:
    """A client that is signed in as a superuser."""
    client = Client()
    client.force_login(boss)
    return client
