"""Where every request comes in: its id, its tidied path, and what is noted of it when it leaves."""

import re
import secrets
import time
from collections.abc import Callable
from typing import Any

import structlog
from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response
from pyramid.tweens import INGRESS
from webob.multidict import MultiDict

from turnout.api.errors import MalformedForm
from turnout.api.service import PREFIX

Handler = Callable[[Request], Response]
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_CONVENTIONAL = frozenset({"/health", "/metrics", "/openapi.json", "/docs", "/redoc"})

log = structlog.get_logger()


class BufferedRequest(Request):
    """A request whose body stays in memory: the server has refused what is larger than `turnout.api.reading.most_bytes`."""

    request_body_tempfile_limit = 2**30

    @property
    def POST(self) -> MultiDict[str, Any]:  # noqa: N802 - WebOb's name
        """Return the fields of the form that was sent. Raises `MalformedForm`."""
        try:
            return super().POST
        except (ValueError, LookupError, DeprecationWarning):  # the last is raised for what says that it is not UTF-8
            raise MalformedForm from None


class Finished:
    """A request was answered; `seconds` is how long it took."""

    __slots__ = ("request", "response", "seconds")

    def __init__(self, request: Request, response: Response, seconds: float) -> None:
        self.request = request
        self.response = response
        self.seconds = seconds


def entry_tween(handler: Handler, registry: Registry) -> Handler:
    """Give the request an id, tidy its path and announce `Finished`."""
    log_requests = registry.settings["log.requests"]

    def tween(request: Request) -> Response:
        started = time.perf_counter()
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        request.environ["turnout.request_id"] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            _tidy_path(request)
            _tidy_cookies(request)
            response = handler(request)
            response.headers["X-Request-ID"] = request_id
            response.headers.pop("X-Tm", None)
            seconds = time.perf_counter() - started
            registry.notify(Finished(request, response, seconds))
            if log_requests:
                log.info(
                    "request",
                    method=request.method,
                    path=_without_token(request),
                    status=response.status_int,
                    milliseconds=round(seconds * 1000, 1),
                )
            return response
        finally:
            structlog.contextvars.unbind_contextvars("request_id")

    return tween


def _without_token(request: Request) -> str:
    """Return the path to be logged: where a part of it is called a token, whoever has that may do something with it."""
    path: str = request.environ["PATH_INFO"]
    token = (getattr(request, "matchdict", None) or {}).get("token")
    return path.replace(token, "...") if token else path


def _tidy_path(request: Request) -> None:
    """Tolerate one trailing slash, and the places where monitors and people conventionally look.

    The path is decoded already: of more slashes, the others may have been a parameter's text.
    """
    path = request.environ["PATH_INFO"]
    if path.endswith("/") and path != "/":
        path = request.environ["PATH_INFO"] = path.removesuffix("/")
    if path in _CONVENTIONAL:
        request.environ["PATH_INFO"] = PREFIX + path


def _tidy_cookies(request: Request) -> None:
    """Leave out cookies with backslashes: none is ours, and one that another application set may be no text at all."""
    cookies = request.environ.get("HTTP_COOKIE", "")
    if "\\" in cookies:
        request.environ["HTTP_COOKIE"] = ";".join(cookie for cookie in cookies.split(";") if "\\" not in cookie)


def includeme(config: Configurator) -> None:
    config.set_request_factory(BufferedRequest)
    config.add_tween("turnout.api.entry.entry_tween", under=INGRESS, over="pyramid_tm.tm_tween_factory")
