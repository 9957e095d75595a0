"""What background work there is: listeners to domain events, tasks, and periodic tasks.

A handler is a plain function. What it works on comes first (a listener's event, a task's arguments, of a batch the list
of them); every further parameter is filled by its annotation, as a service's constructor is (`turnout.injection`):

    def send_ticket(event: BookingConfirmed, messages: MessageService) -> None: ...
    config.add_listener(send_ticket, BookingConfirmed)

    def resize_image(image_id: int, session: Session) -> None: ...
    config.add_task(resize_image)
    outbox.put(resize_image, {"image_id": 5})

It runs in a transaction of its own that begins with its first use of the `Session`, and in which the job is marked done,
too. A handler that talks to the outside therefore reads with a `ReadSession`, talks, and only then writes.
"""

import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any, NewType

import orjson
from cattrs.preconf.orjson import OrjsonConverter, make_converter
from pyramid.config import Configurator
from pyramid.request import Request

from turnout.errors import Clash, StartError
from turnout.hooks import DomainEvent
from turnout.injection import SERVICES_ARE_KNOWN, providers_for
from turnout.outbox.retries import Retry
from turnout.plugin.boundary import is_on, require_event_of, timed
from turnout.plugin.discovery import Loaded

DEFAULT = "default"
Function = Callable[..., None]


@dataclass(frozen=True, slots=True)
class CurrentJob:
    """The job that a handler runs for, as a parameter: an `id` that outside services may take as an idempotency key."""

    id: int
    attempt: int
    is_last_attempt: bool


@dataclass(frozen=True, slots=True)
class Handler:
    """A function, whether it listens to domain events or is called with arguments, and how it is run."""

    name: str
    function: Function
    injected: Mapping[str, Callable[[Request], Any]]
    listens: bool = False
    queue: str = DEFAULT
    batch: int = 1
    retry: Retry | None = None
    plugin: Loaded | None = None

    @property
    def terms(self) -> tuple[Any, ...]:
        """Return how it is run, which is one way however often it is registered, as for several events."""
        return self.listens, self.queue, self.batch, self.retry, self.plugin

    def require_event(self, arguments: Mapping[str, Any]) -> None:
        """Raise `ValueError` for arguments that do not say which event they are about, but must."""
        if (
            self.plugin is not None
            and self.plugin.manifest.is_switchable
            and self.batch > 1
            and "event_id" not in arguments
        ):
            raise ValueError(
                f"{self.plugin.name} is switched by event: give {self.name} an event_id, None if about none"
            )

    def call(self, request: Request, payloads: Iterable[str]) -> None:
        """Do the work of one job or, where the handler takes batches, of many."""
        work = [decode(payload) if self.listens else orjson.loads(payload) for payload in payloads]
        if self.plugin is None:
            self._do(request, work)
            return
        wanted = [each for each in work if is_on(request, self.plugin, _event_of(each))]
        if wanted:
            with timed(request.registry, self.plugin, "job"):
                self._do(request, wanted)

    def _do(self, request: Request, work: list[Any]) -> None:
        injected = {name: provide(request) for name, provide in self.injected.items()}
        if self.batch > 1:
            self.function(work, **injected)
            return
        for each in work:
            if self.listens:
                self.function(each, **injected)
            else:
                self.function(**each, **injected)


def _event_of(work: Any) -> int | None:
    """Return the event that an announcement or a task's arguments are about."""
    return work.get("event_id") if isinstance(work, dict) else getattr(work, "event_id", None)


Handlers = NewType("Handlers", dict[str, Handler])
"""All handlers by name."""


def queues_of(handlers: Handlers) -> list[str]:
    """Return the queues that handlers name, the default one first."""
    return [DEFAULT, *sorted({handler.queue for handler in handlers.values()} - {DEFAULT})]


def name_of(function: Function) -> str:
    """Return the name under which a function is kept: ``turnout.bookings.tasks.expire_holds``."""
    return f"{function.__module__}.{function.__qualname__}"


@cache
def _converter() -> OrjsonConverter:
    converter = make_converter()
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, lambda value, _kind: Decimal(value))
    return converter


def encode(event: DomainEvent) -> str:
    """Write a domain event as JSON."""
    kind = type(event)
    fields = _converter().unstructure(event)
    return orjson.dumps({"type": f"{kind.__module__}:{kind.__qualname__}", "fields": fields}).decode()


def decode(payload: str) -> DomainEvent:
    """Read a domain event that `encode` wrote. Raises `TypeError` for anything else."""
    given = orjson.loads(payload)
    kind = pkgutil.resolve_name(given["type"])
    if not (isinstance(kind, type) and issubclass(kind, DomainEvent)):
        raise TypeError(f"{given['type']} is no domain event")
    return _converter().structure(given["fields"], kind)


