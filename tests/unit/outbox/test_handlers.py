"""Handlers: what they are given, and what is refused at the start."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import orjson
import pytest
from pyramid.exceptions import ConfigurationConflictError
from sqlalchemy.orm import Session
from tests.unit.outbox import probes

from turnout.bookings.hooks import BookingConfirmed, BookingEvent
from turnout.bookings.services import BookingService
from turnout.clock import Clock
from turnout.errors import StartError
from turnout.hooks import DomainEvent
from turnout.injection import Announce, ReadSession, Settings
from turnout.outbox.handlers import CurrentJob, decode, encode, name_of, queues_of
from turnout.outbox.services import Outbox
from turnout.plugin.configurator import Configurator
from turnout.testing.applications import SETTINGS

MOMENT = datetime(2027, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
FULL = probes.PouredAndStirred(
    2**53, frozenset({3, 1, 2}), MOMENT, ("a glass of \N{HOT BEVERAGE}", "\x00", ""), Decimal("19.90"), stirs=0
)


class TestEvents:
    @pytest.mark.parametrize("event", [probes.Poured(1), FULL], ids=["empty", "full"])
    def test_listeners_get_an_equal_event(self, jobs, outbox, calls, event):
        jobs.announce(event)
        outbox.run()
        heard = [given for name, given in calls if name == "hear"]
        assert heard == [event]
        assert type(heard[0]) is type(event)
        assert not hasattr(heard[0], "request")

    def test_every_kind_of_value_survives(self):
        read = decode(encode(FULL))
        assert read == FULL
        assert isinstance(read.places, frozenset)
        assert isinstance(read.words, tuple)
        assert (str(read.price), read.at.tzinfo, read.at.microsecond) == ("19.90", UTC, 123456)
        assert decode(encode(probes.Poured(1))) == probes.Poured(1)

    @pytest.mark.parametrize("zone", [timezone(timedelta(hours=-5)), ZoneInfo("Europe/Lisbon")])
    def test_a_moment_of_another_zone_is_the_same_moment(self, zone):
        event = probes.Poured(1, at=MOMENT.astimezone(zone))
        assert decode(encode(event)).at == MOMENT

    def test_one_commit_calls_each_listener_of_the_class_and_of_those_above(self, jobs, outbox, calls):
        jobs.announce(probes.Poured(1), FULL, probes.NotHeard())
        outbox.run()
        assert sorted(name for name, _ in calls) == ["hear", "hear", "hear_stirred", "hear_too", "hear_too"]
        assert [given for name, given in calls if name == "hear_stirred"] == [FULL]

    def test_one_that_nobody_hears_leaves_nothing(self, jobs):
        jobs.announce(probes.NotHeard())
        assert jobs.rows() == []

    def test_an_event_goes_into_its_stream(self, jobs):
        jobs.announce(probes.Poured(7))
        assert {job.stream for job in jobs.rows()} == {"glass:7"}

    @pytest.mark.parametrize(
        "kind",
        ["os:system", "builtins:dict", "turnout.outbox.models:Job", "turnout.errors:NotFound", "turnout.hooks:encode"],
    )
    def test_a_type_that_is_no_event_is_refused(self, kind):
        with pytest.raises((TypeError, AttributeError)):
            decode(orjson.dumps({"type": kind, "fields": {}}).decode())

    def test_a_type_that_is_not_there_any_more_buries_the_job_and_nothing_else(self, jobs, outbox, clock):
        jobs.announce(probes.Poured(1))
        for job in outbox.waiting:
            job.payload = '{"type":"tests.unit.outbox.probes:Gone","fields":{}}'
        for _ in range(25):
            outbox.run()
            clock.move(hours=2)
        assert jobs.statuses() == ["dead", "dead"]
        assert "Gone" in outbox.dead[0].error

    def test_a_value_that_cannot_be_kept_refuses_the_request(self, jobs):
        with pytest.raises(TypeError), jobs.request() as request:
            probes.announce(request, probes.Poured(object()))
        assert jobs.rows() == []

    def test_the_events_of_bookings_go_into_the_bookings_stream(self):
        event = BookingConfirmed(booking_id=5, event_id=1, user_id=1, attendee_id=1, quantity=1)
        assert isinstance(event, BookingEvent)
        assert (event.stream, decode(encode(event))) == ("booking:5", event)


@dataclass(frozen=True, slots=True)
class Local(DomainEvent):
    """An event of this module."""


class Unknown:
    """Nobody registered it."""


def wants_everything(
    number: int,
    session: Session,
    reading: ReadSession,
    clock: Clock,
    settings: Settings,
    announce: Announce,
    outbox: Outbox,
    job: CurrentJob,
    bookings: BookingService,
) -> None:
    seen.update(locals())


def wants_the_unknown(event: Local, unknown: Unknown) -> None:
    """Cannot be called."""


def wants_nothing_said(event: Local, unknown) -> None:
    """Cannot be called, either."""


def periodic_with_argument(number: int) -> None:
    """Nobody could say which number."""


seen: dict = {}


@pytest.fixture
def config(tmp_path):
    config = Configurator(settings=SETTINGS | {"turnout.data": str(tmp_path)})
    config.include("turnout.config")
    config.commit()
    yield config
    config.registry.engine.dispose()


def includes_everything(config):
    config.add_task(wants_everything)


class TestInjection:
    @pytest.fixture
    def application(self, workshop, database):
        return workshop.application(database, includes_everything)

    def test_a_handler_gets_what_it_names(self, jobs, outbox, application):
        seen.clear()
        jobs.put(wants_everything, 5)
        [job] = jobs.rows()
        outbox.run()
        assert seen["number"] == 5
        assert seen["job"] == CurrentJob(job.id, 1, is_last_attempt=False)
        assert seen["clock"] is application.registry.clock
        assert seen["settings"]["outbox.threads"] == 2
        assert isinstance(seen["bookings"], BookingService)
        assert seen["bookings"].session is seen["session"]
        assert seen["outbox"].session is seen["session"]
        assert seen["reading"] is not seen["session"]
        assert callable(seen["announce"])
        assert jobs.statuses() == ["done"]

    @pytest.mark.parametrize("arguments", [{}, {"number": 1, "more": 2}])
    def test_wrong_arguments_are_a_failure(self, jobs, outbox, arguments):
        with jobs.request() as request:
            request.find_service(Outbox).put(wants_everything, arguments)
        outbox.run()
        assert [job.error.partition(":")[0] for job in outbox.waiting] == ["TypeError"]

    def test_what_cannot_be_injected_is_said_at_the_start(self, config):
        config.add_listener(wants_the_unknown, Local)
        with pytest.raises(
            Exception, match=r"wants_the_unknown wants 'unknown', and .*Unknown.* is no service"
        ) as error:
            config.commit()
        assert isinstance(error.value.__cause__ or error.value, StartError) or "StartError" in str(error.value)

    def test_so_is_what_no_annotation_names(self, config):
        config.add_listener(wants_nothing_said, Local)
        with pytest.raises(Exception, match=r"wants_nothing_said wants 'unknown'"):
            config.commit()

    def test_a_periodic_task_takes_no_arguments(self, config):
        config.add_periodic_task(periodic_with_argument, every=timedelta(minutes=1))
        with pytest.raises(Exception, match=r"periodic_with_argument wants 'number'"):
            config.commit()


def twin() -> None:
    """One of two with one name."""


def other_twin() -> None:
    """The other one."""


other_twin.__qualname__ = "twin"


class TestNames:
    def test_two_of_one_name_collide_at_the_start(self, config):
        config.include(_one)
        config.include(_other)
        with pytest.raises(ConfigurationConflictError, match="turnout handler"):
            config.commit()

    def test_a_name_says_where_the_function_is(self):
        assert name_of(twin) == f"{__name__}.twin"

    def test_each_handler_is_seen_from_outside(self, application):
        entries = application.registry.introspector.get_category("turnout handlers")
        names = {entry["introspectable"].title for entry in entries}
        assert {"tests.unit.outbox.probes.hear", "turnout.bookings.tasks.expire_holds"} <= names
        periodic = application.registry.introspector.get_category("turnout periodic tasks")
        assert "turnout.bookings.tasks.expire_holds" in {entry["introspectable"].title for entry in periodic}

    def test_queues_begin_with_the_default_one(self, application):
        queues = queues_of(application.registry.handlers)
        assert queues[0] == "default"
        assert "elsewhere" in queues
        assert queues[1:] == sorted(set(queues[1:]))


def _one(config):
    config.add_task(twin)


def _other(config):
    config.add_task(other_twin)
