"""Which venue here a venue of a source is: the one that it was before, one of its name in its city, or a new one."""

from sqlalchemy import func, select
from turnout.plugin import Actor, Session
from turnout.venues.models import Venue
from turnout.venues.services import VenueService

from turnout_external_events.models import KnownVenue
from turnout_external_events.sources.contract import ExternalVenue
from turnout_external_events.sources.reading import zone_of_country


class VenueMatcher:
    """Finds the venues of events from elsewhere, and makes those that are missing."""

    def __init__(self, session: Session, venues: VenueService) -> None:
        self.session = session
        self.venues = venues
        self._found: dict[tuple[str, ExternalVenue], Venue] = {}

    def match(self, provider: str, external: ExternalVenue, *, actor: Actor) -> Venue | None:
        """Return the venue; None for a place of which too little is said for a venue: its city and country must be known."""
        key = provider, external
        # What a savepoint undid is no part of the session any more.
        if key not in self._found or self._found[key] not in self.session:
            venue = self._known(provider, external.id)
            if venue is None:
                venue = self._alike(external) or self._made(external, actor)
                self._remember(provider, external.id, venue)
            if venue is None:
                return None
            self._found[key] = venue
        return self._found[key]

    def _known(self, provider: str, external_id: str | None) -> Venue | None:
        if external_id is None:
            return None
        return self.session.scalar(
            select(Venue)
            .join(KnownVenue, KnownVenue.venue_id == Venue.id)
            .where(KnownVenue.provider == provider, KnownVenue.external_id == external_id)
        )

    def _alike(self, external: ExternalVenue) -> Venue | None:
        if not external.city:
            return None
        query = select(Venue).where(
            func.lower(Venue.name) == func.lower(external.name), func.lower(Venue.city) == func.lower(external.city)
        )
        if external.country is not None:
            query = query.where(Venue.country == external.country)
        return self.session.scalar(query.order_by(Venue.id).limit(1))

    def _made(self, external: ExternalVenue, actor: Actor) -> Venue | None:
        if not external.city or external.country is None:
            return None
        new = {
            "name": external.name,
            "address": external.address,
            "city": external.city,
            "country": external.country,
            # How many a hall holds is no promise of how many places are sold; whoever knows it may say it.
            "capacity": None,
            "timezone": external.timezone or zone_of_country(external.country) or "UTC",
        }
        return self.venues.create(new, actor)

    def _remember(self, provider: str, external_id: str | None, venue: Venue | None) -> None:
        if external_id is not None and venue is not None:
            self.session.add(KnownVenue(provider=provider, external_id=external_id, venue_id=venue.id))
            self.session.flush()
