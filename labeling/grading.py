"""From a page's answers and known solutions to scores, quality and what is written."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from integration.enums import QualitySource
from labeling.enums import QualityFrom, TaskKind
from labeling.models import Answer, Pool, Session
from labeling.quality.golden import ONE, score_answer, unit_quality
from labeling.statements import FilledAnswer


@dataclass(frozen=True, slots=True)
class Graded:
    """A page's answers as they will be stored, and what they say about the performer.

    ``scores`` are those that count for quality, each 0 to 1; ``is_right`` is of every task that
    has known solutions, about the answer itself and not the first one. ``feedback`` is for the
    performer and speaks of training tasks alone.
    """

    filled: list[FilledAnswer]
    counts: Counter[TaskKind]
    scores: list[Decimal]
    is_right: dict[UUID, bool]
    feedback: dict[str, Any]

    @property
    def quality(self) -> Decimal | None:
        return unit_quality(self.scores)

    def counting(self, kept: "Graded") -> "Graded":
        """Return this with all answers to be stored, of which only those in ``kept`` count."""
        return replace(self, counts=kept.counts, scores=kept.scores)

    def quality_to_send(self, session: Session) -> Decimal | None:
        """Return the quality for the report of this page, as the account wants it."""
        account = session.visit.account
        source = account.quality_source if account else QualitySource.UNIT
        scored = session.scored_weight + len(self.scores)
        right = session.right_weight + sum(self.scores)
        running = (right / scored).quantize(Decimal("0.0001")) if scored else None
        if source == QualitySource.RUNNING:
            return running
        if source == QualitySource.UNIT_OR_RUNNING and self.quality is None:
            return running
        return self.quality


def grade(pool: Pool, answers: list[Answer], values: Mapping[UUID, Mapping[str, Any]]) -> Graded:
    """Compare the answers of a page with the known solutions of its tasks.

    ``values`` maps a task's id to its output values. A training task is scored by the first
    answer that was ever given to it.
    """
    filled, scores = [], []
    is_right, feedback = {}, {}
    for answer in answers:
        output = values[answer.task_id]
        known = answer.task.known_solutions
        first, score = None, None
        if answer.kind == TaskKind.TRAINING:
            first = answer.first_values if answer.first_values is not None else output
        if known:
            now = score_answer(known, output, fields=pool.scored_fields)
            is_right[answer.task_id] = now == ONE
            score = now if first is None else score_answer(known, first, fields=pool.scored_fields)
            if answer.kind == TaskKind.GOLDEN or (
                answer.kind == TaskKind.TRAINING
                and pool.quality_from == QualityFrom.GOLDEN_AND_TRAINING
            ):
                scores.append(score)
        if answer.kind == TaskKind.TRAINING and known:
            right = is_right[answer.task_id]
            feedback[str(answer.task_id)] = {
                "correct": right,
                **({} if right or not answer.task.hint else {"hint": answer.task.hint}),
            }
        filled.append(FilledAnswer(answer.pk, output, first, score))
    counts = Counter(TaskKind(answer.kind) for answer in answers)
    return Graded(filled, counts, scores, is_right, feedback)
