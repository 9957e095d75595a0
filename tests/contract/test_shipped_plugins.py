"""The plugins of this repository together, and each of them taken away from the others after it was used."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from turnout.pools.services import PoolService
from turnout.system import system_request
from turnout.testing.applications import Application
from turnout.testing.browsers import Browser
from turnout.testing.clients import Api
from turnout.testing.factories import Make
from turnout.testing.outbox import Steps

ALL = ("reviews", "waitlist", "payments", "stripe", "paypal", "external_events", "ticketmaster", "seatgeek")
REQUIRES = {
    "stripe": {"payments"},
    "paypal": {"payments"},
    "ticketmaster": {"external_events"},
    "seatgeek": {"external_events"},
}
CALENDAR = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//example//EN\r
BEGIN:VEVENT\r
UID:lantern@example.com\r
DTSTAMP:20270101T000000Z\r
DTSTART:20270601T190000Z\r
SUMMARY:Lantern Parade\r
END:VEVENT\r
END:VCALENDAR\r
"""
PLUGINS = Path(__file__).parents[2] / "plugins"
RETURN = "https://shop.example.com/thanks"


@pytest.mark.parametrize("plugin", ALL)
def test_each_proves_that_it_keeps_to_what_all_do(plugin):
    path = PLUGINS / plugin.replace("_", "-") / "tests" / "test_conformance.py"
    assert f'    plugin = "{plugin}"\n' in path.read_text("utf-8")


def without(plugin):
    """Return the plugins that are left when one is taken away, with those that cannot be without it."""
    return tuple(name for name in ALL if name != plugin and plugin not in REQUIRES.get(name, ()))


class World:
    """The application with some plugins, on a database that others have used before."""

    def __init__(self, url, folder, plugins):
        settings = {"turnout.plugins": " ".join(plugins), "payments.allow_test": "true"}
        self.application = Application(url, folder, None, **settings)
        self.session = Session(self.application.engine, expire_on_commit=False)
        self.api = Api(self.application, self.session)
        self.make = Make(self.session, self.application.registry.clock)
        self.browser = Browser(self.application, self.session)
        self.outbox = Steps(self.application, self.session)

    def close(self):
        self.session.close()
        self.application.close()


@pytest.fixture
def world(workshop, database, tmp_path):
    """Return what starts the application with some plugins, on one database with the tables of all."""
    url, opened = workshop.fresh(database, plugins=" ".join(ALL)), []

    def world(*plugins):
        for one in opened:
            one.close()
        opened.append(World(url, tmp_path, plugins))
        return opened[-1]

    yield world
    for one in opened:
        one.close()
    workshop.databases(database).drop(url)


def use(world, *, is_paid, is_waited_for):
    """Do with an event what people do, as far as the plugins go; return its id."""
    make, api = world.make, world.api
    organizer, first, second = make.organizer(), make.user(), make.user()
    event = make.event(organizer=organizer, price="10.00", capacity=1)
    buyer, waiting, staff = api.as_(first), api.as_(second), api.as_role("staff")
    booking = buyer.post("/bookings", {"event_id": event.id}, status=201).json
    assert booking["status"] == ("pending" if is_paid else "confirmed")
    if is_paid:
        buyer.post(f"/bookings/{booking['id']}/payments", {"provider": "test", "return_url": RETURN}, status=201)
        world.outbox.run()
        staff.post(f"/bookings/{booking['id']}/payments/mark-paid", {}, status=201)
    waiting.post("/bookings", {"event_id": event.id}, status=409)
    if is_waited_for:
        waiting.post(f"/events/{event.id}/waitlist", {"quantity": 1}, status=201)
    world.outbox.run()
    assert buyer.get(f"/bookings/{booking['id']}").json["status"] == "confirmed"
    return event.id


def bring_from_elsewhere(world):
    """Import an event of a calendar; return its id."""
    organizer = world.api.as_(world.make.organizer())
    upload = organizer.send(
        "POST", "/external-events/uploads", CALENDAR, headers={"Content-Type": "text/calendar"}
    ).json
    organizer.post(f"/external-events/uploads/{upload['id']}/import", {})
    world.outbox.run()
    [event] = organizer.get("/events", search="lantern").json["results"]
    assert event["extensions"]["external_events"]["provider"] == "ical"
    return event["id"]


def look_around(world, event_id):
    """Read whatever shows events and bookings, over the API and in the admin."""
    staff = world.api.as_role("staff")
    for path in (
        "/events",
        f"/events/{event_id}",
        "/bookings",
        f"/events/{event_id}/bookings",
        "/health",
        "/openapi.json",
    ):
        staff.get(path, status=200)
    [booking] = staff.get(f"/events/{event_id}/bookings").json["results"]
    admin = world.browser.as_role("staff")
    for path in ("", "/events", f"/events/{event_id}", f"/bookings/{booking['id']}", "/plugins"):
        admin.get(f"/admin{path}", status=200)


def give_back(world, event_id):
    """Cancel what is booked of an event; return how many places are left then."""
    staff = world.api.as_role("staff")
    for booking in staff.get(f"/events/{event_id}/bookings").json["results"]:
        staff.post(f"/bookings/{booking['id']}/cancel")
    world.outbox.run()
    return staff.get(f"/events/{event_id}/availability").json["seats_available"]


def discrepancies(world):
    world.session.commit()
    with system_request(world.application.router) as request:
        return request.find_service(PoolService).check()


def test_all_of_them_work_together(world):
    together = world(*ALL)
    bring_from_elsewhere(together)
    event_id = use(together, is_paid=True, is_waited_for=True)
    look_around(together, event_id)
    assert give_back(together, event_id) == 0  # it is offered to who waits
    assert discrepancies(together) == []
    assert not together.outbox.dead


@pytest.mark.parametrize("plugin", ALL)
def test_the_rest_works_when_one_is_taken_away(world, plugin):
    together = world(*ALL)
    imported = bring_from_elsewhere(together)
    before = use(together, is_paid=True, is_waited_for=True)
    rest = without(plugin)
    left = world(*rest)
    shown = left.api.get(f"/events/{imported}").json
    assert (shown["sales_state"], "external_events" in shown["extensions"]) == ("elsewhere", "external_events" in rest)
    look_around(left, before)
    after = use(left, is_paid="payments" in rest, is_waited_for="waitlist" in rest)
    look_around(left, after)
    for event_id in (before, after):
        assert give_back(left, event_id) == (0 if "waitlist" in rest else 1)
    assert discrepancies(left) == []
    assert not left.outbox.dead


def test_offers_of_a_list_that_is_taken_away_are_named_and_given_back(world):
    together = world(*ALL)
    event_id = use(together, is_paid=True, is_waited_for=True)
    give_back(together, event_id)
    left = world(*without("waitlist"))
    [found] = discrepancies(left)
    assert (found.taken, found.counted) == (1, 0)
    with system_request(left.application.router) as request:
        assert request.find_service(PoolService).repair([found]) == []
    assert discrepancies(left) == []
    left.api.as_(left.make.user()).post("/bookings", {"event_id": event_id}, status=201)


@pytest.mark.parametrize("plugin", ["waitlist", "payments", "stripe", "paypal", "external_events"])
def test_nothing_of_it_is_in_the_api_without_it(world, plugin):
    paths = {
        name: world(*plugins).api.get("/openapi.json").json["paths"]
        for name, plugins in (("all", ALL), ("rest", without(plugin)))
    }
    own = {"waitlist": "waitlist", "payments": "payments", "external_events": "external-events"}.get(plugin)
    assert own is None or any(own in path for path in paths["all"])
    assert not any(own in path for path in paths["rest"] if own)
