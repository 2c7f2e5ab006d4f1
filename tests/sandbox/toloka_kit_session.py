"""A requester's session with Toloka's official client, against the sandbox; prints what it saw.

Runs in the client's own virtual environment: ``toloka_kit_session.py URL TOKEN USER_ID REDIRECT``.
"""

import datetime
import json
import sys
from collections.abc import Callable
from decimal import Decimal

import requests
import toloka.client as toloka
from toloka.client import exceptions
from toloka.client.project import Project
from toloka.client.project.template_builder.view import TextViewV1


def make_project(redirect_url: str) -> Project:
    return Project(
        public_name="Road signs",
        public_description="On our site",
        public_instructions="Press Start",
        assignments_issuing_type="EXTERNAL",
        assignments_issuing_view_config={"redirect_url": redirect_url},
        metadata={"ptmik_partner_name": ["Mini Labels"]},
        task_spec=toloka.project.task_spec.TaskSpec(
            input_spec={"image": toloka.project.field_spec.StringSpec(required=True)},
            output_spec={"result": toloka.project.field_spec.StringSpec()},
            view_spec=toloka.project.view_spec.TemplateBuilderViewSpec(
                view=TextViewV1("Go on"), infer_data_spec=False
            ),
        ),
    )


def make_pool(project_id: str) -> toloka.Pool:
    return toloka.Pool(
        project_id=project_id,
        private_name="wave 1",
        may_contain_adult_content=False,
        will_expire=datetime.datetime(2036, 3, 1),  # noqa: DTZ001 the client takes naive UTC
        reward_per_assignment=0.01,
        assignment_max_duration_seconds=3600,
        auto_accept_solutions=False,
        defaults=toloka.Pool.Defaults(
            default_overlap_for_new_task_suites=2, default_overlap_for_new_tasks=2
        ),
        filter=(
            (toloka.filter.Languages.in_("EN"))
            & (toloka.filter.ClientType == toloka.filter.ClientType.ClientType.BROWSER)
        ),
    )


def name_error(call: Callable[[], object]) -> dict[str, object]:
    """What the client makes of a refusal: the class of its exception, the code, the fields."""
    try:
        call()
    except exceptions.ApiError as error:
        fields = getattr(error, "invalid_fields", None)
        return {
            "class": type(error).__name__,
            "code": error.code,
            "status": error.status_code,
            "fields": sorted(fields) if fields else [],
        }
    return {"class": "none"}


def drive_projects(client: toloka.TolokaClient, redirect_url: str, saw: dict[str, object]) -> str:
    project = client.create_project(make_project(redirect_url))
    project.public_name = "Traffic signs"
    client.update_project(project.id, project)
    read = client.get_project(project.id)
    saw["project"] = {
        "name": read.public_name,
        "status": read.status.value,
        "view": type(read.task_spec.view_spec).__name__,
        "metadata": read.metadata,
        "listed": [one.id for one in client.get_projects(status="ACTIVE")] == [project.id],
    }
    return str(project.id)


def drive_pools(client: toloka.TolokaClient, project_id: str, saw: dict[str, object]) -> str:
    pool = client.create_pool(make_pool(project_id))
    saw["new_pool"] = {
        "status": pool.status.value,
        "reason": pool.last_close_reason.value,
        "reward": pool.reward_per_assignment,
        "will_expire": pool.will_expire.isoformat(),
        "filter": type(pool.filter).__name__,
    }
    pool.private_name = "wave 2"
    client.update_pool(pool.id, pool)
    client.patch_pool(pool.id, toloka.pool.PoolPatchRequest(priority=40))
    opened = client.open_pool(pool.id)
    again = client.open_pool(pool.id)
    saw["open_pool"] = {
        "is_open": opened.is_open(),
        "again": again.is_open(),
        "name": opened.private_name,
        "priority": opened.priority,
        "started": opened.last_started is not None,
    }
    saw["found_pools"] = len(list(client.get_pools(project_id=project_id, status="OPEN")))
    saw["operation_types"] = [
        type(one).__name__ for one in client.find_operations(sort=["-submitted"]).items[:1]
    ]
    clone = client.clone_pool(pool.id)
    saw["clone"] = {"other": clone.id != pool.id, "closed": clone.is_closed()}
    client.archive_pool(clone.id)
    return str(pool.id)


