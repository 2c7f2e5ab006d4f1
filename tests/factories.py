"""Plain valid rows of every model; a test states only what matters to it.

Rows that belong together agree by themselves: a pool's version is of its project, its listing of
an account of its requester, a session's visit is of its performer and listing.
"""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.files.base import ContentFile
from django.db.models import F, Model
from django.utils import timezone
from factory.declarations import (
    LazyAttribute,
    LazyFunction,
    Maybe,
    SelfAttribute,
    SubFactory,
    Trait,
)
from factory.declarations import Sequence as Numbered
from factory.django import DjangoModelFactory

from integration.enums import (
    Environment,
    ListingStatus,
    PaymentState,
    PaymentWay,
    Realm,
    VisitStatus,
)
from integration.models import (
    Attempt,
    AuditEntry,
    Bonus,
    Listing,
    PartnerKey,
    Payment,
    Performer,
    TolokaAccount,
    Visit,
    WebhookEvent,
    WorkReport,
)
from labeling.enums import (
    GIVEN_BACK,
    WORKED,
    AssignmentStatus,
    PoolStatus,
    RestrictionScope,
    TaskKind,
)
from labeling.models import (
    Answer,
    ApiToken,
    Assignment,
    Attachment,
    Operation,
    OperationLogEntry,
    PerformerSkill,
    Pool,
    Project,
    ProjectVersion,
    Restriction,
    RuleFiring,
    Session,
    Skill,
    Task,
    TaskSuite,
    UploadJob,
    WebhookSubscription,
)
from labelplatform.models import Membership, Requester, Role, User

INPUT_SPEC = {"text": {"type": "string", "required": True}}
OUTPUT_SPEC = {
    "label": {"type": "string", "required": True, "allowed_values": ["yes", "no"]},
}
VIEW_SPEC = {
    "type": "tb",
    "config": (
        '{"view": {"type": "view.list", "items": ['
        '{"type": "view.text", "content": {"type": "data.input", "path": "text"}},'
        '{"type": "field.radio-group", "data": {"type": "data.output", "path": "label"},'
        ' "options": [{"label": "Yes", "value": "yes"}, {"label": "No", "value": "no"}],'
        ' "validation": {"type": "condition.required"}}]},'
        ' "plugins": []}'
    ),
}


RowT = TypeVar("RowT", bound=Model)


class RowFactory(DjangoModelFactory[RowT]):
    """Called, it returns a saved row; the checker of types has to be told."""

    class Meta:
        abstract = True

    if TYPE_CHECKING:

        def __new__(cls, **kwargs: Any) -> RowT: ...  # type: ignore[misc]  # not an instance


