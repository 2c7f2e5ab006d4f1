"""Sets up a demo that can be worked on at once: accounts, two projects, their cards in Toloka."""

import io
import json
from argparse import ArgumentParser
from base64 import b32encode
from typing import Any, Final
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from integration import cards, listings
from integration.enums import Environment, ListingStatus
from integration.models import Listing, TolokaAccount
from integration.models.account import API_URLS
from integration.toloka.client import TolokaClient
from integration.toloka.errors import TolokaError
from labeling import pools, projects, uploads
from labeling.demo.content import PROJECTS, DemoProject
from labeling.enums import OperationStatus, PoolStatus
from labeling.models import Pool, Project

REQUESTER: Final = "Demo requester"
LOCK: Final = 7_042
"""Two that run at once must not both make everything."""


class Command(BaseCommand):
    help = (
        "Set up the demo: users, two projects with tasks, pools that are open, and their cards in "
        "a sandbox. Safe to run again: what is there stays."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--toloka-url",
            "--sandbox-url",
            default="http://localhost:8800",
            help="address of the sandbox (default: %(default)s)",
        )
        parser.add_argument(
            "--toloka-token",
            "--token",
            default="",
            help="token of an account there; without one nothing is published",
        )

    def handle(self, *, toloka_url: str, toloka_token: str, **_options: Any) -> None:
        url = toloka_url.rstrip("/")
        if urlsplit(url).hostname == urlsplit(API_URLS[Environment.PRODUCTION]).hostname:
            raise CommandError(f"{url} is the real Toloka: the demo would cost money there")
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            requester_id = self._make_users()
            account = _make_account(requester_id, url, toloka_token)
            made = [_make_pool(content, requester_id, account) for content in PROJECTS]
        for pool in made:
            if pool.status == PoolStatus.CLOSED and pool.last_started is None:
                pools.open_pool(pool, now=timezone.now())
            if toloka_token:
                self._publish(pool)
        self._tell(made, is_published=bool(toloka_token))

    def _make_users(self) -> int:
        """Make the requester and its users where they are not there; return its id."""
        requesters = apps.get_model("labelplatform", "Requester")._default_manager
        requester = requesters.filter(name=REQUESTER).order_by("pk").first()
        if requester is None:
            requester = requesters.create(name=REQUESTER)
        users = get_user_model()._default_manager
        for name, is_admin in (("admin", True), ("requester", False)):
            user = users.filter(username=name).first()
            if user is None:
                user = users.model(username=name, is_staff=is_admin, is_superuser=is_admin)
                user.set_password(_password(name))
                user.save()
            requester.memberships.get_or_create(user=user, defaults={"role": "owner"})
        return int(requester.pk)

    def _publish(self, pool: Pool) -> None:
        listing = pool.listing
        if listing is None or pool.status == PoolStatus.ARCHIVED:
            return
        now = timezone.now()
        try:
            if listing.partner_url != settings.PUBLIC_URL:
                _move_card(listing)
            if listing.status in (ListingStatus.DRAFT, ListingStatus.PUBLISHING):
                listing = listings.publish(listing.pk, now=now)
            # A card that somebody closed after visits stays closed.
            if listing.status == ListingStatus.CLOSED and not listing.visits.exists():
                listing = listings.open_listing(listing.pk, now=now)
        except (listings.ListingError, TolokaError) as error:
            self.stderr.write(f"The card “{listing.public_name}” is not in the sandbox: {error}")
        pool.listing = listing

    def _tell(self, made: list[Pool], *, is_published: bool) -> None:
        tell = self.stdout.write
        for pool in made:
            card = f", card {pool.listing.status}" if pool.listing and is_published else ""
            tell(f"Project “{pool.project.public_name}”, pool {pool.pk}: {pool.status}{card}")
        for name, place in (("admin", "/admin/"), ("requester", "/requester/")):
            tell(f"Log in at {settings.PUBLIC_URL}{place} as {name}, password {_password(name)}")


def _password(name: str) -> str:
    """Make the first password of a demo user: this installation's own, the same each time."""
    digest = salted_hmac("demo password", name, algorithm="sha256").digest()
    return b32encode(digest)[:12].decode().lower()


def _make_account(requester_id: int, url: str, token: str) -> TolokaAccount:
    account = TolokaAccount.objects.filter(requester_id=requester_id, name="Sandbox").first()
    if account is None:
        return TolokaAccount.objects.create(
            requester_id=requester_id,
            name="Sandbox",
            environment=Environment.SANDBOX,
            api_url=url,
            return_url=f"{url}/",
            token=token,
            redirect_registered=True,  # the sandbox takes any address of this machine
        )
    wanted = {"api_url": url, "return_url": f"{url}/", "token": token or account.token}
    changed = [name for name, value in wanted.items() if getattr(account, name) != value]
    if changed:
        for name in changed:
            setattr(account, name, wanted[name])
        account.save(update_fields=changed)
    return account


def _make_pool(content: DemoProject, requester_id: int, account: TolokaAccount) -> Pool:
    """Return the demo's pool; make it, with project, card and tasks, where it is not there."""
    mark = f"demo: {content.key}"
    found = (
        Pool.objects.filter(project__requester_id=requester_id, private_comment=mark)
        .select_related("project", "version", "listing__account")
        .order_by("pk")
        .first()
    )
    if found:
        _move_files(content, found)
        return found
    project = _make_project(content, requester_id, mark)
    listing = Listing.objects.create(
        account=account,
        public_name=content.public_name,
        public_description=content.public_description,
        public_instructions=content.instructions,
        partner_name="Labeling",
        partner_url=settings.PUBLIC_URL,
        **content.card,
    )
    pool = pools.make_pool(project, private_comment=mark, listing=listing, **content.pool)
    lines = "\n".join(json.dumps(task) for task in content.make_tasks(_static_url()))
    file_name = f"{content.key}.jsonl"
    job = uploads.upload_tasks(pool, io.BytesIO(lines.encode()), file_name=file_name, user=None)
    if job.status != OperationStatus.SUCCESS:
        raise CommandError(f"{file_name}: {job.errors}")
    return pool


def _make_project(content: DemoProject, requester_id: int, mark: str) -> Project:
    project = projects.make_project(
        requester_id=requester_id,
        public_name=content.public_name,
        public_description=content.public_description,
        private_comment=mark,
    )
    projects.make_version(
        project,
        input_spec=content.input_spec,
        output_spec=content.output_spec,
        view_spec=content.view_spec,
        instructions=content.instructions,
    )
    return project


def _static_url() -> str:
    return f"{settings.PUBLIC_URL}{settings.STATIC_URL}"


def _move_files(content: DemoProject, pool: Pool) -> None:
    """Let tasks name the files where they are now: the port may be another than last time."""
    first = pool.tasks.order_by("position").first()
    wanted = [task["input_values"] for task in content.make_tasks(_static_url())]
    if first is None or first.input_values == wanted[0]:
        return
    tasks = list(pool.tasks.order_by("position")[: len(wanted)])
    for task, values in zip(tasks, wanted, strict=False):
        task.input_values = values
    pool.tasks.model.objects.bulk_update(tasks, ["input_values"])


def _move_card(listing: Listing) -> None:
    """Let a card that is in Toloka already lead here: the port may be another than last time."""
    listing.partner_url = settings.PUBLIC_URL
    if listing.toloka_project_id:
        client = TolokaClient(listing.account)
        client.update_project(listing.toloka_project_id, cards.project_form(listing))
    listing.save(update_fields=["partner_url"])
