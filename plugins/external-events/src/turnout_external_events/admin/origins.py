"""Imported events: where they came from, whose their fields are, and what is otherwise at their sources."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from turnout.events.services import EventService
from turnout.plugin import (
    ATTENTION,
    DASHBOARD,
    WHOLE,
    Actor,
    AdminSection,
    Badge,
    Column,
    Facts,
    Invalid,
    Link,
    Money,
    Note,
    Paging,
    Slice,
    Table,
    Versioned,
    action,
    panel,
)

from turnout_external_events.admin import schemas
from turnout_external_events.admin.lookups import Lookups
from turnout_external_events.admin.words import GROUP, IMPORT, ORIGINS, READ, badge, offered, title_of
from turnout_external_events.models import Origin
from turnout_external_events.services import Merger, OriginService, Refresher
from turnout_external_events.services.hearing import Heard
from turnout_external_events.services.merging import GONE, looks
from turnout_external_events.services.origins import represent
from turnout_external_events.sources import Sources

FEW = 10
"""How many events the dashboard names."""
LONGEST = 200
"""Letters of a description that are shown."""
FIELDS = {
    "title": "Title",
    "description": "Description",
    "starts_at": "Starts",
    "ends_at": "Ends",
    "timezone": "Time zone",
    "venue_id": "Venue",
    "location": "Place in words",
    "country": "Country",
    "category_id": "Category",
    "image_url": "Picture",
    "tickets_url": "Tickets at",
    "price": "Price",
}
"""What the fields of events are called that a source may say."""
DIFFERING = {**FIELDS, "currency": "Currency"}
"""What may be otherwise here than there; in another currency a price cannot follow."""
Row = Mapping[str, Any]


class OriginSection(AdminSection):
    """Events here that are of elsewhere. They go by the events' ids."""

    name, title, singular, plural = ORIGINS, "Imported events", "imported event", "imported events"
    icon, group, order = "world", GROUP, 50
    description = (
        "Events that came from elsewhere. They follow their sources, but for what was changed here by hand; "
        "where somebody has booked already, what happens there is for you to decide about."
    )
    permissions = {"read": READ}
    query, view = schemas.OriginRowQuery, schemas.OriginRow
    columns = (
        "title",
        Column("starts_at", "Starts"),
        Column("source", "Source"),
        Column("status", "At its source"),
        Column("asked_at", "Asked last"),
        "needs_look",
        "differs",
        Column("taken", "Places booked"),
    )
    facts = (
        Column("event", "Event", to="events", id="event_id"),
        Column("starts_at", "Starts"),
        Column("source", "Source"),
        Column("url", "There"),
        Column("status", "At its source"),
        Column("said", "To decide"),
        Column("taken", "Places booked"),
        Column("trouble", "Trouble"),
        Column("is_time_known", "Time is known there"),
        Column("is_price_known", "Price is known"),
        Column("asked_at", "Asked last"),
        Column("refreshed_at", "Heard of last"),
        Column("refresh_at", "Asked next"),
        Column("created_at", "Imported"),
    )
    label_by = "title"
    empty = "Nothing was imported yet"

    def __init__(
        self,
        origins: OriginService,
        events: EventService,
        refresher: Refresher,
        merger: Merger,
        sources: Sources,
        lookups: Lookups,
    ) -> None:
        self.origins = origins
        self.events = events
        self.refresher = refresher
        self.merger = merger
        self.sources = sources
        self.lookups = lookups

    def offered(self, values: Mapping[str, Any], *, actor: Actor) -> Mapping[str, Any]:
        return {
            "provider": offered(self.sources, actor),
            "chosen": [(name, FIELDS[name]) for name in values.get("to_take", ())],
        }

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        return self.origins.find(filters, paging, actor=actor).shown(self._listed)

    def get(self, row_id: int, *, actor: Actor) -> Versioned:
        origin = self.origins.of(row_id, actor=actor)
        event = self.events.for_change(row_id, actor=actor)
        more = {
            "id": event.id,
            "title": event.title,
            "event": event.title,
            "starts_at": event.starts_at,
            "timezone": event.timezone,
            "currency": event.currency,
            "taken": self.lookups.taken(event.id),
            "said": looks(origin.status) if origin.needs_look else None,
            "there": origin.seen,
        }
        shown = self.origins.shown(origin)
        more["to_take"] = _to_take(one["field"] for one in shown["differences"])
        return Versioned(self._represented(origin) | shown | more | {"status": badge(origin.status)}, 1)

    def _listed(self, row: Any) -> dict[str, Any]:
        more = {"id": row.Origin.event_id, "title": row.title, "starts_at": row.starts_at, "timezone": row.timezone}
        return self._represented(row.Origin) | more | {"taken": row.taken}

    def _represented(self, origin: Origin) -> dict[str, Any]:
        source = self.sources.get(origin.provider)
        more = {
            "source": title_of(self.sources, origin.provider),
            "status": badge(origin.status),
            "can_be_asked": source is not None and (not source.by_address or origin.address is not None),
        }
        return represent(origin) | more

    @action("Refresh now", permission=IMPORT, icon="refresh", when=lambda origin: origin["can_be_asked"])
    def refresh(self, row_id: int, heard: Heard, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        changed = self.refresher.take(heard)
        if self.get(row_id, actor=actor)["trouble"]:
            return "It was asked, and what it says cannot be taken over: see below."
        return "It was asked, and the event follows." if changed else "It was asked, and nothing is new."

    @refresh.beforehand
    def ask(self, row_id: int, *, actor: Actor) -> Heard:
        return self.refresher.ask_of(row_id, actor=actor)

    @action(
        "Take over from the source",
        permission=IMPORT,
        icon="download",
        form=schemas.TakeOver,
        when=lambda origin: bool(origin["to_take"]),
    )
    def take_over(
        self, row_id: int, said: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> str:
        """Let fields say what the source said when it was last asked, and follow it from now on."""
        differing = self.get(row_id, actor=actor)["to_take"]
        unknown = [name for name in said["chosen"] if name not in differing]
        if unknown:
            raise Invalid({"chosen": f"does not differ: {', '.join(unknown)}"})
        self.origins.follow(row_id, said["chosen"] or differing, actor=actor)
        return "The event says now what its source says."

    @action(
        "It costs nothing here",
        permission=IMPORT,
        icon="gift",
        when=lambda origin: not origin["is_price_known"],
    )
    def say_free(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        """Say that its price of 0 is meant: until somebody says a price, it cannot be sold here."""
        self.origins.say_free(row_id, actor=actor)
        return "It costs nothing here, and can be put on sale."

    @action(
        "I have looked after it", permission=IMPORT, icon="check", bulk=True, when=lambda origin: origin["needs_look"]
    )
    def settle(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        self.origins.settle(row_id, actor=actor)
        return "Noted."

    @panel("Here, and at the source", width=WHOLE)
    def compared(self, origin: Row, *, actor: Actor) -> Iterator[Table]:
        """Show of each field what it says here and there, and which of the two it follows."""
        here = self.merger.current(self.events.for_change(origin["id"], actor=actor))
        if not origin["is_price_known"]:
            here["price"] = None  # nobody's word
        there = origin["there"]
        shown = _Shown(self.lookups, here, there)
        rows = [
            (FIELDS[name], shown(name, here), shown(name, there), _whose(origin, name))
            for name in origin["fields"]
            if here[name] not in {None, ""} or there.get(name) not in {None, ""}
        ]
        yield Table(("Field", "Here", "At the source", "Whose"), rows)

    @panel("From elsewhere", on="events", permission=READ, order=20)
    def of_event(self, event: Row, *, actor: Actor) -> Iterator[Facts | Note]:
        """Say in short where an event came from."""
        if event["extensions"].get("external_events") is None:
            return
        origin = self.get(event["id"], actor=actor)
        yield Facts(
            {
                "Source": Link(origin["source"], self.name, event["id"]),
                "There": origin["url"],
                "At its source": origin["status"],
                "Asked last": origin["asked_at"],
                "Heard of last": origin["refreshed_at"],
                "Differs": [DIFFERING[one["field"]] for one in origin["differences"]] or False,
            }
        )
        if origin["said"]:
            yield Note(origin["said"], "warning", Link("Look after it", self.name, event["id"]))

    @panel("Changed elsewhere", on=ATTENTION, permission=READ)
    def attention(self, *, actor: Actor) -> Iterator[Note | Table]:
        """Show staff what happened elsewhere to events that people have booked here."""
        yield from self._to_decide(actor)

    @panel("Changed elsewhere", on=DASHBOARD, permission=READ, width=WHOLE, order=5)
    def for_organizers(self, *, actor: Actor) -> Iterator[Note | Table]:
        """Show it to organizers, too, for whom there is no list of what needs attention."""
        if not actor.is_staff:
            yield from self._to_decide(actor)

    def _to_decide(self, actor: Actor) -> Iterator[Note | Table]:
        found = self.lookups.wanting_a_look(FEW + 1, actor=actor)
        if not found:
            return
        link = Link("See all of them", self.name, filters={"needs_look": "true"})
        yield Note("What people have booked here has changed where it came from.", "warning", link)
        rows = [
            (
                Link(row.title, self.name, row.id),
                looks(row.status),
                Link(f"{row.taken} {'place' if row.taken == 1 else 'places'}", "bookings", filters={"event": row.id}),
            )
            for row in found[:FEW]
        ]
        yield Table(("Event", "What happened", "Booked here"), rows)


def _to_take(differing: Iterable[str]) -> list[str]:
    """Return which of the fields that differ can be taken over from the source."""
    names = list(differing)
    return names if "currency" not in names else [name for name in names if name not in {"price", "currency"}]


def _whose(origin: Row, name: str) -> Badge:
    """Return which of the two sides a field follows, in a word."""
    if name in {one["field"] for one in origin["differences"]}:
        return Badge("differs", "yellow")
    if origin["fields"][name] != origin["provider"]:
        return Badge("ours")
    return badge(GONE) if origin["status"].text == GONE else Badge("follows the source", "green")


class _Shown:
    """Writes kept values of fields for people: venues and categories by their names, which are looked up at once."""

    def __init__(self, lookups: Lookups, *sides: Row) -> None:
        ids = {
            name: {side[name] for side in sides if side.get(name) is not None} for name in ("venue_id", "category_id")
        }
        self.names = lookups.names(ids["venue_id"], ids["category_id"])

    def __call__(self, name: str, side: Row) -> Any:
        """Return what one of the sides says of a field, as a page shows it."""
        value = side.get(name)
        if value is None or value == "":
            return None
        if name in {"starts_at", "ends_at"}:
            return datetime.fromisoformat(value)
        if name in {"venue_id", "category_id"}:
            section = "venues" if name == "venue_id" else "categories"
            return Link(self.names.get((name, value), f"{FIELDS[name]} {value}"), section, value)
        if name == "price":
            return Money(value, side["currency"])
        return f"{value[:LONGEST]} …" if len(value) > LONGEST else value
