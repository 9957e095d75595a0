"""Calendars of events: of one, and of all that an organizer has coming, each in a fixed number of statements."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from turnout.calendars.services import entries
from turnout.calendars.services.entries import Appointment, Entry, write
from turnout.clock import Clock
from turnout.db import AnyRow, AnySelect
from turnout.errors import NotFound
from turnout.events.models import CANCELLED, DRAFT, POSTPONED, PUBLISHED, Event, event_tags
from turnout.injection import Settings
from turnout.security.actors import Actor
from turnout.taxonomy.models import Category, Tag
from turnout.users.models import User

MOST = 500
SINCE = timedelta(days=30)
"""How long ago an event may have ended, to be in its organizer's calendar."""
LONGEST_DESCRIPTION = 1000
"""Of the description, in a calendar that is read again every hour."""
_STATUSES = {POSTPONED: entries.TENTATIVE, CANCELLED: entries.CANCELLED}


def _shown() -> AnySelect:
    return (
        select(
            Event.id, Event.title, Event.description, Event.starts_at, Event.ends_at, Event.timezone, Event.place,
            Event.status, Event.tickets_url, Event.organizer_id, Event.created_at, Event.updated_at, Event.version,
            User.username, User.first_name, User.last_name, Category.name.label("category"),
        )
        .join(User, User.id == Event.organizer_id)
        .outerjoin(Category, Category.id == Event.category_id)
    )  # fmt: skip


class EventCalendars:
    """Writes calendars of events."""

    def __init__(self, session: Session, clock: Clock, settings: Settings) -> None:
        self.session = session
        self.clock = clock
        self.settings = settings

    def of_event(self, event_id: int, *, site: str, actor: Actor) -> bytes:
        """Return an event's calendar file; `site` is where events are found, ``https://.../events``.

        Raises `NotFound`, also for a draft that is not the actor's to see.
        """
        row = self.session.execute(_shown().where(Event.id == event_id)).first()
        if row is None or (row.status == DRAFT and not actor.owns(row.organizer_id)):
            raise NotFound("There is no such event.")
        return write(self._entries([row], site), sender=self.settings["mail.sender"])

    def of_organizer(self, user_id: int, *, site: str) -> bytes:
        """Return the calendar of an organizer's events that are or were public, from a month ago on.

        Raises `NotFound` for a user who is no organizer and never had such an event.
        """
        public = Event.organizer_id == user_id, Event.status.in_((PUBLISHED, POSTPONED, CANCELLED))
        has_events = exists().where(Event.organizer_id == user_id, Event.status != DRAFT)
        organizer = self.session.execute(
            select(User.username, User.first_name, User.last_name).where(
                User.id == user_id, User.is_organizer | has_events
            )
        ).first()
        if organizer is None:
            raise NotFound("There is no such organizer.")
        now = self.clock.now()
        query = _shown().where(*public, Event.ends_at > now - SINCE)
        # What is to come first: of more than calendars are given, what is over is left out.
        rows = self.session.execute(query.order_by(Event.ends_at <= now, Event.starts_at, Event.id).limit(MOST)).all()
        found = self._entries(rows, site, longest=LONGEST_DESCRIPTION)
        return write(found, sender=self.settings["mail.sender"], name=_name(organizer))

    def _entries(self, rows: Sequence[AnyRow], site: str, *, longest: int | None = None) -> list[Entry]:
        tags = self._tags([row.id for row in rows])
        return [_entry(row, tags[row.id], site, longest) for row in rows]

    def _tags(self, event_ids: Iterable[int]) -> dict[int, list[str]]:
        found: dict[int, list[str]] = defaultdict(list)
        query = (
            select(event_tags.c.event_id, Tag.name)
            .join(Tag, Tag.id == event_tags.c.tag_id)
            .where(event_tags.c.event_id.in_(list(event_ids)))
            .order_by(Tag.name)
        )
        for event_id, name in self.session.execute(query):
            found[event_id].append(name)
        return found


def _name(row: AnyRow) -> str:
    return f"{row.first_name} {row.last_name}".strip() or str(row.username)


def _entry(row: AnyRow, tags: Sequence[str], site: str, longest: int | None) -> Entry:
    is_whole = longest is None or len(row.description) <= longest
    return Entry(
        # Ids begin with 1 in every installation, and a calendar may subscribe to several of them.
        uid=f"turnout-event-{row.id}-{row.created_at:%Y%m%dT%H%M%S%f}Z",
        sequence=row.version,
        stamp=row.updated_at,
        status=_STATUSES.get(row.status, entries.CONFIRMED),
        appointment=Appointment(row.title, row.starts_at, row.ends_at, row.timezone, row.place, _name(row)),
        description=row.description if is_whole else row.description[:longest].rstrip() + " …",
        is_busy=False,  # to know of an event is not to be there
        url=row.tickets_url or f"{site}/{row.id}",
        categories=[name for name in (row.category, *tags) if name],
    )
