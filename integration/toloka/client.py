"""Toloka's requester API as this product uses it: one method an endpoint, for one account."""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from django.utils import timezone

from integration import accounts
from integration.models import TolokaAccount
from integration.toloka import transport
from integration.toloka.errors import MalformedAnswerError, RateLimitedError
from integration.toloka.payloads import (
    AssignmentSent,
    OperationSent,
    PoolSent,
    ProjectSent,
    RequesterSent,
    Submit,
    UserBonus,
    UserRestriction,
    write_user_skill,
)
from integration.toloka.transport import Answer, Credentials, TimeLimits
from integration.toloka.wire import write_json

SHORTEST_PAUSE_S: Final = 1.0
LOOKUP_LIMITS: Final = TimeLimits(connect_s=1.5, read_s=3.5, body_s=4.0)


class TolokaClient:
    """Calls Toloka for ``account``. Every method raises a TolokaError where it does not succeed.

    A 429 lets the whole account rest, whatever was called.
    """

    def __init__(self, account: TolokaAccount) -> None:
        self._account_id = account.pk
        self._credentials = Credentials(
            api_url=account.api_url,
            environment=account.environment,
            token=account.token,
            auth_scheme=account.auth_scheme,
        )

    def get_requester(self) -> RequesterSent:
        return RequesterSent.read(self._call("GET", "/requester").json)

    # Projects

    def create_project(self, form: Mapping[str, Any]) -> ProjectSent:
        return ProjectSent.read(self._call("POST", "/projects", body=form).json)

    def get_project(self, project_id: str) -> ProjectSent:
        return ProjectSent.read(self._call("GET", f"/projects/{_quote(project_id)}").json)

    def update_project(self, project_id: str, form: Mapping[str, Any]) -> ProjectSent:
        """Replace the whole project by ``form``."""
        answer = self._call("PUT", f"/projects/{_quote(project_id)}", body=form)
        return ProjectSent.read(answer.json)

    def list_projects(self, **query: str) -> list[ProjectSent]:
        """Return one page of projects; ``sort="-created"`` puts the newest first."""
        return [ProjectSent.read(item) for item in self._list("/projects", query)]

    def archive_project(self, project_id: str) -> OperationSent | None:
        """Begin to archive; all its pools must be archived. None: it was archived already."""
        return self._act(f"/projects/{_quote(project_id)}/archive")

    # Pools

    def create_pool(self, form: Mapping[str, Any]) -> PoolSent:
        return PoolSent.read(self._call("POST", "/pools", body=form).json)

    def get_pool(self, pool_id: str) -> PoolSent:
        return PoolSent.read(self._call("GET", f"/pools/{_quote(pool_id)}").json)

    def update_pool(self, pool_id: str, form: Mapping[str, Any]) -> PoolSent:
        """Replace the whole pool by ``form``; not while it is open."""
        return PoolSent.read(self._call("PUT", f"/pools/{_quote(pool_id)}", body=form).json)

    def list_pools(self, **query: str) -> list[PoolSent]:
        return [PoolSent.read(item) for item in self._list("/pools", query)]

    def open_pool(self, pool_id: str) -> OperationSent | None:
        """Begin to open; None: it was open already."""
        return self._act(f"/pools/{_quote(pool_id)}/open")

    def close_pool(self, pool_id: str) -> OperationSent | None:
        return self._act(f"/pools/{_quote(pool_id)}/close")

    def archive_pool(self, pool_id: str) -> OperationSent | None:
        return self._act(f"/pools/{_quote(pool_id)}/archive")

    # Operations

    def get_operation(self, operation_id: str) -> OperationSent:
        return OperationSent.read(self._call("GET", f"/operations/{_quote(operation_id)}").json)

    def wait_operation(self, operation: OperationSent, *, timeout_s: float) -> OperationSent:
        """Ask again, after 0.5 s and then each second, until it ended or ``timeout_s`` are over.

        An operation that still runs comes back as it is; that is no failure.
        """
        end = time.monotonic() + timeout_s
        pause_s = 0.5
        while not operation.has_ended and time.monotonic() + pause_s < end:
            time.sleep(pause_s)
            operation = self.get_operation(operation.id)
            pause_s = 1.0
        return operation

    # Work

    def get_assignment(self, assignment_id: str) -> AssignmentSent:
        """Read who took what; with short time limits, as a performer is waiting."""
        answer = self._call("GET", f"/assignments/{_quote(assignment_id)}", limits=LOOKUP_LIMITS)
        return AssignmentSent.read(answer.json)

    def list_assignments(self, **query: str) -> list[AssignmentSent]:
        """Return one page of assignments, at most 1000, for instance of one ``pool_id``."""
        return [AssignmentSent.read(item) for item in self._list("/assignments", query)]

    def submit(self, body: bytes | Submit) -> Answer:
        """Report work; any 2xx is success, whatever its body. ``body`` goes out byte for byte."""
        raw = body.write() if isinstance(body, Submit) else body
        return self._call("POST", "/tasks/external/submit", raw=raw)

    def create_task(
        self, form: Mapping[str, Any], *, operation_id: UUID | None = None, **query: str
    ) -> Any:
        """Create one task; with ``operation_id`` in the background, the answer is its operation."""
        return self._create("/tasks", form, operation_id, query)

    def create_tasks(
        self,
        forms: Sequence[Mapping[str, Any]],
        *,
        operation_id: UUID | None = None,
        **query: str,
    ) -> Any:
        return self._create("/tasks", forms, operation_id, query)

    def create_user_bonus(self, body: bytes | UserBonus, *, operation_id: UUID) -> OperationSent:
        """Pay outside a submit. The same ``operation_id`` again is a ConflictError with the code
        OPERATION_ALREADY_EXISTS: then ``get_operation`` tells what became of the first."""
        raw = body.write() if isinstance(body, UserBonus) else body
        query = {
            "async_mode": "true",
            "operation_id": str(operation_id),
            "skip_invalid_items": "false",
        }
        return OperationSent.read(self._call("POST", "/user-bonuses", query=query, raw=raw).json)

    # Performers

    def set_user_restriction(self, restriction: UserRestriction) -> str:
        """Ban a performer, or change the ban; returns its id. Repeatable."""
        said = self._call("PUT", "/user-restrictions", raw=restriction.write()).json
        return _read_id(said)

    def list_user_restrictions(self, **query: str) -> list[Any]:
        return self._list("/user-restrictions", query)

    def delete_user_restriction(self, restriction_id: str) -> None:
        self._call("DELETE", f"/user-restrictions/{_quote(restriction_id)}")

    def create_skill(self, form: Mapping[str, Any]) -> str:
        """Create a skill, return its id."""
        return _read_id(self._call("POST", "/skills", body=form).json)

    def list_skills(self, **query: str) -> list[Any]:
        return self._list("/skills", query)

    def set_user_skill(self, *, skill_id: str, user_id: str, value: Decimal) -> str:
        """Set a performer's skill, 0 to 100; returns the id of the value. Repeatable."""
        raw = write_user_skill(skill_id=skill_id, user_id=user_id, value=value)
        return _read_id(self._call("PUT", "/user-skills", raw=raw).json)

    def delete_user_skill(self, user_skill_id: str) -> None:
        self._call("DELETE", f"/user-skills/{_quote(user_skill_id)}")

    def get_user_metadata(self, user_id: str) -> Mapping[str, Any]:
        said = self._call("GET", f"/user-metadata/{_quote(user_id)}").json
        if not isinstance(said, dict):
            raise MalformedAnswerError("user metadata: an object was expected")
        return said

    # Webhooks

    def put_webhook_subscriptions(self, forms: Sequence[Mapping[str, Any]]) -> None:
        """Subscribe, or change the subscription. Repeatable."""
        self._call("PUT", "/webhook-subscriptions", raw=write_json(list(forms)).encode())

    def list_webhook_subscriptions(self, **query: str) -> list[Any]:
        return self._list("/webhook-subscriptions", query)

    def delete_webhook_subscription(self, subscription_id: str) -> None:
        self._call("DELETE", f"/webhook-subscriptions/{_quote(subscription_id)}")

    def _act(self, path: str) -> OperationSent | None:
        answer = self._call("POST", path)
        return None if answer.http_status == 204 else OperationSent.read(answer.json)

    def _list(self, path: str, query: Mapping[str, str]) -> list[Any]:
        said = self._call("GET", path, query=query).json
        items = said.get("items") if isinstance(said, dict) else None
        if not isinstance(items, list):
            raise MalformedAnswerError(f"{path}: a list of items was expected")
        return items

    def _create(
        self, path: str, form: Any, operation_id: UUID | None, query: Mapping[str, str]
    ) -> Any:
        asynchronous = {"async_mode": "true", "operation_id": str(operation_id)}
        asked = {**query, **(asynchronous if operation_id else {})}
        return self._call("POST", path, query=asked, raw=write_json(form).encode()).json

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        raw: bytes | None = None,
        limits: TimeLimits | None = None,
    ) -> Answer:
        if body is not None:
            raw = write_json(body).encode()
        try:
            return transport.send(
                self._credentials, method, f"/api/v1{path}", query=query, body=raw, limits=limits
            )
        except RateLimitedError as error:
            pause_s = max(error.retry_after_s, SHORTEST_PAUSE_S)
            accounts.rest_until(self._account_id, timezone.now() + timedelta(seconds=pause_s))
            raise


def _quote(part: str) -> str:
    return quote(part, safe="")


def _read_id(said: Any) -> str:
    value = said.get("id") if isinstance(said, dict) else None
    if not isinstance(value, str | int):
        raise MalformedAnswerError("an object with an id was expected")
    return str(value)
