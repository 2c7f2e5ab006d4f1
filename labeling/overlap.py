"""How many performers a task is given to."""

import logging

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest

from labeling.errors import InvalidInputError
from labeling.models import Pool, Task

logger = logging.getLogger(__name__)

HIGHEST_OVERLAP = 30_000


@transaction.atomic
def change_overlap(task: Task, overlap: int | None) -> int | None:
    """Set how many performers shall do a task, None for no limit; return what it became.

    Lowering stops at what is issued: answers and pages that are out stay. Raising lets a pool
    that was complete go on.
    """
    if overlap is not None and not 0 <= overlap <= HIGHEST_OVERLAP:
        raise InvalidInputError(
            f"overlap: found {overlap}; it is at most {HIGHEST_OVERLAP}",
            payload={"overlap": {"code": "VALUE_NOT_ALLOWED", "message": str(overlap)}},
        )
    row = Task.objects.filter(pk=task.pk)
    # Locked first: a page that takes the task at the same moment is counted, before or after.
    had_limit = row.select_for_update().get().overlap is not None
    if overlap is not None and not had_limit:
        # Places are counted only where there is a limit.
        row.update(issued=task.answers.filter(is_given_back=False).count())
    row.update(overlap=None if overlap is None else Greatest(Value(overlap), F("issued")))
    Pool.objects.filter(pk=task.pool_id).update(complete_since=None)
    task.refresh_from_db(fields=["overlap", "issued"])
    logger.info("task %s has overlap %s", task.pk, task.overlap)
    return task.overlap
