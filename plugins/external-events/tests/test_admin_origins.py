"""Imported events in the admin UI: whose their fields are, what differs, and what happened elsewhere."""

from dataclasses import replace

import pytest
from sqlalchemy import select
from turnout.audit.models import AuditEntry
from turnout.events.models import Event

from turnout_external_events.admin.origins import OriginSection
from turnout_external_events.models import Origin
from turnout_external_events.services import Refresher
from turnout_external_events.sources import CANCELLED, POSTPONED

ORIGINS = "/admin/imported-events"


@pytest.fixture
def desk(browser, organizer):
    return browser.as_(organizer)


@pytest.fixture
def event_id(bring):
    return bring()["id"]


@pytest.fixture
def change(session, organizer, ines):
    """Return what changes an event by hand."""

    def change(event_id, **fields):
        version = ines.get(f"/events/{event_id}").headers["ETag"]
        ines.patch(f"/events/{event_id}", fields, headers={"If-Match": version})

    return change


def press(page, name, status=303):
    form = next(form for form in page.forms.values() if form.action.endswith(f"/{name}"))
    return form.submit(status=status)


def table(page):
    return {
        row.find("td").get_text(strip=True): [" ".join(cell.get_text().split()) for cell in row.find_all("td")[1:]]
        for row in page.html.select("section[aria-labelledby='panel-1'] tbody tr")
    }


def test_a_list_and_a_page_say_where_an_event_came_from(desk, event_id):
    found = desk.get(ORIGINS)
    found.mustcontain("Fado night 1", "Almanac", "scheduled")
    page = found.click("Fado night 1", href=f"{ORIGINS}/{event_id}")
    page.mustcontain("https://tickets.example.com/1", "Asked last", "Asked next")
    assert page.html.select_one(f"dd a[href='/admin/events/{event_id}']").get_text() == "Fado night 1"
    fields = table(page)
    assert fields["Title"] == ["Fado night 1", "Fado night 1", "follows the source"]
    assert fields["Venue"] == ["Lantern Hall", "Lantern Hall", "follows the source"]
    assert "Picture" not in fields


def test_what_was_changed_by_hand_stands_beside_what_the_source_says(desk, event_id, change, almanac, external):
    change(event_id, title="Fado by candlelight")
    almanac.put(external(title="Fado night, extended", description="Doors at seven."))
    page = press(desk.get(f"{ORIGINS}/{event_id}"), "refresh").follow()
    page.mustcontain("It was asked, and the event follows.")
    fields = table(page)
    assert fields["Title"] == ["Fado by candlelight", "Fado night, extended", "differs"]
    assert fields["Description"] == ["Doors at seven.", "Doors at seven.", "follows the source"]
    desk.get(f"{ORIGINS}?differs=true").mustcontain("Fado by candlelight")
    desk.get(f"{ORIGINS}?differs=false").mustcontain("Nothing matches")
    press(page, "refresh").follow().mustcontain("It was asked, and nothing is new.")


def test_fields_are_taken_over_some_or_all(desk, event_id, change, session):
    change(event_id, title="Ours", description="Ours, too.")
    page = desk.get(f"{ORIGINS}/{event_id}")
    form = page.click("Take over from the source").forms["form"]
    assert [value for value, _, _ in form["chosen"].options] == ["title", "description"]
    form["chosen"] = ["title"]
    fields = table(form.submit(status=303).follow())
    assert (fields["Title"][2], fields["Description"][2]) == ("follows the source", "differs")
    form = desk.get(f"{ORIGINS}/{event_id}/take-over").forms["form"]
    page = form.submit(status=303).follow()
    assert {whose for *_, whose in table(page).values()} <= {"follows the source", "ours"}
    page.mustcontain(no=f"{ORIGINS}/{event_id}/take-over")
    assert session.get(Event, event_id).title == "Fado night 1"
    entries = session.scalars(select(AuditEntry).where(AuditEntry.subject == "imported-events")).all()
    assert [entry.action for entry in entries] == ["take-over", "take-over"]


def test_only_what_differs_is_taken_over(desk, event_id, change):
    change(event_id, title="Ours")
    sent = [("__start__", "chosen:sequence"), ("chosen", "venue_id"), ("__end__", "chosen:sequence")]
    desk.post(f"{ORIGINS}/{event_id}/take-over", sent, status=400).mustcontain("does not differ: venue_id")
    sent[1] = ("chosen", "organizer_id")
    desk.post(f"{ORIGINS}/{event_id}/take-over", sent, status=400).mustcontain("does not differ: organizer_id")


def test_a_source_that_does_not_answer_is_a_refusal(desk, event_id, almanac, impatient, session):
    almanac.documents["1"] = {"external_id": "1", "title": 7}
    desk.post(f"{ORIGINS}/{event_id}/refresh", status=303).follow().mustcontain("cannot be taken over", "Trouble")
    assert session.scalar(select(Origin.trouble))
    almanac.quota = 0
    desk.post(f"{ORIGINS}/{event_id}/refresh", status=502).mustcontain("Almanac answers no more today.", "Refresh now")


