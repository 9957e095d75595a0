"""Factories: rows for tests, with sensible and invented values for whatever a test does not care about."""

# ruff: noqa: D106 - Meta is factory-boy's own protocol
# mypy: disable-error-code="no-untyped-call"
# (factory-boy has few types)

from collections import abc
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from factory.base import Factory
from factory.declarations import LazyAttribute, LazyFunction, SelfAttribute, Sequence
from sqlalchemy.orm import Session

from turnout.attendees.models import Attendee
from turnout.clock import Clock
from turnout.events.models import PUBLISHED, Event, event_tags
from turnout.events.services import remind_at
from turnout.pools.models import Pool
from turnout.security.passwords import hash_password
from turnout.taxonomy.models import Category, Tag
from turnout.ticket_types.models import TicketType
from turnout.users.models import User
from turnout.venues.models import Venue

PASSWORD = "four invented words together"  # noqa: S105 - of users that exist only in tests
GENERAL_ADMISSION = "General admission"


@cache
def password_hash() -> str:
    """Return the hash of `PASSWORD`, made once: argon2 is slow on purpose."""
    return hash_password(PASSWORD)


class _Stamped(Factory[Any]):
    class Meta:
        abstract = True

    class Params:
        now = None

    created_at = SelfAttribute("now")
    updated_at = SelfAttribute("now")


class UserFactory(_Stamped):
    """A user without roles."""

    class Meta:
        model = User

    username = Sequence(lambda n: f"user{n}")
    email = LazyAttribute(lambda user: f"{user.username}@example.com")
    password_hash = LazyFunction(password_hash)
    first_name = "Ada"
    last_name = Sequence(lambda n: f"Example{n}")
    preferences = LazyFunction(lambda: {"favourite_categories": []})


class VenueFactory(_Stamped):
    """A hall in Lisbon."""

    class Meta:
        model = Venue

    name = Sequence(lambda n: f"Hall {n}")
    address = Sequence(lambda n: f"{n} Invented Street")
    city = "Lisbon"
    country = "PT"
    capacity = 10_000
    facilities = LazyFunction(list)
    timezone = "Europe/Lisbon"


class CategoryFactory(_Stamped):
    """A category."""

    class Meta:
        model = Category

    name = Sequence(lambda n: f"Category {n}")
    slug = Sequence(lambda n: f"category-{n}")


class TagFactory(_Stamped):
    """A tag."""

    class Meta:
        model = Tag

    name = Sequence(lambda n: f"Tag {n}")
    slug = Sequence(lambda n: f"tag-{n}")


class AttendeeFactory(_Stamped):
    """Somebody without an account."""

    class Meta:
        model = Attendee

    first_name = "Grace"
    last_name = Sequence(lambda n: f"Guest{n}")
    email = Sequence(lambda n: f"guest{n}@example.com")


class EventFactory(_Stamped):
    """A published evening in a week from now, by default without a venue."""

    class Meta:
        model = Event

    title = Sequence(lambda n: f"Event {n}")
    location = "Town square, Lisbon"
    place = SelfAttribute("location")
    country = "PT"
    starts_at = LazyAttribute(lambda event: event.now + timedelta(days=7))
    ends_at = LazyAttribute(lambda event: event.starts_at + timedelta(hours=3))
    timezone = "Europe/Lisbon"
    status = PUBLISHED
    currency = "EUR"
    bookings_per_attendee = 1
    reminder_hours = 24
    remind_at = LazyAttribute(lambda event: remind_at(event.starts_at, event.reminder_hours))
    price = Decimal(0)


class TicketTypeFactory(_Stamped):
    """General admission."""

    class Meta:
        model = TicketType

    name = GENERAL_ADMISSION
    price = Decimal(0)


