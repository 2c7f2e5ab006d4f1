"""What must always be true, asked of the rows themselves.

Each check is a statement that finds the rows that break it. Most of what they look for can't be
written past the database's own constraints; they are for the day when somebody did it by hand, or
a constraint was wrong.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db import connection

from labeling.models import Answer, ProjectVersion
from labeling.specification import check_values

ROWS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report: ``sql`` finds what breaks it, a text in each row's first column."""

    name: str
    says: str
    sql: str = ""
    find: Callable[[], Iterator[str]] | None = None

    def broken(self) -> list[str]:
        """Return a line for every row that breaks this, at most ROWS_SHOWN of them."""
        if self.find:
            return [line for line, _ in zip(self.find(), range(ROWS_SHOWN), strict=False)]
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT line FROM ({self.sql}) broken LIMIT {ROWS_SHOWN}")  # noqa: S608
            return [str(line) for (line,) in cursor.fetchall()]


def find_invalid_answers() -> Iterator[str]:
    """Yield the answers that their pool's version does not allow."""
    specs = dict(ProjectVersion.objects.values_list("pk", "output_spec"))
    answers = (
        Answer.objects.filter(output_values__isnull=False)
        .values_list("pk", "pool__version_id", "output_values")
        .order_by("pk")
    )
    for pk, version_id, values in answers.iterator(chunk_size=2000):
        failures = check_values(specs[version_id], values, side="output_values")
        if failures:
            yield f"answer {pk}: {failures[0].path}: {failures[0].message}"


