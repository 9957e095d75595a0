"""PostgreSQL's plans for the statements that lists really send: an index for every filter and every ordering."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import Connection, event, select, text
from sqlalchemy.orm import Session

from turnout.attendees.services import AttendeeService
from turnout.bookings.extensions import BookingExtensions
from turnout.bookings.services import BookingCatalog, BookingService, BoxOffice
from turnout.check_ins.services import ORDERINGS as ORDERINGS_AT_THE_DOOR
from turnout.check_ins.services import CheckInService
from turnout.db import make_engine
from turnout.events.models import Event
from turnout.events.services import EventCatalog
from turnout.images.services import ImageAddresses, MediaRoot
from turnout.messages.services import GuestService, Occasion
from turnout.messages.tasks import due_for_reminder
from turnout.paging import Paging
from turnout.pools.services import PoolService
from turnout.security.actors import SYSTEM, Actor
from turnout.testing.clocks import ManualClock
from turnout.ticket_types.services import TicketTypeService
from turnout.users.models import User

pytestmark = [pytest.mark.postgresql, pytest.mark.slow]

NOTHING = dict.fromkeys(
    ("search", "date_from", "date_to", "venue", "location", "country", "category", "tags", "organizer", "min_price",
     "max_price"),
) | {"available_only": False, "upcoming_only": False, "status": "published", "ordering": "starts_at"}  # fmt: skip
START = datetime(2027, 3, 1, 12, tzinfo=UTC)
DATA = (
    """INSERT INTO users (id, username, email, password_hash, first_name, last_name, phone, address, bio, preferences,
        is_organizer, wants_to_organize, is_staff, is_superuser, is_active, created_at, updated_at, version)
       SELECT n, 'user' || n, 'user' || n || '@example.com', '', 'Ada', 'Example', '', '', '', '{}', true, false, false,
        false, true, now(), now(), 1 FROM generate_series(1, 400) n""",
    """INSERT INTO venues (id, name, address, city, country, capacity, facilities, timezone, created_at, updated_at, version)
       SELECT n, 'Hall ' || n, n || ' Street', 'City ' || n % 50, (ARRAY['PT','ES','FR','DE','IT'])[1 + n % 5], 1000, '[]',
        'UTC', now(), now(), 1 FROM generate_series(1, 500) n""",
    """INSERT INTO categories (id, name, slug, description, created_at, updated_at, version)
       SELECT n, 'Category ' || n, 'category-' || n, '', now(), now(), 1 FROM generate_series(1, 20) n""",
    """INSERT INTO tags (id, name, slug, description, created_at, updated_at, version)
       SELECT n, 'Tag ' || n, 'tag-' || n, '', now(), now(), 1 FROM generate_series(1, 100) n""",
    "INSERT INTO pools (id, capacity, taken, revision) SELECT n, 100, n % 101, 1 FROM generate_series(1, 20000) n",
    """INSERT INTO events (id, pool_id, organizer_id, venue_id, category_id, title, description, location, place, country,
        starts_at, ends_at, timezone, status, currency, price, max_tickets_per_booking, created_at, updated_at, version,
        reminder_hours, remind_at)
       SELECT n, n, 1 + n % 400, 1 + n % 500, 1 + n % 20, 'Title ' || n * 7919 % 20000,
        'Evening number ' || n % 300 || CASE WHEN n % 1000 = 0 THEN ' with a xylophone quartet' ELSE ' with music' END, '',
        'Hall ' || 1 + n % 500 || ', City ' || n % 50, (ARRAY['PT','ES','FR','DE','IT'])[1 + n % 5],
        CAST(:start AS timestamptz) + (n * 104729 % 500 - 100) * interval '1 day',
        CAST(:start AS timestamptz) + (n * 104729 % 500 - 99) * interval '1 day', 'UTC',
        (ARRAY['published','published','published','published','published','published','published','published','draft',
         'cancelled'])[1 + n % 10], 'EUR', n * 31 % 200, 10, CAST(:start AS timestamptz) - n * interval '1 minute', now(), 1,
        24, CAST(:start AS timestamptz) + (n * 104729 % 500 - 101) * interval '1 day'
       FROM generate_series(1, 20000) n""",
    """INSERT INTO ticket_types (event_id, name, description, price, min_per_booking, created_at, updated_at, version)
       SELECT n, 'General admission', '', n * 31 % 200, 1, now(), now(), 1 FROM generate_series(1, 20000) n""",
    """INSERT INTO event_tags (event_id, tag_id)
       SELECT DISTINCT n, 1 + (n * k) % 100 FROM generate_series(1, 20000) n, generate_series(1, 3) k""",
    """INSERT INTO attendees (id, user_id, first_name, last_name, email, phone, created_at, updated_at, version)
       SELECT n, n, 'Ada', 'Example', 'user' || n || '@example.com', '', now(), now(), 1 FROM generate_series(1, 400) n""",
    """INSERT INTO bookings (id, code, event_id, user_id, attendee_id, quantity, total_amount, currency, status, created_at,
        updated_at, version)
       SELECT n, 'C' || n, 1 + n % 20000, 1 + n % 400, 1 + n % 400, 1, 0, 'EUR',
        CASE WHEN n % 10 = 0 THEN 'cancelled' ELSE 'confirmed' END,
        CAST(:start AS timestamptz) - (40000 - n) * interval '20 minutes', now(), 1 FROM generate_series(1, 40000) n""",
    """INSERT INTO tickets (booking_id, ticket_type_id, price, holder_name, holder_email, secret, status)
       SELECT n, 1 + n % 20000, 0, '', '', 'S' || n, 'valid' FROM generate_series(1, 40000) n""",
)


@pytest.fixture(scope="module")
def crowded(workshop) -> Iterator[Connection]:
    """A connection to a database with 20,000 events and 40,000 bookings."""
    url = workshop.fresh("postgresql")
    engine = make_engine(url)
    with engine.begin() as connection:
        for statement in DATA:
            connection.execute(text(statement), {"start": START} if ":start" in statement else {})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    with engine.connect() as connection:
        yield connection
    engine.dispose()
    workshop.databases("postgresql").drop(url)


class Plans:
    """Runs what it is given, and plans again each statement that this sent."""

    def __init__(self, connection: Connection) -> None:
        self.session = Session(connection)
        self.connection = connection
        self.sent = []

    def of(self, action):
        event.listen(self.connection, "before_cursor_execute", self._note)
        try:
            action()
        finally:
            event.remove(self.connection, "before_cursor_execute", self._note)
        raw = self.connection.connection.cursor()
        for statement, parameters in self.sent:
            raw.execute("EXPLAIN (FORMAT JSON) " + statement, parameters)
            yield statement, raw.fetchone()[0][0]["Plan"]

    def _note(self, _connection, _cursor, statement, parameters, _context, _many):
        if not statement.startswith("EXPLAIN"):
            self.sent.append((statement, parameters))


@pytest.fixture
def plans(crowded):
    found = Plans(crowded)
    yield found
    found.session.close()


@pytest.fixture
def door(plans):
    keeper = SimpleNamespace(for_change=lambda *_which, **_who: None)
    return CheckInService(plans.session, ManualClock(START), lambda _event: None, keeper)


@pytest.fixture
def events(plans, switches, extensions):
    clock = ManualClock()
    clock.set(START)
    ticket_types = TicketTypeService(plans.session, clock, lambda _event: None, PoolService(plans.session, {}))
    images = ImageAddresses(plans.session, MediaRoot("/media"))
    return EventCatalog(plans.session, clock, ticket_types, switches, extensions, images)


def nodes(plan):
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def scanned(plan, *tables):
    """Return the tables out of `tables` that the plan reads from one end to the other."""
    return [node["Relation Name"] for node in nodes(plan) if node["Node Type"].endswith("Seq Scan")
            and node["Relation Name"] in tables]  # fmt: skip


def shown(plan):
    return json.dumps(plan, indent=1)


FILTERS = [
    {},
    {"search": "xylophones"},
    {"search": "music"},
    {"date_from": START},
    {"date_to": START},
    {"date_from": START, "date_to": START + timedelta(days=1)},
    {"venue": 7},
    {"location": "hall 77"},
    {"country": "PT"},
    {"category": "category-3"},
    {"category": "3"},
    {"tags": "tag-3"},
    {"tags": "tag-3,tag-4"},
    {"organizer": 9},
    {"min_price": 150},
    {"max_price": 5},
    {"available_only": True},
    {"upcoming_only": True},
    {"status": "cancelled"},
    {"status": "archived"},
    {"status": "draft", "organizer": 9},
    {"status": None},
    {"status": None, "organizer": 9},
    {"status": None, "venue": 7},
    {"status": None, "category": "3"},
    {"country": "PT", "category": "category-3", "available_only": True, "upcoming_only": True, "max_price": 50},
]
LARGE = ("events", "pools", "ticket_types", "event_tags", "bookings", "tickets")
ORDERINGS = [sign + column for column in ("starts_at", "created_at", "title", "price") for sign in ("", "-")]


@pytest.mark.parametrize("ordering", ORDERINGS)
@pytest.mark.parametrize("filters", FILTERS, ids=lambda filters: "&".join(f"{n}={v}" for n, v in filters.items()))
def test_no_filter_and_no_ordering_reads_all_events(plans, events, filters, ordering):
    wanted = NOTHING | filters | {"ordering": ordering}

    for statement, plan in plans.of(lambda: events.find(wanted, Paging(), actor=SYSTEM)):
        assert not scanned(plan, *LARGE), f"{statement}\n{shown(plan)}"


@pytest.mark.parametrize("ordering", ORDERINGS)
@pytest.mark.parametrize("paging", [Paging(page=100), Paging(cursor="")], ids=["pages", "walk"])
def test_a_list_is_read_in_the_order_of_an_index(plans, events, ordering, paging):
    wanted = NOTHING | {"ordering": ordering}
    if paging.cursor is not None:
        paging = Paging(cursor=events.find(wanted, paging, actor=SYSTEM).next_cursor)

    sent = list(plans.of(lambda: events.find(wanted, paging, actor=SYSTEM)))

    for _, plan in sent[:2]:  # of the count and of the page
        used = [node["Index Name"] for node in nodes(plan) if node.get("Index Name", "").startswith("ix_events")]
        # Two indexes hold the published in the order of their start; the planner takes either.
        column = ordering.lstrip("-")
        assert used in ([f"ix_events_public_{column}"], [f"ix_events_status_{column}_id"]), shown(plan)
    if paging.cursor:
        (found,) = [node for node in nodes(sent[1][1]) if node.get("Index Name") == used[0]]
        assert "Index Cond" in found


@pytest.mark.parametrize("actor", [SYSTEM, Actor.of(9, is_organizer=True)], ids=["staff", "organizer"])
def test_what_is_nearly_full_and_all_ticket_types(plans, events, actor):
    def read():
        events.nearly_full(8, actor=actor)
        events.ticket_types.find({}, Paging(), actor=actor)
        events.ticket_types.find({"event": 7}, Paging(), actor=actor)

    for statement, plan in plans.of(read):
        assert not scanned(plan, *LARGE), f"{statement}\n{shown(plan)}"


def test_ones_own_drafts(plans, events):
    organizer = Actor.of(9, is_organizer=True)
    for statement, plan in plans.of(lambda: events.find(NOTHING | {"status": "draft"}, Paging(), actor=organizer)):
        assert not scanned(plan, *LARGE), f"{statement}\n{shown(plan)}"


def test_details_and_availability(plans, events):
    def read():
        events.get(8, actor=SYSTEM)
        events.availability(8, actor=SYSTEM)

    for statement, plan in plans.of(read):
        assert not scanned(plan, *LARGE), f"{statement}\n{shown(plan)}"


@pytest.mark.parametrize("ordering", ["booking_date", "-booking_date"])
@pytest.mark.parametrize(
    "filters",
    [
        {"user": 7},
        {"event": 7},
        {"attendee": 7},
        {"code": "C77"},
        {"user": 7, "status": "cancelled"},
        {"event": 8, "attendee": 7},
        {},
    ],
    ids="&".join,
)
def test_bookings(plans, filters, ordering):
    catalog = BookingCatalog(plans.session, BookingExtensions({}, None))

    for statement, plan in plans.of(lambda: catalog.find(filters | {"ordering": ordering}, Paging())):
        assert not scanned(plan, *LARGE), f"{statement}\n{shown(plan)}"


@pytest.fixture
def box_office(plans):
    clock = ManualClock(START)
    keeper = SimpleNamespace(for_change=lambda *_which, **_who: None)
    ticket_types = TicketTypeService(plans.session, clock, lambda _event: None, PoolService(plans.session, {}))
    return BoxOffice(
        plans.session,
        clock,
        BookingCatalog(plans.session, BookingExtensions({}, None)),
        None,
        keeper,
        ticket_types,
        None,
    )


@pytest.mark.parametrize("ordering", ["booking_date", "-booking_date"])
@pytest.mark.parametrize("actor", [SYSTEM, Actor.of(9, is_organizer=True)], ids=["staff", "organizer"])
@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"event": 7},
        {"user": 7},
        {"attendee": 7},
        {"status": "cancelled"},
        {"status": "pending"},
        {"status": "failed"},
        {"search": "C77"},
        {"search": "user77"},
        {"date_from": START - timedelta(days=30), "date_to": START - timedelta(days=29)},
        {"date_to": START - timedelta(days=1000)},
        {"event": 7, "status": "confirmed", "date_from": START - timedelta(days=30)},
    ],
    ids=str,
)
def test_the_lists_of_the_box_office(plans, box_office, filters, actor, ordering):
    for statement, plan in plans.of(
        lambda: box_office.find(filters | {"ordering": ordering}, Paging(size=25), actor=actor)
    ):
        assert not scanned(plan, *LARGE), f"{statement}\n{shown(plan)}"


@pytest.mark.parametrize("actor", [SYSTEM, Actor.of(9, is_organizer=True)], ids=["staff", "organizer"])
def test_what_the_box_office_counts(plans, box_office, actor):
    days = [START + timedelta(days=number) for number in range(-30, 1)]

    def count():
        box_office.get(8, actor=SYSTEM)
        box_office.counts(8, actor=actor)
        box_office.takings_of(8)
        box_office.takings(days, actor=actor)
        box_office.next_events(10, actor=actor)

    for statement, plan in plans.of(count):
        assert not scanned(plan, *LARGE), f"{statement}\n{shown(plan)}"


@pytest.mark.parametrize("filters", [{}, {"search": "user77"}], ids=str)
def test_whom_an_organizer_knows(plans, box_office, filters):
    def announce(sought):
        sought.found.append(box_office.guests_of(sought.user_id))

    attendees, actor = AttendeeService(plans.session, None, announce, None), Actor.of(9, is_organizer=True)

    def read():
        attendees.find(filters, Paging(size=25), actor=actor, with_known=True)
        attendees.get_known(9, actor=actor)

    for statement, plan in plans.of(read):
        assert not scanned(plan, *LARGE), f"{statement}\n{shown(plan)}"


def test_what_would_be_deleted_with_users(plans):
    bookings = BookingService(plans.session, None, None, None, None, None)
    users = select(User.id).where(User.id == 7)

    for statement, plan in plans.of(lambda: bookings.foresee_deletion(users)):
        assert not scanned(plan, *LARGE), f"{statement}\n{shown(plan)}"


def test_the_guests_of_an_event(plans):
    catalog = BookingCatalog(plans.session, BookingExtensions({}, None))

    for statement, plan in plans.of(lambda: catalog.guests(8, None, Paging())):
        assert not scanned(plan, *LARGE), f"{statement}\n{shown(plan)}"


@pytest.mark.parametrize("ordering", list(ORDERINGS_AT_THE_DOOR))
@pytest.mark.parametrize("filters", [{}, {"checked_in": True}, {"checked_in": False, "search": "ada"}], ids=str)
def test_who_is_expected_at_the_door(plans, door, filters, ordering):
    for statement, plan in plans.of(lambda: door.find(8, filters | {"ordering": ordering}, Paging(), actor=SYSTEM)):
        assert not scanned(plan, *LARGE), f"{statement}\n{shown(plan)}"


def test_checking_in(plans, door):
    def let_in():
        door.check_in(4, "S3", actor=SYSTEM)
        door.undo(4, 3, actor=SYSTEM)
        door.forget([7, 8])

    for statement, plan in plans.of(let_in):
        assert not scanned(plan, *LARGE), f"{statement}\n{shown(plan)}"


def test_events_whose_guests_are_to_be_reminded(plans):
    ((_, plan),) = plans.of(lambda: plans.session.execute(due_for_reminder(START)).all())

    assert "ix_events_public_remind_at" in {node.get("Index Name") for node in nodes(plan)}, shown(plan)
    assert not scanned(plan, *LARGE), shown(plan)


def test_which_images_are_shown(plans):
    shows = Event.image_url.in_([f"/media/{number:064x}.webp" for number in range(500)])
    ((_, plan),) = plans.of(lambda: plans.session.scalars(select(Event.image_url).where(shows).distinct()).all())
    assert "ix_events_image_url" in {node.get("Index Name") for node in nodes(plan)}, shown(plan)


def test_guests_who_are_told(plans):
    occasion = Occasion("event_cancelled", 8, {})
    guests = GuestService(plans.session, SimpleNamespace(send_each=lambda *_letters, **_options: 0))

    for statement, plan in plans.of(lambda: guests.tell_some(occasion)):
        assert not scanned(plan, *LARGE), f"{statement}\n{shown(plan)}"