class Make:
    """Writes rows into the test's transaction, and returns them, with their ids.

    `fields` are columns of the row by name, where they are to be otherwise than invented:
    ``make.user(first_name="Ada")``, ``make.event(status="draft", starts_at=clock.now())``. No rule is asked: what
    the API would refuse can be made, too. The password of every user made is ``make.PASSWORD``. A plugin's own rows are
    added to the fixture ``session`` and flushed.
    """

    PASSWORD = PASSWORD
    """The password of every user made here."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self.session = session
        self.clock = clock

    def user(self, **fields: Any) -> User:
        """Make a user without roles."""
        return self._made(UserFactory, fields)

    def organizer(self, **fields: Any) -> User:
        """Make a user who may make events: the role "organizer"."""
        return self.user(**{"is_organizer": True} | fields)

    def staff(self, **fields: Any) -> User:
        """Make a member of staff: the role "staff"."""
        return self.user(**{"is_staff": True} | fields)

    def superuser(self, **fields: Any) -> User:
        """Make a superuser: the role "superuser", which includes staff."""
        return self.user(**{"is_staff": True, "is_superuser": True} | fields)

    def venue(self, **fields: Any) -> Venue:
        """Make a venue: a hall in Lisbon for 10,000."""
        return self._made(VenueFactory, fields)

    def category(self, **fields: Any) -> Category:
        """Make a category of events."""
        return self._made(CategoryFactory, fields)

    def tag(self, **fields: Any) -> Tag:
        """Make a tag of events."""
        return self._made(TagFactory, fields)

    def attendee(self, **fields: Any) -> Attendee:
        """Make an attendee; ``user=<row>`` gives them an account."""
        return self._made(AttendeeFactory, _by_id(fields, "user"))

    def pool(self, capacity: int | None = None, taken: int = 0) -> Pool:
        """Make places that are counted together; a capacity of None is no limit."""
        return self._save(Pool(capacity=capacity, taken=taken, revision=1))

    def event(
        self,
        *,
        capacity: int | None = 100,
        taken: int = 0,
        organizer: User | None = None,
        price: Decimal | int | str = 0,
        ticket_types: abc.Sequence[dict[str, Any]] | None = None,
        tags: abc.Sequence[Tag] = (),
        **fields: Any,
    ) -> Event:
        """Make an event with its pool and its ticket types, published unless `status` says otherwise.

        It begins in a week and lasts three hours. Without an `organizer`, one is made. `capacity` is how many places it has,
        None for no limit, and `taken` how many of them are gone already, without bookings.
        `price` is that of the one ticket type it has unless `ticket_types` gives others, each as `ticket_type` takes
        them. `venue`, `category` and `tags` are rows; with a venue, place and country are the venue's.
        """
        venue = fields.get("venue")
        if venue is not None:
            fields = {
                "location": "",
                "place": f"{venue.name}, {venue.city}",
                "country": venue.country,
                "timezone": venue.timezone,
            } | fields
        types = [{"price": price}] if ticket_types is None else ticket_types
        fields = _by_id(fields, "venue", "category") | {
            "pool_id": self.pool(capacity, taken).id,
            "organizer_id": (organizer or self.organizer()).id,
            "price": min(Decimal(entry.get("price", price)) for entry in types),
        }
        event: Event = self._made(EventFactory, fields)
        for entry in types:
            self.ticket_type(event, **{"price": price} | entry)
        if tags:
            rows = [{"event_id": event.id, "tag_id": tag.id} for tag in tags]
            self.session.execute(event_tags.insert(), rows)
        return event

    def ticket_type(
        self,
        event: Event,
        *,
        capacity: int | None = None,
        taken: int = 0,
        price: Decimal | int | str = 0,
        **fields: Any,
    ) -> TicketType:
        """Make a ticket type of `event`, with a pool of its own if it has a capacity."""
        if capacity is not None:
            fields["pool_id"] = self.pool(capacity, taken).id
        return self._made(TicketTypeFactory, fields | {"event_id": event.id, "price": Decimal(price)})

    def _made(self, maker: type[_Stamped], fields: dict[str, Any]) -> Any:
        return self._save(maker.build(now=self.clock.now(), **fields))

    def _save(self, row: Any) -> Any:
        self.session.add(row)
        self.session.flush()
        return row


def _by_id(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    """Turn ``venue=<row>`` into ``venue_id=<its id>``."""
    rest = {name: value for name, value in fields.items() if name not in names}
    return rest | {f"{name}_id": fields[name].id for name in names if fields.get(name) is not None}
