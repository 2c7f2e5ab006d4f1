"""Every status of the outside world's rows."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Environment(TextChoices):
    PRODUCTION = "production", _("production")
    SANDBOX = "sandbox", _("sandbox")


class Realm(TextChoices):
    """Where a performer's id comes from; the id of a partner key is a realm too."""

    TOLOKA = "toloka"
    TOLOKA_SANDBOX = "toloka-sandbox"


class AuthScheme(TextChoices):
    AUTO = "auto", _("by the token's shape")
    OAUTH = "oauth", "OAuth"
    API_KEY = "apikey", "ApiKey"


class AmbiguousOutcome(TextChoices):
    """What to do with a submit of which nobody knows whether it was applied."""

    RESEND = "resend", _("send again with the same retry_id")
    HOLD = "hold", _("wait for a person")


class QualitySource(TextChoices):
    UNIT = "unit", _("of the page")
    UNIT_OR_RUNNING = "unit_or_running", _("of the page, else of the session so far")
    RUNNING = "running", _("of the session so far")


class RestrictionMatch(TextChoices):
    """What ``restriction_match: true`` in the answer to a submit means."""

    RESTRICTED = "restricted", _("the performer is restricted")
    PASSES = "passes", _("the performer passes")


class PlaceholderTask(TextChoices):
    AUTO = "auto", _("make one where Toloka refuses an empty pool")
    NEVER = "never", _("never")


class ListingStatus(TextChoices):
    DRAFT = "draft", _("not yet in Toloka")
    PUBLISHING = "publishing", _("being made")
    CLOSED = "closed", _("closed")
    OPENING = "opening", _("opening")
    OPEN = "open", _("open")
    CLOSING = "closing", _("closing")
    ARCHIVED = "archived", _("archived")


class VisitStatus(TextChoices):
    OPEN = "open", _("open")
    CLOSING = "closing", _("closing")
    CLOSED = "closed", _("closed")
    SUPERSEDED = "superseded", _("superseded by a newer one")


class StopReason(TextChoices):
    """Why a visit ended, or must end."""

    DONE = "done", _("did everything he may do")
    POOL_COMPLETE = "pool_complete", _("the pool is complete")
    POOL_CLOSED = "pool_closed", _("the pool was closed")
    BUDGET = "budget", _("the budget is used up")
    RESTRICTED = "restricted", _("restricted here")
    FINISHED = "finished", _("pressed Finish")
    SKIPS = "skips", _("skipped too many pages in a row")
    IDLE = "idle", _("was away too long")
    DEADLINE = "deadline", _("Toloka's time is nearly over")
    TOLOKA_RESTRICTION = "toloka_restriction", _("restricted in Toloka")
    TOLOKA_FILTER = "toloka_filter", _("no longer fits the filter in Toloka")
    TOLOKA_SPEED_QUALITY = "toloka_speed_quality", _("below the speed and quality wanted in Toloka")


class PaymentState(TextChoices):
    HELD = "held", _("waits for review")
    DUE = "due", _("to be sent")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    UNKNOWN = "unknown", _("sent, outcome unknown")
    PARKED = "parked", _("refused, a person looks")
    SETTLED = "settled", _("settled otherwise")
    GIVEN_UP = "given_up", _("given up")


class PaymentWay(TextChoices):
    """How money leaves: a work report, a bonus, or a list that a partner pays by."""

    WORK_REPORT = "work_report", _("work report")
    BONUS = "bonus", _("bonus")
    EXPORT = "export", _("export")


class AttemptOutcome(TextChoices):
    IN_FLIGHT = "in_flight", _("in flight")
    APPLIED = "applied", _("applied")
    NOT_APPLIED = "not_applied", _("certainly not applied")
    REFUSED = "refused", _("refused for good")
    UNKNOWN = "unknown", _("unknown")
