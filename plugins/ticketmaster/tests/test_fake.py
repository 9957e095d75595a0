"""The fake: it behaves as Ticketmaster does where the plugin relies on it, and goes wrong as it is told to."""

import json
import subprocess
import sys
import time
from datetime import UTC, date, datetime

import httpx2
import pytest

from turnout_ticketmaster.fake import LANTERN_PARADE, FakeTicketmaster
from turnout_ticketmaster.fake.programme import ODD


@pytest.fixture
def ask(ticketmaster):
    """Return what asks the fake."""
    with httpx2.Client(trust_env=False) as client:

        def ask(path="/events.json", by=ticketmaster, **query):
            named = {name.replace("_", "."): value for name, value in query.items()}
            return client.get(f"{by.url}/discovery/v2{path}", params={"apikey": "fake-key"} | named)

        yield ask


def ids(answer):
    return [event["id"] for event in answer.json().get("_embedded", {}).get("events", [])]


def error(answer):
    (said,) = answer.json()["errors"]
    assert said["status"] == str(answer.status_code)
    return answer.status_code, said["code"]


def fault(answer):
    return answer.status_code, answer.json()["fault"]["detail"]["errorcode"]


def test_the_same_day_has_the_same_programme(ticketmaster, make_fake):
    again, later = make_fake(), make_fake(today=date(2027, 6, 1))
    for event_id in ticketmaster.ids:
        one, other = (json.dumps(fake.document(event_id)).replace(fake.url, "") for fake in (ticketmaster, again))
        assert one == other
    assert ticketmaster.document("TMf000001")["dates"] != later.document("TMf000001")["dates"]


def test_an_event_has_what_the_documentation_shows(ticketmaster):
    event = ticketmaster.document(LANTERN_PARADE)
    assert event["dates"]["start"] == {
        "localDate": "2027-03-31",
        "localTime": "20:00:00",
        "dateTime": "2027-04-01T03:00:00Z",
        "dateTBD": False,
        "dateTBA": False,
        "timeTBA": False,
        "noSpecificTime": False,
    }
    (place,) = event["_embedded"]["venues"]
    assert place["location"] == {"longitude": "-121.49", "latitude": "38.58"}
    assert event["classifications"][0]["segment"]["name"] == "Music"
    assert set(event["priceRanges"][0]) == {"type", "currency", "min", "max"}


def test_every_odd_kind_of_event_is_there(ticketmaster):
    kinds = {ticketmaster.programme.get(event_id).kind for event_id in ticketmaster.ids}
    assert kinds == {"plain", "test", *ODD}


def test_pages(ask):
    first = ask(sort="date,asc").json()
    assert first["page"] == {"size": 20, "totalElements": 309, "totalPages": 16, "number": 0}
    assert len(first["_embedded"]["events"]) == 20
    assert ask(size=200, page=1, sort="date,asc").json()["page"]["number"] == 1
    assert len(ids(ask(size=200, page=1))) == 109
    past = ask(size=200, page=2).json()
    assert "_embedded" not in past
    assert past["page"]["totalElements"] == 309


def test_paging_has_a_depth(ask):
    assert ask(size=200, page=4).status_code == 200
    assert error(ask(size=200, page=5)) == (400, "DIS1035")
    assert ask(size=150, page=6).status_code == 200
    assert error(ask(size=150, page=7)) == (400, "DIS1035")


@pytest.mark.parametrize(
    "query",
    [
        {"size": "201"},
        {"size": "0"},
        {"size": "-1"},
        {"page": "x"},
        {"sort": "size"},
        {"startDateTime": "2027-03-01"},
        {"endDateTime": "soon"},
        {"includeTBA": "maybe"},
    ],
    ids=str,
)
def test_odd_questions_are_refused(ask, query):
    assert error(ask(**query))[0] == 400


def test_filters(ask, ticketmaster):
    assert ids(ask(keyword="lantern parade")) == [LANTERN_PARADE]
    for name, value, member in (
        ("city", "berlin", "city"),
        ("countryCode", "JP", "country"),
        ("stateCode", "CA", "state"),
    ):
        found = ids(ask(size=200, **{name: value}))
        assert found
        cities = {ticketmaster.programme.get(event_id).city for event_id in found}
        assert {value.casefold()} == {
            {"city": city.name, "country": city.country_code, "state": city.state_code}[member].casefold()
            for city in cities
        }
    assert set(ids(ask(classificationName="Fado", size=200))) < set(ids(ask(classificationName="music", size=200)))
    assert LANTERN_PARADE in ids(ask(venueId="KovV0000", size=200))
    assert "_embedded" not in ask(city="Nowhere").json()


def test_dates_and_sorting(ask):
    found = ids(ask(startDateTime="2027-04-01T03:00:00Z", endDateTime="2027-04-01T03:00:00Z"))
    assert found == [LANTERN_PARADE]
    assert ids(ask(sort="date,asc", size=200)) != ids(ask(sort="date,desc", size=200))
    assert ids(ask(sort="date,desc", size=1)) == ["TMf000299"]
    names = [event["name"] for event in ask(sort="name,asc", size=50).json()["_embedded"]["events"]]
    assert names == sorted(names)


def test_what_is_not_sure_is_asked_for(ask, ticketmaster):
    def kinds(**query):
        return {
            ticketmaster.programme.get(event_id).kind
            for page in (0, 1)
            for event_id in ids(ask(size=200, page=page, **query))
        }

    assert {"date_tba", "time_tba", "date_tbd"} < kinds()
    assert not {"date_tba", "time_tba", "date_tbd", "test"} & kinds(startDateTime="2027-03-01T00:00:00Z")
    assert kinds(includeTBD="only") == {"date_tbd"}
    assert kinds(includeTest="only") == {"test"}
    assert kinds(includeTBA="no") & {"date_tba", "time_tba"} == set()


