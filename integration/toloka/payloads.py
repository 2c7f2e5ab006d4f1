"""What Toloka gets and sends, as dataclasses; what comes in is checked field by field."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Self

from django.utils.dateparse import parse_datetime

from integration.toloka.errors import MalformedAnswerError
from integration.toloka.wire import write_json

MOST_LOG_BYTES: Final = 16 * 1024
MOST_ID_SIGNS: Final = 255
# An ordinary task form that nobody sees: the form of a project demands one.
STUB_TASK_SPEC: Final[Mapping[str, Any]] = {
    "input_spec": {"stub": {"type": "string", "required": False, "hidden": True}},
    "output_spec": {"stub": {"type": "string", "required": False, "hidden": True}},
    "view_spec": {
        "type": "classic",
        "markup": "",
        "script": "",
        "styles": "",
        "assets": {"style_urls": [], "script_urls": []},
        "settings": {"showSubmit": True},
    },
}


def write_time(moment: datetime) -> str:
    """Write whole seconds with Z, as a submit wants it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_naive_time(moment: datetime) -> str:
    """Write UTC without a zone, as the rest of the API wants it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _read_object(content: object, what: str) -> Mapping[str, Any]:
    if not isinstance(content, dict):
        raise MalformedAnswerError(f"{what}: an object was expected")
    return content


def _read_id(content: Mapping[str, Any], name: str, what: str) -> str:
    """Return an id as text; a number is taken too, as Toloka itself uses both."""
    value = content.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= MOST_ID_SIGNS or not value.isprintable():
        raise MalformedAnswerError(f"{what}.{name}: an id was expected")
    return value


def _read_text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    return value if isinstance(value, str) else ""


def _read_time(content: Mapping[str, Any], name: str) -> datetime | None:
    """Return an aware time, UTC where it names no zone; None where there is none to be read."""
    try:
        moment = parse_datetime(_read_text(content, name))
    except ValueError:
        return None
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@dataclass(frozen=True)
class AssignmentSent:
    """Toloka's record that a performer took work from a pool."""

    id: str
    user_id: str
    pool_id: str
    status: str
    created: datetime | None

    @classmethod
    def read(cls, content: object) -> Self:
        said = _read_object(content, "assignment")
        return cls(
            id=_read_id(said, "id", "assignment"),
            user_id=_read_id(said, "user_id", "assignment"),
            pool_id=_read_id(said, "pool_id", "assignment"),
            status=_read_id(said, "status", "assignment"),
            created=_read_time(said, "created"),
        )


@dataclass(frozen=True)
class OperationSent:
    """A long call's state: PENDING, RUNNING, SUCCESS or FAIL."""

    id: str
    status: str
    type: str
    details: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, content: object) -> Self:
        said = _read_object(content, "operation")
        details = said.get("details")
        return cls(
            id=_read_id(said, "id", "operation"),
            status=_read_id(said, "status", "operation"),
            type=_read_text(said, "type"),
            details=details if isinstance(details, dict) else {},
        )

    @property
    def has_ended(self) -> bool:
        return self.status in ("SUCCESS", "FAIL")

    @property
    def has_failed(self) -> bool:
        """FAIL, or a batch of which something failed."""
        counts = [self.details.get(name) for name in ("failed_count", "not_valid_count")]
        return self.status == "FAIL" or any(
            isinstance(count, int) and count > 0 for count in counts
        )


@dataclass(frozen=True)
class ProjectSent:
    id: str
    status: str
    private_comment: str

    @classmethod
    def read(cls, content: object) -> Self:
        said = _read_object(content, "project")
        return cls(
            id=_read_id(said, "id", "project"),
            status=_read_text(said, "status"),
            private_comment=_read_text(said, "private_comment"),
        )


@dataclass(frozen=True)
class PoolSent:
    id: str
    project_id: str
    status: str
    last_close_reason: str
    private_comment: str

    @classmethod
    def read(cls, content: object) -> Self:
        said = _read_object(content, "pool")
        return cls(
            id=_read_id(said, "id", "pool"),
            project_id=_read_id(said, "project_id", "pool"),
            status=_read_id(said, "status", "pool"),
            last_close_reason=_read_text(said, "last_close_reason"),
            private_comment=_read_text(said, "private_comment"),
        )