def test_sources_are_asked_before_the_database_is(desk, event_id, monkeypatch):
    happened, get = [], OriginSection.get
    monkeypatch.setattr(OriginSection, "get", lambda *given, **named: happened.append("read") or get(*given, **named))
    ask = Refresher.ask_of
    monkeypatch.setattr(Refresher, "ask_of", lambda *given, **named: happened.append("asked") or ask(*given, **named))
    desk.post(f"{ORIGINS}/{event_id}/refresh", status=303)
    assert happened[:2] == ["asked", "read"]


def test_nobody_is_asked_about_others_events(browser, event_id, almanac):
    calls = len(almanac.calls)
    other = browser.as_role("organizer")
    other.post(f"{ORIGINS}/{event_id}/refresh", status=403)
    assert len(almanac.calls) == calls
    for path in (f"{ORIGINS}/{event_id}", f"{ORIGINS}/{event_id}/take-over"):
        other.get(path, status=403)
    other.post(f"{ORIGINS}/{event_id}/settle", status=403)
    other.get(ORIGINS).mustcontain("Nothing was imported yet")
    browser.as_role("staff").get(f"{ORIGINS}/{event_id}").mustcontain("Fado night 1")


def test_an_event_of_ours_has_no_page_there(desk, make, organizer):
    event = make.event(organizer=organizer)
    desk.get(f"{ORIGINS}/{event.id}", status=404)
    desk.get(f"/admin/events/{event.id}").mustcontain(no="From elsewhere")


def test_the_page_of_an_event_says_it_in_short(desk, event_id, change):
    change(event_id, title="Ours")
    page = desk.get(f"/admin/events/{event_id}")
    page.mustcontain("From elsewhere", "Almanac", "https://tickets.example.com/1", "scheduled", "Title")
    assert page.html.select_one(f"a[href='{ORIGINS}/{event_id}']") is not None


@pytest.fixture
def booked(bring, api, make):
    """An imported event that is for sale here, and of which somebody has booked two places."""
    event = bring(capacity=10, price="0")
    api.as_(make.user()).post("/bookings", {"event_id": event["id"], "quantity": 2}, status=201)
    return event["id"]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (CANCELLED, "It is cancelled at the source."),
        (POSTPONED, "It is postponed at the source."),
        (None, "does not know it"),
    ],
    ids=["cancelled", "postponed", "gone"],
)
def test_what_people_have_booked_and_is_cancelled_elsewhere_needs_a_look(
    desk, browser, booked, almanac, external, status, said, later
):
    staff = browser.as_role("staff")
    staff.get("/admin").mustcontain(no="has changed where it came from")
    if status is None:
        almanac.remove("1")
        press(desk.get(f"{ORIGINS}/{booked}"), "refresh")  # what is not known once may be a slip
    else:
        almanac.put(replace(external(), status=status))
    press(desk.get(f"{ORIGINS}/{booked}"), "refresh")
    for visitor in (staff, desk):
        page = visitor.get("/admin")
        page.mustcontain("has changed where it came from", "Fado night 1", said)
        link = page.html.select_one(f"a[href='/admin/bookings?event={booked}']")
        assert link.get_text() == "2 places"
        visitor.get(link["href"]).mustcontain("1 booking")
    browser.as_role("organizer").get("/admin").mustcontain(no="has changed where it came from")
    desk.get(f"/admin/events/{booked}").mustcontain(said, "Look after it")
    page = desk.get(f"{ORIGINS}?needs_look=true").click("Fado night 1", href=f"{ORIGINS}/{booked}")
    page.mustcontain(said)
    press(page, "settle").follow().mustcontain("Noted.", no="I have looked after it")
    desk.get("/admin").mustcontain(no="has changed where it came from")


def test_what_nobody_has_booked_is_no_trouble_of_the_dashboards(desk, browser, event_id, almanac):
    almanac.remove("1")
    for _ in range(2):
        press(desk.get(f"{ORIGINS}/{event_id}"), "refresh")
    for visitor in (browser.as_role("staff"), desk):
        visitor.get("/admin").mustcontain(no="has changed where it came from")
    desk.get(f"{ORIGINS}?needs_look=true").mustcontain("Fado night 1", "gone")


def test_staff_are_told_once(browser, desk, booked, almanac):
    almanac.remove("1")
    for _ in range(3):
        press(desk.get(f"{ORIGINS}/{booked}"), "refresh")
    assert browser.as_role("staff").get("/admin").text.count("has changed where it came from") == 1


def test_more_events_take_no_more_statements(desk, bring, external, statements):
    def counted(path):
        with statements() as sent:
            desk.get(path)
        return len(sent)

    bring(external("1"))
    for path in (ORIGINS, "/admin"):
        desk.get(path)
    few = [counted(path) for path in (ORIGINS, "/admin")]
    for number in range(2, 9):
        bring(external(str(number)))
    assert [counted(path) for path in (ORIGINS, "/admin")] == few
