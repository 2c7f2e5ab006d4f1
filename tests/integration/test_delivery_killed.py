"""A delivery that is killed between Toloka's applying of a submit and its answer."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from integration import outbox
from integration.enums import PaymentState
from integration.models import Payment, TolokaAccount
from tests.integration.factories import outcomes_of, owe, report_of, state_of

pytestmark = pytest.mark.django_db(transaction=True)

DELIVER = """
import django
django.setup()
from django.utils import timezone
from integration import outbox
outbox.deliver_due(now=timezone.now())
"""


def kill_while_held(sandbox, environment):
    """Run a delivery in a process of its own, and kill it once the sandbox keeps silent."""
    process = subprocess.Popen([sys.executable, "-c", DELIVER], env=environment)
    try:
        for _ in range(1000):
            if sandbox.state()["faults"]["holding"]:
                break
            time.sleep(0.02)
        else:
            raise AssertionError("the submit never arrived")
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=10)


@pytest.mark.parametrize(("policy", "received"), [("resend", 2), ("hold", 1)])
def test_a_killed_delivery_neither_loses_nor_doubles_the_pay(
    sandbox, visit, program_environment, policy, received
):
    TolokaAccount.objects.update(ambiguous_outcome=policy)
    sandbox.fault("hang_after")
    payment = owe(visit, "0.035", now=timezone.now())

    kill_while_held(sandbox, program_environment)

    assert (state_of(payment), outcomes_of(payment)) == (PaymentState.SENDING, ["in_flight"])
    frozen = report_of(payment).body
    now = timezone.now() + timedelta(minutes=2)
    assert outbox.judge_old_claims(now) == 1
    assert (state_of(payment), outcomes_of(payment)) == (PaymentState.UNKNOWN, ["unknown"])
    outbox.resend_unknown(now + timedelta(minutes=1))
    outbox.deliver_due(now=now + timedelta(minutes=1))
    state = sandbox.state()
    assert [one["raw"] for one in state["submits"]] == [frozen] * received
    assert state["rewards"] == {visit.performer.external_id: Decimal("0.035")}
    assert Payment.objects.get().state == ("sent" if policy == "resend" else "unknown")
