import pytest
from sqlalchemy import select

from turnout.audit.models import AuditEntry
from turnout.events.extensions import EventExtensions
from turnout.events.services import EventCatalog, EventService
from turnout.events.switches import EventSwitches
from turnout.images.services import ImageAddresses, MediaRoot
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
    return TicketTypeService(
        session, clock, lambda _event: None, PoolService(session, application.registry.claim_sources)
    )


@pytest.fixture
def switches():
    """The switches where no plugin can be switched."""
    return EventSwitches({})


@pytest.fixture
def extensions(switches):
    """The extensions where no plugin adds any."""
    return EventExtensions({}, switches, None)


@pytest.fixture
def events(application, session, clock, announced, ticket_types, switches, extensions):
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
        switches,
        extensions,
        ImageAddresses(session, MediaRoot("/media")),
    )


@pytest.fixture
def catalog(session, clock, ticket_types, switches, extensions):
    return EventCatalog(
        session, clock, ticket_types, switches, extensions, ImageAddresses(session, MediaRoot("/media"))
    )


@pytest.fixture
def staff(browser):
    return browser.as_role("staff")


@pytest.fixture
def mine(browser, organizer):
    """The browser of the organizer."""
    return browser.as_(organizer)


@pytest.fixture
def entries(session):
    """What was noted in the audit log."""

    def entries():
        query = select(AuditEntry).where(AuditEntry.source == "admin").order_by(AuditEntry.id)
        return [(entry.action, entry.subject, entry.subject_id) for entry in session.scalars(query)]

    return entries
