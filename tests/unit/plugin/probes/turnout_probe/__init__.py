"""A plugin that has everything, and notes each time that it is called.

What it does beside that, a test says in `doing`, by the name of the call; it gets what was given.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, select
from sqlalchemy.orm import Mapped, mapped_column

from turnout.bookings.hooks import BookingConfirmed
from turnout.events.extensions import EventOrdering
from turnout.events.hooks import EventChanged
from turnout.messages.channels import Outgoing, Recipient
from turnout.messages.kinds import Draft, Enclosed
from turnout.outbox.retries import Retry
from turnout.plugin import (
    ANYONE,
    API_VERSION,
    DASHBOARD,
    STAFF,
    USER,
    AdminSection,
    Base,
    Configurator,
    Facts,
    Id,
    Invalid,
    NotFound,
    Plugin,
    Schema,
    Service,
    Session,
    Versioned,
    about_no_event,
    action,
    fields,
    panel,
    require_version,
)
from turnout.webhooks.event_types import Told

plugin = Plugin(name="probe", title="Probe", description="Notes calls", api_version=API_VERSION, is_switchable=True)
calls: list[tuple] = []
doing: dict[str, Callable[..., Any]] = {}


def note(name: str, *given):
    calls.append((name, *given))
    return doing[name](*given) if name in doing else None


class Row(Base):
    __tablename__ = "probe_rows"
    event_id: Mapped[int] = mapped_column(Id, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(default=0)
    __table_args__ = (
        CheckConstraint("number >= 0", name="number_not_negative"),
        Index("ix_probe_rows_number_event_id", "number", "event_id"),
    )


class NumberView(Schema):
    """A number."""

    number = fields.whole()


class NumberInput(Schema):
    """A number to keep."""

    number = fields.whole(0, 1000)
    word = fields.text(20, missing="")


def read(event_ids: Sequence[int], session: Session) -> Mapping[int, Mapping[str, Any]]:
    note("read", list(event_ids))
    found = session.execute(select(Row.event_id, Row.number).where(Row.event_id.in_(event_ids)))
    return {event_id: {"number": number} for event_id, number in found}


def write(event_id: int, values: Mapping[str, Any], session: Session) -> None:
    session.merge(Row(event_id=event_id, number=values["number"]))
    note("write", event_id, values)


def hear(event: BookingConfirmed, session: Session) -> None:
    note("hear", event, session)


def join(event: BookingConfirmed) -> None:
    note("join", event)


def join_dotted(event: BookingConfirmed) -> None:
    note("join_dotted", event)


def join_many(event: BookingConfirmed) -> None:
    note("join_many", event)


def join_partly(name: str, event: BookingConfirmed) -> None:
    note(name, event)


def follow(event: EventChanged) -> None:
    note("follow", event)


class Joiner:
    def __call__(self, event: BookingConfirmed) -> None:
        note("join_object", event)

    def method(self, event: BookingConfirmed) -> None:
        note("join_method", event)


class AtLeast:
    """A subscriber predicate: so many places."""

    def __init__(self, least: int, _info: Any) -> None:
        self.least = least

    def text(self) -> str:
        return f"at_least = {self.least}"

    phash = text

    def __call__(self, event: BookingConfirmed) -> bool:
        return event.quantity >= self.least


def work(event_id: int | None, session: Session) -> None:
    note("work", event_id, session)


def work_many(many: list[dict[str, Any]]) -> None:
    note("work_many", [one["event_id"] for one in many])


def every() -> None:
    note("every")


def represent(event: BookingConfirmed) -> Told | None:
    note("represent", event)
    return Told({"event_id": event.event_id}, None)


def check(request) -> dict[str, Any]:
    note("check", request)
    return {"status": "ok"}


def enclose(draft: Draft) -> Enclosed:
    note("enclose", draft)
    return Enclosed()


class Channel:
    title, wanted = "Probe", False

    def address_of(self, recipient: Recipient, _session: Session) -> str | None:
        return recipient.email

    def send(self, outgoing: Outgoing) -> None:
        note("send", outgoing)


class ProbeSection(AdminSection):
    """Adds to the pages of events and to the dashboard."""

    name, title, singular = "probe", "Probe", "probe"

    def __init__(self, session: Session) -> None:
        self.session = session

    @panel("Probe", on="events", permission="probe:read")
    def of_event(self, event, *, actor):
        yield note("panel", event["id"], self.session) or Facts({"Number": "a probe"})

    @panel("Probe", on=DASHBOARD)
    def of_all(self, *, actor):
        yield note("dashboard") or Facts({"Number": "all probes"})

    @action("Probe it", permission="probe:write", on="events")
    def probe_it(self, event_id, *, actor, expected=None):
        self.session.merge(Row(event_id=event_id, number=7))
        note("action", event_id)
        return "It was probed."


class ProbeSettings(AdminSection):
    """A page of settings."""

    name, title, singular, single = "probe-settings", "Probe settings", "settings", True
    description = "What the probe is like."
    permissions = {"update": "probe:set"}
    form = NumberInput
    kept = {"number": 1, "word": "one"}
    version = 1

    def get(self, row_id, *, actor):
        return Versioned(dict(self.kept), self.version)

    def update(self, row_id, values, *, actor, expected=None):
        require_version(self.version, expected)
        if values["number"] == 13:
            raise Invalid({"number": "brings no luck"})
        note("set", row_id, values, actor.user_id)
        type(self).kept, type(self).version = dict(values), self.version + 1


of_event = Service("probe-of-event", "/events/{id}/probe", "Probe")
by_event = Service("probe-by-event", "/probe/by-event/{event_id}", "Probe")
of_row = Service("probe-of-row", "/probe/rows/{id}", "Probe", event_of=lambda request: int(request.matchdict["id"]))
of_none = Service("probe-of-none", "/probe", "Probe", event_of=about_no_event)


@of_event.get(permission="probe:read", answer=NumberView, refuses=(NotFound,))
def read_probe(request):
    """Read the number of an event."""
    return note("view", request) or {"number": 1}


@of_event.put(permission="probe:write", body=NumberInput, answer=NumberView)
def write_probe(request):
    """Keep the number of an event."""
    number = request.validated["body"]["number"]
    request.db.add(Row(event_id=int(request.matchdict["id"]), number=number))
    note("put", request)
    return {"number": number}


@by_event.get(permission="probe:read", answer=NumberView)
def read_probe_by_event(_request):
    """Read it by another path."""
    return {"number": 2}


@of_row.get(permission="probe:read", answer=NumberView)
def read_probe_row(_request):
    """Read it by its own id."""
    return {"number": 3}


@of_none.get(permission="probe:read", answer=NumberView)
def read_probe_alone(_request):
    """Read what is about no event."""
    return {"number": 4}


def includeme(config: Configurator) -> None:
    config.declare_permission("probe:read", "Read numbers", ANYONE)
    config.declare_permission("probe:write", "Keep numbers", USER)
    config.declare_permission("probe:set", "Set the probe", STAFF)
    orderings = {"number": EventOrdering(Row.number, Row.event_id)}
    config.add_event_extension("probe", view=NumberView, read=read, body=NumberInput, write=write, orderings=orderings)
    config.add_listener(hear, BookingConfirmed, retry=Retry(3, first=10, longest=10))
    config.add_subscriber_predicate("at_least", AtLeast)
    config.add_subscriber(join, BookingConfirmed)
    config.add_subscriber("turnout_probe.join_dotted", "turnout.bookings.hooks.BookingConfirmed")
    config.add_subscriber(Joiner(), BookingConfirmed)
    config.add_subscriber(Joiner().method, BookingConfirmed)
    config.add_subscriber(partial(join_partly, "join_partly"), BookingConfirmed)
    config.add_subscriber(join_many, BookingConfirmed, at_least=3)
    config.add_subscriber(follow, EventChanged)
    config.add_task(work)
    config.add_task(work_many, batch=10)
    config.add_webhook_event("probe.confirmed", BookingConfirmed, represent)
    config.add_message_channel("probe", Channel())
    config.add_message_kind("probe", "A probe", templates="turnout_probe:templates", enclose=enclose, wanted=False)
    config.add_health_check("probe", check)
    config.add_periodic_task(every, every=timedelta(hours=1))
    for service in (of_event, by_event, of_row, of_none):
        config.add_api_service(service)
    config.add_admin_section(ProbeSection)
    config.add_admin_section(ProbeSettings)
