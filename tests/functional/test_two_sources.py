"""One concert is sold at two places that can be searched: it is here once, and while one of them fails, the other answers."""

from datetime import UTC, datetime

import pytest
import turnout_seatgeek.demo
import turnout_seatgeek.fake
import turnout_ticketmaster.demo
import turnout_ticketmaster.fake
from turnout_seatgeek.fake import FakeSeatGeek
from turnout_ticketmaster.fake import FakeTicketmaster

from turnout.testing.fakes import ERROR
from turnout.testing.live import free_port

AT_TICKETMASTER = ("ticketmaster", turnout_ticketmaster.fake.LANTERN_PARADE)
AT_SEATGEEK = ("seatgeek", str(turnout_seatgeek.fake.LANTERN_PARADE))


@pytest.fixture(scope="module")
def plugins():
    return "external_events ticketmaster seatgeek"


@pytest.fixture
def today():
    return datetime.now(UTC).date()


@pytest.fixture
def ticketmaster(today):
    with FakeTicketmaster(today=today) as fake:
        yield fake


@pytest.fixture
def seatgeek(today):
    with FakeSeatGeek(today=today) as fake:
        yield fake


@pytest.fixture
def settings(ticketmaster, seatgeek):
    return ticketmaster.settings() | seatgeek.settings() | {"external_events.cache_minutes": "0"}


@pytest.fixture
def organizer(signed_in):
    return signed_in("olga", is_organizer=True)[0]


def parades(found):
    """Return which events here are those that were found, by source and id there."""
    return {(each["provider"], each["external_id"]): each["imported_event_id"] for each in found["results"]}


def failures(found):
    return {each["provider"]: each["reason"] for each in found["failures"]}


def bring(visitor, identity, status):
    return visitor.post("/external-events/{}/{}/import".format(*identity), {}, status=status)


def test_what_two_sources_have_is_one_event_here(visitor, organizer):
    found = organizer.get("/external-events", query="lantern parade")
    assert parades(found) == {AT_TICKETMASTER: None, AT_SEATGEEK: None}
    assert (found["count"], found["failures"], found["refused"]) == (2, [], [])
    one, other = found["results"]
    assert one["starts_at"] == other["starts_at"]

    event = bring(organizer, AT_TICKETMASTER, 201)
    assert (event["title"], event["starts_at"], event["is_bookable"]) == ("Lantern Parade", one["starts_at"], False)
    assert bring(organizer, AT_SEATGEEK, 200)["id"] == event["id"]
    assert bring(organizer, AT_TICKETMASTER, 200)["id"] == event["id"]

    found = organizer.get("/external-events", query="lantern parade")
    assert parades(found) == {AT_TICKETMASTER: event["id"], AT_SEATGEEK: event["id"]}
    assert [each["id"] for each in visitor.get("/events")["results"]] == [event["id"]]
    assert organizer.get(f"/events/{event['id']}/origin")["provider"] == "ticketmaster"


def test_while_one_fails_the_other_answers(live, visitor, organizer, ticketmaster, seatgeek):
    seatgeek.faults.every, seatgeek.faults.kinds = 1, (ERROR,)
    found = organizer.get("/external-events", query="lantern parade")
    assert list(parades(found)) == [AT_TICKETMASTER]
    assert failures(found) == {"seatgeek": "SeatGeek is out of order: it answered with the status 500."}
    alone = organizer.get("/external-events", provider="seatgeek", query="lantern parade", status=502)
    assert alone["code"] == "source_failed"

    seatgeek.faults.every = 0
    ticketmaster.revoke_key()
    found = organizer.get("/external-events", query="lantern parade")
    assert list(parades(found)) == [AT_SEATGEEK]
    assert failures(found) == {"ticketmaster": "It is not set up here so that it can be asked; staff can see why."}
    assert bring(organizer, AT_TICKETMASTER, 409)["code"] == "source_not_set_up"
    assert visitor.get("/events")["results"] == []

    asked = len(ticketmaster.calls)
    organizer.get("/external-events", query="lantern parade")
    assert len(ticketmaster.calls) == asked  # nobody hammers with a key that was refused
    told = live.log.read_text()
    assert "does not accept ticketmaster.api_key" in told
    assert [
        secret for secret in (ticketmaster.api_key, seatgeek.client_id, seatgeek.client_secret) if secret in told
    ] == []


STARTS = {
    "seatgeek": (turnout_seatgeek.demo.start, FakeSeatGeek, "seatgeek.base_url", "seatgeek.client_id", "/2"),
    "ticketmaster": (
        turnout_ticketmaster.demo.start, FakeTicketmaster, "ticketmaster.base_url", "ticketmaster.api_key", "/discovery/v2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(STARTS))
class TestDemo:
    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
    def test_it_is_where_the_settings_say(self, name, host):
        start, kind, address, key, path = STARTS[name]
        port = free_port()
        with start({address: f"http://{host}:{port}{path}", key: "demo"}) as fake:
            assert isinstance(fake, kind)
            assert (fake.settings()[address], fake.settings()[key]) == (f"http://127.0.0.1:{port}{path}", "demo")

    @pytest.mark.parametrize(
        "base_url",
        [
            "http://localhost",
            "https://api.example.com:6544/2",
            "https://api.example.com/2",
            "https://localhost.example.com:6544",
        ],
    )
    def test_where_the_settings_name_others_there_is_none(self, name, base_url):
        start, _, address, key, _ = STARTS[name]
        assert start({address: base_url, key: "demo"}) is None

    def test_without_a_key_there_is_none(self, name):
        start, _, address, key, path = STARTS[name]
        assert start({address: f"http://127.0.0.1:{free_port()}{path}", key: ""}) is None

    def test_where_its_port_is_taken_that_is_said(self, name):
        start, kind, address, key, _ = STARTS[name]
        with kind() as there, pytest.raises(OSError, match="in use"):
            start({address: there.settings()[address], key: "demo"})