def _add(
    config: Configurator,
    function: Function,
    *discriminator: Any,
    given: str | None = None,
    takes_arguments: bool = False,
    **options: Any,
) -> None:
    """Register a handler. Its parameter `given` is what it works on; others are injected or, if allowed, arguments."""
    name = name_of(function)
    plugin = config.registry.plugins.registrar(function)

    def register() -> None:
        names = [] if given is None else [given]
        injected = providers_for(config.registry, function, *names, may_take_arguments=takes_arguments)
        handler = Handler(name, function, injected, plugin=plugin, **options)
        known = config.registry.handlers.setdefault(name, handler)
        if known.terms != handler.terms:
            raise Clash(f"{name} is registered twice, and not in the same way")

    introspectable = config.introspectable("turnout handlers", name, name, "handler")
    config.action(
        ("turnout handler", name, *discriminator), register, introspectables=(introspectable,), order=SERVICES_ARE_KNOWN
    )


def _first_parameter(function: Function) -> str:
    return next(iter(inspect.signature(function).parameters))


def add_listener(
    config: Configurator,
    function: Function,
    *events: type[DomainEvent],
    queue: str = DEFAULT,
    retry: Retry | None = None,
) -> None:
    """Directive: call ``function(event, ...)`` after each commit in which one of `events`, or a subclass, was announced.

    At least once, and for one stream (a booking, say) in the order in which it happened, whichever event it was. It runs in a
    worker, in a transaction of its own; if it raises, nothing of it is kept, and it is tried again after a while (`retry`),
    without any harm to what was announced. Parameters after the first are filled as a service's are.

        def greet(event: BookingConfirmed, messages: MessageService) -> None: ...

        config.add_listener(greet, BookingConfirmed)
    """
    from turnout.outbox.services import Outbox

    def keep(happened: DomainEvent) -> None:
        happened.request.find_service(Outbox).put_event(function, happened)

    plugin = config.registry.plugins.registrar(function)
    for event in events:
        if plugin is not None:
            require_event_of(plugin, event)
        _add(config, function, event, given=_first_parameter(function), listens=True, queue=queue, retry=retry)
        config.add_subscriber(keep, event)


def add_task(
    config: Configurator, function: Function, *, queue: str = DEFAULT, batch: int = 1, retry: Retry | None = None
) -> None:
    """Directive: let ``Outbox.put(function, {...})`` be possible.

    The arguments, plain values, are kept in the transaction that puts them; after its commit a worker calls the function with
    them, at least once. Parameters that no argument fills are filled as a service's are.

        def resize(image_id: int, session: Session) -> None: ...

        config.add_task(resize)
        outbox.put(resize, {"image_id": 5})

    With `batch`, waiting work of one stream is done together: the function gets a list of up to so many arguments, in
    order, in one transaction. If that fails, each is tried again alone. Each `queue` has workers of its own, so that what
    is urgent never waits for what is slow.
    """
    options: dict[str, Any] = {"queue": queue, "batch": batch, "retry": retry}
    _require_event(config, function, batch)
    if batch > 1:
        _add(config, function, given=_first_parameter(function), **options)
    else:
        _add(config, function, takes_arguments=True, **options)


def _require_event(config: Configurator, function: Function, batch: int) -> None:
    plugin = config.registry.plugins.registrar(function)
    if plugin is None or not plugin.manifest.is_switchable or batch > 1:
        return
    if "event_id" not in inspect.signature(function).parameters:
        raise StartError(
            f"{plugin.name} is switched by event, and its task {name_of(function)} does not say which event it is about: "
            "let it take event_id, which may be None where it is about no event."
        )


def add_periodic_task(
    config: Configurator, function: Function, *, every: timedelta, queue: str = DEFAULT, retry: Retry | None = None
) -> None:
    """Directive: call `function` once in every period, however many workers there are; never twice at a time.

    Its parameters are filled as a service's are.

        config.add_periodic_task(purge_reviews, every=timedelta(hours=1))
    """
    _add(config, function, queue=queue, retry=retry)
    name = name_of(function)
    introspectable = config.introspectable("turnout periodic tasks", name, name, "periodic task")

    def register() -> None:
        config.registry.periodic_tasks[name] = every

    config.action(("turnout periodic task", name), register, introspectables=(introspectable,))


def set_queue_threads(config: Configurator, queue: str, threads: int) -> None:
    """Directive: let a worker do so many jobs of `queue` at once; otherwise it is one, but for the default queue."""

    def register() -> None:
        config.registry.queue_threads[queue] = threads

    config.action(("turnout queue threads", queue), register)
