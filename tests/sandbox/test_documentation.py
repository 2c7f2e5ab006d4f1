"""What can be set or asked of the sandbox is in its documentation."""

from __future__ import annotations

from dataclasses import fields

import pytest

from sandbox.faults import KINDS
from sandbox.settings import Settings
from tests.sandbox.running import ROOT

TEXT = (ROOT / "docs" / "sandbox.md").read_text()


@pytest.mark.parametrize("name", [one.name for one in fields(Settings)])
def test_every_setting_is_documented(name):
    assert f"\n| `{name}` |" in TEXT


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_fault_is_documented(kind):
    assert f"| `{kind}" in TEXT


def test_every_part_of_the_state_and_every_control_call_is_documented(sandbox):
    for name in sandbox.state():
        assert f"`{name}`" in TEXT
    for call in ("faults", "settings", "performers", "start", "requesters", "reset"):
        assert f"/control/{call}`" in TEXT
