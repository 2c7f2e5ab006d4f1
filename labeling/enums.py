"""Every status and kind of the domain, in Toloka's words where it has one."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ProjectStatus(TextChoices):
    ACTIVE = "ACTIVE", _("active")
    ARCHIVED = "ARCHIVED", _("archived")


class PoolType(TextChoices):
    REGULAR = "REGULAR", _("regular")
    TRAINING = "TRAINING", _("training")
    EXAM = "EXAM", _("exam")


class PoolStatus(TextChoices):
    OPEN = "OPEN", _("open")
    CLOSED = "CLOSED", _("closed")
    ARCHIVED = "ARCHIVED", _("archived")
    LOCKED = "LOCKED", _("locked")


class CloseReason(TextChoices):
    MANUAL = "MANUAL", _("by hand")
    EXPIRED = "EXPIRED", _("expired")
    COMPLETED = "COMPLETED", _("completed")
    NOT_ENOUGH_BALANCE = "NOT_ENOUGH_BALANCE", _("not enough balance")
    ASSIGNMENTS_LIMIT_EXCEEDED = "ASSIGNMENTS_LIMIT_EXCEEDED", _("assignments limit exceeded")
    BLOCKED = "BLOCKED", _("blocked")
    FOR_UPDATE = "FOR_UPDATE", _("for update")


class TaskKind(TextChoices):
    """A golden task has known solutions; a training task has a hint beside them."""

    ORDINARY = "ordinary", _("ordinary")
    GOLDEN = "golden", _("golden")
    TRAINING = "training", _("training")


class QualityFrom(TextChoices):
    GOLDEN = "golden", _("golden tasks")
    GOLDEN_AND_TRAINING = "golden_and_training", _("golden and training tasks")


class SessionStatus(TextChoices):
    OPEN = "open", _("open")
    CLOSED = "closed", _("closed")


class AssignmentStatus(TextChoices):
    ACTIVE = "ACTIVE", _("active")
    SUBMITTED = "SUBMITTED", _("submitted")
    ACCEPTED = "ACCEPTED", _("accepted")
    REJECTED = "REJECTED", _("rejected")
    SKIPPED = "SKIPPED", _("skipped")
    EXPIRED = "EXPIRED", _("expired")


WORKED = [AssignmentStatus.SUBMITTED, AssignmentStatus.ACCEPTED, AssignmentStatus.REJECTED]
GIVEN_BACK = [AssignmentStatus.SKIPPED, AssignmentStatus.EXPIRED]


class RestrictionScope(TextChoices):
    POOL = "POOL", _("pool")
    PROJECT = "PROJECT", _("project")
    ALL_PROJECTS = "ALL_PROJECTS", _("all projects")


class OperationStatus(TextChoices):
    PENDING = "PENDING", _("pending")
    RUNNING = "RUNNING", _("running")
    SUCCESS = "SUCCESS", _("success")
    FAIL = "FAIL", _("failed")


class WaitReason(TextChoices):
    """Why a performer gets no page now."""

    DONE = "done", _("You have done everything there is for you here. Thank you!")
    NONE_FREE_NOW = "none_free_now", _("All pages are being worked on. One may come free soon.")
    POOL_CLOSED = "pool_closed", _("The work was closed.")
    POOL_COMPLETE = "pool_complete", _("All the work is done. Thank you!")
    BUDGET = "budget", _("The budget for this work is used up.")
    RESTRICTED = "restricted", _("You can't take more of this work.")
    DEADLINE = "deadline", _("The time for this visit is over. Press Start in Toloka to go on.")
    FINISHED = "finished", _("You have finished this visit. Thank you!")
    IDLE = "idle", _("The visit was closed because you were away. Press Start in Toloka to go on.")
    SKIPS = "skips", _("You skipped too many pages in a row. Press Start in Toloka to go on.")
    STOPPED = "stopped", _("Toloka has ended this visit.")
    SUPERSEDED = "superseded", _("You pressed Start again: the work goes on in the newer window.")