CHECKS = [
    Check(
        "answers-once",
        "A performer answers an ordinary task once, others as often as the pool says.",
        """
        SELECT format('performer %s has task %s %s times', a.performer_id, a.task_id, count(*))
               AS line
        FROM labeling_answer a JOIN labeling_pool p ON p.id = a.pool_id
        WHERE NOT a.is_given_back
        GROUP BY a.performer_id, a.task_id, a.kind, p.golden_repeats, p.training_repeats
        HAVING count(*) > CASE a.kind WHEN 'golden' THEN p.golden_repeats + 1
            WHEN 'training' THEN p.training_repeats + 1 ELSE 1 END
        """,
    ),
    Check(
        "overlap",
        "A task is never issued more often than its overlap.",
        """
        SELECT format('task %s: overlap %s, answers not given back %s', t.id, t.overlap, count(*))
               AS line
        FROM labeling_task t JOIN labeling_answer a ON a.task_id = t.id AND NOT a.is_given_back
        WHERE t.overlap IS NOT NULL GROUP BY t.id HAVING count(*) > t.overlap
        """,
    ),
    Check(
        "work-is-owed",
        "Each page worked on or skipped has one payment, and each such payment its page.",
        """
        SELECT format('assignment %s (%s) has no payment', s.id, s.status) AS line
        FROM labeling_assignment s
        LEFT JOIN integration_payment p ON p.reason = 'assignment:' || s.id
        WHERE s.status IN ('SUBMITTED', 'ACCEPTED', 'REJECTED', 'SKIPPED') AND p.id IS NULL
        UNION ALL
        SELECT format('payment %s is for a page that was not worked on (%s)', p.id, p.reason)
        FROM integration_payment p
        LEFT JOIN labeling_assignment s ON p.reason = 'assignment:' || s.id
        WHERE p.reason LIKE 'assignment:%'
          AND (s.id IS NULL OR s.status NOT IN ('SUBMITTED', 'ACCEPTED', 'REJECTED', 'SKIPPED'))
        """,
    ),
    Check(
        "paid-as-promised",
        "A payment is what its page promised; a page that awaits review is not paid.",
        """
        SELECT format('payment %s: %s, its page promised %s', p.id, p.amount, s.reward) AS line
        FROM integration_payment p JOIN labeling_assignment s ON p.reason = 'assignment:' || s.id
        WHERE p.amount <> CASE s.status WHEN 'SKIPPED' THEN 0 ELSE s.reward END
        UNION ALL
        SELECT format('payment %s is %s, its page %s', p.id, p.state, s.status)
        FROM integration_payment p JOIN labeling_assignment s ON p.reason = 'assignment:' || s.id
        WHERE (s.status = 'SUBMITTED' AND p.state <> 'held')
           OR (s.status = 'REJECTED' AND p.state <> 'given_up')
           OR (s.status = 'ACCEPTED' AND p.state = 'held')
        """,
    ),
    Check(
        "applied-once",
        "A payment is applied at most once, and is sent exactly when it was applied.",
        """
        SELECT format('payment %s was applied %s times', a.payment_id, count(*)) AS line
        FROM integration_attempt a WHERE a.outcome = 'applied'
        GROUP BY a.payment_id HAVING count(*) > 1
        UNION ALL
        SELECT format('payment %s is sent, but no attempt was applied', p.id)
        FROM integration_payment p
        WHERE p.state = 'sent' AND NOT EXISTS (
            SELECT 1 FROM integration_attempt a
            WHERE a.payment_id = p.id AND a.outcome = 'applied')
        UNION ALL
        SELECT format('payment %s is %s, but an attempt was applied', p.id, p.state)
        FROM integration_payment p
        WHERE p.state <> 'sent' AND EXISTS (
            SELECT 1 FROM integration_attempt a
            WHERE a.payment_id = p.id AND a.outcome = 'applied')
        UNION ALL
        SELECT format('work report %s was tried without its bytes being kept', r.id)
        FROM integration_workreport r JOIN integration_attempt a ON a.payment_id = r.payment_id
        WHERE r.body = ''
        """,
    ),
    Check(
        "close-is-last",
        "A visit is closed once, and nothing of it is tried after its close.",
        """
        SELECT format('visit %s has %s closing reports', visit_id, count(*)) AS line
        FROM integration_workreport WHERE close_session GROUP BY visit_id HAVING count(*) > 1
        UNION ALL
        SELECT format('report %s of visit %s was tried after its close', r.id, r.visit_id)
        FROM integration_workreport r
        JOIN integration_workreport c
          ON c.visit_id = r.visit_id AND c.close_session AND c.id <> r.id
        JOIN integration_attempt ra ON ra.payment_id = r.payment_id
        JOIN integration_attempt ca ON ca.payment_id = c.payment_id
        WHERE ra.started_at > ca.started_at
        """,
    ),
    Check(
        "nothing-golden-goes-out",
        "What is told to a performer or to Toloka holds nothing of golden tasks.",
        """
        SELECT format('assignment %s: its feedback speaks of a golden task', s.id) AS line
        FROM labeling_assignment s
        JOIN labeling_answer a ON a.assignment_id = s.id AND a.kind = 'golden'
        WHERE s.feedback ? a.task_id::text
        UNION ALL
        SELECT format('work report %s: its log holds %s', r.id, k.key)
        FROM integration_workreport r, LATERAL jsonb_object_keys(r.custom_log) k(key)
        WHERE k.key IN ('golden', 'score', 'scores', 'correct', 'quality', 'known_solutions')
        """,
    ),
    Check(
        "budget",
        "Owed, promised and base prices stay within a pool's budget, and what is drawn is held.",
        """
        SELECT format('pool %s: %s of %s', p.id, sum(s.money_used), p.budget_cap) AS line
        FROM labeling_pool p JOIN labeling_session s ON s.pool_id = p.id
        WHERE p.budget_cap IS NOT NULL GROUP BY p.id HAVING sum(s.money_used) > p.budget_cap
        UNION ALL
        SELECT format('pool %s: drawn %s, held by sessions %s', p.id, p.budget_drawn,
                      coalesce(sum(s.money_drawn), 0))
        FROM labeling_pool p LEFT JOIN labeling_session s ON s.pool_id = p.id
        WHERE p.budget_cap IS NOT NULL AND p.status = 'OPEN' GROUP BY p.id
        HAVING p.budget_drawn <> coalesce(sum(s.money_drawn), 0)
        UNION ALL
        SELECT format('session %s: used %s, its pages make %s and more', s.id, s.money_used,
                      sum(a.reward))
        FROM labeling_session s JOIN labeling_assignment a ON a.session_id = s.id
        WHERE a.status IN ('ACTIVE', 'SUBMITTED', 'ACCEPTED')
        GROUP BY s.id HAVING s.money_used < sum(a.reward)
        """,
    ),
    Check(
        "answers-fit",
        "A pool's answers are valid under the version it pins.",
        find=find_invalid_answers,
    ),
    Check(
        "counters",
        "Counters equal what a recount of the rows gives.",
        """
        SELECT format('task %s: issued %s, recounted %s', t.id, t.issued, count(a.id)) AS line
        FROM labeling_task t
        LEFT JOIN labeling_answer a ON a.task_id = t.id AND NOT a.is_given_back
        WHERE t.overlap IS NOT NULL GROUP BY t.id HAVING t.issued <> count(a.id)
        UNION ALL
        SELECT format('session %s: pages %s and %s, earned %s; recounted %s and %s, %s', s.id,
                      s.pages_submitted, s.pages_skipped, s.earned,
                      count(a.id) FILTER (WHERE a.status <> 'SKIPPED'),
                      count(a.id) FILTER (WHERE a.status = 'SKIPPED'),
                      coalesce(sum(a.reward) FILTER (WHERE a.status <> 'SKIPPED'), 0))
        FROM labeling_session s
        LEFT JOIN labeling_assignment a ON a.session_id = s.id
          AND a.status IN ('SUBMITTED', 'ACCEPTED', 'REJECTED', 'SKIPPED')
        GROUP BY s.id
        HAVING s.pages_submitted <> count(a.id) FILTER (WHERE a.status <> 'SKIPPED')
            OR s.pages_skipped <> count(a.id) FILTER (WHERE a.status = 'SKIPPED')
            OR s.earned <> coalesce(sum(a.reward) FILTER (WHERE a.status <> 'SKIPPED'), 0)
        """,
    ),
    Check(
        "secrets-are-sealed",
        "Tokens are stored encrypted, and no log for Toloka holds an assignment id.",
        """
        SELECT format('account %s: its token is not encrypted', id) AS line
        FROM integration_tolokaaccount WHERE token <> '' AND token NOT LIKE 'gAAAA%'
        UNION ALL
        SELECT format('partner key %s: its secret is not encrypted', id)
        FROM integration_partnerkey WHERE secret <> '' AND secret NOT LIKE 'gAAAA%'
        UNION ALL
        SELECT format('work report %s: its log holds an assignment id', r.id)
        FROM integration_workreport r JOIN integration_visit v ON v.id = r.visit_id
        WHERE v.assignment_id <> '' AND strpos(r.custom_log::text, v.assignment_id) > 0
        """,
    ),
    Check(
        "owners",
        "What belongs together belongs to one requester.",
        """
        SELECT format('pool %s and its listing %s have different owners', p.id, l.id) AS line
        FROM labeling_pool p JOIN labeling_project j ON j.id = p.project_id
        JOIN integration_listing l ON l.id = p.listing_id
        JOIN integration_tolokaaccount t ON t.id = l.account_id
        WHERE t.requester_id <> j.requester_id
        UNION ALL
        SELECT format('pool %s has a version of another project', p.id)
        FROM labeling_pool p JOIN labeling_projectversion v ON v.id = p.version_id
        WHERE v.project_id <> p.project_id
        UNION ALL
        SELECT format('payment %s and its page have different owners', p.id)
        FROM integration_payment p JOIN labeling_assignment s ON p.reason = 'assignment:' || s.id
        JOIN labeling_pool o ON o.id = s.pool_id JOIN labeling_project j ON j.id = o.project_id
        WHERE j.requester_id <> p.requester_id OR s.performer_id <> p.performer_id
        UNION ALL
        SELECT format('session %s is not of its visit''s performer', s.id)
        FROM labeling_session s JOIN integration_visit v ON v.id = s.visit_id
        WHERE v.performer_id <> s.performer_id
        """,
    ),
]


def find_broken() -> Iterator[tuple[Check, list[str]]]:
    """Yield every check with the lines that break it, none where it holds."""
    for check in CHECKS:
        yield check, check.broken()
