"""What is counted, and when: only what was committed, and only the answer that a client got."""

import re
from collections.abc import Iterable
from functools import cache

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid_retry import is_error_retryable, is_last_attempt
from sqlalchemy.exc import SQLAlchemyError

from turnout.api.entry import Finished
from turnout.bookings.hooks import (
    BookingCancelled,
    BookingConfirmed,
    BookingExpired,
    BookingFailed,
    BookingHeld,
    BookingRefused,
    PlacesClaimed,
    PlacesReleased,
)
from turnout.hooks import DomainEvent
from turnout.outbox.checks import read_state
from turnout.outbox.hooks import JobsRun
from turnout.plugin.hooks import PluginRan

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
OUTCOMES: dict[type[DomainEvent], str] = {
    BookingHeld: "held",
    BookingConfirmed: "confirmed",
    BookingCancelled: "cancelled",
    BookingExpired: "expired",
}
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

log = structlog.get_logger()


REFUSALS = "turnout.metrics.refusals"


@cache
def _template(pattern: str) -> str:
    """Return a route's pattern without its regular expressions: ``/events/{id}``."""
    return re.sub(r"{(\w+):(?:[^{}]|{[^{}]*})*}", r"{\1}", pattern)


def _count(committed: bool, counter: Counter, amount: int) -> None:  # noqa: FBT001 - transaction's protocol
    if committed:
        counter.inc(amount)


def _after_commit(event: DomainEvent, counter: Counter, amount: int) -> None:
    event.request.tm.get().addAfterCommitHook(_count, args=(counter, amount))


class OutboxGauges(Collector):
    """How background work is doing, asked of the database at each scrape; left out while that does not answer."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def describe(self) -> Iterable[Metric]:
        """Return nothing, so that nothing is asked before the first scrape."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Return the gauges."""
        try:
            state = read_state(self._registry)
        except SQLAlchemyError as error:
            log.warning("the state of background work cannot be read", error=repr(error))
            return
        jobs = GaugeMetricFamily("turnout_outbox_jobs", "Background work by status, 10000 at most", labels=("status",))
        for status in ("waiting", "running", "dead"):
            jobs.add_metric((status,), getattr(state, status))
        yield jobs
        yield GaugeMetricFamily("turnout_outbox_workers", "Workers that are alive", state.workers)
        yield GaugeMetricFamily(
            "turnout_outbox_oldest_waiting_seconds",
            "For how long the most overdue work has been due",
            state.oldest_waiting_seconds,
        )


class Metrics:
    """The numbers of one application, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.request_seconds = Histogram(
            "turnout_request_seconds",
            "Time from a request's arrival to its answer",
            ("method", "route"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.requests = Counter(
            "turnout_requests", "Requests answered, by status", ("method", "route", "status"), registry=self.registry
        )
        self.bookings = Counter(
            "turnout_bookings",
            "What became of bookings; `code` says why one was refused or failed",
            ("outcome", "code"),
            registry=self.registry,
        )
        self.places = Counter(
            "turnout_places", "Places claimed by bookings, and given back", ("change",), registry=self.registry
        )
        self.jobs = Counter(
            "turnout_jobs", "Background work run by this process", ("handler", "outcome"), registry=self.registry
        )
        self.job_seconds = Histogram(
            "turnout_job_seconds",
            "Time that a piece of background work took in this process",
            ("handler",),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.plugin_seconds = Histogram(
            "turnout_plugin_seconds",
            "Time that a plugin's code took in this process, by what it was called as",
            ("plugin", "part"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._outcomes = {event: self.bookings.labels(outcome, "") for event, outcome in OUTCOMES.items()}
        self._changes = {
            PlacesClaimed: self.places.labels("claimed"),
            PlacesReleased: self.places.labels("released"),
        }

    def booking_changed(self, event: DomainEvent) -> None:
        """Count what became of a booking, once it is committed."""
        _after_commit(event, self._outcomes[type(event)], 1)

    def places_changed(self, event: PlacesClaimed | PlacesReleased) -> None:
        """Count places, once it is committed."""
        _after_commit(event, self._changes[type(event)], event.places)

    def booking_failed(self, event: BookingFailed) -> None:
        """Count an accepted booking that got no places, once it is committed."""
        _after_commit(event, self.bookings.labels("failed", event.code), 1)

    def booking_refused(self, event: BookingRefused) -> None:
        """Remember a refusal until the request is answered: what refuses is rolled back, and perhaps tried again."""
        event.request.environ.setdefault(REFUSALS, []).append(event.code)

    def finished(self, event: Finished) -> None:
        """Count an answered request."""
        request = event.request
        refusals = request.environ.pop(REFUSALS, ())
        error = getattr(request, "exception", None)
        if error is not None and not is_last_attempt(request) and is_error_retryable(request, error):
            return  # nobody sees this answer: the request is tried again
        route = _template(request.matched_route.pattern) if getattr(request, "matched_route", None) else "none"
        method = request.method if request.method in METHODS else "other"
        self.request_seconds.labels(method, route).observe(event.seconds)
        self.requests.labels(method, route, event.response.status_int).inc()
        for code in refusals:
            self.bookings.labels("refused", code).inc()

    def jobs_run(self, event: JobsRun) -> None:
        """Count background work."""
        self.jobs.labels(event.handler, event.outcome).inc(event.jobs)
        self.job_seconds.labels(event.handler).observe(event.seconds)

    def plugin_ran(self, event: PluginRan) -> None:
        """Count the time of a plugin."""
        self.plugin_seconds.labels(event.plugin, event.part).observe(event.seconds)

    @staticmethod
    def includeme(config: Configurator) -> None:
        """Listen to what happens."""
        metrics = config.registry.metrics = Metrics()
        metrics.registry.register(OutboxGauges(config.registry))
        config.add_subscriber(metrics.finished, Finished)
        config.add_subscriber(metrics.booking_refused, BookingRefused)
        config.add_subscriber(metrics.booking_failed, BookingFailed)
        config.add_subscriber(metrics.jobs_run, JobsRun)
        config.add_subscriber(metrics.plugin_ran, PluginRan)
        for booking_event in OUTCOMES:
            config.add_subscriber(metrics.booking_changed, booking_event)
        for places_event in (PlacesClaimed, PlacesReleased):
            config.add_subscriber(metrics.places_changed, places_event)
