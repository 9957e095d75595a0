"""Calendars of events and of organizers over REST."""

import re
from datetime import timedelta

import pytest
from tests.unit.calendars.calendars import entry, parsed, summaries


def test_an_event_is_a_file(api, make, organizer):
    event = make.event(
        organizer=organizer, title='Fado\n"à noite" 🎶', description="First line\r\nsecond; a, b", category=make.category(name="Music"),
        tags=[make.tag(name="Songs"), make.tag(name="Lisbon")], venue=make.venue(name="Teatro"),
    )  # fmt: skip
    response = api.get(f"/events/{event.id}.ics")
    assert response.content_type == "text/calendar"
    assert response.charset.lower() == "utf-8"
    assert response.headers["Content-Disposition"] == f'inline; filename="event-{event.id}.ics"'
    assert response.headers["Cache-Control"] == "public, max-age=300"
    found = entry(response.body)
    assert re.fullmatch(rf"turnout-event-{event.id}-\d{{8}}T\d{{12}}Z", found["uid"])
    assert (found["summary"], found["location"]) == ('Fado "à noite" 🎶', "Teatro, Lisbon")
    assert found["description"] == "First line\nsecond; a, b"
    assert found.categories == ["Music", "Lisbon", "Songs"]
    assert found["url"] == f"http://localhost/api/v1/events/{event.id}"
    assert (found["sequence"], found["status"], found["transp"]) == (event.version, "CONFIRMED", "TRANSPARENT")
    assert (found.decoded("dtstart"), found.decoded("dtend")) == (event.starts_at, event.ends_at)
    assert found["organizer"].params["CN"] == "Inês Prado"
    assert organizer.email not in response.text
    assert parsed(response.body)["method"] == "PUBLISH"


def test_tickets_elsewhere_are_where_the_entry_leads(api, make):
    event = make.event(tickets_url="https://tickets.example.com/fado?a=b,c;d")
    assert entry(api.get(f"/events/{event.id}.ics").body)["url"] == "https://tickets.example.com/fado?a=b,c;d"


@pytest.mark.parametrize(
    ("status", "told"),
    [("archived", "CONFIRMED"), ("cancelled", "CANCELLED"), ("postponed", "TENTATIVE"), ("published", "CONFIRMED")],
)
def test_an_entry_says_what_has_become_of_the_event(api, make, status, told):
    assert entry(api.get(f"/events/{make.event(status=status).id}.ics").body)["status"] == told


def test_a_change_has_a_higher_number_and_the_same_name(api, event, organizer, clock):
    before = entry(api.get(f"/events/{event.id}.ics").body)
    clock.move(minutes=5)
    api.as_(organizer).patch(f"/events/{event.id}", {"title": "Fado again"})
    after = entry(api.get(f"/events/{event.id}.ics").body)
    assert after["uid"] == before["uid"]
    assert after["sequence"] > before["sequence"]
    assert after.decoded("dtstamp") == before.decoded("dtstamp") + timedelta(minutes=5)


def test_drafts_are_their_organizers_and_staffs_alone(api, make, organizer):
    draft = make.event(organizer=organizer, status="draft")
    for client in (api, api.as_(make.user()), api.as_(make.organizer())):
        assert client.get(f"/events/{draft.id}.ics", status=404).json["code"] == "not_found"
    for client in (api.as_(organizer), api.as_(make.staff())):
        response = client.get(f"/events/{draft.id}.ics", status=200)
        assert response.headers["Cache-Control"] == "private, no-cache"
    api.get("/events/999999.ics", status=404)


def test_what_has_not_changed_is_not_sent_again(api, event, organizer, link, book, ada):
    book(ada, event)
    for path in (f"/events/{event.id}.ics", f"/organizers/{organizer.id}/events.ics", link(ada)):
        first = api.get(path)
        again = api.get(path, headers={"If-None-Match": first.headers["ETag"]}, status=304)
        assert again.body == b""
        assert again.headers["ETag"] == first.headers["ETag"]
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
        api.get(path, headers={"If-None-Match": '"0-00000000"'}, status=200)


