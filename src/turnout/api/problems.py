"""Errors as ``application/problem+json`` (RFC 9457): the one place that turns what went wrong into HTTP."""

from http import HTTPStatus
from typing import Any

import structlog
from pyramid.config import Configurator
from pyramid.exceptions import BadCSRFOrigin, BadCSRFToken
from pyramid.httpexceptions import HTTPException, HTTPForbidden
from pyramid.request import Request
from pyramid.response import Response
from pyramid_retry import IRetryableError, is_last_attempt, mark_error_retryable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from turnout import errors
from turnout.api import errors as api_errors
from turnout.api.answers import dumps

PROBLEM = "application/problem+json"
TYPES = "urn:turnout:problem:"

STATUS_OF: tuple[tuple[type[errors.DomainError], int], ...] = (
    (errors.Invalid, 400),
    (errors.Unauthenticated, 401),
    (errors.Denied, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.VersionMismatch, 412),
    (errors.TooManyAttempts, 429),
    (api_errors.MalformedJSON, 400),
    (api_errors.MalformedForm, 400),
    (api_errors.NotAcceptable, 406),
    (api_errors.KeyInUse, 409),
    (api_errors.BodyTooLarge, 413),
    (api_errors.UnsupportedMediaType, 415),
    (api_errors.KeyReused, 422),
    (errors.Unreachable, 502),
    (errors.DomainError, 409),
)

log = structlog.get_logger()


def status_of(error: type[errors.DomainError]) -> int:
    """Return the HTTP status for a kind of domain error."""
    return next(status for kind, status in STATUS_OF if issubclass(error, kind))


def problem(request: Request, status: int, code: str, title: str, detail: str, **members: Any) -> Response:
    """Return a problem document."""
    document = {
        "type": TYPES + code.replace("_", "-"),
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request.environ.get("turnout.request_id"),
        **members,
    }
    response = Response(dumps(document), status, content_type=PROBLEM)
    response.headers["Cache-Control"] = "no-store"
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="turnout"'
    return response


def domain_error(error: errors.DomainError, request: Request) -> Response:
    """A rule of the domain refused."""
    members = dict(error.facts)
    if isinstance(error, errors.Invalid):
        members["errors"] = [{"field": field, "message": message} for field, message in error.errors]
    response = problem(request, status_of(type(error)), error.code, error.title, error.detail, **members)
    if isinstance(error, errors.TooManyAttempts):
        response.headers["Retry-After"] = str(error.seconds)
    return response


def forbidden(error: HTTPForbidden, request: Request) -> Response:
    """The policy refused."""
    if not request.actor.is_signed_in:
        return domain_error(
            errors.Unauthenticated("This needs a token: Authorization: Bearer <access token>."), request
        )
    permission = getattr(error.result, "args", [None])[0] if error.result is not None else None
    detail = "Your role does not allow it." if request.actor.scopes is None else "The token's scopes do not include it."
    return domain_error(errors.Denied(f"{detail} Needed: {permission}." if permission else detail), request)


def http_error(error: HTTPException, request: Request) -> Response:
    """What Pyramid itself refuses: no such path, no such method."""
    status = HTTPStatus(error.status_int)
    if status < HTTPStatus.BAD_REQUEST:
        return error
    details = {
        HTTPStatus.NOT_FOUND: "There is nothing at this address.",
        HTTPStatus.METHOD_NOT_ALLOWED: f"{request.method} is not possible here.",
    }
    response = problem(
        request, status, status.name.lower(), status.phrase, details.get(status, status.description or status.phrase)
    )
    if "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response


def csrf_error(error: BadCSRFToken | BadCSRFOrigin, request: Request) -> Response:
    """A browser sent it without proof that its user meant it."""
    return problem(
        request,
        400,
        "csrf_failed",
        "The CSRF check failed",
        ("The token is missing, or another browser's." if isinstance(error, BadCSRFToken) else error.detail)
        + " Reload the page and try again.",
    )


def undecodable(_error: UnicodeDecodeError, request: Request) -> Response:
    """An address that is not UTF-8."""
    return problem(request, 400, "bad_request", "Bad Request", "The address is not UTF-8.")


def unexpected(error: Exception, request: Request) -> Response:
    """Nobody foresaw this: say nothing of the inside, log everything under the request's id."""
    transaction = request.tm.get() if "tm.active" in request.environ else None
    retryable = IRetryableError.providedBy(error) or (transaction is not None and transaction.isRetryableError(error))
    if retryable:
        mark_error_retryable(error)  # pyramid_tm, which otherwise does, leaves it when the commit is vetoed
    out_of_time = getattr(getattr(error, "orig", None), "sqlstate", None) in {"55P03", "57014"}
    if retryable or out_of_time or isinstance(error, PoolTimeoutError):
        if not retryable or is_last_attempt(request):
            log.warning("busy", path=request.path, error=repr(error))
        response = problem(
            request, 503, "busy", "Too much is going on at once", "Nothing was changed; try again in a moment."
        )
        response.headers["Retry-After"] = "1"
        return response
    plugin = request.registry.plugins.blamed(error)
    blamed = {} if plugin is None else {"plugin": plugin.name}
    log.error("unexpected error", method=request.method, path=request.path, **blamed, exc_info=error)
    return problem(
        request,
        500,
        "internal_error",
        "Something went wrong on our side",
        "Nothing was changed. Tell us the request_id and we can find out what happened.",
    )


def includeme(config: Configurator) -> None:
    for context, view in (
        (errors.DomainError, domain_error),
        (HTTPForbidden, forbidden),
        (HTTPException, http_error),
        (BadCSRFToken, csrf_error),
        (BadCSRFOrigin, csrf_error),
        (UnicodeDecodeError, undecodable),
        (DBAPIError, unexpected),
        (Exception, unexpected),
    ):
        config.add_exception_view(view, context=context)
