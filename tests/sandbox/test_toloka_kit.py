"""Toloka's official client drives the sandbox as it drives Toloka."""

from __future__ import annotations

import fcntl
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox.running import REGISTERED, ROOT, TOKEN

HERE = Path(__file__).parent
LOCK_FILE = HERE / "toloka-kit-requirements.txt"
ENVIRONMENT = ROOT / ".venv-toloka-kit"
SECONDS = 300
NO_ERROR_FIELDS: list[str] = []


@pytest.fixture(scope="session")
def toloka_kit_python() -> Path:
    """Make the client's own virtual environment, once for each content of its lock file."""
    python = ENVIRONMENT / "bin" / "python"
    done = ENVIRONMENT / "lock-hash"
    wanted = hashlib.sha256(LOCK_FILE.read_bytes()).hexdigest()
    turns = ROOT / "var" / "toloka-kit.lock"
    turns.parent.mkdir(exist_ok=True)
    with turns.open("w") as turn:
        # Two runs of the tests may come here at once.
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not done.exists() or done.read_text() != wanted:
            run(sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT))
            pip = (str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
            run(*pip, "--only-binary", ":all:", "--require-hashes", "-r", str(LOCK_FILE))
            done.write_text(wanted)
    return python


def run(*command: str) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == 0, f"{' '.join(command)}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


@pytest.mark.slow
def test_the_official_client_works_unchanged(sandbox, toloka_kit_python):
    sandbox.configure(operation_seconds=0)
    script = str(HERE / "toloka_kit_session.py")
    user_id = sandbox.make_performer()

    saw = json.loads(run(str(toloka_kit_python), script, sandbox.url, TOKEN, user_id, REGISTERED))

    assert saw.pop("errors") == {
        "token": {
            "class": "AuthenticationApiError",
            "code": "AUTHENTICATION_ERROR",
            "status": 401,
            "fields": NO_ERROR_FIELDS,
        },
        "missing": {
            "class": "DoesNotExistApiError",
            "code": "DOES_NOT_EXIST",
            "status": 404,
            "fields": NO_ERROR_FIELDS,
        },
        "unregistered": {
            "class": "ValidationApiError",
            "code": "VALIDATION_ERROR",
            "status": 400,
            "fields": ["assignments_issuing_view_config.redirect_url"],
        },
        "invalid": {
            "class": "ValidationApiError",
            "code": "VALIDATION_ERROR",
            "status": 400,
            "fields": ["public_name"],
        },
        "limit": {
            "class": "ValidationApiError",
            "code": "VALIDATION_ERROR",
            "status": 400,
            "fields": ["limit"],
        },
        "archived": "Project",
    }
    assert saw.pop("tasks") == {
        "created": ["0.png", "1.png", "2.png", "golden.png"],
        "overlaps": [0, 2, 2, 2],
        "skipped": {"1": ["input_values.image"]},
        "kept": 1,
        "single": {"image": "1.png"},
        "synchronous": 2,
        "listed": 8,
        "same": True,
        "suites": [1],
        "all_or_nothing": {
            "class": "ValidationApiError",
            "code": "VALIDATION_ERROR",
            # The client builds this one itself, from the operation's log.
            "status": None,
            "fields": ["0"],
        },
        "failed_operation": "FAIL",
        "overlap_lowered": 1,
    }
    assert saw.pop("review") == {
        "waiting": 1,
        "rejected": "REJECTED",
        "accepted": "ACCEPTED",
        "comment": "You were right",
        "late": {
            "class": "IncorrectActionsApiError",
            "code": "INAPPROPRIATE_STATUS",
            "status": 409,
            "fields": NO_ERROR_FIELDS,
        },
    }
    assert saw.pop("id").startswith("req-")
    assert saw == {
        "balance": "100",
        "project": {
            "name": "Traffic signs",
            "status": "ACTIVE",
            "view": "TemplateBuilderViewSpec",
            "metadata": {"ptmik_partner_name": ["Mini Labels"]},
            "listed": True,
        },
        "new_pool": {
            "status": "CLOSED",
            "reason": "MANUAL",
            "reward": 0.01,
            "will_expire": "2036-03-01T00:00:00+00:00",
            "filter": "FilterAnd",
        },
        "open_pool": {
            "is_open": True,
            "again": True,
            "name": "wave 2",
            "priority": 40,
            "started": True,
        },
        "found_pools": 1,
        "operation_types": ["PoolOpenOperation"],
        "clone": {"other": True, "closed": True},
        "training": {"open": True, "as_pool": "TRAINING", "closed": True, "archived": True},
        "skill": {"found": True, "value": 92, "exact": "91.5", "listed": 1},
        "skills_left": 0,
        "restriction": {"class": "PoolUserRestriction", "listed": True},
        "restrictions_left": 0,
        "bonuses": {"amounts": ["0.05", "0.1"], "listed": 2},
        "user": {"country": "DE"},
        "assignment_user": True,
        "webhooks": {"made": 1, "listed": 1},
        "closed": True,
        "analytics": [1, {"value": 0}],
        # 0.05 by a submit, 0.15 by bonuses, and a fifth of both for Toloka.
        "balance_after": "99.760",
    }