def test_who_wants_no_calendar_gets_none(api, event):
    api.get(f"/events/{event.id}.ics", headers={"Accept": "application/json"}, status=406)
    api.get(f"/events/{event.id}.ics", headers={"Accept": "text/calendar"}, status=200)


def test_an_organizer_has_a_calendar(api, make, organizer, clock):
    for title, status in (
        ("Draft", "draft"),
        ("Off", "cancelled"),
        ("On", "published"),
        ("Later", "postponed"),
        ("Away", "archived"),
    ):
        make.event(organizer=organizer, title=title, status=status)
    for title, days in (("A month ago", 31), ("Lately", 29)):
        make.event(organizer=organizer, title=title, starts_at=clock.now() - timedelta(days=days, hours=3))
    make.event(title="Somebody else's")
    response = api.get(f"/organizers/{organizer.id}/events.ics")
    found = parsed(response.body)
    assert sorted(summaries(response)) == ["Lately", "Later", "Off", "On"]
    assert {str(one["summary"]): str(one["status"]) for one in found.events} == {
        "Lately": "CONFIRMED", "Later": "TENTATIVE", "Off": "CANCELLED", "On": "CONFIRMED",
    }  # fmt: skip
    assert found["x-wr-calname"] == "Inês Prado"
    assert response.headers["Cache-Control"] == "public, max-age=300"
    # Their own drafts, too, are in nobody's calendar that anybody can read.
    assert sorted(summaries(api.as_(organizer).get(f"/organizers/{organizer.id}/events.ics"))) == [
        "Lately",
        "Later",
        "Off",
        "On",
    ]


def test_of_a_long_description_a_subscriber_gets_the_beginning(api, make, organizer):
    event = make.event(organizer=organizer, description="🎶 " * 10_000)
    assert len(entry(api.get(f"/events/{event.id}.ics").body)["description"]) == 20_000
    assert entry(api.get(f"/organizers/{organizer.id}/events.ics").body)["description"] == "🎶 " * 499 + "🎶 …"


def test_of_more_than_500_events_those_to_come_are_in_a_calendar(api, make, organizer, clock, monkeypatch):
    monkeypatch.setattr("turnout.calendars.services.events.MOST", 2)
    for title, days in (("Over", -2), ("Soon", 1), ("Later", 2)):
        make.event(organizer=organizer, title=title, starts_at=clock.now() + timedelta(days=days))
    assert summaries(api.get(f"/organizers/{organizer.id}/events.ics")) == ["Soon", "Later"]
    monkeypatch.setattr("turnout.calendars.services.events.MOST", 3)
    assert summaries(api.get(f"/organizers/{organizer.id}/events.ics")) == ["Soon", "Later", "Over"]


def test_only_organizers_and_who_had_events_have_a_calendar(api, make, ada):
    path = f"/organizers/{ada.id}/events.ics"
    api.get("/organizers/999999/events.ics", status=404)
    api.get(path, status=404)
    draft = make.event(organizer=ada, status="draft")
    api.get(path, status=404)
    draft.status = "published"
    assert summaries(api.get(path)) == [draft.title]
    draft.status = "archived"
    assert summaries(api.get(path)) == []
    assert summaries(api.get(f"/organizers/{make.organizer().id}/events.ics")) == []


def test_the_statements_do_not_grow_with_the_events(api, make, organizer, ada, book, link, statements):
    def made():
        event = make.event(organizer=organizer, tags=[make.tag()], category=make.category(), venue=make.venue())
        book(ada, event)
        return event

    event, secret = made(), link(ada)
    paths = (f"/organizers/{organizer.id}/events.ics", secret, f"/events/{event.id}.ics")

    def counted():
        numbers = []
        for path in paths:
            with statements() as sent:
                api.get(path)
            numbers.append(len(sent))
        return numbers

    before = counted()
    for _ in range(4):
        made()
    assert counted() == before
    assert len(summaries(api.get(secret))) == 5
    assert max(before) <= 4
