"""Keeping a performer away from work, and letting him back; both audited."""

import logging
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from integration.models import AuditEntry
from labeling.errors import StateConflictError
from labeling.models import Restriction

logger = logging.getLogger(__name__)


@transaction.atomic
def impose(restriction: Restriction, *, user: AbstractBaseUser) -> Restriction:
    """Store a restriction that a person decided on; ``restriction`` is a row not yet saved."""
    restriction.made_by_id = user.pk
    restriction.by_rule = False
    restriction.save(force_insert=True)
    _record(restriction, "restriction.impose", user, restriction.private_comment)
    logger.info("restriction %s imposed by user %s", restriction.pk, user.pk)
    return restriction


@transaction.atomic
def lift(restriction: Restriction, *, user: AbstractBaseUser, reason: str, now: datetime) -> None:
    """End a restriction before its time. Raises StateConflictError where it was lifted before."""
    lifted = Restriction.objects.filter(pk=restriction.pk, lifted_at__isnull=True).update(
        lifted_at=now, lifted_by_id=user.pk
    )
    if not lifted:
        raise StateConflictError(_("The restriction was lifted before."))
    _record(restriction, "restriction.lift", user, reason)
    logger.info("restriction %s lifted by user %s", restriction.pk, user.pk)


def _record(restriction: Restriction, action: str, user: AbstractBaseUser, reason: str) -> None:
    AuditEntry.objects.create(
        requester_id=restriction.requester_id,
        user_id=user.pk,
        action=action,
        subject=f"restriction:{restriction.pk}",
        reason=reason,
        details={
            "performer": restriction.performer_id,
            "scope": restriction.scope,
            "project": restriction.project_id,
            "pool": restriction.pool_id,
        },
    )
