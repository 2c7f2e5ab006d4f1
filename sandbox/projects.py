"""Projects, external ones among them: their address must be registered."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from sandbox import operations
from sandbox.checks import Field, check_fields, is_web_address
from sandbox.errors import ApiError, Problems, invalid, problem
from sandbox.listing import Listing
from sandbox.routes import Answer, Call, Routes
from sandbox.settings import Settings
from sandbox.store import Resource
from sandbox.wire import Json

routes = Routes()
FIELDS = {
    "public_name": Field("text", required=True, may_be_blank=False),
    "public_description": Field("text", required=True),
    "public_instructions": Field("text"),
    "private_comment": Field("text"),
    "task_spec": Field("object", required=True),
    "assignments_issuing_type": Field("text", choices=("AUTOMATED", "MAP_SELECTOR", "EXTERNAL")),
    "assignments_issuing_view_config": Field("object"),
    "assignments_automerge_enabled": Field("boolean"),
    "max_active_assignments_count": Field("integer", minimum=1),
    "quality_control": Field("object"),
    "localization_config": Field("object"),
    "metadata": Field("object"),
}
SPEC_FIELDS = {
    "input_spec": Field("object", required=True),
    "output_spec": Field("object", required=True),
    "view_spec": Field("object", required=True),
}
VALUE_TYPES = ("boolean", "string", "float", "integer", "url", "file", "coordinates", "json")
READ_ONLY = ("id", "status", "created", "owner")
LISTING = Listing(equal=("status",), default_limit=20)


@routes.add("POST", "/v1/projects", "project_create")
def create_project(call: Call) -> Answer:
    form = _checked_form(call)
    doc = {
        **form,
        "id": str(call.tx.next_number("project")),
        "status": "ACTIVE",
        "created": call.now,
        "owner": call.owner_doc,
    }
    call.tx.insert(Resource("project", doc["id"], call.owner, doc))
    return Answer(201, doc)


@routes.add("GET", "/v1/projects", "project_list")
def list_projects(call: Call) -> Answer:
    return LISTING.page(call.tx.find("project", owner=call.owner), call.query)


@routes.add("GET", "/v1/projects/<id_>", "project_get")
def get_project(call: Call, id_: str) -> Answer:
    return Answer(200, call.owned("project", id_).doc)


@routes.add("PUT", "/v1/projects/<id_>", "project_update")
def update_project(call: Call, id_: str) -> Answer:
    project = call.owned("project", id_)
    if project.status == "ARCHIVED":
        raise ApiError("PROJECT_INAPPROPRIATE_STATUS", "The project is archived")
    kept = {name: project.doc[name] for name in READ_ONLY}
    project.doc = {**_checked_form(call), **kept}
    call.tx.save(project)
    return Answer(200, project.doc)


@routes.add("POST", "/v1/projects/<id_>/archive", "project_archive")
def archive_project(call: Call, id_: str) -> Answer:
    project = call.owned("project", id_)
    unarchived = [
        pool.id for pool in call.tx.find("pool", parent=project.id) if pool.status != "ARCHIVED"
    ]
    if unarchived:
        raise ApiError(
            "UNARCHIVED_POOLS_CONFLICT", "Pools are not archived yet", {"pool_ids": unarchived}
        )
    return operations.start(call, "PROJECT.ARCHIVE", {"project_id": project.id})


@routes.add("POST", "/staging/projects/<id_>/check", "project_check")
def check_project(call: Call, id_: str) -> Answer:
    """Say how far a change goes: a field gone, retyped or newly required breaks."""
    old = call.owned("project", id_).doc["task_spec"]
    new = _checked_form(call)["task_spec"]
    if old == new:
        return Answer(200, {"differenceLevel": "EQUAL"})
    breaking = any(_breaks(old[name], new[name]) for name in ("input_spec", "output_spec"))
    level = "BREAKING_CHANGE" if breaking else "NON_BREAKING_CHANGE"
    return Answer(200, {"differenceLevel": level})


def _breaks(old: Json, new: Json) -> bool:
    changed = any(name not in new or new[name]["type"] != old[name]["type"] for name in old)
    return changed or any(new[name].get("required", True) for name in new.keys() - old.keys())


def is_registered(address: str, settings: Settings) -> bool:
    """Has Toloka's support registered this redirect address? Loopback ones are by default."""
    if any(address.startswith(prefix) for prefix in settings.registered_redirects):
        return True
    return settings.loopback_redirects_registered and is_loopback(urlsplit(address).hostname or "")


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _checked_form(call: Call) -> Json:
    form = {name: value for name, value in call.form().items() if name not in READ_ONLY}
    problems = check_fields(form, FIELDS)
    if "task_spec" not in problems:
        problems |= _check_specification(form["task_spec"])
    if "metadata" not in problems:
        problems |= _check_metadata(form.get("metadata") or {})
    if form.get("assignments_issuing_type") == "EXTERNAL":
        problems |= _check_redirect(form.get("assignments_issuing_view_config"), call.settings)
    if problems:
        raise invalid(problems)
    return form


def _check_specification(specification: Json) -> Problems:
    problems = check_fields(specification, SPEC_FIELDS, prefix="task_spec.")
    for side in ("input_spec", "output_spec"):
        if f"task_spec.{side}" in problems:
            continue
        for name, one in specification[side].items():
            path = f"task_spec.{side}.{name}"
            if not isinstance(one, dict):
                problems[path] = problem("OBJECT_EXPECTED", "A field is an object")
            elif str(one.get("type")).removeprefix("array_") not in VALUE_TYPES:
                problems[f"{path}.type"] = problem(
                    "UNKNOWN_ENUM_VALUE", f"Value is none of {', '.join(VALUE_TYPES)}"
                )
    view = specification.get("view_spec")
    if isinstance(view, dict):
        problems |= check_fields(
            view,
            {"type": Field("text", required=True, choices=("classic", "tb"))},
            prefix="task_spec.view_spec.",
        )
    return problems


def _check_metadata(metadata: Json) -> Problems:
    return {
        f"metadata.{name}": problem("ARRAY_EXPECTED", "A list of texts is needed")
        for name, value in metadata.items()
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value)
    }


def _check_redirect(view_config: object, settings: Settings) -> Problems:
    path = "assignments_issuing_view_config.redirect_url"
    address = view_config.get("redirect_url") if isinstance(view_config, dict) else None
    if address is None:
        return {path: problem("VALUE_REQUIRED", "Value must be present and not equal to null")}
    if not isinstance(address, str):
        return {path: problem("STRING_EXPECTED", "Value is no text")}
    if not is_web_address(address):
        return {path: problem("INVALID_URL_SYNTAX", "Value is no web address")}
    if not is_registered(address, settings):
        return {
            path: problem(
                "VALUE_NOT_ALLOWED", "The address is not registered: ask Toloka's support to do so"
            )
        }
    return {}
