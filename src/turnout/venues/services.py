"""What can be done with venues."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from turnout.clock import Clock
from turnout.errors import Denied, InUse, NotFound
from turnout.filters import begins
from turnout.injection import Announce
from turnout.paging import Ordering, Paging, Slice, fetch
from turnout.security.actors import Actor
from turnout.venues.hooks import VenueChanged
from turnout.venues.models import Venue
from turnout.versions import Versioned, require_version

ORDERINGS = {
    "name": Ordering("name", Venue.name, Venue.id),
    "-name": Ordering("-name", Venue.name, Venue.id, descending=True),
    "id": Ordering("id", Venue.id, Venue.id),
    "-id": Ordering("-id", Venue.id, Venue.id, descending=True),
}
SHOWN_IN_EVENTS = ("name", "address", "city", "country", "capacity")


def represent(venue: Venue) -> Versioned:
    """Return what everybody sees."""
    return Versioned(
        {
            "id": venue.id,
            "name": venue.name,
            "address": venue.address,
            "city": venue.city,
            "country": venue.country,
            "capacity": venue.capacity,
            "facilities": venue.facilities,
            "timezone": venue.timezone,
            "created_by_id": venue.created_by_id,
            "created_at": venue.created_at,
            "updated_at": venue.updated_at,
        },
        venue.version,
    )


def _storable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` with each facility named once."""
    if "facilities" not in values:
        return dict(values)
    return {**values, "facilities": list(dict.fromkeys(values["facilities"]))}


class VenueService:
    """Makes, changes, finds and deletes venues."""

    def __init__(self, session: Session, clock: Clock, announce: Announce) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce

    def get(self, venue_id: int, *, for_share: bool = False) -> Venue:
        """Return a venue. Raises `NotFound`.

        `for_share` keeps it from being changed until the transaction ends, for whoever relies on its capacity.
        """
        venue = self.session.get(Venue, venue_id, with_for_update={"read": True} if for_share else None)
        if venue is None:
            raise NotFound("There is no such venue.")
        return venue

    def find(self, filters: Mapping[str, Any], paging: Paging) -> Slice:
        """Return venues, filtered and sorted (see `VenueQuery`)."""
        query = select(Venue)
        if filters.get("search") is not None:
            start = filters["search"]
            query = query.where(or_(begins(Venue.name, start), begins(Venue.city, start)))
        if filters.get("city") is not None:
            query = query.where(func.lower(Venue.city) == func.lower(filters["city"]))
        if filters.get("country") is not None:
            query = query.where(Venue.country == filters["country"])
        if filters.get("min_capacity") is not None:
            query = query.where(or_(Venue.capacity >= filters["min_capacity"], Venue.capacity.is_(None)))
        return fetch(self.session, query, ORDERINGS[filters.get("ordering", "name")], paging)

    def create(self, new: Mapping[str, Any], actor: Actor) -> Venue:
        """Make a venue, which belongs to the actor."""
        now = self.clock.now()
        venue = Venue(**_storable(new), created_by_id=actor.user_id, created_at=now, updated_at=now)
        self.session.add(venue)
        self.session.flush()
        return venue

    def update(
        self, venue_id: int, changes: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> Venue:
        """Change a venue. Raises `NotFound`, `Denied`, `VersionMismatch`, and what the events held there refuse with."""
        venue = self._own(venue_id, actor, expected)
        before = [getattr(venue, name) for name in SHOWN_IN_EVENTS]
        for name, value in _storable(changes).items():
            setattr(venue, name, value)
        venue.updated_at = self.clock.now()
        self.session.flush()
        if before != [getattr(venue, name) for name in SHOWN_IN_EVENTS]:
            self.announce(VenueChanged(venue.id))
        return venue

    def delete(self, venue_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Delete a venue. Raises `NotFound`, `Denied`, `VersionMismatch`, and `InUse` while events are held there."""
        venue = self._own(venue_id, actor, expected)
        try:
            with self.session.begin_nested():
                self.session.delete(venue)
        except IntegrityError:
            raise InUse("There are events at this venue.") from None

    def disown(self, user_ids: Sequence[int]) -> None:
        """Leave the venues of these users to staff, before somebody else can get one of these ids."""
        self.session.execute(
            update(Venue)
            .where(Venue.created_by_id.in_(user_ids))
            .values(created_by_id=None, version=Venue.version + 1, updated_at=self.clock.now())
        )

    def _own(self, venue_id: int, actor: Actor, expected: Collection[int] | None) -> Venue:
        venue = self.get(venue_id)
        if not actor.owns(venue.created_by_id):
            raise Denied("Only staff and whoever made the venue may change it.")
        require_version(venue.version, expected)
        return venue
