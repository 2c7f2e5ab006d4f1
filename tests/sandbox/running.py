"""A sandbox in a process of its own, on a free port, driven over real HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "lab-token"
OTHER_TOKEN = "other-token"
REGISTERED = "https://labels.example.org/"
START_SECONDS = 20
PROJECT = {
    "public_name": "Road signs",
    "public_description": "You will be taken to our site.",
    "assignments_issuing_type": "EXTERNAL",
    "assignments_issuing_view_config": {"redirect_url": f"{REGISTERED}toloka/key/start/?lang=en"},
    "metadata": {"ptmik_partner_name": ["Mini Labels"], "ptmik_bonus_price_max": ["0.35"]},
    "task_spec": {
        "input_spec": {"stub": {"type": "string", "required": False, "hidden": True}},
        "output_spec": {"stub": {"type": "string", "required": False, "hidden": True}},
        "view_spec": {"type": "classic", "markup": "", "script": "", "styles": ""},
    },
}
POOL = {
    "private_name": "wave 1",
    "may_contain_adult_content": False,
    "will_expire": "2036-03-01T00:00:00",
    "reward_per_assignment": 0.005,
    "assignment_max_duration_seconds": 14400,
    "defaults": {"default_overlap_for_new_task_suites": 1, "default_overlap_for_new_tasks": 1},
}


class RunningSandbox:
    """A sandbox process and the calls that tests make of it."""

    def __init__(self, store: Path, *options: str) -> None:
        self._command = [
            sys.executable, "-m", "sandbox", "--port", "0", "--store", str(store),
            "--token", f"lab:{TOKEN}:100", "--token", f"other:{OTHER_TOKEN}:100",
            "--register-redirect", REGISTERED, *options,
        ]  # fmt: skip
        self.url = ""
        self._process: subprocess.Popen[str] | None = None
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("sandbox ready: "), line
        self.url = line.removeprefix("sandbox ready: ").strip().rstrip("/")

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def end(self, number: int = signal.SIGTERM) -> int:
        """End the process and return its exit status."""
        assert self._process is not None
        os.kill(self._process.pid, number)
        status = self._process.wait(timeout=5)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return status

    def call(
        self, method: str, path: str, body: Any = None, *, token: str = TOKEN, **options: Any
    ) -> requests.Response:
        headers = {"Authorization": f"OAuth {token}"}
        data = None
        if body is not None:
            data = json.dumps(body)
            headers["Content-Type"] = "application/json"
        url, timeout = f"{self.url}{path}", options.pop("timeout", 20)
        return requests.request(method, url, data=data, headers=headers, timeout=timeout, **options)

    def ask(self, method: str, path: str, body: Any = None, *, token: str = TOKEN) -> Any:
        """Call, expect a 2xx, return the JSON (None where there is none), fractions as Decimal."""
        answer = self.call(method, path, body, token=token)
        assert answer.ok, answer.text
        return answer.json(parse_float=Decimal) if answer.content else None

    def state(self) -> Any:
        return self.ask("GET", "/control/state")

    def configure(self, **settings: Any) -> None:
        self.ask("POST", "/control/settings", settings)

    def fault(self, kind: str, endpoint: str = "external_submit", **more: Any) -> None:
        self.ask("POST", "/control/faults", {"endpoint": endpoint, "kind": kind, **more})

    def submit(self, body: dict[str, Any], **options: Any) -> requests.Response:
        return self.call("POST", "/api/v1/tasks/external/submit", body, **options)

    def make_pool(self, *, opened: bool = True, token: str = TOKEN, **fields: Any) -> str:
        """Make a project and a pool in it. Returns the pool's id."""
        project = self.ask("POST", "/api/v1/projects", PROJECT, token=token)
        form = {**POOL, "project_id": project["id"], **fields}
        pool_id: str = self.ask("POST", "/api/v1/pools", form, token=token)["id"]
        if opened:
            self.finish("POST", f"/api/v1/pools/{pool_id}/open", token=token)
        return pool_id

    def finish(self, method: str, path: str, body: Any = None, *, token: str = TOKEN) -> Any:
        """Start an operation and wait for its end. Returns it."""
        operation = self.ask(method, path, body, token=token)
        for _ in range(200):
            if operation["status"] in {"SUCCESS", "FAIL"}:
                return operation
            time.sleep(0.02)
            operation = self.ask("GET", f"/api/v1/operations/{operation['id']}", token=token)
        raise AssertionError(f"operation did not end: {operation}")

    def make_performer(self, **form: Any) -> str:
        user_id: str = self.ask("POST", "/control/performers", form)["user_id"]
        return user_id

    def press_start(self, pool_id: str, user_id: str) -> str:
        """Returns the id of the assignment."""
        form = {"pool_id": pool_id, "user_id": user_id}
        assignment_id: str = self.ask("POST", "/control/start", form)["assignment_id"]
        return assignment_id
