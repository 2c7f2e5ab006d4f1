"""The life of a page: asked for, submitted, skipped, kept alive, run out."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, Value
from django.utils.translation import gettext as _

from integration import payments
from integration.models import Visit
from labeling import attachments, leases, serving, sessions
from labeling.clocks import GRACE
from labeling.enums import WORKED, AssignmentStatus, SessionStatus, TaskKind, WaitReason
from labeling.errors import LeaseLostError, PageSkippedError, StateConflictError
from labeling.grading import Graded, grade
from labeling.models import Answer, Assignment, Session
from labeling.serving import Page, Spending
from labeling.statements import take_answers, write_session
from labeling.submissions import Submission, check_submission, page_log
from labeling.versions import get_version

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Turn:
    """What a performer's call leaves him with: a page, or the reason why there is none."""

    session: Session
    page: Page | None
    reason: WaitReason | None = None
    feedback: Mapping[str, Any] = field(default_factory=dict)
    drafts: dict[str, Any] = field(default_factory=dict)
    is_repeat: bool = False


def look(session_id: UUID, *, browser_key: str | None, now: datetime) -> Turn:
    """Return the page that is out in a session, or give the next one."""

    def step(patiently: bool) -> Turn:
        session = sessions.lock(session_id, browser_key=browser_key, now=now)
        turn = _current_turn(session, now=now, patiently=patiently)
        Visit.objects.filter(pk=session.visit_id).update(heard_at=now)
        return turn

    return serving.in_transaction(step)


def submit(
    session_id: UUID,
    assignment_id: UUID,
    submission: Submission,
    *,
    browser_key: str | None,
    now: datetime,
) -> Turn:
    """Take the answers of a page, owe its pay, and give the next page, in one transaction.

    A repeat of a submit changes nothing and returns what the first one did, with the page that
    is out now. Raises InvalidInputError with the place of every fault, LeaseLostError where the
    page has gone back and none of its tasks has room left.
    """

    def step(patiently: bool) -> Turn:
        session = sessions.lock(session_id, browser_key=browser_key, now=now)
        answers = _answers_of(session, assignment_id)
        page = answers[0].assignment
        if page.status in WORKED:
            turn = _current_turn(session, now=now, patiently=patiently)
            turn.is_repeat = True
            turn.feedback = page.feedback
            return turn
        if page.status == AssignmentStatus.SKIPPED:
            raise PageSkippedError(_("You skipped this page, so it has gone back."))
        version = get_version(session.pool.version_id)
        values = check_submission(submission, answers, version.output_spec)
        attachments.bind(answers, values, version.output_spec)
        graded = grade(session.pool, answers, values)
        if page.status == AssignmentStatus.EXPIRED:
            kept = _retake(session, page, answers)
            # What is surplus is stored and not counted.
            graded = graded.counting(grade(session.pool, kept, values))
            _take(session, page, graded, submission, now=now, is_late=True)
            _write(session, _earned(session, page, graded), now=now)
            turn = _current_turn(session, now=now, patiently=patiently)
            turn.feedback = graded.feedback
            return turn
        _take(session, page, graded, submission, now=now)
        spending = _earned(session, page, graded)
        return _next_turn(session, spending, graded.feedback, now=now, patiently=patiently)

    return serving.in_transaction(step)


def skip(
    session_id: UUID, assignment_id: UUID, *, reason: str, browser_key: str | None, now: datetime
) -> Turn:
    """Give a page back unanswered and give the next one. It pays nothing; a repeat is harmless.

    Two transactions: what is given back is free for others before this performer may have to wait
    for what they are choosing.
    """
    is_first = _skip(session_id, assignment_id, reason=reason, browser_key=browser_key, now=now)
    turn = look(session_id, browser_key=browser_key, now=now)
    turn.is_repeat = not is_first
    return turn


@transaction.atomic
def _skip(
    session_id: UUID, assignment_id: UUID, *, reason: str, browser_key: str | None, now: datetime
) -> bool:
    session = sessions.lock(session_id, browser_key=browser_key, now=now)
    if not session.pool.max_skips_in_row:
        raise StateConflictError(_("Pages of this work can't be skipped."))
    _answers_of(session, assignment_id)
    page = serving.take_page_back(
        assignment_id, status=AssignmentStatus.SKIPPED, now=now, skip_reason=reason[:500]
    )
    if page is None:
        return False
    payments.owe_report(
        visit=session.visit,
        requester_id=session.pool.project.requester_id,
        reason=f"assignment:{assignment_id}",
        amount=Decimal(0),
        started_at=page.created_at,
        ended_at=now,
        quality=None,
        skipped=True,
        golden=0,
        training=0,
        real=0,
        custom_log=page_log(page, {}, ended_at=now),
        close_session=False,
        held=False,
        now=now,
    )
    spending = sessions.spending_of(session)
    spending.money_used -= page.reward
    session.skips_in_row += 1
    session.pages_skipped += 1
    _write(session, spending, now=now)
    logger.info("assignment %s skipped", assignment_id)
    return True


