"""The fake: it behaves as SeatGeek does where the plugin relies on it, and goes wrong as it is told to."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx2
import pytest

from turnout_seatgeek.fake import ERROR, LANTERN_PARADE, ODD, FakeSeatGeek
from turnout_seatgeek.fake.cases import next_change

PARADE = str(LANTERN_PARADE)


@pytest.fixture
def get(seatgeek):
    """Return what asks the fake, and gives the answer."""
    with httpx2.Client(base_url=f"{seatgeek.url}/2", trust_env=False) as client:

        def get(path, **query):
            asked = {"client_id": "fake-client"} | {name.replace("__", "."): value for name, value in query.items()}
            return client.get(path, params=asked)

        yield get


@pytest.fixture
def find(get):
    """Return what searches, and gives events."""

    def find(**query):
        answer = get("/events", **({"per_page": 100} | query))
        assert answer.status_code == 200, answer.text
        return answer.json()["events"]

    return find


def refusal(answer):
    document = answer.json()
    assert set(document) == {"status", "message", "meta"}
    assert document["status"] == document["meta"]["status"] == answer.status_code
    return answer.status_code, document["message"]


def test_an_event_has_what_the_documentation_says(get):
    event = get(f"/events/{PARADE}").json()
    assert event["title"] == "Lantern Parade"
    assert (event["datetime_local"], event["datetime_utc"]) == ("2026-10-01T20:00:00", "2026-10-02T03:00:00")
    assert event["venue"]["name"] == "Memorial Auditorium"
    assert (event["venue"]["city"], event["venue"]["state"], event["venue"]["country"]) == ("Sacramento", "CA", "US")
    assert event["taxonomies"] == [{"id": 2000000, "name": "concert", "parent_id": None}]
    assert event["performers"][0]["primary"] is True


def test_wall_clocks_and_utc_agree(find):
    odd = {ODD["wall clock and UTC at odds"], ODD["only the wall clock"], ODD["only the wall clock, and no zone"]}
    events = [event for page in (1, 2, 3) for event in find(page=page)]
    assert len(events) == 300
    checked = 0
    for event in events:
        zone = (event["venue"] or {}).get("timezone")
        if event["id"] in odd or zone is None:
            continue
        utc = datetime.fromisoformat(event["datetime_utc"]).replace(tzinfo=UTC)
        assert utc.astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat() == event["datetime_local"], event["id"]
        checked += 1
    assert checked > 290


def test_events_are_the_same_for_the_same_day(seatgeek):
    with FakeSeatGeek(today=date(2026, 9, 1)) as other:
        for event_id in (LANTERN_PARADE, LANTERN_PARADE + 100, LANTERN_PARADE + 299):
            ours, theirs = (str(fake.catalog.event(event_id)).replace(fake.url, "") for fake in (seatgeek, other))
            assert ours == theirs


def test_all_are_ahead_and_varied(find):
    events = [event for page in (1, 2, 3) for event in find(page=page)]
    assert min(event["datetime_local"] for event in events) > "2026-09-01"
    assert max(event["datetime_local"] for event in events) < "2027-10"
    assert len({event["title"] for event in events}) > 150
    cities = {event["venue"]["city"] for event in events if event["venue"]}
    assert {"Sacramento", "Berlin", "Lisbon", "Brasilia", "Tokyo"} <= cities
    assert len({event["type"] for event in events}) == 8


def test_many_events_cost_no_more_than_their_page():
    with FakeSeatGeek(today=date(2026, 9, 1), many=5000) as many:
        ask = f"{many.url}/2/events?client_id=fake-client&per_page=100"
        assert httpx2.get(f"{ask}&page=50").json()["meta"]["total"] == 5000
        built = []
        make = many.catalog._programme.event
        many.catalog._programme.event = lambda number: built.append(number) or make(number)
        found = httpx2.get(f"{ask}&page=42&datetime_utc.gte=2026-09-02").json()
        assert len(found["events"]) == len(built) == 100


# Searching


PARADES = [
    {"q": "LANTERN parade"},
    {"q": "auditorium lantern"},
    {"id": PARADE},
    {"q": "lantern parade", "venue__city": "sacramento"},
    {"q": "lantern parade", "venue__state": "ca", "venue__country": "US", "venue__postal_code": "95814"},
    {"q": "lantern parade", "venue__id": "55001", "type": "concert"},
    {"q": "lantern parade", "taxonomies__name": "concert"},
    {"q": "lantern parade", "taxonomies__id": "2000000"},
    {"performers__slug": "lantern-parade"},
    {"datetime_utc": "2026-10-02T03:00:00"},
    {"q": "lantern parade", "datetime_utc__gte": "2026-10-02T03:00:00", "datetime_utc__lte": "2026-10-02T03:00:00"},
    {"q": "lantern parade", "datetime_local__gte": "2026-10-01", "datetime_local__lt": "2026-10-02"},
    {"q": "lantern parade", "sort": "id.desc"},
]


def test_the_parade_is_found(find):
    for query in PARADES:
        assert PARADE in {str(event["id"]) for event in find(**query)}, query


NO_PARADES = [
    {"q": "lantern charade"},
    {"id": "7"},
    {"q": "lantern parade", "venue__city": "Berlin"},
    {"q": "lantern parade", "venue__country": "Germany"},
    {"q": "lantern parade", "taxonomies__name": "sports"},
    {"q": "lantern parade", "type": "comedy"},
    {"q": "lantern parade", "datetime_utc__gt": "2026-10-02T03:00:00"},
    {"q": "lantern parade", "datetime_utc__gte": "2026-10-02T03:00:01"},
    {"q": "lantern parade", "datetime_utc__lt": "2026-10-02T03:00:00"},
    {"q": "lantern parade", "datetime_local__lte": "2026-10-01T19:59:59"},
    {"q": "lantern parade", "page": 2},
]


def test_the_parade_is_not_found(find):
    for query in NO_PARADES:
        assert find(**query) == [], query


def test_sorted_and_in_pages(get, find):
    ids = [event["id"] for event in find(sort="id.asc")]
    assert ids == list(range(LANTERN_PARADE, LANTERN_PARADE + 100))
    assert [event["id"] for event in find(sort="id.desc", per_page=3)] == [LANTERN_PARADE + n for n in (299, 298, 297)]
    document = get("/events").json()
    assert len(document["events"]) == 10
    assert document["meta"] == {"total": 300, "took": 1, "page": 1, "per_page": 10, "geolocation": None}


BAD_QUESTIONS = [
    {"datetime_local__lt": "2026-10-01T00:00:00Z"},
    {"datetime_utc__gte": "2026-10-01T00:00:00+00:00"},
    {"datetime_utc__gte": "soon"},
    {"page": "0"},
    {"page": "x"},
    {"per_page": "101"},
    {"sort": "datetime_utc"},
    {"sort": "title.asc"},
]


def test_questions_that_are_refused(get):
    for query in BAD_QUESTIONS:
        assert refusal(get("/events", **query))[0] == 400, query


# Refusals


def test_only_those_who_are_known_are_answered(get, seatgeek):
    assert refusal(get("/events", client_id="somebody"))[0] == 403
    assert refusal(get("/events", client_secret="wrong"))[0] == 403
    assert get("/events", client_secret="fake-secret").status_code == 200
    seatgeek.revoke_key()
    assert refusal(get("/events"))[0] == 403
    assert httpx2.get(f"{seatgeek.url}/2/events").status_code == 403


@pytest.mark.parametrize("path", ["/events/7", "/events/x", "/events/7000001/x", "/nothing"])
def test_what_is_not_there(get, path):
    assert refusal(get(path)) == (404, "Not found.")


def test_how_often_it_may_be_asked():
    moment = datetime(2026, 9, 1, 23, 0, tzinfo=UTC)
    with FakeSeatGeek(now=lambda: moment.timestamp()) as fake:
        fake.limits.per_second, fake.limits.per_day = 2, 4

        def ask():
            answer = httpx2.get(f"{fake.url}/2/events/{PARADE}?client_id=fake-client")
            return answer.status_code, answer.headers.get("Retry-After")

        assert [ask(), ask(), ask()] == [(200, None), (200, None), (429, "1")]
        moment += timedelta(seconds=1)
        assert [ask(), ask()] == [(200, None), (429, "3599")]
        moment += timedelta(seconds=3599)
        assert ask() == (200, None)


def test_it_fails_as_it_is_told_to(get, seatgeek):
    seatgeek.faults.every, seatgeek.faults.kinds = 2, (ERROR,)
    assert [get("/events").status_code for _ in range(4)] == [200, 500, 200, 500]


# What becomes of events


def test_events_change(seatgeek, get, find):
    seatgeek.change(LANTERN_PARADE, datetime_utc="2026-09-01T12:00:00", venue={"city": "Berlin"})
    first = find(per_page=1)[0]
    assert (first["id"], first["venue"]["city"], first["venue"]["state"]) == (LANTERN_PARADE, "Berlin", "CA")
    assert [event["id"] for event in find(q="lantern parade", venue__city="Berlin")] == [LANTERN_PARADE]
    seatgeek.cancel(LANTERN_PARADE)
    assert get(f"/events/{PARADE}").json()["status"] == "cancelled"
    seatgeek.mangle(LANTERN_PARADE, ["no event"])
    assert get(f"/events/{PARADE}").json() == ["no event"]
    assert find(q="lantern parade") == [["no event"]]
    seatgeek.remove(LANTERN_PARADE)
    assert get(f"/events/{PARADE}").status_code == 404
    assert find(q="lantern parade") == []
    for change in (seatgeek.cancel, seatgeek.remove, lambda event_id: seatgeek.mangle(event_id, None)):
        with pytest.raises(KeyError):
            change(LANTERN_PARADE)


def test_clocks_change():
    assert next_change("Europe/Berlin", date(2026, 9, 1), forward=False) == date(2026, 10, 25)
    assert next_change("America/Los_Angeles", date(2026, 9, 1), forward=True) == date(2027, 3, 14)


# By hand


def test_pages_and_pictures(seatgeek, get):
    event = get("/events/" + str(ODD["a description in HTML"])).json()
    page = httpx2.get(event["url"])
    assert "<h1>Salt &amp; Thunder</h1>" in page.text
    picture = httpx2.get(event["performers"][0]["image"])
    assert picture.headers["Content-Type"] == "image/svg+xml"
    assert "Salt Thunder" in picture.text
    assert httpx2.get(f"{seatgeek.url}/e/7").status_code == httpx2.get(f"{seatgeek.url}/").status_code == 404


def test_it_runs_by_hand():
    command = [
        sys.executable,
        "-m",
        "turnout_seatgeek.fake",
        "--events",
        "50",
        "--today",
        "2026-09-01",
        "--client",
        "me",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ourselves
        try:
            said = dict(process.stdout.readline().strip().split(" = ") for _ in range(3))
            assert said["seatgeek.client_id"] == "me"
            answer = httpx2.get(f"{said['seatgeek.base_url']}/events?client_id=me&per_page=1")
            assert answer.json()["meta"]["total"] == 50
        finally:
            process.kill()


def test_it_is_imported_without_the_tests_libraries():
    check = "import sys, turnout_seatgeek.fake as f; sys.exit('pytest' in sys.modules or 'hypothesis' in sys.modules)"
    subprocess.run([sys.executable, "-W", "ignore", "-c", check], check=True)  # noqa: S603 - ourselves
