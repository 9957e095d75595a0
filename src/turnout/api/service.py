"""Cornice services as Turnout uses them. The only module that imports cornice.

    events = Service("events", "/events", "Events")

    @events.post(permission="events:create", body=NewEvent, answer=EventView, status=201, location="/events/{id}")
    def create(request):
        '''Make an event.'''
        return request.find_service(EventService).create(request.validated["body"], actor=request.actor)

A view returns what the answer says; reading, checking, ETags, idempotency and JSON are done around it. What is declared
here is also what `turnout.api.openapi` describes.
"""

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import colander
import cornice
from pyramid.config import PHASE0_CONFIG, Configurator
from pyramid.request import Request
from pyramid.response import Response

from turnout.api.answers import JSON, respond
from turnout.api.errors import NotAcceptable
from turnout.api.idempotency import is_answered, once
from turnout.api.reading import body_reader, bound_body, bound_file, query_reader, type_reader
from turnout.errors import DomainError
from turnout.schema import Schema

PREFIX = "/api/v1"
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
View = Callable[..., Any]
EventOf = Callable[[Request], int | None]


@dataclass(frozen=True, slots=True)
class Operation:
    """What one method of one path takes, answers and refuses."""

    method: str
    path: str
    name: str
    tag: str
    description: str
    permission: str
    body: colander.SchemaNode | None = None
    upload: tuple[str, ...] = ()
    """Media types of a body that is a file, and no JSON; the view reads it as ``request.body``."""
    partial: bool = False
    query: colander.SchemaNode | None = None
    answer: colander.SchemaNode | None = None
    status: int = 200
    further_answers: Mapping[int, str] = field(default_factory=dict)
    location: str | None = None
    refuses: tuple[type[DomainError], ...] = ()
    versioned: bool = False
    may_be_accepted: bool = False
    """Whether ``Prefer: respond-async`` is honoured: the view then returns `turnout.api.answers.Accepted`, answered 202."""
    max_age: int | None = None
    """Seconds for which anybody may keep what is answered to nobody in particular; the answer has an ETag of its text."""
    secret: bool = False
    content_type: str = JSON
    beforehand: Callable[[Request], Any] | None = None
    """Asks somebody outside, before anything is locked or written; what it returns the view gets after the request."""


@dataclass(frozen=True, slots=True)
class Written:
    """A member of staff changed something: announced in the transaction that does it, when the view has done it.

    `given` is the body as it was checked, `result` what the view returned. What is answered again, because the client sent
    it again with its ``Idempotency-Key``, is not.
    """

    request: Request
    operation: Operation
    given: Mapping[str, Any]
    result: Any


def accepts_answer(request: Request, *, content_type: str) -> None:
    """Raise `NotAcceptable` unless the client takes answers of `content_type`."""
    header = request.headers.get("Accept")
    if header is None or header in {"*/*", content_type}:
        return
    if not request.accept.acceptable_offers([content_type]):
        raise NotAcceptable(f"Answers are {content_type}; the Accept header excludes it.")


def about_no_event(_request: Request) -> None:
    """Return None: what `Service` takes as ``event_of`` for a path that is about no event in particular."""


def _event_in(path: str) -> EventOf | None:
    name = "event_id" if "{event_id}" in path else "id" if re.match(r"/events/{id}(/|$)", path) else None
    return None if name is None else lambda request: int(request.matchdict[name])


