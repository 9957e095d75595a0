import pytest

from turnout.events.services import EventCatalog, EventService
from turnout.pools.services import PoolService
from turnout.taxonomy.services import CategoryService, TagService
from turnout.ticket_types.services import TicketTypeService
from turnout.venues.services import VenueService


@pytest.fixture
def organizer(make):
    return make.organizer(first_name="Inês", last_name="Prado", username="ines")


@pytest.fixture
def client(api, organizer):
    """The API as the organizer uses it."""
    return api.as_(organizer)


@pytest.fixture
def announced():
    """What the services have announced."""
    return []


@pytest.fixture
def ticket_types(application, session, clock):
    return TicketTypeService(session, clock, PoolService(session, application.registry.claim_sources))


@pytest.fixture
def events(application, session, clock, announced, ticket_types):
    return EventService(
        session,
        clock,
        announced.append,
        application.registry.settings,
        ticket_types.pools,
        ticket_types,
        VenueService(session, clock, announced.append),
        CategoryService(session, clock),
        TagService(session, clock),
    )


@pytest.fixture
def catalog(session, clock, ticket_types):
    return EventCatalog(session, clock, ticket_types)
