"""Loads the demo through the services, as people would have done it."""

from collections.abc import Iterator
from typing import Any

import click
from pyramid.request import Request

from turnout.api.reading import checked
from turnout.attendees.schemas import NewAttendee
from turnout.attendees.services import AttendeeService
from turnout.bookings.services import Booker, BookingRequest, BookingService, Line
from turnout.demo import ADMINISTRATOR, PASSWORD
from turnout.demo.hooks import DemoLoaded
from turnout.demo.programme import Entry, Programme
from turnout.errors import DomainError
from turnout.events.schemas import NewEvent
from turnout.events.services import EventService
from turnout.injection import announcer
from turnout.outbox.services import Outbox
from turnout.schema import iso
from turnout.security.actors import SYSTEM, Actor
from turnout.security.passwords import hash_password
from turnout.taxonomy.schemas import NewTerm
from turnout.taxonomy.services import CategoryService, TagService
from turnout.ticket_types.services import TicketTypeService
from turnout.users.services import UserService
from turnout.venues.schemas import NewVenue
from turnout.venues.services import VenueService

NOT_OF_EVENTS = ("venue", "organizer", "category", "when", "hours", "booked", "tickets", "status", "guests")
EVERY = 11
"""Somebody always changes their mind: each booking of so many is cancelled."""


def _only(entry: Entry, *besides: str) -> Entry:
    return {name: value for name, value in entry.items() if name not in besides}


class Loader:
    """Makes everything in the order in which it depends on each other; each step yields once."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.programme = Programme(request.registry.clock.now())
        self.actors: dict[str, Actor] = {}
        self.categories: dict[str, int] = {}
        self.venues: dict[str, int] = {}
        self.guests: list[int] = []
        self.booking_ids: list[int] = []

    @property
    def steps(self) -> int:
        """Return how many steps there are."""
        people, places = self.programme.people.values(), self.programme.places.values()
        return 1 + sum(map(len, people)) + sum(map(len, places)) + len(self.programme.events)

    def run(self) -> Iterator[None]:
        """Do one step after the other."""
        yield from self._people()
        yield from self._places()
        for entry in self.programme.events:
            self._event(entry)
            yield

    def _user(self, entry: Entry, password_hash: str, **roles: bool) -> None:
        favourites = entry.get("favourites", [])
        user = self.request.find_service(UserService).create(
            _only(entry, "favourites")
            | {"email": f"{entry['username']}@example.com", "preferences": {"favourite_categories": favourites}},
            actor=SYSTEM,
            roles=roles,
            password_hash=password_hash,
        )
        self.actors[user.username] = Actor.of(
            user.id,
            is_organizer=user.is_organizer,
            is_staff=user.is_staff,
            is_superuser=user.is_superuser,
        )

    def _people(self) -> Iterator[None]:
        people = self.programme.people
        name, password = ADMINISTRATOR
        self._user({"username": name, "first_name": "Demo"}, hash_password(password), is_staff=True, is_superuser=True)
        yield
        hashed = hash_password(PASSWORD)  # once: it is slow on purpose
        for entry in people["organizer"]:
            self._user(entry, hashed, is_organizer=True)
            yield
        for entry in people["user"]:
            self._user(entry, hashed)
            yield
        for entry in people["attendee"]:
            email = f"{entry['first_name']}.{entry['last_name']}@example.com".lower().encode("ascii", "ignore").decode()
            new = checked(NewAttendee(), entry | {"email": email})
            self.guests.append(self.request.find_service(AttendeeService).register(new, actor=SYSTEM).id)
            yield

    def _places(self) -> Iterator[None]:
        places = self.programme.places
        for entry in places["venue"]:
            venue = self.request.find_service(VenueService).create(
                checked(NewVenue(), entry), actor=self.actors[ADMINISTRATOR[0]]
            )
            self.venues[venue.name] = venue.id
            yield
        for entry in places["category"]:
            category = self.request.find_service(CategoryService).create(checked(NewTerm(), entry))
            self.categories[category.slug] = category.id
            yield
        for entry in places["tag"]:
            self.request.find_service(TagService).create(checked(NewTerm(), entry))
            yield

    def _event(self, entry: Entry) -> None:
        events = self.request.find_service(EventService)
        actor = self.actors[entry["organizer"]]
        given: dict[str, Any] = _only(entry, *NOT_OF_EVENTS) | {
            "starts_at": iso(entry["starts_at"]),
            "ends_at": iso(entry["ends_at"]),
            "category_id": self.categories[entry["category"]],
            "venue_id": self.venues[entry["venue"]] if "venue" in entry else None,
            "ticket_types": entry.get("tickets", []),
        }
        event = events.create(checked(NewEvent(), given), actor=actor)
        status = entry.get("status", "published")
        if status != "draft":
            events.publish(event.id, actor=actor)
        self._book(event.id, entry)
        if status == "cancelled":
            events.cancel(event.id, actor=actor)

    def _book(self, event_id: int, entry: Entry) -> None:
        kinds = self.request.find_service(TicketTypeService).of_events([event_id])[event_id]
        type_ids = {kind["name"]: kind["id"] for kind in kinds}
        requests = [
            BookingRequest(event_id, self.actors[name], [Line(type_ids.get(kind or ""))] * places)
            for name, places, kind in self.programme.bookings_of(entry)
        ]
        if entry.get("guests"):
            organizer = self.actors[entry["organizer"]]
            requests += [
                BookingRequest(event_id, organizer, attendee_id=guest, knows_attendee=True) for guest in self.guests
            ]
        for outcome in self.request.find_service(Booker).book(requests):
            if isinstance(outcome, DomainError):
                raise outcome
            self.booking_ids.append(outcome["id"])
            if "booked" not in entry and len(self.booking_ids) % EVERY == 0:
                self.request.find_service(BookingService).cancel(outcome["id"], actor=SYSTEM)


def load(request: Request) -> None:
    """Load the demo in the request's transaction, with a progress bar where somebody watches."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    loader = Loader(request)
    for _ in track(
        loader.run(),
        "Loading the demo",
        loader.steps,
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ):
        pass
    announcer(request)(DemoLoaded(loader.booking_ids))
    # What the demo's invented people did, nobody needs to hear of.
    request.find_service(Outbox).forget()
    programme = loader.programme
    click.echo(
        f"Loaded a demo: {len(programme.events)} events at {len(programme.places['venue'])} venues, "
        f"{len(loader.actors)} users, {len(loader.booking_ids)} bookings.",
        err=True,
    )
