"""Comparing an answer with the known solutions of a golden or training task."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

ZERO = Decimal(0)
ONE = Decimal(1)


def score_answer(
    known_solutions: Sequence[Mapping[str, Any]],
    output_values: Mapping[str, Any],
    *,
    fields: Collection[str] = (),
) -> Decimal:
    """Return how right an answer is, 0 to 1: the weight of the best known solution it equals.

    ``known_solutions`` has Toloka's shape ``[{"output_values": {…}, "correctness_weight": 0…1}]``,
    the weight 1 where it is absent. A solution may leave fields out: only those that it names
    count, and of them only ``fields`` where that is not empty. A solution that names none of the
    fields that count is equalled by nothing.
    """
    best = ZERO
    for solution in known_solutions:
        expected = solution.get("output_values") or {}
        names = [name for name in expected if not fields or name in fields]
        if names and all(is_equal(expected[name], output_values.get(name)) for name in names):
            weight = Decimal(str(solution.get("correctness_weight", 1)))
            best = max(best, min(max(weight, ZERO), ONE))
    return best


def is_equal(left: Any, right: Any) -> bool:
    """Compare JSON values deeply: 1 and 1.0 are equal, 1 and true and "1" are not."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(is_equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(is_equal, left, right))
    if isinstance(left, int | float | Decimal) and isinstance(right, int | float | Decimal):
        return left == right
    return type(left) is type(right) and bool(left == right)


def unit_quality(scores: Sequence[Decimal]) -> Decimal | None:
    """Return the mean of the scores of one page, to four decimals; None where there are none."""
    if not scores:
        return None
    return (sum(scores, ZERO) / len(scores)).quantize(Decimal("0.0001"))