def drive_tasks(client: toloka.TolokaClient, pool_id: str, saw: dict[str, object]) -> None:
    tasks = [toloka.Task(pool_id=pool_id, input_values={"image": f"{n}.png"}) for n in range(3)]
    golden = toloka.Task(
        pool_id=pool_id,
        input_values={"image": "golden.png"},
        known_solutions=[toloka.Task.KnownSolution(output_values={"result": "cat"})],
        infinite_overlap=True,
    )
    created = client.create_tasks([*tasks, golden], allow_defaults=True)
    wrong = toloka.Task(pool_id=pool_id, input_values={"image": 5})
    skipped = client.create_tasks([tasks[0], wrong], allow_defaults=True, skip_invalid_items=True)
    single = client.create_task(tasks[1], toloka.task.CreateTaskParameters(allow_defaults=True))
    synchronous = client.create_tasks(tasks[:2], allow_defaults=True, async_mode=False)
    listed = list(client.get_tasks(pool_id=pool_id))
    suite = toloka.TaskSuite(
        pool_id=pool_id,
        tasks=[toloka.task.BaseTask(input_values={"image": "suite.png"})],
        overlap=1,
    )
    suites = client.create_task_suites([suite])
    failed = client.create_tasks_async([wrong], allow_defaults=True)
    saw["tasks"] = {
        "created": sorted(one.input_values["image"] for one in created.items.values()),
        "overlaps": sorted(one.overlap or 0 for one in created.items.values()),
        "skipped": {number: sorted(fields) for number, fields in skipped.validation_errors.items()},
        "kept": len(skipped.items),
        "single": single.input_values,
        "synchronous": len(synchronous.items),
        "listed": len(listed),
        "same": client.get_task(listed[0].id) == listed[0],
        "suites": [len(one.tasks) for one in suites.items.values()],
        "all_or_nothing": name_error(lambda: client.create_tasks([wrong], allow_defaults=True)),
        "failed_operation": client.wait_operation(failed).status.value,
        "overlap_lowered": client.patch_task(
            listed[0].id, toloka.task.TaskPatch(overlap=1)
        ).overlap,
    }


def drive_training(client: toloka.TolokaClient, project_id: str, saw: dict[str, object]) -> None:
    training = client.create_training(
        toloka.Training(
            project_id=project_id,
            private_name="Learn",
            may_contain_adult_content=False,
            assignment_max_duration_seconds=600,
            mix_tasks_in_creation_order=True,
            shuffle_tasks_in_task_suite=False,
            training_tasks_in_task_suite_count=1,
            task_suites_required_to_pass=1,
            retry_training_after_days=5,
            inherited_instructions=True,
        )
    )
    client.create_tasks(
        [
            toloka.Task(
                pool_id=training.id,
                input_values={"image": "1.png"},
                known_solutions=[toloka.Task.KnownSolution(output_values={"result": "cat"})],
                message_on_unknown_solution="It is a cat",
                infinite_overlap=True,
            )
        ],
        allow_defaults=True,
    )
    opened = client.open_training(training.id)
    saw["training"] = {
        "open": opened.is_open(),
        "as_pool": client.get_pool(training.id).type.value,
        "closed": client.close_training(training.id).is_closed(),
        "archived": client.archive_training(training.id).is_archived(),
    }


def drive_people(
    client: toloka.TolokaClient, pool_id: str, user_id: str, saw: dict[str, object]
) -> None:
    skill = client.create_skill(name="signs", hidden=True, public_name={"EN": "Signs"})
    user_skill = client.set_user_skill(skill_id=skill.id, user_id=user_id, value=Decimal("91.5"))
    saw["skill"] = {
        "found": [one.id for one in client.get_skills(name="signs")] == [skill.id],
        "value": user_skill.value,
        "exact": str(user_skill.exact_value),
        "listed": len(list(client.get_user_skills(skill_id=skill.id))),
    }
    client.delete_user_skill(user_skill.id)
    saw["skills_left"] = len(list(client.get_user_skills(skill_id=skill.id)))
    ban = client.set_user_restriction(
        toloka.user_restriction.PoolUserRestriction(
            user_id=user_id, pool_id=pool_id, private_comment="too fast"
        )
    )
    saw["restriction"] = {
        "class": type(ban).__name__,
        "listed": [one.id for one in client.get_user_restrictions(user_id=user_id)] == [ban.id],
    }
    client.delete_user_restriction(ban.id)
    saw["restrictions_left"] = len(list(client.get_user_restrictions(user_id=user_id)))
    bonuses = client.create_user_bonuses(
        [
            toloka.UserBonus(
                user_id=user_id,
                amount=amount,
                public_title={"EN": "Thanks"},
                public_message={"EN": "Well done"},
            )
            for amount in (Decimal("0.05"), Decimal("0.1"))
        ]
    )
    saw["bonuses"] = {
        "amounts": sorted(str(one.amount) for one in bonuses.items.values()),
        "listed": len(list(client.get_user_bonuses(user_id=user_id))),
    }
    saw["user"] = {"country": client.get_user(user_id).country}