def test_one_event(ask):
    assert ask(f"/events/{LANTERN_PARADE}.json").json()["name"] == "Lantern Parade"
    assert error(ask("/events/unknown.json")) == (404, "DIS1004")
    assert error(ask("/elsewhere.json")) == (404, "DIS1004")


def test_venues_and_classifications(ask):
    assert ask("/venues.json", keyword="memorial").json()["_embedded"]["venues"][0]["id"] == "KovV0000"
    assert ask("/venues/KovV0000.json").json()["name"] == "Memorial Auditorium"
    assert error(ask("/venues/unknown.json")) == (404, "DIS1004")
    assert len(ask("/classifications.json").json()["_embedded"]["classifications"]) == 12
    assert error(ask("/venues.json", size="x"))[0] == 400


def test_keys(ask, ticketmaster):
    assert fault(ask(apikey="wrong")) == (401, "oauth.v2.InvalidApiKey")
    ticketmaster.revoke_key()
    assert fault(ask()) == (401, "oauth.v2.InvalidApiKey")


def test_limits(ask, make_fake):
    now = [datetime(2027, 3, 1, 23, 0, tzinfo=UTC).timestamp()]
    fake = make_fake(now=lambda: now[0])
    fake.limits.per_second, fake.limits.per_day = 2, 4
    assert [ask(by=fake).status_code for _ in range(3)] == [200, 200, 429]
    assert fault(ask(by=fake)) == (429, "policies.ratelimit.SpikeArrestViolation")
    now[0] += 1
    spent = ask(by=fake)
    assert fault(spent) == (429, "policies.ratelimit.QuotaViolation")
    assert {name: value for name, value in spent.headers.items() if name.startswith("rate-limit")} == {
        "rate-limit": "4",
        "rate-limit-available": "0",
        "rate-limit-over": "1",
        "rate-limit-reset": str(int(datetime(2027, 3, 2, tzinfo=UTC).timestamp() * 1000)),
    }
    now[0] += 3600
    assert ask(by=fake).headers["Rate-Limit-Available"] == "3"


def test_what_tests_do_to_it(ask, ticketmaster):
    ticketmaster.change(LANTERN_PARADE, name="Another", dates={"status": {"code": "postponed"}})
    changed = ask(f"/events/{LANTERN_PARADE}.json").json()
    assert (changed["name"], changed["dates"]["status"]["code"]) == ("Another", "postponed")
    assert changed["dates"]["start"]["localDate"] == "2027-03-31"
    ticketmaster.move(LANTERN_PARADE, datetime(2027, 8, 1, 20, tzinfo=UTC))
    assert ids(ask(startDateTime="2027-08-01T20:00:00Z", endDateTime="2027-08-01T20:00:00Z")) == [LANTERN_PARADE]
    ticketmaster.mangle(LANTERN_PARADE, ["odd"])
    assert ask(keyword="lantern").json()["_embedded"]["events"] == [["odd"]]
    ticketmaster.remove(LANTERN_PARADE)
    assert error(ask(f"/events/{LANTERN_PARADE}.json")) == (404, "DIS1004")
    for do in (ticketmaster.cancel, ticketmaster.remove, ticketmaster.change):
        with pytest.raises(KeyError):
            do("unknown")


def test_pictures_and_pages(ticketmaster):
    event = ticketmaster.document(LANTERN_PARADE)
    with httpx2.Client(trust_env=False) as client:
        picture = client.get(event["images"][0]["url"])
        assert picture.headers["Content-Type"] == "image/svg+xml"
        assert picture.text.startswith("<svg")
        assert "Lantern Parade" in client.get(event["url"]).text
        assert client.get(f"{ticketmaster.url}/event/unknown").status_code == 404
        assert client.get(f"{ticketmaster.url}/").status_code == 404
    assert not ticketmaster.calls


def test_many_events_are_quick(ask, make_fake):
    begun = time.monotonic()
    fake = make_fake(many=10_000, days=100)
    assert time.monotonic() - begun < 5
    assert len(fake.ids) == 10_010
    begun = time.monotonic()
    for page in range(5):
        answer = ask(by=fake, size=200, page=page, sort="date,asc", startDateTime="2027-03-20T00:00:00Z")
        assert len(ids(answer)) == 200
    assert time.monotonic() - begun < 3


def test_it_needs_no_tests_to_be_imported():
    program = "import sys, turnout_ticketmaster.fake.__main__; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=False).returncode == 0  # noqa: S603


def test_it_runs_by_hand():
    program = [sys.executable, "-W", "ignore", "-m", "turnout_ticketmaster.fake", "--events", "20", "--key", "mine"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        said = dict(process.stdout.readline().strip().split(" = ") for _ in range(2))
        try:
            answer = httpx2.get(f"{said['ticketmaster.base_url']}/events.json?apikey=mine", trust_env=False)
            assert answer.json()["page"]["totalElements"] == 29
        finally:
            process.terminate()


def test_a_fake_begins_today():
    today = datetime(2028, 5, 6, 7, tzinfo=UTC)
    with FakeTicketmaster(now=today.timestamp) as fake:
        assert fake.document(LANTERN_PARADE)["dates"]["start"]["localDate"] == "2028-06-05"
