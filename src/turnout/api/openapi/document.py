"""The OpenAPI document: every operation of the application, with what it takes, answers and refuses."""

import re
import sys
from collections.abc import Iterable
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from pyramid.registry import Registry

from turnout.api.answers import ACCEPTED
from turnout.api.openapi.refusals import PROBLEM_SCHEMA, Responses, refusals
from turnout.api.openapi.schemas import Components
from turnout.api.service import PREFIX, WRITES, Operation, operations
from turnout.security.actors import ANYONE, ROLES

MOST_PATH_ID = 10**15 - 1
JSON_BODY = "application/json"

ABOUT = """\
Turnout is an event booking platform that never oversells.

**Sign in** with `POST /auth/login` and send the access token as `Authorization: Bearer <token>`; programs use an API
token made at `POST /auth/tokens`, sent as `Bearer` or `Token`. A token does for its user what its scopes say; what anyone
may do it does without a scope too, but then as anyone.

**Lists** answer `count`, `next`, `previous` and `results`; leaf with `page` and `page_size`, or walk through everything
with `cursor`.

**Errors** are `application/problem+json` (RFC 9457) with a stable `code`.

**Safe retries**: send an `Idempotency-Key` with a write, and the same request sent again gets the same answer.
**No lost updates**: send the `ETag` that you have seen as `If-Match`.

Moments are UTC, amounts of money are text (`"150.00"`).
"""
TAGS = {"About": "What this API is, and its documentation"}
"""Descriptions of tags that have no feature of their own."""

