"""A sandbox over HTTP, an account there, a card, and a performer who has pressed Start."""

import pytest

from integration.models import Listing, TolokaAccount, Visit
from tests.integration.factories import make_account, make_card, make_visit
from tests.sandbox.running import RunningSandbox
from tests.stack import sandbox, sandbox_process

__all__ = ["sandbox", "sandbox_process"]


@pytest.fixture
def account(db: None, sandbox: RunningSandbox) -> TolokaAccount:
    return make_account(sandbox)


@pytest.fixture
def card(sandbox: RunningSandbox, account: TolokaAccount) -> Listing:
    return make_card(sandbox, account)


@pytest.fixture
def visit(sandbox: RunningSandbox, card: Listing) -> Visit:
    return make_visit(sandbox, card)
