"""Making projects and their versions, and putting projects away."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from labeling.enums import PoolStatus, ProjectStatus
from labeling.errors import InvalidInputError, StateConflictError
from labeling.models import Pool, Project, ProjectVersion
from labeling.specification import Side, check_definition
from labeling.template_builder.kinds import KINDS, find_unknown

logger = logging.getLogger(__name__)


def make_project(
    *, requester_id: int, public_name: str, public_description: str = "", private_comment: str = ""
) -> Project:
    """Make an active project without a version: no pool can be made of it yet."""
    project = Project.objects.create(
        requester_id=requester_id,
        public_name=public_name,
        public_description=public_description,
        private_comment=private_comment,
    )
    logger.info("project %s made for requester %s", project.pk, requester_id)
    return project


@transaction.atomic
def make_version(
    project: Project,
    *,
    input_spec: Mapping[str, Any],
    output_spec: Mapping[str, Any],
    view_spec: Mapping[str, Any],
    instructions: str = "",
) -> ProjectVersion:
    """Make the next version of a project; content equal to the newest one's makes none.

    Specifications have the shape ``{field: {"type": …, …}}``, ``view_spec`` is
    ``{"type": "tb", "config": "<JSON text>"}``. Returns the version that holds the content.
    Raises InvalidInputError naming every place, StateConflictError where the project is archived.
    """
    check_content(input_spec=input_spec, output_spec=output_spec, view_spec=view_spec)
    # The project's row orders those who number its versions.
    locked = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    _check_active(locked)
    content = {
        "input_spec": dict(input_spec),
        "output_spec": dict(output_spec),
        "view_spec": dict(view_spec),
        "instructions": instructions,
    }
    newest = find_newest_version(locked)
    if newest and all(getattr(newest, name) == value for name, value in content.items()):
        return newest
    number = newest.number + 1 if newest else 1
    version = ProjectVersion.objects.create(project=locked, number=number, **content)
    logger.info("project %s has version %s", project.pk, number)
    return version


def find_newest_version(project: Project) -> ProjectVersion | None:
    """Return the version that pools made now will pin."""
    return ProjectVersion.objects.filter(project=project).order_by("-number").first()


@transaction.atomic
def archive_project(project: Project) -> Project:
    """Put a project away for good; all its pools must have been archived before.

    Raises StateConflictError naming the pools that are not.
    """
    # Locked and counted in two statements: a pool made while we waited for the lock is seen.
    locked = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    _check_active(locked)
    left = Pool.objects.filter(project=locked).exclude(status=PoolStatus.ARCHIVED)
    names = [str(pool) for pool in left.order_by("pk")[:5]]
    if names:
        raise StateConflictError(
            _("These pools are not archived: %(pools)s. Archive them first.")
            % {"pools": ", ".join(names)},
            payload={"pool_ids": list(left.order_by("pk").values_list("pk", flat=True)[:100])},
        )
    Project.objects.filter(pk=project.pk, status=ProjectStatus.ACTIVE).update(
        status=ProjectStatus.ARCHIVED
    )
    logger.info("project %s archived", project.pk)
    project.status = ProjectStatus.ARCHIVED
    return project


def check_content(
    *,
    input_spec: Mapping[str, Any],
    output_spec: Mapping[str, Any],
    view_spec: Mapping[str, Any],
) -> None:
    """Raise InvalidInputError with ``{place: {code, message}}`` where a version can't be this."""
    payload: dict[str, dict[str, str]] = {}
    sides: tuple[tuple[Side, Mapping[str, Any]], ...] = (
        ("input_values", input_spec),
        ("output_values", output_spec),
    )
    for side, spec in sides:
        for failure in check_definition(spec, side):
            payload[failure.path] = {"code": failure.code, "message": failure.message}
    if not output_spec and "output_spec" not in payload:
        payload["output_spec"] = {
            "code": "VALUE_REQUIRED",
            "message": _("There is no output field, so nothing could be answered. Add one."),
        }
    payload |= _check_view(view_spec)
    if payload:
        text = "\n".join(failure["message"] for failure in payload.values())
        raise InvalidInputError(text, payload=payload)


def _check_view(view_spec: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    if view_spec.get("type") != "tb":
        found = json.dumps(view_spec.get("type"), ensure_ascii=False)
        text = _(
            "view_spec.type: found %(found)s; the interface must be of the type “tb” "
            "(Template Builder)."
        )
        return {"view_spec.type": {"code": "VALUE_NOT_ALLOWED", "message": text % {"found": found}}}
    place = "view_spec.config"
    config = view_spec.get("config")
    if not isinstance(config, str):
        text = _("The Template Builder configuration must be JSON as text.")
        return {place: {"code": "TYPE_ERROR", "message": text}}
    try:
        parsed = json.loads(config)
    except (ValueError, RecursionError) as error:
        text = _("The Template Builder configuration is no valid JSON: %(error)s")
        return {place: {"code": "INVALID_JSON", "message": text % {"error": error}}}
    if not isinstance(parsed, dict) or not isinstance(parsed.get("view"), dict):
        text = _("The Template Builder configuration has no object “view”: nothing would be shown.")
        return {place: {"code": "VALUE_REQUIRED", "message": text}}
    text = _("%(place)s: the component “%(kind)s” is unknown; the known ones are %(known)s.")
    known = ", ".join(sorted(KINDS))
    return {
        f"{place}.{where}": {
            "code": "UNKNOWN_ENUM_VALUE",
            "message": text % {"place": where, "kind": kind, "known": known},
        }
        for where, kind in find_unknown(parsed)
    }


def _check_active(project: Project) -> None:
    if project.status != ProjectStatus.ACTIVE:
        raise StateConflictError(
            _("The project “%(project)s” is archived and stays as it is.") % {"project": project}
        )