@transaction.atomic
def finish(session_id: UUID, *, browser_key: str | None, now: datetime) -> Turn:
    """End the visit because the performer wants to; what is out goes back. Harmless twice."""
    session = sessions.lock(session_id, browser_key=browser_key, now=now)
    sessions.end_visit(session, WaitReason.FINISHED, now=now)
    return Turn(session, None, sessions.end_reason(session))


@transaction.atomic
def check_training(
    session_id: UUID,
    assignment_id: UUID,
    *,
    task_id: UUID,
    output_values: Mapping[str, Any],
    browser_key: str | None,
    now: datetime,
) -> tuple[bool, str]:
    """Say whether an answer to a training task is right, and its hint where it is not.

    The first answer asked about is kept: it is the one that counts.
    """
    session = sessions.lock(session_id, browser_key=browser_key, now=now)
    answer = next(
        (one for one in _answers_of(session, assignment_id) if one.task_id == task_id), None
    )
    if answer is None or answer.kind != TaskKind.TRAINING:
        raise StateConflictError(_("Only answers to training tasks can be checked."))
    if answer.assignment.status in WORKED:
        raise StateConflictError(_("This page was sent already, perhaps in another window."))
    if answer.assignment.status != AssignmentStatus.ACTIVE:
        raise LeaseLostError(_("The time for this page ran out."))
    Answer.objects.filter(pk=answer.pk, first_values__isnull=True).update(
        first_values=dict(output_values)
    )
    graded = grade(session.pool, [answer], {task_id: output_values})
    is_right = graded.is_right[task_id]
    return is_right, "" if is_right else answer.task.hint


@transaction.atomic
def accept_assignment(assignment: Assignment, *, public_comment: str = "", now: datetime) -> None:
    """Accept submitted work and release the payment held for it.

    Raises StateConflictError where it awaits no decision.
    """
    decided = Assignment.objects.filter(pk=assignment.pk, status=AssignmentStatus.SUBMITTED).update(
        status=AssignmentStatus.ACCEPTED, accepted_at=now, public_comment=public_comment
    )
    if not decided:
        raise StateConflictError(f"assignment {assignment.pk} awaits no decision")
    payments.release(reason=f"assignment:{assignment.pk}", now=now)
    logger.info("assignment %s accepted", assignment.pk)


@transaction.atomic
def reject_assignment(assignment: Assignment, *, public_comment: str, now: datetime) -> None:
    """Refuse submitted work and give up the payment held for it.

    ``public_comment`` tells the performer why and must not be blank. Raises StateConflictError
    where the work awaits no decision.
    """
    if not public_comment.strip():
        raise StateConflictError("a rejection needs a comment that tells the performer why")
    decided = Assignment.objects.filter(pk=assignment.pk, status=AssignmentStatus.SUBMITTED).update(
        status=AssignmentStatus.REJECTED, rejected_at=now, public_comment=public_comment
    )
    if not decided:
        raise StateConflictError(f"assignment {assignment.pk} awaits no decision")
    payments.reject(reason=f"assignment:{assignment.pk}", now=now)
    sessions.free_money(assignment.session_id, assignment.reward)
    logger.info("assignment %s rejected", assignment.pk)


def accept_overdue(*, now: datetime, limit: int = 500) -> int:
    """Accept what nobody has decided on within its pool's time; returns how many."""
    accepted = 0
    period = ExpressionWrapper(
        F("pool__auto_accept_period_day") * Value(timedelta(days=1)), DurationField()
    )
    waiting = Assignment.objects.filter(
        status=AssignmentStatus.SUBMITTED, submitted_at__lt=Value(now) - period
    )
    for assignment in waiting.order_by("submitted_at")[:limit]:
        try:
            accept_assignment(assignment, now=now)
        except StateConflictError:
            continue  # decided by a person between the two statements
        accepted += 1
    return accepted


def _answers_of(session: Session, assignment_id: UUID) -> list[Answer]:
    answers = list(
        Answer.objects.filter(assignment_id=assignment_id, assignment__session_id=session.pk)
        .select_related("assignment", "task")
        .order_by("position")
    )
    if not answers:
        raise sessions.NotYoursError(_("There is no such page in this session."))
    return answers


