from integration.models.account import PartnerKey, TolokaAccount
from integration.models.audit import AuditEntry
from integration.models.listing import Listing
from integration.models.payment import Attempt, Bonus, Payment, WorkReport
from integration.models.performer import Performer
from integration.models.visit import Visit
from integration.models.webhook import WebhookEvent

__all__ = [
    "Attempt",
    "AuditEntry",
    "Bonus",
    "Listing",
    "PartnerKey",
    "Payment",
    "Performer",
    "TolokaAccount",
    "Visit",
    "WebhookEvent",
    "WorkReport",
]
