"""Waiting lists in the admin UI: who waits, and on each event's own page how many and who is next."""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any

from turnout.plugin import Actor, AdminSection, Column, Facts, Link, Paging, Slice, Table, Versioned, action, panel

from turnout_waitlist import schemas
from turnout_waitlist.models import ACTIVE, OFFERED, WAITING
from turnout_waitlist.services import WaitlistCatalog, WaitlistRegister, WaitlistService

FIRST = 5
"""How many of those in line an event's page shows."""

Entry = Mapping[str, Any]


def _waits(entry: Entry) -> bool:
    return bool(entry["status"] == WAITING)


class WaitlistSection(AdminSection):
    """Who waits for which event, and for how many places."""

    name, title, singular, plural = "waitlist", "Waiting list", "entry", "entries"
    icon, group, order = "hourglass", "Bookings", 40
    description = "Who waits for events that are full. Places that come free are offered to the first in line for whom they are enough."
    permissions = {"read": "waitlist:inspect"}
    query, view = schemas.AnyEntryQuery, schemas.ListedEntry
    columns = (
        Column("user.name", "Who"),
        Column("event", "Event", to="events", id="event_id"),
        "ticket_type",
        "quantity",
        "status",
        "priority",
        "created_at",
        "offer_expires_at",
    )
    facts = (
        Column("event", "Event", to="events", id="event_id"),
        Column("user.name", "Who"),
        Column("user.email", "Email"),
        "ticket_type",
        "quantity",
        "status",
        "reason",
        "priority",
        "saved",
        "passed_over",
        "created_at",
        "offered_at",
        "offer_expires_at",
        "decided_at",
        Column("booking_id", "Booking", to="bookings", id="booking_id"),
    )
    owned_by = "organizer_id"
    pickers = {"event": "events"}
    empty = "Nobody waits for anything"

    def __init__(self, catalog: WaitlistCatalog, waitlist: WaitlistService, register: WaitlistRegister) -> None:
        self.catalog = catalog
        self.waitlist = waitlist
        self.register = register

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        return self.catalog.everywhere(filters, paging, actor=actor)

    def get(self, row_id: int, *, actor: Actor) -> Versioned:
        return self.catalog.one(row_id, actor=actor)

    def label(self, row: Entry) -> str:
        return f"{row['user']['name']} for {row['event']}"

    @action("Offer now", permission="waitlist:manage", icon="send", when=_waits)
    def offer_now(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        """Offer places to this one before all others, if there are enough."""
        event_id = self.get(row_id, actor=actor)["event_id"]
        self.waitlist.offer_now(event_id, row_id, actor=actor, expected=expected)
        return "The places are offered, and held until then."

    @action(
        "Change priority", permission="waitlist:manage", icon="arrows-sort", form=schemas.PriorityInput, when=_waits
    )
    def prioritize(
        self, row_id: int, said: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> str:
        """Let somebody come earlier in line (higher) or later (lower). Everybody begins with 0."""
        event_id = self.get(row_id, actor=actor)["event_id"]
        self.waitlist.prioritize(event_id, row_id, said["priority"], actor=actor, expected=expected)
        return "The place in line was changed."

    @action(
        "Remove",
        permission="waitlist:manage",
        icon="user-minus",
        destructive=True,
        when=lambda entry: entry["status"] in ACTIVE,
    )
    def remove(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        event_id = self.get(row_id, actor=actor)["event_id"]
        self.waitlist.remove(event_id, row_id, actor=actor, expected=expected)
        return "They wait no more, and are told."

    @remove.consequences
    def foresee_remove(self, entry: Entry, *, actor: Actor) -> list[str]:
        is_offered = entry["status"] == OFFERED
        given_up = ["What is offered to them goes to the next in line."] if is_offered else []
        return [*given_up, "They are told that they are not on the waiting list any more; they may join it again."]

    @panel("Waiting list", on="events", permission="waitlist:inspect", order=60)
    def of_event(self, event: Mapping[str, Any], *, actor: Actor) -> Iterable[Facts | Table]:
        """Show how many wait for an event, how the list did, and who is next."""
        if not actor.owns(event["organizer"]["id"]):
            return
        did = self.catalog.statistics(event["id"], actor=actor)
        if not any(did["counts"].values()):
            return
        known = self.register.of_events([event["id"]])[event["id"]]
        yield Facts(
            {
                "Open": "yes" if known["is_open"] else "no: nobody may join",
                "Waiting": did["counts"]["waiting"],
                "Offered": did["counts"]["offered"],
                "Accepted": did["counts"]["accepted"],
                "Not accepted in time": did["counts"]["expired"],
                "Accepted, of offers decided": _percent(did["acceptance_rate"]),
                "Mean wait until the offer": _in_words(did["mean_wait_seconds"]),
                "Longest wait until the offer": _in_words(did["longest_wait_seconds"]),
                "Mean time to accept": _in_words(did["mean_seconds_to_accept"]),
            }
        )
        rows = [
            (Link(one["user"]["name"], self.name, one["id"]), one["quantity"], one["ticket_type"], one["saved"])
            for one in self.catalog.first_in_line(event["id"], FIRST)
        ]
        more = Link("All entries", self.name, filters={"event": event["id"]})
        yield Table(("Next in line", "Places", "Ticket type", "Saved"), rows, empty="Nobody waits now.", more=more)


def _percent(rate: str | None) -> str:
    return "-" if rate is None else f"{float(rate):.0%}"


def _in_words(seconds: int | None) -> str:
    return "-" if seconds is None else str(timedelta(seconds=seconds))