class UserFactory(RowFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = Numbered(lambda n: f"user-{n}")
    email = LazyAttribute(lambda user: f"{user.username}@example.org")


class RequesterFactory(RowFactory[Requester]):
    class Meta:
        model = Requester

    name = Numbered(lambda n: f"Requester {n}")


class MembershipFactory(RowFactory[Membership]):
    class Meta:
        model = Membership

    requester = SubFactory(RequesterFactory)
    user = SubFactory(UserFactory)
    role = Role.OWNER


class TolokaAccountFactory(RowFactory[TolokaAccount]):
    class Meta:
        model = TolokaAccount

    requester = SubFactory(RequesterFactory)
    name = Numbered(lambda n: f"account {n}")
    environment = Environment.SANDBOX
    api_url = "http://127.0.0.1:9"
    token = Numbered(lambda n: f"token-{n}")
    return_url = "https://toloka.example/tasks"


class PartnerKeyFactory(RowFactory[PartnerKey]):
    class Meta:
        model = PartnerKey

    requester = SubFactory(RequesterFactory)
    name = Numbered(lambda n: f"partner {n}")
    secret = Numbered(lambda n: f"a partner's secret, long enough, number {n}")


class PerformerFactory(RowFactory[Performer]):
    class Meta:
        model = Performer

    realm = Realm.TOLOKA_SANDBOX
    external_id = Numbered(lambda n: f"performer{n:023d}")


class ListingFactory(RowFactory[Listing]):
    """A card that is already in Toloka and open."""

    class Meta:
        model = Listing

    account = SubFactory(TolokaAccountFactory)
    toloka_project_id = Numbered(lambda n: str(10_000 + n))
    toloka_pool_id = Numbered(lambda n: str(20_000 + n))
    status = ListingStatus.OPEN
    public_name = "Is it so?"
    public_description = "Read a sentence, say yes or no."


class VisitFactory(RowFactory[Visit]):
    class Meta:
        model = Visit

    listing = SubFactory(ListingFactory)
    account = LazyAttribute(lambda visit: visit.listing.account if visit.listing else None)
    assignment_id = Numbered(lambda n: f"0000{n:06x}--{n:024x}")
    performer = SubFactory(PerformerFactory)
    browser_key = "0" * 64
    heard_at = LazyFunction(timezone.now)
    opened_at = LazyFunction(timezone.now)
    deadline = LazyAttribute(lambda visit: visit.opened_at + timedelta(hours=4))
    status = VisitStatus.OPEN


class PaymentFactory(RowFactory[Payment]):
    class Meta:
        model = Payment

    performer = SubFactory(PerformerFactory)
    requester = SubFactory(RequesterFactory)
    reason = LazyFunction(lambda: f"assignment:{uuid.uuid4()}")
    amount = Decimal("0.02")
    way = PaymentWay.WORK_REPORT
    state = PaymentState.DUE
    due_at = LazyFunction(timezone.now)
    created_at = LazyFunction(timezone.now)


class WorkReportFactory(RowFactory[WorkReport]):
    class Meta:
        model = WorkReport

    visit = SubFactory(VisitFactory)
    listing = SelfAttribute("visit.listing")
    performer = SelfAttribute("visit.performer")
    payment = SubFactory(
        PaymentFactory,
        performer=SelfAttribute("..performer"),
        requester=SelfAttribute("..listing.account.requester"),
        account=SelfAttribute("..listing.account"),
        listing=SelfAttribute("..listing"),
    )
    quality = Decimal("1")
    end_time = LazyFunction(timezone.now)
    start_time = LazyAttribute(lambda report: report.end_time - timedelta(minutes=1))
    real_tasks_count = 1


class BonusFactory(RowFactory[Bonus]):
    class Meta:
        model = Bonus

    account = SubFactory(TolokaAccountFactory)
    payment = SubFactory(
        PaymentFactory,
        way=PaymentWay.BONUS,
        reason=LazyFunction(lambda: f"bonus:{uuid.uuid4()}"),
        requester=SelfAttribute("..account.requester"),
        account=SelfAttribute("..account"),
    )


class AttemptFactory(RowFactory[Attempt]):
    class Meta:
        model = Attempt

    payment = SubFactory(PaymentFactory)
    number = Numbered(lambda n: n + 1)
    started_at = LazyFunction(timezone.now)


class AuditEntryFactory(RowFactory[AuditEntry]):
    class Meta:
        model = AuditEntry

    requester = SubFactory(RequesterFactory)
    user = SubFactory(UserFactory)
    action = "payment.give_up"
    subject = "payment:1"
    reason = "agreed with the performer"


class WebhookEventFactory(RowFactory[WebhookEvent]):
    class Meta:
        model = WebhookEvent

    account = SubFactory(TolokaAccountFactory)
    uuid = LazyFunction(lambda: str(uuid.uuid4()))
    event_type = "POOL_CLOSED"
    received_at = LazyFunction(timezone.now)


class ProjectFactory(RowFactory[Project]):
    class Meta:
        model = Project

    requester = SubFactory(RequesterFactory)
    public_name = Numbered(lambda n: f"Project {n}")
    public_description = "Read a sentence, say yes or no."


class ProjectVersionFactory(RowFactory[ProjectVersion]):
    class Meta:
        model = ProjectVersion

    project = SubFactory(ProjectFactory)
    number = Numbered(lambda n: n + 1)
    input_spec = LazyFunction(lambda: dict(INPUT_SPEC))
    output_spec = LazyFunction(lambda: dict(OUTPUT_SPEC))
    view_spec = LazyFunction(lambda: dict(VIEW_SPEC))
    instructions = "Read the sentence. Say whether it is so."


class PoolFactory(RowFactory[Pool]):
    """An open pool with pages of one ordinary task, listed in Toloka."""

    class Meta:
        model = Pool

    project = SubFactory(ProjectFactory)
    version = SubFactory(ProjectVersionFactory, project=SelfAttribute("..project"))
    listing = SubFactory(ListingFactory, account__requester=SelfAttribute("...project.requester"))
    private_name = Numbered(lambda n: f"Pool {n}")
    status = PoolStatus.OPEN
    reward_per_assignment = Decimal("0.02")
    mixer_config = LazyFunction(dict)


class TaskSuiteFactory(RowFactory[TaskSuite]):
    class Meta:
        model = TaskSuite

    pool = SubFactory(PoolFactory)
    overlap = 1


class TaskFactory(RowFactory[Task]):
    """An ordinary task; ``golden=True`` or ``training=True`` gives it what makes it one."""

    class Meta:
        model = Task

    class Params:
        golden = Trait(
            kind=TaskKind.GOLDEN,
            overlap=None,
            known_solutions=LazyFunction(
                lambda: [{"output_values": {"label": "yes"}, "correctness_weight": 1}]
            ),
        )
        training = Trait(
            kind=TaskKind.TRAINING,
            overlap=None,
            hint="Look at the last word.",
            known_solutions=LazyFunction(
                lambda: [{"output_values": {"label": "yes"}, "correctness_weight": 1}]
            ),
        )

    pool = SubFactory(PoolFactory)
    position = Numbered(lambda n: n)
    input_values = Numbered(lambda n: {"text": f"Sentence {n}."})


class SessionFactory(RowFactory[Session]):
    class Meta:
        model = Session

    pool = SubFactory(PoolFactory)
    performer = SubFactory(PerformerFactory)
    visit = SubFactory(
        VisitFactory,
        performer=SelfAttribute("..performer"),
        listing=SelfAttribute("..pool.listing"),
    )
    opened_at = LazyFunction(timezone.now)


class AssignmentFactory(RowFactory[Assignment]):
    """A page; ``tasks=[…]`` puts those on it, with answers and ``issued`` as they would be.

    Answers of a page that was worked on are filled with ``output_values`` (given as such, default
    ``{"label": "yes"}``), those of a page given back are given back.
    """

    class Meta:
        model = Assignment
        skip_postgeneration_save = True

    pool = SubFactory(PoolFactory)
    performer = SubFactory(PerformerFactory)
    session = SubFactory(
        SessionFactory,
        pool=SelfAttribute("..pool"),
        performer=SelfAttribute("..performer"),
    )
    status = AssignmentStatus.ACTIVE
    reward = SelfAttribute("pool.reward_per_assignment")
    created_at = LazyFunction(timezone.now)
    expires_at = LazyAttribute(
        lambda page: page.created_at + timedelta(seconds=page.pool.lease_seconds)
    )
    last_moment = LazyAttribute(
        lambda page: page.created_at + timedelta(seconds=page.pool.assignment_max_duration_seconds)
    )
    submitted_at = LazyAttribute(
        lambda page: page.created_at + timedelta(minutes=1) if page.status in WORKED else None
    )
    accepted_at = LazyAttribute(
        lambda page: page.submitted_at if page.status == AssignmentStatus.ACCEPTED else None
    )
    rejected_at = LazyAttribute(
        lambda page: page.submitted_at if page.status == AssignmentStatus.REJECTED else None
    )
    skipped_at = LazyAttribute(
        lambda page: page.created_at if page.status == AssignmentStatus.SKIPPED else None
    )
    expired_at = LazyAttribute(
        lambda page: page.expires_at if page.status == AssignmentStatus.EXPIRED else None
    )

    @classmethod
    def _generate(cls, strategy: Any, params: dict[str, Any]) -> Assignment:
        """Take pool and performer from the session or the tasks where they were not given."""
        tasks: Sequence[Task] = params.pop("tasks", ())
        output_values: dict[str, Any] = params.pop("output_values", {"label": "yes"})
        if session := params.get("session"):
            params.setdefault("pool", session.pool)
            params.setdefault("performer", session.performer)
        elif tasks:
            params.setdefault("pool", tasks[0].pool)
        page: Assignment = super()._generate(strategy, params)
        if page.status not in GIVEN_BACK:
            Session.objects.filter(pk=page.session_id).update(
                money_drawn=F("money_drawn") + page.reward, money_used=F("money_used") + page.reward
            )
        for position, task in enumerate(tasks):
            AnswerFactory(
                assignment=page,
                task=task,
                position=position,
                output_values=output_values if page.status in WORKED else None,
                is_given_back=page.status in GIVEN_BACK,
                is_skipped=page.status == AssignmentStatus.SKIPPED,
            )
        return page


class AnswerFactory(RowFactory[Answer]):
    class Meta:
        model = Answer

    assignment = SubFactory(AssignmentFactory)
    pool = SelfAttribute("assignment.pool")
    performer = SelfAttribute("assignment.performer")
    task = SubFactory(TaskFactory, pool=SelfAttribute("..pool"))
    kind = SelfAttribute("task.kind")
    position = Numbered(lambda n: n % 30_000)

    @classmethod
    def _create(cls, model_class: type[Answer], *args: Any, **kwargs: Any) -> Answer:
        answer: Answer = super()._create(model_class, *args, **kwargs)
        if not answer.is_given_back:
            Task.objects.filter(pk=answer.task_id, overlap__isnull=False).update(
                issued=F("issued") + 1
            )
        return answer


class AttachmentFactory(RowFactory[Attachment]):
    class Meta:
        model = Attachment

    assignment = SubFactory(AssignmentFactory)
    task = SubFactory(TaskFactory, pool=SelfAttribute("..assignment.pool"))
    path = "photo"
    file = LazyFunction(lambda: ContentFile(b"a photo", name="photo.jpg"))
    name = "photo.jpg"
    media_type = "image/jpeg"
    size = 7


class SkillFactory(RowFactory[Skill]):
    class Meta:
        model = Skill

    requester = SubFactory(RequesterFactory)
    name = Numbered(lambda n: f"Skill {n}")


class PerformerSkillFactory(RowFactory[PerformerSkill]):
    class Meta:
        model = PerformerSkill

    skill = SubFactory(SkillFactory)
    performer = SubFactory(PerformerFactory)
    value = Decimal("80")


class RestrictionFactory(RowFactory[Restriction]):
    """A restriction in one pool; for other scopes give ``scope`` and what it names."""

    class Meta:
        model = Restriction

    performer = SubFactory(PerformerFactory)
    scope = RestrictionScope.POOL
    pool = Maybe(
        LazyAttribute(lambda row: row.scope == RestrictionScope.POOL),
        SubFactory(PoolFactory),
    )
    project = Maybe(
        LazyAttribute(lambda row: row.scope == RestrictionScope.PROJECT),
        SubFactory(ProjectFactory),
    )

    requester = Maybe(
        LazyAttribute(lambda row: row.scope == RestrictionScope.ALL_PROJECTS),
        SubFactory(RequesterFactory),
        LazyAttribute(
            lambda row: row.pool.project.requester if row.pool else row.project.requester
        ),
    )


class RuleFiringFactory(RowFactory[RuleFiring]):
    class Meta:
        model = RuleFiring

    pool = SubFactory(PoolFactory)
    performer = SubFactory(PerformerFactory)
    rule = "golden-too-low"
    numbers = LazyFunction(lambda: {"correct_answers_rate": 40})
    action = LazyFunction(lambda: {"type": "RESTRICTION_V2"})
    event = Numbered(lambda n: f"assignment:{n}")


class OperationFactory(RowFactory[Operation]):
    class Meta:
        model = Operation

    requester = SubFactory(RequesterFactory)
    type = "TASK.BATCH_CREATE"
    parameters = LazyFunction(lambda: {"skip_invalid_items": False})
    details = LazyFunction(lambda: {"total_count": 1})


class OperationLogEntryFactory(RowFactory[OperationLogEntry]):
    class Meta:
        model = OperationLogEntry

    operation = SubFactory(OperationFactory)
    index = Numbered(lambda n: n)
    type = "TASK_CREATE"
    success = True
    input = LazyFunction(lambda: {"pool_id": "1", "input_values": {"text": "A sentence."}})
    output = LazyFunction(lambda: {"task_id": str(uuid.uuid4())})


class UploadJobFactory(RowFactory[UploadJob]):
    class Meta:
        model = UploadJob

    pool = SubFactory(PoolFactory)
    file_name = "tasks.tsv"


class ApiTokenFactory(RowFactory[ApiToken]):
    class Meta:
        model = ApiToken

    requester = SubFactory(RequesterFactory)
    user = SubFactory(UserFactory)
    name = "a program"
    prefix = "abcd"
    digest = Numbered(lambda n: f"{n:064x}")


class WebhookSubscriptionFactory(RowFactory[WebhookSubscription]):
    class Meta:
        model = WebhookSubscription

    pool = SubFactory(PoolFactory)
    requester = SelfAttribute("pool.project.requester")
    webhook_url = Numbered(lambda n: f"https://hooks.example/{n}")
    event_type = "POOL_CLOSED"
