"""Events in the admin UI: organizers see their own, staff all."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

from turnout.admin.actions import Done, action
from turnout.admin.panels import DASHBOARD, WHOLE, Badge, Block, Link, Moment, Money, Share, Table, panel
from turnout.admin.sections import PROGRAMME, AdminSection, Column
from turnout.admin.sent import number
from turnout.clock import Clock
from turnout.errors import NotFound
from turnout.events.extensions import EventExtensions
from turnout.events.hooks import TransitionForeseen
from turnout.events.models import CANCELLED, DRAFT, ORDERINGS, POSTPONED, PUBLISHED
from turnout.events.schemas import CopyForm, EventFilters, EventForm, EventView, NewEventForm
from turnout.events.services import EventCatalog, EventService
from turnout.events.switches import EventSwitches
from turnout.injection import Announce, Settings
from turnout.paging import Paging, Slice
from turnout.security.actors import Actor
from turnout.ticket_types.services import DEFAULT_NAME
from turnout.venues.services import VenueService
from turnout.versions import Versioned, require_version

FEW = 8
"""Events in a panel."""
A_WEEK = timedelta(days=7)
ANY = {node.name: node.missing for node in EventFilters().children}
"""The filters when nothing is filtered."""
_SAID = (
    "title", "description", "starts_at", "ends_at", "timezone", "venue_id", "location", "country", "capacity", "currency",
    "max_tickets_per_booking", "bookings_per_attendee", "reminder_hours", "image_url", "is_bookable",
    "tickets_url", "plugins",
)  # fmt: skip
"""What forms call as pages do."""
_OF_TYPES = (
    "name", "description", "price", "capacity", "sale_starts_at", "sale_ends_at", "min_per_booking", "max_per_booking",
)  # fmt: skip


def _is(*statuses: str) -> Any:
    return lambda event: event["status"] in statuses


class EventSection(AdminSection):
    """What people can book places for."""

    name, title, singular = "events", "Events", "event"
    icon, group, order = "calendar-event", PROGRAMME, 10
    description = "What people can book places for. Nobody but you and staff sees a draft."
    permissions = {"read": "events:read", "create": "events:create", "update": "events:update"}
    query, view, form, edit_form = EventFilters, EventView, NewEventForm, EventForm
    columns = (
        "title",
        Column("starts_at", "Starts"),
        Column("place", "Where"),
        "status",
        Column("places", "Places"),
        "price",
        Column("created_at", "Made"),
    )
    orderings = tuple(f"{sign}{name}" for name in ORDERINGS for sign in ("", "-"))
    facts = (
        "status",
        "sales_state",
        "starts_at",
        "ends_at",
        "timezone",
        Column("venue.name", "Venue", to="venues", id="venue_id"),
        "location",
        "country",
        Column("organizer.username", "Organizer", to="users", id="organizer.id"),
        Column("category.name", "Category", to="categories", id="category.id"),
        "tags",
        "description",
        "is_bookable",
        Column("tickets_url", "Tickets elsewhere"),
        "max_tickets_per_booking",
        "bookings_per_attendee",
        "reminder_hours",
        Column("image_url", "Picture"),
        "created_at",
        "updated_at",
    )
    label_by, owned_by = "title", "organizer.id"
    pickers = {
        "venue_id": "venues",
        "category_id": "categories",
        "tags": "tags",
        "organizer_id": "users",
        "venue": "venues",
        "category": "categories",
        "organizer": "users",
    }

    def __init__(
        self,
        catalog: EventCatalog,
        events: EventService,
        venues: VenueService,
        switches: EventSwitches,
        extensions: EventExtensions,
        settings: Settings,
        clock: Clock,
        announce: Announce,
    ) -> None:
        self.catalog = catalog
        self.events = events
        self.venues = venues
        self.switches = switches
        self.extensions = extensions
        self.settings = settings
        self.clock = clock
        self.announce = announce

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        # One's own: the public list shows what others have published, too.
        own = {} if actor.is_staff else {"organizer": actor.user_id}
        return self.catalog.find({**filters, **own}, paging, actor=actor).shown(_listed)

    def get(self, row_id: int, *, actor: Actor) -> Versioned:
        row = self.catalog.get(row_id, actor=actor)
        if not self.may_change(row, actor):
            raise NotFound("There is no such event.")
        # The form has the ticket types in it, whose versions are their own.
        seen = [row.version, *((kind["id"], kind.version) for kind in row["ticket_types"])]
        return Versioned(row, crc32(repr(seen).encode()))

    def create(self, values: Mapping[str, Any], *, actor: Actor) -> int:
        return self.events.create(self._said(values), actor=actor).id

    def update(
        self, row_id: int, values: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> None:
        self._require_seen(row_id, actor, expected)
        self.events.update(row_id, self._said(values), actor=actor)

    def _said(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a form says as the service wants it."""
        said = {**values, "timezone": self.zone(values)}
        switches = said.get("plugins", {})
        said["extensions"] = self.extensions.of_form(said.get("extensions", {}), switches)
        return said

    def _require_seen(self, row_id: int, actor: Actor, expected: Collection[int] | None) -> None:
        """Keep everybody else from changing an event, and require that it is as the actor has seen it."""
        self.events.locked(row_id, actor=actor)
        require_version(self.get(row_id, actor=actor).version, expected)

    def initial(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: row[name] for name in _SAID} | {
            "category_id": row["category"] and row["category"]["id"],
            "tags": [tag["slug"] for tag in row["tags"]],
            "ticket_types": [{"id": kind["id"]} | _kind(kind) for kind in row["ticket_types"]],
            "extensions": self.extensions.written(row["extensions"]),
        }

    def suggested(self, given: Mapping[str, str], *, actor: Actor) -> Mapping[str, Any]:
        return {
            "venue_id": number(given.get("venue")),
            "currency": self.settings["events.currency"],
            "plugins": self.switches.shown({}),
            "ticket_types": [{"name": DEFAULT_NAME, "price": "0"}],
        }

    def zone(self, values: Mapping[str, Any]) -> str | None:
        if values.get("timezone"):
            return str(values["timezone"])
        venue_id = str(values.get("venue_id") or "")
        try:
            return self.venues.get(int(venue_id[:15])).timezone
        except (ValueError, NotFound):
            return str(self.settings["admin.timezone"])

    @action("Publish", permission="events:publish", icon="speakerphone", when=_is(DRAFT, POSTPONED), bulk=True)
    def publish(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        self._require_seen(row_id, actor, expected)
        self.events.publish(row_id, actor=actor)
        return "It is published: people can see it and, while it is on sale, book it."

    @action("Postpone", permission="events:publish", icon="clock", when=_is(PUBLISHED))
    def postpone(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        """Stop the sale until there is a new date. Set it then, and publish the event again."""
        self._require_seen(row_id, actor, expected)
        self.events.postpone(row_id, actor=actor)
        return "It is postponed. Set the new date once it is known, and publish it again."

    @postpone.consequences
    def foresee_postpone(self, event: Mapping[str, Any], *, actor: Actor) -> list[str]:
        """Say who is told."""
        return ["Nobody can book it until it is published again.", *self._foreseen(event, POSTPONED)]

    @action(
        "Cancel event",
        permission="events:publish",
        icon="calendar-off",
        destructive=True,
        when=_is(DRAFT, PUBLISHED, POSTPONED),
        bulk=True,
    )
    def cancel(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        """Call the event off. This cannot be undone."""
        self._require_seen(row_id, actor, expected)
        self.events.cancel(row_id, actor=actor)
        return "It is cancelled."

    @cancel.consequences
    def foresee_cancel(self, event: Mapping[str, Any], *, actor: Actor) -> list[str]:
        """Say what is booked and paid, and who is told."""
        return ["Nobody can book it any more.", *self._foreseen(event, CANCELLED)]

    def _foreseen(self, event: Mapping[str, Any], status: str) -> list[str]:
        foreseen = TransitionForeseen(event["id"], status)
        self.announce(foreseen)
        return foreseen.said

    @action(
        "Archive",
        permission="events:publish",
        icon="archive",
        destructive=True,
        when=_is(DRAFT, PUBLISHED, POSTPONED, CANCELLED),
        bulk=True,
    )
    def archive(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        """Put the event away. It leaves the public lists, and cannot be published again."""
        self._require_seen(row_id, actor, expected)
        self.events.archive(row_id, actor=actor)
        return "It is archived."

    @archive.consequences
    def foresee_archive(self, event: Mapping[str, Any], *, actor: Actor) -> list[str]:
        """Say that nothing is lost."""
        return ["Its bookings and tickets stay as they are.", "It cannot be published again."]

    @action("Copy", permission="events:create", icon="copy", form=CopyForm)
    def copy(
        self, row_id: int, values: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> Done:
        """Make a draft of another event that is like this one, with the same ticket types."""
        event = self.catalog.get(row_id, actor=actor)
        later = values["starts_at"] - event["starts_at"]
        said = dict(self.initial(event)) | {
            "title": values["title"],
            "starts_at": values["starts_at"],
            "ends_at": event["ends_at"] + later,
            "organizer_id": event["organizer"]["id"],
            "ticket_types": [_moved(_kind(kind), later) for kind in event["ticket_types"]],
        }
        made = self.events.create(self._said(said), actor=actor)
        return Done("This is the copy, a draft: publish it once it is right.", made=made.id)

    @action("Delete", permission="events:delete", icon="trash", destructive=True, bulk=True)
    def delete(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Delete an event that nobody ever booked. One that was booked can be cancelled and archived."""
        self._require_seen(row_id, actor, expected)
        self.events.delete(row_id, actor=actor)

    @delete.consequences
    def foresee_delete(self, event: Mapping[str, Any], *, actor: Actor) -> list[str]:
        """Say what goes with it."""
        kinds = len(event["ticket_types"])
        return [f"The event is gone, with its {kinds} ticket type{'s' if kinds != 1 else ''}. This cannot be undone."]

    @panel("Ticket types", order=10)
    def ticket_types(self, event: Mapping[str, Any], *, actor: Actor) -> Iterator[Block]:
        """Show what is sold, and how many places are left."""
        kinds = event["ticket_types"]
        sale = [
            (title, name)
            for title, name in (("Sale begins", "sale_starts_at"), ("Sale ends", "sale_ends_at"))
            if any(kind[name] for kind in kinds)
        ]
        rows = [
            (
                Link(kind["name"], "ticket-types", kind["id"]),
                Money(kind["price"], kind["currency"]),
                None if kind["seats_taken"] is None else Share(kind["seats_taken"], kind["capacity"]),
                *(kind[name] for _, name in sale),
            )
            for kind in kinds
        ]
        whole = ("All together", None, Share(event["seats_taken"], event["capacity"]), *(None for _ in sale))
        yield Table(("Ticket type", "Price", "Places", *(title for title, _ in sale)), [*rows, whole])

    @panel("Events here", on="venues", permission="events:read")
    def at_venue(self, venue: Mapping[str, Any], *, actor: Actor) -> Iterator[Block]:
        """Show what is coming at a venue, of one's own."""
        found = self.find(ANY | {"venue": venue["id"], "upcoming_only": True}, Paging(size=FEW), actor=actor)
        yield self._table(
            found.rows,
            "Nothing is planned here.",
            Link("All events here", self.name, filters={"venue": venue["id"]}),
            is_short=True,
        )

    @panel("Today and this week", on=DASHBOARD, permission="events:read", width=WHOLE, order=10)
    def this_week(self, *, actor: Actor) -> Iterator[Block]:
        """Show what is on, from this morning."""
        now = self.clock.now()
        morning = now.astimezone(ZoneInfo(self.settings["admin.timezone"])).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        wanted = {"status": PUBLISHED, "date_from": morning, "date_to": now + A_WEEK}
        found = self.find(ANY | wanted, Paging(size=FEW), actor=actor)
        more = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in wanted.items()}
        yield self._table(
            found.rows,
            "Nothing is on within a week.",
            Link(f"All {found.count}", self.name, filters=more) if found.has_next else None,
        )

    @panel("Nearly full", on=DASHBOARD, permission="events:read", order=20)
    def nearly_full(self, *, actor: Actor) -> Iterator[Block]:
        """Show what few places are left of."""
        rows = [_listed(event) for event in self.catalog.nearly_full(FEW, actor=actor)]
        yield self._table(rows, "Of all that is coming, more than a tenth of the places is left.", is_short=True)

    def _table(self, rows: Any, empty: str, more: Link | None = None, *, is_short: bool = False) -> Table:
        return Table(
            ("Event", "Starts", *(() if is_short else ("Where", "Status")), "Places"),
            [
                (
                    Link(event["title"], self.name, event["id"]),
                    Moment(event["starts_at"], event["timezone"]),
                    *(() if is_short else (event["place"], Badge(event["sales_state"], ""))),
                    event["places"],
                )
                for event in rows
            ],
            empty,
            more,
        )


def _listed(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event as lists show it."""
    venue = event["venue"]
    place = Link(venue["name"], "venues", venue["id"]) if venue else event["location"]
    return {**event, "place": place, "places": Share(event["seats_taken"], event["capacity"])}


def _kind(kind: Mapping[str, Any]) -> dict[str, Any]:
    return {name: kind[name] for name in _OF_TYPES}


def _moved(kind: Mapping[str, Any], later: timedelta) -> dict[str, Any]:
    """Return a ticket type whose sale is so much later."""
    moments = {name: kind[name] and kind[name] + later for name in ("sale_starts_at", "sale_ends_at")}
    return {**kind, **moments, "price": Decimal(kind["price"])}