_TAG = {"type": "string", "pattern": '^"[0-9]+-[0-9a-f]{8}"$', "examples": ['"3-1c291ca3"']}
PARAMETERS: dict[str, dict[str, Any]] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Any text of your own; sent again within a day, the request happens once and gets the first answer",
        "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{1,255}$", "minLength": 1, "maxLength": 255},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The `ETag` last seen; 412 if somebody else has changed it since",
        "schema": {"type": "string"},
    },
    "Prefer": {
        "name": "Prefer",
        "in": "header",
        "description": "With `respond-async` the answer is 202 at once, and what it shows is decided later (RFC 7240)",
        "schema": {"type": "string", "examples": ["respond-async"]},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` last seen; 304 if nothing has changed since",
        "schema": {"type": "string"},
    },
}
ETAG = {"description": "Names this state; for `If-None-Match` and `If-Match`", "schema": _TAG, "required": True}
CACHE_CONTROL = {
    "description": "For how many seconds anybody may keep an answer that was given without a token",
    "schema": {"type": "string"},
    "required": True,
}
LOCATION = {
    "description": "Where it is",
    "schema": {"type": "string", "format": "uri"},
    "required": True,
}

ACCEPTED_HEADERS = {
    "Preference-Applied": {
        "description": "Why it is not decided yet",
        "schema": {"type": "string", "const": "respond-async"},
        "required": True,
    },
    "Retry-After": {"description": "Seconds after which to look again", "schema": {"type": "integer"}},
}


def document(registry: Registry) -> dict[str, Any]:
    """Return the OpenAPI document of the application."""
    found = operations(registry)
    components = Components(registry.openapi_described)
    responses = Responses()
    for operation in found:
        if operation.answer is not None:
            components.note_answer(operation.answer)
    for answer in registry.openapi_answers:
        components.note_answer(answer)
    components.schemas["Problem"] = PROBLEM_SCHEMA
    paths: dict[str, dict[str, Any]] = {}
    for operation in found:
        path = operation.path.removeprefix(PREFIX) or "/"
        described = _operation(operation, registry, components, responses)
        paths.setdefault(path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Turnout API",
            "version": version("turnout"),
            "description": ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": PREFIX}],
        "tags": _tags(registry, found),
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.schemas.items())),
            "parameters": PARAMETERS,
            "responses": dict(sorted(responses.named.items())),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT or API token",
                    "description": "An access token (`POST /auth/login`) or an API token (`POST /auth/tokens`).",
                }
            },
        },
    }


def _tags(registry: Registry, found: Iterable[Operation]) -> list[dict[str, str]]:
    """Return the tags; a feature says in its package's docstring what it is."""
    described = dict(TAGS)
    for entry in registry.introspector.get_category("turnout api") or ():
        service = entry["introspectable"]["service"]
        for _method, view, _options in service.definitions:
            package = sys.modules.get(view.__module__.rpartition(".")[0])
            said = ((package and package.__doc__) or service.tag).strip().partition("\n")[0]
            said = said.partition(": ")[2] or said  # "Venues: the places where events are held."
            described.setdefault(service.tag, said[:1].upper() + said[1:])
    return [{"name": tag, "description": described[tag]} for tag in sorted({operation.tag for operation in found})]


def _camel(name: str) -> str:
    """Return a view's name as most generated clients want it, and as Swagger UI likes it in links."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _operation(
    operation: Operation, registry: Registry, components: Components, responses: Responses
) -> dict[str, Any]:
    permission = registry.permissions[operation.permission]
    who = "anyone" if ANYONE in permission.roles else ", ".join(role for role in ROLES if role in permission.roles)
    summary, _, more = operation.description.partition("\n")
    told = [" ".join(more.split()), f"Needs the permission `{permission.name}` ({permission.description}): {who}."]
    if not permission.tokens and ANYONE not in permission.roles:
        told.append("API tokens cannot have it.")
    described: dict[str, Any] = {
        "operationId": _camel(operation.name),
        "tags": [operation.tag],
        "summary": summary.strip().removesuffix("."),
        "description": "\n\n".join(filter(None, told)),
        "security": [{"bearer": [permission.name]}],
        "x-turnout-permission": permission.name,
        "parameters": _parameters(operation, components),
    }
    if ANYONE in permission.roles:
        described["security"].append({})
    if operation.body is not None:
        needed = operation.partial or any(child.required for child in operation.body.children)
        schema = components.body(operation.body, partial=operation.partial)
        described["requestBody"] = {"required": needed, "content": {JSON_BODY: {"schema": schema}}}
    if operation.upload:
        file = {"schema": {"type": "string", "format": "binary"}}
        described["requestBody"] = {"required": True, "content": dict.fromkeys(operation.upload, file)}
    described["responses"] = _answers(operation, components) | {
        str(status): responses.of(status, possible) for status, possible in refusals(operation).items()
    }
    return described


def _parameters(operation: Operation, components: Components) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in re.findall(r"{(\w+)}", operation.path):
        schema: dict[str, Any] = {"type": "string"}
        if name == "id" or name.endswith("_id"):
            schema = {"type": "integer", "minimum": 1, "maximum": MOST_PATH_ID}
        found.append({"name": name, "in": "path", "required": True, "schema": schema})
    for node in operation.query.children if operation.query is not None else ():
        schema = components.parameter(node)
        parameter = {"name": node.name, "in": "query", "required": node.required, "schema": schema}
        if "description" in schema and "$ref" not in schema:
            parameter["description"] = schema.pop("description")
        found.append(parameter)
    if operation.method in WRITES:
        found.append({"$ref": "#/components/parameters/IdempotencyKey"})
        if operation.may_be_accepted:
            found.append({"$ref": "#/components/parameters/Prefer"})
        if operation.versioned:
            found.append({"$ref": "#/components/parameters/IfMatch"})
    elif _may_be_unchanged(operation):
        found.append({"$ref": "#/components/parameters/IfNoneMatch"})
    return found


def _may_be_unchanged(operation: Operation) -> bool:
    is_tagged = operation.versioned or operation.max_age is not None
    return operation.method == "GET" and (is_tagged or HTTPStatus.NOT_MODIFIED in operation.further_answers)


def _answers(operation: Operation, components: Components) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if operation.answer is not None:
        content = {operation.content_type: {"schema": components.answer(operation.answer)}}
    elif operation.status != HTTPStatus.NO_CONTENT:
        kind = "object" if operation.content_type == JSON_BODY else "string"
        content = {operation.content_type: {"schema": {"type": kind}}}
    headers: dict[str, Any] = {}
    if operation.versioned and operation.answer is not None:
        headers["ETag"] = ETAG
    if operation.max_age is not None:
        headers["ETag"] = ETAG | {"description": "Names this state; for `If-None-Match`"}
        headers["Cache-Control"] = CACHE_CONTROL
    if operation.location is not None:
        headers["Location"] = LOCATION
    first: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase, "content": content, "headers": headers}
    found = {str(operation.status): {key: value for key, value in first.items() if value}}
    if operation.may_be_accepted:
        accepted = {
            "description": "Accepted, and not decided yet: read it again",
            "headers": headers | ACCEPTED_HEADERS,
        }
        found[str(ACCEPTED)] = accepted | ({"content": content} if content else {})
    for status, description in operation.further_answers.items():
        found[str(status)] = {"description": description}
        if content and status != HTTPStatus.NOT_MODIFIED:
            found[str(status)]["content"] = content
    if _may_be_unchanged(operation):
        found.setdefault("304", {"description": "Not changed since"})
    return found
