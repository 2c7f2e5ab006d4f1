"""A performer who works over HTTP, as the labeling page does."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.sandbox.running import RunningSandbox

STATE = re.compile(r'<script type="application/json" id="state"[^>]*>(.*?)</script>', re.DOTALL)


class HttpPerformer:
    """Presses Start in a sandbox, follows the redirect and answers pages."""

    def __init__(self, sandbox: RunningSandbox, toloka_pool_id: str) -> None:
        self.user_id = sandbox.make_performer()
        self.sandbox = sandbox
        self.toloka_pool_id = toloka_pool_id
        self.http = requests.Session()
        self.state: dict[str, Any] = {}

    def press_start(self) -> requests.Response:
        """Go where Toloka sends the performer; keep the state of the page that opens."""
        form = {"pool_id": self.toloka_pool_id, "user_id": self.user_id}
        url = self.sandbox.ask("POST", "/control/start", form)["redirect_url"]
        answer = self.http.get(url, timeout=20)
        found = STATE.search(answer.text)
        if found:
            self.state = json.loads(found[1])
            parts = urlsplit(answer.url)
            self.api = f"{parts.scheme}://{parts.netloc}{self.state['urls']['api']}"
        return answer

    @property
    def page(self) -> dict[str, Any] | None:
        """The page that is out; the tasks as the performer sees them."""
        found: dict[str, Any] | None = self.state.get("assignment")
        return found

    def call(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        headers = {"X-CSRFToken": self.http.cookies.get("csrftoken", "")}
        return self.http.post(
            f"{self.api}/{path}", json=body or {}, headers=headers, timeout=20, **options
        )

    def submit(self, label: str = "yes") -> requests.Response:
        """Answer every task of the page that is out, and keep what comes next."""
        assert self.page is not None
        solutions = [
            {"task_id": task["id"], "output_values": {"label": label}}
            for task in self.page["tasks"]
        ]
        answer = self.call(f"assignments/{self.page['id']}/submit", {"solutions": solutions})
        if answer.ok:
            self.state |= {"assignment": None, "reason": None, **answer.json()}
        return answer

    def finish(self) -> requests.Response:
        return self.call("finish")