def _current_turn(session: Session, *, now: datetime, patiently: bool) -> Turn:
    """Return the page that is out; else give one, or end the visit where none will come."""
    if session.status == SessionStatus.OPEN:
        page = Assignment.objects.filter(session=session, status=AssignmentStatus.ACTIVE).first()
        if page and page.expires_at + GRACE >= now:
            return Turn(session, _show(page, session), drafts=page.drafts)
        if page:
            leases.expire(page.pk, session.pk, now=now)
            session.refresh_from_db(fields=["money_used"])
    return _next_turn(session, sessions.spending_of(session), {}, now=now, patiently=patiently)


def _next_turn(
    session: Session,
    spending: Spending,
    feedback: Mapping[str, Any],
    *,
    now: datetime,
    patiently: bool,
) -> Turn:
    """Give the next page and write the session's row; end the visit for a reason that lasts."""
    reason = sessions.find_end(session)
    page = None
    if reason is None:
        version = get_version(session.pool.version_id)
        got = serving.give_page(
            session, spending, hidden=version.hidden_fields, now=now, patiently=patiently
        )
        page, reason = (got, None) if isinstance(got, Page) else (None, got)
    _write(session, spending, now=now)
    if reason in sessions.STOP_REASONS or reason == WaitReason.STOPPED:
        sessions.end_visit(session, reason, now=now)
    return Turn(session, page, reason, feedback)


def _write(session: Session, spending: Spending, *, now: datetime) -> None:
    if session.status == SessionStatus.CLOSED:
        return
    session.cursor = spending.cursor
    session.money_drawn = spending.money_drawn
    session.money_used = spending.money_used
    session.pages_given += spending.pages_given
    write_session(session, heard_at=now)


def _take(
    session: Session,
    page: Assignment,
    graded: Graded,
    submission: Submission,
    *,
    now: datetime,
    is_late: bool = False,
) -> None:
    """Write a page's answers and owe its pay."""
    pool = session.pool
    auto = pool.auto_accept_solutions
    taken = take_answers(
        assignment_id=page.pk,
        status_before=page.status,
        status=AssignmentStatus.ACCEPTED if auto else AssignmentStatus.SUBMITTED,
        now=now,
        accepted_at=now if auto else None,
        quality=graded.quality,
        telemetry=submission.telemetry,
        feedback=graded.feedback,
        is_late=is_late,
        answers=graded.filled,
    )
    if not taken:
        raise StateConflictError(f"assignment {page.pk} changed under a lock on its session")
    payments.owe_report(
        visit=session.visit,
        requester_id=pool.project.requester_id,
        reason=f"assignment:{page.pk}",
        amount=page.reward,
        started_at=page.created_at,
        ended_at=now,
        quality=graded.quality_to_send(session),
        skipped=False,
        golden=graded.counts[TaskKind.GOLDEN],
        training=graded.counts[TaskKind.TRAINING],
        real=graded.counts[TaskKind.ORDINARY],
        custom_log=page_log(page, submission.telemetry, ended_at=now),
        close_session=False,
        held=not auto,
        now=now,
    )
    logger.info("assignment %s submitted%s", page.pk, " late" if is_late else "")


def _earned(session: Session, page: Assignment, graded: Graded) -> Spending:
    """Count a taken page on the session, in memory; ``_next_turn`` writes it."""
    session.pages_submitted += 1
    session.skips_in_row = 0
    session.tasks_submitted += graded.counts.total()
    session.scored_weight += len(graded.scores)
    session.right_weight += sum(graded.scores)
    session.earned += page.reward
    return sessions.spending_of(session)


def _retake(session: Session, page: Assignment, answers: list[Answer]) -> list[Answer]:
    """Take back what still has room of a page whose lease ran out; return those answers.

    Raises LeaseLostError where no ordinary task of it is left, or no money to pay it in full.
    """
    lost = _("The time for this page ran out, and its tasks went to others.")
    if session.status == SessionStatus.CLOSED:
        raise LeaseLostError(lost)
    kept = serving.retake_places(answers)
    has_ordinary = any(answer.kind == TaskKind.ORDINARY for answer in answers)
    if not any(not has_ordinary or answer.kind == TaskKind.ORDINARY for answer in kept):
        raise LeaseLostError(lost)
    spending = sessions.spending_of(session)
    if not serving.draw_for(session, spending, page.reward):
        raise LeaseLostError(lost)
    session.money_drawn, session.money_used = spending.money_drawn, spending.money_used
    surplus = {answer.pk for answer in answers} - {answer.pk for answer in kept}
    Answer.objects.filter(pk__in=surplus).update(is_surplus=True)
    return kept


def _show(page: Assignment, session: Session) -> Page:
    hidden = get_version(session.pool.version_id).hidden_fields
    answers = Answer.objects.filter(assignment=page).select_related("task").order_by("position")
    return Page(
        id=page.pk,
        reward=page.reward,
        expires_at=page.expires_at,
        tasks=[
            serving.show_task(answer.task_id, answer.kind, answer.task.input_values, hidden)
            for answer in answers
        ],
    )
