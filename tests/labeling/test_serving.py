"""Which page a performer gets."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labeling import assignments, leases, supply
from labeling.assignments import Turn
from labeling.enums import AssignmentStatus, PoolStatus, QualityFrom, TaskKind, WaitReason
from labeling.models import Answer, Assignment, Pool, Session, Task
from labeling.serving import Page
from labeling.submissions import Submission
from tests.factories import PerformerFactory, ProjectVersionFactory, TaskFactory
from tests.labeling.conftest import BROWSER, NOON, tasks_of

MakePool = Callable[..., Pool]
Start = Callable[..., Session]


def look(session: Session) -> Turn:
    return assignments.look(session.pk, browser_key=BROWSER, now=NOON)


def submit_page(session: Session, page: Page, label: str = "yes") -> Turn:
    values = {UUID(task["id"]): {"label": label} for task in page.tasks}
    return assignments.submit(
        session.pk, page.id, Submission(values, {}), browser_key=BROWSER, now=NOON
    )


def ids(page: Page | None) -> list[UUID]:
    assert page is not None
    return [UUID(task["id"]) for task in page.tasks]


def work_through(session: Session) -> tuple[list[list[UUID]], WaitReason | None]:
    """Submit page after page; return the ids on each page, and why there were no more."""
    pages = []
    turn = look(session)
    while turn.page:
        pages.append(ids(turn.page))
        turn = submit_page(session, turn.page)
    return pages, turn.reason


def test_page_mixes_ordinary_golden_and_training_tasks(make_pool: MakePool, start: Start) -> None:
    pool = make_pool(
        real=5, golden=2, training=2, real_tasks_count=3, golden_tasks_count=1,
        training_tasks_count=1,
    )  # fmt: skip
    session = start(pool)

    page = look(session).page

    kinds = Counter(Task.objects.filter(pk__in=ids(page)).values_list("kind", flat=True))
    assert kinds == {TaskKind.ORDINARY: 3, TaskKind.GOLDEN: 1, TaskKind.TRAINING: 1}


def test_page_shows_neither_solutions_nor_hidden_fields_nor_which_task_is_golden(
    make_pool: MakePool, start: Start
) -> None:
    pool = make_pool(real=1, golden=1, real_tasks_count=1, golden_tasks_count=1)
    version = ProjectVersionFactory(
        project=pool.project,
        input_spec={
            "text": {"type": "string", "required": True},
            "secret": {"type": "string", "hidden": True},
        },
    )
    Pool.objects.filter(pk=pool.pk).update(version=version)
    Task.objects.filter(pool=pool).update(input_values={"text": "A.", "secret": "yes"})
    session = start(Pool.objects.get(pk=pool.pk))

    page = look(session).page

    assert page is not None
    assert [sorted(task) for task in page.tasks] == [["id", "input_values", "kind"]] * 2
    assert [task["kind"] for task in page.tasks] == ["ordinary", "ordinary"]
    assert [task["input_values"] for task in page.tasks] == [{"text": "A."}] * 2


def test_same_page_is_given_until_it_is_submitted(make_pool: MakePool, start: Start) -> None:
    session = start(make_pool(real=4, real_tasks_count=2))

    first, second = look(session).page, look(session).page

    assert ids(first) == ids(second)
    assert Assignment.objects.count() == 1


def test_performer_sees_each_ordinary_task_once(make_pool: MakePool, start: Start) -> None:
    pool = make_pool(real=5, real_tasks_count=2, overlap=3)
    session = start(pool)

    pages, reason = work_through(session)

    assert [len(page) for page in pages] == [2, 2, 1]
    assert [one for page in pages for one in page] == [task.pk for task in tasks_of(pool)]
    assert reason == WaitReason.DONE


def test_overlap_is_reached_and_never_passed(make_pool: MakePool, start: Start) -> None:
    pool = make_pool(real=3, real_tasks_count=2, overlap=2)

    reasons = [work_through(start(pool))[1] for _ in range(3)]

    assert reasons[1:] == [WaitReason.POOL_COMPLETE, WaitReason.POOL_COMPLETE]
    assert [task.issued for task in tasks_of(pool)] == [2, 2, 2]


def test_a_place_that_came_free_behind_the_cursor_is_found(
    make_pool: MakePool, start: Start
) -> None:
    pool = make_pool(real=2, overlap=1)
    first, second = start(pool), start(pool)
    page = look(first).page
    turn = look(second)
    assert turn.page is not None
    assert submit_page(second, turn.page).reason == WaitReason.NONE_FREE_NOW

    assert page is not None
    assignments.skip(first.pk, page.id, reason="", browser_key=BROWSER, now=NOON)

    assert ids(look(second).page) == ids(page)


def test_skipped_tasks_are_not_given_to_the_same_performer_again(
    make_pool: MakePool, start: Start
) -> None:
    pool = make_pool(real=2, overlap=1)
    session = start(pool)
    first = look(session).page
    assert first is not None

    turn = assignments.skip(session.pk, first.id, reason="blurred", browser_key=BROWSER, now=NOON)
    assert turn.page is not None
    last = submit_page(session, turn.page)

    assert ids(turn.page) != ids(first)
    assert last.reason == WaitReason.DONE
    assert [task.issued for task in tasks_of(pool)] == [0, 1]


def test_golden_tasks_run_out_for_a_performer_before_they_repeat(
    make_pool: MakePool, start: Start
) -> None:
    pool = make_pool(real=9, golden=2, overlap=2, golden_tasks_count=1)

    pages, reason = work_through(start(pool))

    assert len(pages) == 2
    assert reason == WaitReason.DONE


def test_golden_tasks_repeat_as_often_as_the_pool_says(make_pool: MakePool, start: Start) -> None:
    pool = make_pool(real=9, golden=2, golden_tasks_count=1, golden_repeats=1)

    pages, _ = work_through(start(pool))

    assert len(pages) == 4
    rounds = Answer.objects.filter(kind=TaskKind.GOLDEN).values_list("task_id", "round")
    assert sorted(Counter(rounds).values()) == [1, 1, 1, 1]


def test_golden_tasks_go_on_when_fewer_are_allowed(make_pool: MakePool, start: Start) -> None:
    pool = make_pool(real=3, golden=1, golden_tasks_count=1, min_golden_tasks_count=0)

    pages, _ = work_through(start(pool))

    assert [len(page) for page in pages] == [2, 1, 1]


def test_incomplete_last_page_is_withheld_where_the_pool_says_so(
    make_pool: MakePool, start: Start
) -> None:
    pool = make_pool(real=3, real_tasks_count=2, force_last_assignment=False)

    pages, reason = work_through(start(pool))

    assert [len(page) for page in pages] == [2]
    assert reason == WaitReason.DONE


def test_tasks_reserved_for_others_are_passed_over(make_pool: MakePool, start: Start) -> None:
    pool = make_pool(real=3)
    mine, others, banned = tasks_of(pool)
    performer = PerformerFactory(external_id="me")
    Task.objects.filter(pk=others.pk).update(reserved_for=["somebody"])
    Task.objects.filter(pk=banned.pk).update(unavailable_for=["me"])

    pages, reason = work_through(start(pool, performer=performer))

    assert pages == [[mine.pk]]
    assert reason == WaitReason.DONE


def test_page_of_training_tasks_alone_pays_nothing(make_pool: MakePool, start: Start) -> None:
    pool = make_pool(training=1, real_tasks_count=0, training_tasks_count=1)

    page = look(start(pool)).page

    assert page is not None
    assert page.reward == Decimal(0)


@pytest.mark.parametrize(("pro_rata", "reward"), [(False, "0.0500"), (True, "0.0167")])
def test_shorter_page_pays_in_full_or_its_share(
    make_pool: MakePool, start: Start, pro_rata: bool, reward: str
) -> None:
    pool = make_pool(
        real=1, real_tasks_count=3, reward_per_assignment=Decimal("0.05"), pro_rata=pro_rata
    )

    page = look(start(pool)).page

    assert page is not None
    assert page.reward == Decimal(reward)


@pytest.mark.parametrize(
    ("columns", "visit", "reason"),
    [
        ({"status": PoolStatus.CLOSED}, {}, WaitReason.POOL_CLOSED),
        ({"status": PoolStatus.CLOSED, "complete_since": NOON}, {}, WaitReason.POOL_COMPLETE),
        ({"budget_cap": Decimal("0.01")}, {}, WaitReason.BUDGET),
        ({}, {"visit__deadline": NOON + timedelta(minutes=34)}, WaitReason.DEADLINE),
        ({}, {"visit__stop_reason": "toloka_restriction"}, WaitReason.STOPPED),
        ({}, {"skips_in_row": 10}, WaitReason.SKIPS),
    ],
)
def test_the_reason_for_no_page_is_said(
    make_pool: MakePool,
    start: Start,
    columns: dict[str, object],
    visit: dict[str, object],
    reason: WaitReason,
) -> None:
    session = start(make_pool(real=3, **columns), **visit)

    turn = look(session)

    assert (turn.page, turn.reason) == (None, reason)
    session.refresh_from_db()
    assert session.status == "closed"


def test_held_pages_of_others_are_waited_for(make_pool: MakePool, start: Start) -> None:
    pool = make_pool(real=1)
    look(start(pool))

    turn = look(start(pool))

    assert (turn.page, turn.reason) == (None, WaitReason.NONE_FREE_NOW)


def test_budget_gives_exactly_the_pages_it_pays_for(make_pool: MakePool, start: Start) -> None:
    pool = make_pool(
        real=30, overlap=5, reward_per_assignment=Decimal("0.03"), budget_cap=Decimal("0.40")
    )

    counts = [len(work_through(start(pool))[0]) for _ in range(2)]

    assert sum(counts) == 13
    pool.refresh_from_db()
    assert pool.budget_drawn == Decimal("0.39")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    overlaps=st.lists(st.integers(1, 3), min_size=1, max_size=6),
    per_page=st.integers(1, 3),
    moves=st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(["submit", "skip", "expire"])), max_size=12
    ),
)
def test_the_hot_statements_choose_as_the_rules_in_plain_words(
    make_pool: MakePool,
    start: Start,
    overlaps: list[int],
    per_page: int,
    moves: list[tuple[int, str]],
) -> None:
    """Three performers do as they like; after each step the rules, written plainly, agree."""
    pool = make_pool(real_tasks_count=per_page, max_skips_in_row=0)
    Pool.objects.filter(pk=pool.pk).update(max_skips_in_row=1000)
    for position, overlap in enumerate(overlaps):
        TaskFactory(pool=pool, position=position, overlap=overlap)
    sessions = [start(pool) for _ in range(3)]

    for who, what in moves:
        session = sessions[who]
        out = Assignment.objects.filter(session=session, status=AssignmentStatus.ACTIVE).first()
        expected = None if out else plainly_next(pool, session, per_page)
        turn = look(session)
        if expected is not None:
            assert ids(turn.page) == expected if expected else turn.page is None
        if turn.page is None:
            continue
        if what == "submit":
            submit_page(session, turn.page)
        elif what == "skip":
            assignments.skip(session.pk, turn.page.id, reason="", browser_key=BROWSER, now=NOON)
        else:
            leases.expire_leases(now=NOON + timedelta(hours=1))
        for task in tasks_of(pool):
            held = task.answers.filter(is_given_back=False).count()
            assert task.issued == held
            assert held <= (task.overlap or 0)


def plainly_next(pool: Pool, session: Session, per_page: int) -> list[UUID]:
    """The rule for ordinary tasks: first those ahead of where he is, then what came free behind."""
    session = Session.objects.get(pk=session.pk)
    if session.status != "open":
        return []
    had = {
        answer.task_id
        for answer in Answer.objects.filter(performer=session.performer)
        if not answer.is_given_back or answer.is_skipped or answer.is_surplus
    }
    free = [
        task
        for task in tasks_of(pool)
        if task.pk not in had
        and task.answers.filter(is_given_back=False).count() < (task.overlap or 0)
    ]
    ahead = [task.pk for task in free if task.position > session.cursor]
    behind = [task.pk for task in free if task.position <= session.cursor]
    chosen = set((ahead + behind)[:per_page])
    return [one for one in ahead if one in chosen] + [one for one in behind if one in chosen]


def test_quality_from_golden_alone_leaves_training_out(make_pool: MakePool, start: Start) -> None:
    pool = make_pool(
        real=1, golden=1, training=1, golden_tasks_count=1, training_tasks_count=1,
        quality_from=QualityFrom.GOLDEN,
    )  # fmt: skip
    session = start(pool)
    page = look(session).page
    assert page is not None
    kinds = dict(Task.objects.values_list("pk", "kind"))
    values = {
        one: {"label": "no" if kinds[one] == TaskKind.TRAINING else "yes"} for one in ids(page)
    }

    assignments.submit(session.pk, page.id, Submission(values, {}), browser_key=BROWSER, now=NOON)

    assert Assignment.objects.get(pk=page.id).quality == Decimal(1)


def test_makes_page_needs_something_on_it(make_pool: MakePool) -> None:
    pool = make_pool(real_tasks_count=0, golden_tasks_count=1, min_golden_tasks_count=0)

    assert not supply.makes_page(pool, Counter())
    assert supply.makes_page(pool, Counter({TaskKind.GOLDEN: 1}))
