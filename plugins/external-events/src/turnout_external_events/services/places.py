"""Which venue here a venue of a source is: the one that it was before, one of its name in its city, or a new one.

Nobody's events are at a venue that a stranger may change: one's own venues are looked at, and those that are staff's or
nobody's. What a source has an id for is made as nobody's, and shared by all who import from there; what has none, such as
the places in calendars and sheets, is its importer's own.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from turnout.plugin import Actor, Session
from turnout.users.models import User
from turnout.venues.models import Venue
from turnout.venues.services import VenueService

from turnout_external_events.models import KnownVenue
from turnout_external_events.sources.contract import ExternalVenue
from turnout_external_events.sources.reading import zone_of_country

_INSERTS: Mapping[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
_SHARED = or_(
    Venue.created_by_id.is_(None),
    exists().where(User.id == Venue.created_by_id, or_(User.is_staff, User.is_superuser)),
)
"""Venues that only staff may change."""


class VenueMatcher:
    """Finds the venues of events from elsewhere, and makes those that are missing."""

    def __init__(self, session: Session, venues: VenueService) -> None:
        self.session = session
        self.venues = venues
        self._matched: dict[tuple[int | None, str, ExternalVenue], Venue] = {}

    def match(self, provider: str, external: ExternalVenue, *, actor: Actor) -> Venue | None:
        """Return the venue of the actor's events; what it was once found to be it stays, whatever it is called later.

        None for a place of which too little is said for a venue: its city and country must be known.
        """
        which = actor.user_id, provider, external
        # What a savepoint undid is no part of the session any more.
        if which not in self._matched or self._matched[which] not in self.session:
            own = _key(actor.user_id, *_name(provider, external))
            venue = self._remembered(own, actor.user_id) or self._settled(provider, external, actor.user_id)
            if venue is None:
                return None
            self._matched[which] = venue
        return self._matched[which]

    def _settled(self, provider: str, external: ExternalVenue, user_id: int | None) -> Venue | None:
        """Find out which venue it is, and remember it for the user; for all, if it is known by an id and all may rely on it."""
        name = _name(provider, external)
        venue = self._found(name, external, user_id) or self._made(name, external, user_id)
        if venue is None:
            return None
        self._remember(_key(user_id, *name), user_id, venue)
        if external.id is not None and venue.created_by_id != user_id:
            self._remember(_key(None, *name), None, venue)
        return venue

    def _found(self, name: tuple[str, ...], external: ExternalVenue, user_id: int | None) -> Venue | None:
        """Return the user's own venue of this name, else the one that it is for all, else one that all share of this name."""
        own = None if user_id is None else self._alike(external, Venue.created_by_id == user_id)
        return own or self._remembered(_key(None, *name), user_id) or self._alike(external, _SHARED)

    def _alike(self, external: ExternalVenue, whose: ColumnElement[bool]) -> Venue | None:
        if not external.city:
            return None
        query = select(Venue).where(
            func.lower(Venue.name) == func.lower(external.name),
            func.lower(Venue.city) == func.lower(external.city),
            whose,
        )
        if external.country is not None:
            query = query.where(Venue.country == external.country)
        return self.session.scalar(query.order_by(Venue.id).limit(1))

    def _made(self, name: tuple[str, ...], external: ExternalVenue, user_id: int | None) -> Venue | None:
        """Make a venue, unless somebody else is just making it; None where too little is said for one."""
        if not external.city or external.country is None:
            return None
        owner_id = user_id if external.id is None else None
        words = _key(owner_id, *_words(external))
        self._lock(words, owner_id)
        venue = self._found(name, external, user_id) or self._remembered(words, user_id)
        if venue is None:
            new = {
                "name": external.name,
                "address": external.address,
                "city": external.city,
                "country": external.country,
                # How many a hall holds is no promise of how many places are sold; whoever knows it may say it.
                "capacity": None,
                "timezone": external.timezone or zone_of_country(external.country) or "UTC",
            }
            venue = self.venues.create(new, Actor(owner_id))
        self._remember(words, owner_id, venue)
        return venue

    def _remembered(self, key: str, user_id: int | None) -> Venue | None:
        """Return the venue that is known by a key, unless a stranger may change it by now."""
        query = select(Venue).join(KnownVenue, KnownVenue.venue_id == Venue.id).where(KnownVenue.key == key)
        return self.session.scalar(query.where(or_(Venue.created_by_id == user_id, _SHARED)))

    def _lock(self, key: str, user_id: int | None) -> None:
        """Let whoever makes the same venue wait until this transaction has ended."""
        row = self._insert({"key": key, "user_id": user_id, "venue_id": None})
        self.session.execute(row.on_conflict_do_nothing(index_elements=[KnownVenue.key]))
        self.session.execute(select(KnownVenue.id).where(KnownVenue.key == key).with_for_update())

    def _remember(self, key: str, user_id: int | None, venue: Venue) -> None:
        row = self._insert({"key": key, "user_id": user_id, "venue_id": venue.id})
        self.session.execute(row.on_conflict_do_update(index_elements=[KnownVenue.key], set_={"venue_id": venue.id}))

    def _insert(self, values: Mapping[str, Any]) -> Any:
        return _INSERTS[self.session.get_bind().dialect.name](KnownVenue).values(values)


def _name(provider: str, external: ExternalVenue) -> tuple[str, ...]:
    """Return by what a venue is known again: its id at the source, or else its words."""
    return _words(external) if external.id is None else (provider, external.id)


def _words(external: ExternalVenue) -> tuple[str, ...]:
    said = (external.name, external.city, external.country or "")
    return ("", *(" ".join(each.casefold().split()) for each in said))


def _key(user_id: int | None, *said: str) -> str:
    """Return the key of what is known by these words, to one user or (None) to all."""
    return hashlib.sha256(json.dumps([user_id, *said]).encode()).hexdigest()