def finish_work(url: str, token: str, pool_id: str, user_id: str) -> str:
    """Be the performer and the partner: start the card, then close it by a submit."""
    form = {"pool_id": pool_id, "user_id": user_id}
    started = requests.post(f"{url}/control/start", json=form, timeout=10).json()
    requests.post(
        f"{url}/api/v1/tasks/external/submit",
        json={**form, "pool_id": int(pool_id), "reward": 0.05, "close_session": True},
        headers={"Authorization": f"OAuth {token}"},
        timeout=10,
    ).raise_for_status()
    return str(started["assignment_id"])


def drive_review(client: toloka.TolokaClient, pool_id: str, saw: dict[str, object]) -> None:
    """Reject and then accept the work that waits in the pool; subscribe; close the pool."""
    waiting = list(client.get_assignments(pool_id=pool_id, status="SUBMITTED"))
    rejected = client.reject_assignment(waiting[0].id, "Look again")
    accepted = client.accept_assignment(waiting[0].id, "You were right")
    saw["review"] = {
        "waiting": len(waiting),
        "rejected": rejected.status.value,
        "accepted": accepted.status.value,
        "comment": client.get_assignment(waiting[0].id).public_comment,
        "late": name_error(lambda: client.reject_assignment(waiting[0].id, "No")),
    }
    webhooks = client.upsert_webhook_subscriptions(
        [
            {
                "webhook_url": "https://labels.example.org/events",
                "event_type": toloka.webhook_subscription.WebhookSubscription.EventType.POOL_CLOSED,
                "pool_id": pool_id,
                "secret_key": "secret",
            }
        ]
    )
    saw["webhooks"] = {
        "made": len(webhooks.items),
        "listed": len(list(client.get_webhook_subscriptions(pool_id=pool_id))),
    }
    saw["closed"] = client.close_pool(pool_id).is_closed()
    requests_ = [
        toloka.analytics_request.ApprovedAssignmentsCountPoolAnalytics(subject_id=pool_id),
        toloka.analytics_request.CompletionPercentagePoolAnalytics(subject_id=pool_id),
    ]
    operation = client.wait_operation(client.get_analytics(requests_))
    saw["analytics"] = [one["result"] for one in operation.details["value"]]


def drive_errors(client: toloka.TolokaClient, url: str, redirect_url: str) -> dict[str, object]:
    stranger = toloka.TolokaClient("wrong", url=url, retries=0)
    unregistered = make_project("https://not-registered.example.com/")
    bare = make_project(redirect_url)
    bare.public_name = None
    empty = client.create_project(make_project(redirect_url))
    return {
        "token": name_error(stranger.get_requester),
        "missing": name_error(lambda: client.get_pool("999999999")),
        "unregistered": name_error(lambda: client.create_project(unregistered)),
        "invalid": name_error(lambda: client.create_project(bare)),
        "limit": name_error(lambda: client.find_projects(limit=301)),
        "archived": type(client.archive_project(empty.id)).__name__,
    }


def main(url: str, token: str, user_id: str, redirect_url: str) -> None:
    client = toloka.TolokaClient(token, url=url, retries=0)
    requester = client.get_requester()
    saw: dict[str, object] = {"balance": str(requester.balance), "id": requester.id}
    project_id = drive_projects(client, redirect_url, saw)
    pool_id = drive_pools(client, project_id, saw)
    drive_tasks(client, pool_id, saw)
    drive_training(client, project_id, saw)
    drive_people(client, pool_id, user_id, saw)
    assignment_id = finish_work(url, token, pool_id, user_id)
    saw["assignment_user"] = client.get_assignment(assignment_id).user_id == user_id
    drive_review(client, pool_id, saw)
    saw["errors"] = drive_errors(client, url, redirect_url)
    saw["balance_after"] = str(client.get_requester().balance)
    json.dump(saw, sys.stdout, default=str)


if __name__ == "__main__":
    main(*sys.argv[1:])
