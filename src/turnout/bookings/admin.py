"""Bookings in the admin UI: the box office."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from turnout.admin.actions import action
from turnout.admin.forms.widgets import Choices
from turnout.admin.panels import DASHBOARD, WHOLE, Badge, Block, Chart, Facts, Link, Money, Note, Share, Table, panel
from turnout.admin.sections import BOOKINGS, AdminSection, Column, PageLink
from turnout.admin.sent import number
from turnout.bookings.models import ACTIVE, CONFIRMED, PENDING, PROCESSING, VALID
from turnout.bookings.schemas import BookingChange, BoxOfficeQuery, BoxOfficeView, Sale
from turnout.bookings.services import BookingService, BoxOffice
from turnout.clock import Clock
from turnout.events.models import PUBLISHED
from turnout.injection import Settings
from turnout.paging import Paging, Slice
from turnout.security.actors import Actor
from turnout.versions import Versioned
from turnout.words import money

DAYS = 30
"""How far back the dashboard looks."""
SHOWN = 5
"""How many bookings a page of something else shows."""
NEXT_EVENTS = 10


def _is_active(booking: Mapping[str, Any]) -> bool:
    return booking["status"] in ACTIVE


class BookingSection(AdminSection):
    """Who has places: of every event for staff, of their own for organizers."""

    name, title, singular = "bookings", "Bookings", "booking"
    icon, group, order = "ticket", BOOKINGS, 10
    description = "Places that people have booked, or hold until they confirm."
    permissions = {"read": "bookings:read", "create": "bookings:create", "update": "bookings:update"}
    query, view, form, edit_form = BoxOfficeQuery, BoxOfficeView, Sale, BookingChange
    columns = (
        "code",
        Column("event", to="events", id="event_id"),
        Column("attendee", "Attendee", to="attendees", id="attendee_id"),
        "quantity",
        Column("total_amount", "Total"),
        "status",
        "booking_date",
    )
    facts = (
        "status",
        Column("event", to="events", id="event_id"),
        Column("attendee", "Attendee", to="attendees", id="attendee_id"),
        "email",
        "quantity",
        Column("total_amount", "Total"),
        "booking_date",
        "expires_at",
        Column("user", "Booked by", to="users", id="user_id"),
        Column("failure.detail", "Why it failed"),
    )
    label_by = "code"
    owned_by = "organizer_id"
    zone_by = None
    pickers = {
        "event": "events", "attendee": "attendees", "user": "users", "event_id": "events", "attendee_id": "attendees",
    }  # fmt: skip
    links = (
        PageLink(
            "Book for somebody",
            "admin:bookings:new",
            "bookings:create",
            "ticket",
            on="events",
            when=lambda event: event["status"] == PUBLISHED and event["is_bookable"],
            query=lambda event: {"event_id": event["id"]},
        ),
        PageLink(
            "Tickets (PDF)", "api:booking-tickets", "bookings:read", "printer", when=lambda b: b["status"] == CONFIRMED
        ),
    )
    empty = "Nobody has booked anything yet"

    def __init__(self, office: BoxOffice, bookings: BookingService, clock: Clock, settings: Settings) -> None:
        self.office = office
        self.bookings = bookings
        self.clock = clock
        self.settings = settings

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        return self.office.find(filters, paging, actor=actor)

    def get(self, row_id: int, *, actor: Actor) -> Versioned:
        return self.office.get(row_id, actor=actor)

    def create(self, values: Mapping[str, Any], *, actor: Actor) -> int:
        return self.office.sell(values, actor=actor)

    def suggested(self, given: Mapping[str, str], *, actor: Actor) -> Mapping[str, Any]:
        return {name: given[name] for name in ("event_id", "attendee_id") if number(given.get(name)) is not None}

    def offered(self, values: Mapping[str, Any], *, actor: Actor) -> Mapping[str, Choices]:
        event_id = number(str(values.get("event_id", "")))
        kinds = [] if event_id is None else self.office.kinds(event_id, actor=actor)
        return {"ticket_type_id": [(str(kind["id"]), _kind_in_words(kind)) for kind in kinds]}

    def initial(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**row, "tickets": [ticket for ticket in row["tickets"] if ticket["status"] == VALID]}

    def may_edit(self, row: Mapping[str, Any], actor: Actor) -> bool:
        return _is_active(row) and self.may_change(row, actor)

    def update(
        self, row_id: int, values: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> None:
        self.bookings.update(row_id, values, actor=actor, expected=expected)

    @action("Confirm", permission="bookings:confirm", icon="check", when=lambda b: b["status"] == PENDING, bulk=True)
    def confirm(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Make a booking good whose places are held; the tickets are sent."""
        self.bookings.confirm(row_id, actor=actor, expected=expected)

    @action(
        "Cancel",
        permission="bookings:cancel",
        icon="ban",
        destructive=True,
        bulk=True,
        when=lambda b: b["status"] in {PROCESSING, *ACTIVE},
    )
    def cancel(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Give the places back. A cancelled booking stays in the history and cannot be taken up again."""
        self.bookings.cancel(row_id, actor=actor, expected=expected)

    @cancel.consequences
    def foresee_cancel(self, booking: Mapping[str, Any], *, actor: Actor) -> list[str]:
        if booking["status"] == PROCESSING:
            return ["It is not decided yet and holds no places; it will not be decided any more."]
        if any(ticket["checked_in_at"] for ticket in booking["tickets"]):
            return ["Somebody is in with it, so it is refused: undo the check-in at the door first."]
        places = f"{booking['quantity']} {'place' if booking['quantity'] == 1 else 'places'}"
        due = Decimal(booking["total_amount"])
        return [
            f"{places} at “{booking['event']}” can be booked by others.",
            *([f"{money(due, booking['currency'])} is to be refunded, if it was paid."] if due else []),
            f"{booking['attendee']} ({booking['email']}) is told, and the tickets open no door any more.",
        ]

    @panel("Tickets", width=WHOLE, order=10)
    def tickets(self, booking: Mapping[str, Any], *, actor: Actor) -> Iterator[Block]:
        kinds = {kind["id"]: kind["name"] for kind in self.office.kinds(booking["event_id"], actor=actor)}
        yield Table(
            ("Ticket", "Holder", "Price", "Status", "Checked in"),
            [
                (
                    kinds.get(ticket["ticket_type_id"]),
                    " ".join(filter(None, (ticket["name"], ticket["email"] and f"<{ticket['email']}>"))),
                    Money(ticket["price"], booking["currency"]),
                    Badge(ticket["status"], ""),
                    ticket["checked_in_at"],
                )
                for ticket in booking["tickets"]
            ],
            empty="There are no tickets before the booking is decided.",
        )

    @panel("Bookings", on="events", permission="bookings:read", width=WHOLE, order=20)
    def of_event(self, event: Mapping[str, Any], *, actor: Actor) -> Iterator[Block]:
        counts = self.office.counts(event["id"], actor=actor)
        if counts:
            numbers = {
                count["status"].capitalize(): f"{count['bookings']} for {count['places']} places" for count in counts
            }
            taken = self.office.takings_of(event["id"])
            amounts = [Money(amount, currency) for currency, amount in taken.items()]
            yield Facts(numbers | ({"Takings, confirmed": amounts} if amounts else {}))
        yield self._newest({"event": event["id"]}, actor, "Nobody has booked yet.")

    @panel("Bookings", on="attendees", permission="bookings:read", width=WHOLE, order=20)
    def of_attendee(self, attendee: Mapping[str, Any], *, actor: Actor) -> Iterator[Block]:
        yield self._newest({"attendee": attendee["id"]}, actor, "There are no bookings for this attendee.")

    @panel("Bookings", on="users", permission="bookings:read", width=WHOLE, order=60)
    def of_user(self, user: Mapping[str, Any], *, actor: Actor) -> Iterator[Block]:
        yield self._newest({"user": user["id"]}, actor, "This user has booked nothing.")

    def _newest(self, filters: Mapping[str, Any], actor: Actor, empty: str) -> Table:
        found = self.find(filters, Paging(1, SHOWN), actor=actor)
        about_event = "event" in filters
        return Table(
            ("Booking", "Attendee" if about_event else "Event", "Places", "Total", "Status", "Booked"),
            [
                (
                    Link(row["code"], "bookings", row["id"]),
                    row["attendee"] if about_event else Link(row["event"], "events", row["event_id"]),
                    row["quantity"],
                    Money(row["total_amount"], row["currency"]),
                    Badge(row["status"], ""),
                    row["booking_date"],
                )
                for row in found.rows
            ],
            empty=empty,
            more=Link(f"All {found.count} bookings", "bookings", None, filters) if found.has_next else None,
        )

    @panel("Places sold by event", on=DASHBOARD, permission="bookings:read", order=40)
    def places_sold(self, *, actor: Actor) -> Iterator[Block]:
        yield Table(
            ("Event", "On", "Places"),
            [
                (
                    Link(event.title, "events", event.id),
                    f"{event.starts_at.astimezone(ZoneInfo(event.timezone)):%-d %b}",
                    Share(event.taken, event.capacity),
                )
                for event in self.office.next_events(NEXT_EVENTS, actor=actor)
            ],
            empty="No published event is to come.",
        )

    @panel("Bookings and takings", on=DASHBOARD, permission="bookings:read", width=WHOLE, order=50)
    def takings(self, *, actor: Actor) -> Iterator[Block]:
        zone = ZoneInfo(self.settings["admin.timezone"])
        days = _days(self.clock.now(), zone)
        taken = self.office.takings(days, actor=actor)
        if not taken:
            yield Note(f"Nobody has booked in the last {DAYS} days.")
            return
        labels = [f"{day.astimezone(zone):%-d %b}" for day in days[:-1]]
        numbers = [0] * DAYS
        amounts: dict[str, list[Decimal]] = {}
        paid: Counter[str] = Counter()
        for one in taken:
            numbers[one.day] += one.bookings
            if one.amount:
                amounts.setdefault(one.currency, [Decimal(0)] * DAYS)[one.day] = one.amount
                paid[one.currency] += one.bookings
        totals = [Money(sum(found), currency) for currency, found in amounts.items()]
        yield Facts({f"Bookings, last {DAYS} days": sum(numbers)} | ({"Takings": totals} if totals else {}))
        yield Chart("bar", labels, {"Bookings": numbers}, unit="Bookings a day")
        for currency, _ in paid.most_common(1):  # two on one scale would say nothing
            series = {currency: [float(amount) for amount in amounts[currency]]}
            yield Chart("line", labels, series, unit=f"Takings a day in {currency}")


def _kind_in_words(kind: Mapping[str, Any]) -> str:
    left = kind["seats_available"]
    places = "" if left is None else ", sold out" if left == 0 else f", {left} left"
    return f"{kind['name']}: {money(kind['price'], kind['currency'])}{places}"


def _days(now: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return the beginnings of the last days in a time zone, today's among them, and that of tomorrow."""
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return [today + timedelta(days=number) for number in range(1 - DAYS, 2)]