@dataclass(frozen=True)
class RequesterSent:
    id: str
    balance: Decimal

    @classmethod
    def read(cls, content: object) -> Self:
        said = _read_object(content, "requester")
        value = said.get("balance")
        if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
            raise MalformedAnswerError("requester.balance: a number was expected")
        try:
            balance = Decimal(value)
        except InvalidOperation:
            raise MalformedAnswerError("requester.balance: a number was expected") from None
        return cls(id=_read_id(said, "id", "requester"), balance=balance)


@dataclass(frozen=True)
class SubmitFlags:
    """What a submit's answer says about going on; None is "not said"."""

    restriction_match: bool | None
    filter_match: bool | None
    speed_quality_balance_match: bool | None

    @classmethod
    def read(cls, content: object) -> Self:
        """Read any answer: it is a 2xx already, so nothing in it can be an error."""
        said = content if isinstance(content, dict) else {}

        def flag(name: str) -> bool | None:
            value = said.get(name)
            return value if isinstance(value, bool) else None

        return cls(
            restriction_match=flag("restriction_match"),
            filter_match=flag("filter_match"),
            speed_quality_balance_match=flag("speed_quality_balance_match"),
        )


@dataclass(frozen=True, kw_only=True)
class Submit:
    """One work report. ``quality`` None is left out; the other optional fields are always said."""

    pool_id: int
    user_id: str
    retry_id: str
    reward: Decimal
    quality: Decimal | None
    close_session: bool
    custom_log: Mapping[str, Any]
    start_time: datetime
    end_time: datetime
    skipped: bool
    golden_tasks_count: int
    training_tasks_count: int
    real_tasks_count: int

    def write(self) -> bytes:
        """Return the body: exact types, money digit for digit, no other keys."""
        log = json.dumps(dict(self.custom_log), separators=(",", ":"), default=str)
        if len(log) > MOST_LOG_BYTES:
            log = json.dumps({"cut": True, "bytes": len(log)})
        fields: dict[str, Any] = {
            "pool_id": self.pool_id,
            "user_id": self.user_id,
            "retry_id": self.retry_id,
            "reward": self.reward,
            "quality": self.quality,
            "close_session": self.close_session,
            "custom_log": log,
            "start_time": write_time(self.start_time),
            "end_time": write_time(self.end_time),
            "skipped": self.skipped,
            "golden_tasks_count": self.golden_tasks_count,
            "training_tasks_count": self.training_tasks_count,
            "real_tasks_count": self.real_tasks_count,
        }
        if self.quality is None:
            del fields["quality"]
        return write_json(fields).encode()


@dataclass(frozen=True, kw_only=True)
class UserBonus:
    """Money outside a submit, 0.005 to 100 USD."""

    user_id: str
    amount: Decimal
    private_comment: str = ""
    public_title: Mapping[str, str] = field(default_factory=dict)
    public_message: Mapping[str, str] = field(default_factory=dict)
    without_message: bool = False
    assignment_id: str = ""

    def write(self) -> bytes:
        fields: dict[str, Any] = {"user_id": self.user_id, "amount": self.amount}
        if self.private_comment:
            fields["private_comment"] = self.private_comment
        if self.without_message:
            fields["without_message"] = True
        else:
            fields["public_title"] = dict(self.public_title)
            fields["public_message"] = dict(self.public_message)
        if self.assignment_id:
            fields["assignment_id"] = self.assignment_id
        return write_json(fields).encode()


@dataclass(frozen=True, kw_only=True)
class UserRestriction:
    """A ban: ``scope`` POOL, PROJECT or ALL_PROJECTS; no ``will_expire`` is for ever."""

    user_id: str
    scope: str
    project_id: str = ""
    pool_id: str = ""
    private_comment: str = ""
    will_expire: datetime | None = None

    def write(self) -> bytes:
        fields: dict[str, Any] = {"scope": self.scope, "user_id": self.user_id}
        for name in ("project_id", "pool_id", "private_comment"):
            if getattr(self, name):
                fields[name] = getattr(self, name)
        if self.will_expire:
            fields["will_expire"] = write_naive_time(self.will_expire)
        return write_json(fields).encode()


def write_user_skill(*, skill_id: str, user_id: str, value: Decimal) -> bytes:
    """Return the body that sets a performer's skill to ``value``, 0 to 100."""
    return write_json({"skill_id": skill_id, "user_id": user_id, "value": value}).encode()


def write_webhook(*, url: str, event_type: str, pool_id: str, secret_key: str) -> Mapping[str, str]:
    return {
        "webhook_url": url,
        "event_type": event_type,
        "pool_id": pool_id,
        "secret_key": secret_key,
    }
