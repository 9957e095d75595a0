"""What an operation may refuse, and how that is said in OpenAPI."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from turnout import errors
from turnout.api import errors as api_errors
from turnout.api.problems import PROBLEM, TYPES, status_of
from turnout.api.service import WRITES, Operation

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "What went wrong (RFC 9457). Programs look at `code`; some codes come with members of their own.",
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "Names the kind of problem"},
        "title": {"type": "string", "description": "The kind of problem in words"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "This one case in words"},
        "code": {"type": "string", "description": "The kind of problem for programs; it never changes"},
        "request_id": {"type": ["string", "null"], "description": "Finds the request in our log"},
        "errors": {
            "type": "array",
            "description": "Each value that cannot be accepted",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string", "description": "Where it is, such as `tickets[0].email`"},
                    "message": {"type": "string"},
                },
                "required": ["field", "message"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "additionalProperties": True,
}
HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "How to prove who you are"}},
    429: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait before trying again"}},
    503: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait before trying again"}},
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A kind of problem."""

    status: int
    code: str
    title: str

    @classmethod
    def of(cls, error: type[errors.DomainError]) -> "Refusal":
        """Return what a domain error becomes."""
        return cls(status_of(error), error.code, error.title)


ALWAYS = (
    Refusal.of(errors.Invalid),
    Refusal.of(errors.Unauthenticated),
    Refusal(401, "invalid_token", "The token is not valid (any more); sign in again"),
    Refusal.of(errors.Denied),
    Refusal.of(api_errors.NotAcceptable),
    Refusal.of(api_errors.BodyTooLarge),
    Refusal(500, "internal_error", "Something went wrong on our side"),
    Refusal(503, "busy", "Too much is going on at once"),
)
OTHER_TYPE = Refusal.of(api_errors.UnsupportedMediaType)
WITH_BODY = (Refusal.of(api_errors.MalformedJSON), OTHER_TYPE)
ON_WRITE = (Refusal.of(api_errors.KeyInUse), Refusal.of(api_errors.KeyReused))


def refusals(operation: Operation) -> dict[int, list[Refusal]]:
    """Return what `operation` may refuse, by status: what it declares first, then what is always possible."""
    possible = [Refusal.of(error) for error in operation.refuses]
    possible += ALWAYS
    if operation.body is not None:
        possible += WITH_BODY
    if operation.upload:
        possible.append(OTHER_TYPE)
    if operation.method in WRITES:
        possible += ON_WRITE
        if operation.versioned:
            possible.append(Refusal.of(errors.VersionMismatch))
    if "{" in operation.path:
        possible.append(Refusal.of(errors.NotFound))
    found: dict[int, list[Refusal]] = {}
    for refusal in possible:
        codes = found.setdefault(refusal.status, [])
        if refusal.code not in {other.code for other in codes}:
            codes.append(refusal)
    return dict(sorted(found.items()))


def _example(refusal: Refusal) -> dict[str, Any]:
    value: dict[str, Any] = {
        "type": TYPES + refusal.code.replace("_", "-"),
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.title,
        "code": refusal.code,
        "request_id": "9f86d081884c7d65",
    }
    if refusal.code == errors.Invalid.code:
        value["detail"] = "page: must be a whole number"
        value["errors"] = [{"field": "page", "message": "must be a whole number"}]
    return {"summary": refusal.title, "value": value}


class Responses:
    """The named error responses of a document; those with the same codes are one."""

    def __init__(self) -> None:
        self.named: dict[str, dict[str, Any]] = {}

    def of(self, status: int, possible: Sequence[Refusal]) -> dict[str, Any]:
        """Return a reference to the response of `status` for these problems."""
        response: dict[str, Any] = {
            "description": "\n".join(f"- `{refusal.code}`: {refusal.title}" for refusal in possible),
            "content": {
                PROBLEM: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {refusal.code: _example(refusal) for refusal in possible},
                }
            },
        }
        if status in HEADERS:
            response["headers"] = HEADERS[status]
        name = "-".join((HTTPStatus(status).phrase.title().replace(" ", ""), *(refusal.code for refusal in possible)))
        self.named[name] = response
        return {"$ref": f"#/components/responses/{name}"}