class Service(cornice.Service):
    """The methods of one path below ``/api/v1``. In a path, ``{id}`` and ``{..._id}`` stand for whole numbers.

        reviews = Service("reviews", "/events/{id}/reviews", "Reviews")

        @reviews.post(permission="reviews:create", body=NewReview, answer=ReviewView, status=201, refuses=(NotAttended,))
        def create_review(request: Request) -> dict[str, Any]:
            "Review an event."
            new = request.validated["body"]
            return request.find_service(ReviewService).create(int(request.matchdict["id"]), new, actor=request.actor)

    The decorators ``get``, ``post``, ``put``, ``patch`` and ``delete`` take

    - `permission`: the name of a declared one;
    - `body`, `query`: schemas of what is sent, found checked in ``request.validated``; `partial`: members may be missing
      (PATCH);
    - `upload`: instead of `body`, the media types of a file, which is found in ``request.body``;
    - `answer`: the schema of what is returned; `status`: 200, or 204 without an answer, unless said otherwise;
      `further_answers`: other statuses with what they mean;
    - `location`: where what was made is, such as ``/reviews/{id}``, filled from the answer;
    - `refuses`: the domain errors that the service may raise, which OpenAPI then describes;
    - `versioned`: the answer is a `Versioned` and gets an ETag; writes honour ``If-Match`` (`expected_versions`);
    - `max_age`: seconds for which anybody may keep an answer given to nobody in particular;
    - `secret`: the answer must not be kept for ``Idempotency-Key``;
    - `content_type`: of answers that are no JSON; the view then returns a response;
    - `beforehand`, of writes: a function of the request that asks somebody outside. It is called before the transaction that
      ``Idempotency-Key`` opens, and must itself see to whether they may ask; what it returns the view gets after the request.
      It is not called for what was answered already.

    The view's name is the operation's in OpenAPI, its docstring the description.

    `event_of` returns the id of the event that a request is about, or None where it is about none; a path that begins with
    ``/events/{id}``, or has an ``{event_id}``, says so itself.
    """

    def __init__(self, name: str, path: str, tag: str, *, event_of: EventOf | None = None) -> None:
        self.tag = tag
        self.event_of = event_of or _event_in(path)
        self.operations: dict[str, Operation] = {}
        self.template = PREFIX + path
        pattern = re.sub(r"{((?:\w+_)?id)}", r"{\1:[0-9]{1,15}}", self.template)
        super().__init__(name=f"api:{name}", path=pattern, description=tag)

    def views(self) -> Iterator[tuple[Operation, View]]:
        """Give each operation with its view."""
        for _method, view, _options in self.definitions:
            yield next(op for op in self.operations.values() if op.name == view.__name__), view

    def add_view(
        self,
        method: str,
        view: View,
        *,
        permission: str,
        body: type[Schema] | None = None,
        upload: Iterable[str] = (),
        query: type[Schema] | None = None,
        answer: type[Schema] | None = None,
        **options: Any,
    ) -> None:
        """Declare the view of a method; `options` are the further fields of `Operation`."""
        operation = Operation(
            method=method,
            path=self.template,
            name=view.__name__,
            tag=self.tag,
            description=(view.__doc__ or "").strip(),
            permission=permission,
            body=None if body is None else body(),
            upload=tuple(upload),
            query=None if query is None else query(),
            answer=None if answer is None else answer(),
            **{"status": 200 if answer or method == "GET" else 204} | options,
        )
        self.operations[method] = operation
        super().add_view(method, _answering(view, operation), permission=permission, validators=_readers(operation))


def _readers(operation: Operation) -> list[Callable[..., None]]:
    def accepts(request: Request, **_options: Any) -> None:
        accepts_answer(request, content_type=operation.content_type)

    bound = bound_file if operation.upload else bound_body
    readers: list[Callable[..., None]] = [accepts, bound, query_reader(operation.query or Schema())]
    if operation.upload:
        readers.append(type_reader(operation.upload))
    elif operation.body is not None or operation.method in WRITES:
        readers.append(body_reader(operation.body or Schema(), partial=operation.partial))
    return readers


def _answering(view: View, operation: Operation) -> Callable[[Request], Response]:
    """Wrap a view so that what it returns becomes a response, and a write with a key happens once."""

    def answer(request: Request) -> Response:
        return respond(request, view(request), operation.status, operation.location, max_age=operation.max_age)

    def write(request: Request, *told: Any) -> Response:
        if not request.actor.is_staff:
            return respond(request, view(request, *told), operation.status, operation.location)
        given = deepcopy(request.validated.get("body", {}))  # as it was sent, whatever the view makes of it
        result = view(request, *told)
        response = respond(request, result, operation.status, operation.location)
        if response.status_int < HTTPStatus.BAD_REQUEST:
            request.registry.notify(Written(request, operation, given, result))
        return response

    @functools.wraps(view)
    def answer_limited(request: Request) -> Response:
        # Before anything looks at it: a token that has not this scope is no proof of who asks.
        request.actor = request.registry.permissions[operation.permission].limited(request.actor)
        if operation.method not in WRITES:
            return answer(request)
        if operation.beforehand is None:
            return once(request, lambda: write(request), secret=operation.secret)
        ask = functools.cache(functools.partial(operation.beforehand, request))
        if not is_answered(request):
            ask()
        return once(request, lambda: write(request, ask()), secret=operation.secret)

    return answer_limited


def add_api_service(config: Configurator, service: Service) -> None:
    """Directive: serve a `Service`, and describe it in OpenAPI; its path and its views' names are its alone."""
    introspectable = config.introspectable("turnout api", service.template, service.template, "API service")
    introspectable["service"] = service

    def register() -> None:
        config.registry.api_services[service.name] = service

    path = re.sub(r"{\w+}", "{}", service.template)
    config.action(("turnout api path", path), register, introspectables=(introspectable,), order=PHASE0_CONFIG)
    for operation in service.operations.values():
        config.action(("turnout operation", operation.name))  # generated clients call it by its name
    config.registry.api_routes.add(service.name)
    config.add_cornice_service(service)


def operations(config_or_registry: Any) -> list[Operation]:
    """Return every operation of the application, ordered by path and method."""
    entries = config_or_registry.introspector.get_category("turnout api") or ()
    found = [op for entry in entries for op in entry["introspectable"]["service"].operations.values()]
    return sorted(found, key=lambda operation: (operation.path, operation.method))


def includeme(config: Configurator) -> None:
    config.get_settings()["handle_exceptions"] = False
    config.registry.api_services = {}
    config.registry.api_routes = set()
    config.include("cornice")
    config.add_directive("add_api_service", add_api_service)
