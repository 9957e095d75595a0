"""Finding events elsewhere in the admin UI: nothing is asked before somebody asks, and what is chosen is imported."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from turnout.audit.models import AuditEntry
from turnout.events.models import Event

from turnout_external_events.admin.finding import FindSection
from turnout_external_events.models import Candidate, Origin, Run
from turnout_external_events.services.searching import from_now
from turnout_external_events.sources import EventSource, Found, PriceRange, Refused
from turnout_external_events.sources.readiness import FOR_STAFF

FIND, DASH = "/admin/find-elsewhere", "\N{EN DASH}"


@pytest.fixture
def desk(browser, organizer):
    return browser.as_(organizer)


@pytest.fixture
def shown(desk, almanac):
    """Return what searches, and gives the page."""

    def shown(**asked):
        query = "&".join(f"{name}={value}" for name, value in asked.items())
        return desk.get(f"{FIND}?find=1&{query}")

    return shown


def rows(page):
    return [
        row.select_one("td:nth-of-type(2) div").get_text(strip=True) for row in page.html.select("#choose tbody tr")
    ]


def cells(page, number=0):
    return [" ".join(cell.get_text().split()) for cell in page.html.select("#choose tbody tr")[number].find_all("td")]


def test_nothing_is_asked_before_the_form_is_sent(desk, almanac, external):
    almanac.put(external())
    page = desk.get(FIND)
    assert page.html.select_one("#choose") is None
    assert list(almanac.calls) == []
    page.mustcontain("Almanac", "ready")
    answer = page.forms["search"].submit("find")
    assert rows(answer) == ["Fado night 1"]


def test_what_was_found_is_told_in_the_time_of_its_place(shown, almanac, external, clock):
    price = PriceRange(Decimal("12.50"), Decimal(30), "EUR")
    starts_at = clock.now().replace(hour=19, minute=30, second=0, microsecond=0) + timedelta(days=30)
    almanac.put(external(price=price, starts_at=starts_at, timezone="America/New_York", status="postponed"))
    page = shown(query="fado")
    _, what, when, where, costs, there, here = cells(page)
    assert what == "Fado night 1 Almanac · Fado · Music"
    assert (
        f"{starts_at - timedelta(hours=4):%H:%M} EDT" in when or f"{starts_at - timedelta(hours=5):%H:%M} EST" in when
    )
    assert where == "Lantern Hall, Lisbon, PT"
    assert (costs, there, here) == (f"€12.50 {DASH} €30.00", "postponed", DASH)
    assert page.html.select_one("#choose tbody a")["href"] == "https://tickets.example.com/1"


class Untimed(EventSource):
    """Knows two days, and no times."""

    title = "Untimed"
    events: tuple = ()

    def search(self, *_asked):
        return Found(self.events, len(self.events))


@pytest.fixture
def untimed(application, monkeypatch, external, clock):
    day = (clock.now() + timedelta(days=40)).date()
    events = (
        external("a", starts_at=None, starts_on=day),
        external("b", starts_at=None, starts_on=day, is_estimate=True),
        external("c", starts_at=None),
    )
    monkeypatch.setattr(Untimed, "events", events)
    monkeypatch.setitem(application.registry.event_sources, "untimed", Untimed)
    monkeypatch.setitem(application.registry.services, Untimed, lambda _request: Untimed())
    return day


def test_a_day_without_a_time_is_a_day(shown, untimed):
    page = shown(provider="untimed")
    when = [cells(page, number)[2] for number in range(3)]
    day = f"{untimed.day} {untimed:%b %Y}"
    assert when == [f"{day} only the day is known", f"{day} the day is only expected", "not known yet"]


def test_what_was_ticked_is_imported_by_a_run(shown, almanac, external, session, outbox, organizer):
    almanac.put(*(external(str(number)) for number in range(3)))
    page = shown(query="fado")
    form = page.forms["choose"]
    for number in (0, 2):
        form.set("chosen", True, index=number)
    form["status"] = "draft"
    run = form.submit(status=303).follow()
    run.mustcontain("2 chosen events", "running", "It has begun")
    outbox.run()
    done = run.goto(run.request.path)
    done.mustcontain("done", "2 of 2", "They are among the imported events.")
    events = session.scalars(select(Event).order_by(Event.title)).all()
    assert [(event.title, event.status, event.organizer_id) for event in events] == [
        ("Fado night 0", "draft", organizer.id),
        ("Fado night 2", "draft", organizer.id),
    ]
    again = shown(query="fado")
    here = [cells(again, number)[-1] for number in range(3)]
    assert here == ["already here", DASH, "already here"]
    assert again.html.select("#choose tbody a[href^='/admin/events/']")[0]["href"] == f"/admin/events/{events[0].id}"
    assert len(again.html.select("#choose input[name=chosen]")) == 1
    [entry] = session.scalars(select(AuditEntry).where(AuditEntry.subject == "imports"))
    assert (entry.action, entry.label) == ("create", "2 chosen events")


def test_all_on_the_page_are_imported_without_a_tick(shown, almanac, external, session):
    almanac.put(*(external(f"{number:02}") for number in range(25)))
    page = shown(query="fado")
    assert len(rows(page)) == 20
    page.forms["choose"].submit("all", status=303).follow().mustcontain("20 chosen events")
    assert len(session.scalars(select(Candidate)).all()) == 20
    page.click("Next").mustcontain("Fado night 24", no="Fado night 03")


def test_nothing_chosen_is_said(shown, almanac, external, session):
    almanac.put(external())
    page = shown(query="fado").forms["choose"].submit(status=303).follow()
    page.mustcontain("Choose at least one event first.", "Fado night 1")
    assert session.scalars(select(Run)).all() == []


@pytest.mark.parametrize("sent", ["almanac", ":1", "almanac:", "almanac:" + "x" * 256, "almanac:\x00"], ids=repr)
def test_what_no_page_has_is_no_choice(desk, almanac, session, sent):
    desk.post(f"{FIND}/import", {"chosen": sent}, status=303)
    assert session.scalars(select(Run)).all() == []


def test_a_choice_of_a_source_that_is_not_there(desk, almanac, session):
    desk.post(f"{FIND}/import", {"chosen": "nowhere:1"}, status=404).mustcontain("There is no source")
    many = [("chosen", f"almanac:{number}") for number in range(501)]
    desk.post(f"{FIND}/import", many, status=400).mustcontain("at most 500")
    assert session.scalars(select(Run)).all() == []


def test_everything_that_is_found_is_imported(shown, almanac, external, session, outbox):
    almanac.put(*(external(f"{number:02}") for number in range(25)), external("other", title="Chess"))
    page = shown(query="fado", date_to="2100-01-01")
    form = next(form for form in page.forms.values() if "import-all" in form.action)
    page.mustcontain("Import everything from Almanac")
    run = form.submit("provider", value="almanac", status=303).follow()
    run.mustcontain("fado", "running")
    outbox.run()
    run.goto(run.request.path).mustcontain("done", "25 of 25")
    assert len(session.scalars(select(Origin)).all()) == 25


def test_a_search_that_makes_no_sense_is_said_at_its_field_and_asks_nobody(shown, almanac, external):
    almanac.put(external())
    shown(date_from="tomorrow").mustcontain("must be a date")
    shown(date_from="2030-02-02", date_to="2030-02-01").mustcontain("“To” is before “From”, or over.")
    shown(provider="nowhere").mustcontain("There is no source")
    assert list(almanac.calls) == []


def test_days_are_whole_days_of_the_installation(application, clock, make):
    settings = application.registry.settings | {"admin.timezone": "Europe/Lisbon"}
    section = FindSection(None, None, None, None, None, None, settings, clock)
    said = {"query": None, "location": "Lisbon", "category": None}
    criteria = section.criteria({**said, "date_from": date(2099, 7, 1), "date_to": date(2099, 7, 2)})
    assert criteria.date_from.isoformat() == "2099-07-01T00:00:00+01:00"
    assert criteria.date_to.isoformat() == "2099-07-02T23:59:59+01:00"
    past = section.criteria({**said, "date_from": date(2001, 1, 1), "date_to": None})
    assert past.date_from == from_now(clock.now(), settings) <= clock.now()


def test_one_who_fails_is_named_and_the_others_answer(shown, almanac, external, untimed, desk):
    almanac.key = "another"
    page = shown()
    page.mustcontain("Almanac", "could not be asked", FOR_STAFF)
    assert rows(page) == ["Fado night a", "Fado night b", "Fado night c"]
    shown(provider="almanac").mustcontain(FOR_STAFF, no="Traceback")


@pytest.mark.parametrize("is_staff", [True, False])
def test_a_source_without_a_key_says_what_is_missing(browser, desk, almanac, monkeypatch, untimed, session, is_staff):
    monkeypatch.setattr(Untimed, "check", lambda _self: "untimed.api_key is not set")
    visitor, said = (browser.as_role("staff"), "untimed.api_key is not set") if is_staff else (desk, FOR_STAFF)
    visitor.get(FIND).mustcontain("not set up", said, "Untimed (not set up)")
    visitor.get(f"{FIND}?find=1").mustcontain("Untimed", f"could not be asked: {said}")
    for form, sent in (("import-all", {"provider": "untimed"}), ("import", {"chosen": "untimed:a"})):
        visitor.post(f"{FIND}/{form}?find=1&query=fado", sent, status=303).follow().mustcontain(said)
    visitor.get("/admin/saved-searches/new").mustcontain("Untimed (not set up)")
    assert session.scalars(select(Run)).all() == []


def test_what_a_calendar_has_is_imported_as_a_whole_only(shown, untimed, monkeypatch):
    monkeypatch.setattr(Untimed, "by_address", True)
    page = shown(provider="untimed", query="https://calendars.example.com/a.ics")
    assert len(rows(page)) == 3
    assert page.html.select("#choose input[name=chosen]") == []
    page.mustcontain("Import everything from Untimed")


def test_sources_are_asked_before_the_database_is(shown, untimed, monkeypatch, application):
    """A transaction that is open while somebody outside is asked would keep others waiting."""
    happened = []
    search, known = Untimed.search, FindSection._rows
    monkeypatch.setattr(Untimed, "search", lambda *given: happened.append("asked") or search(*given))
    monkeypatch.setattr(FindSection, "_rows", lambda *given: happened.append("read") or known(*given))
    shown(provider="untimed")
    assert happened == ["asked", "read"]


def test_what_sources_say_is_text(shown, almanac, external):
    nasty = 'Tom & "Jerry" 5 < 6 {{ 7 * 7 }}'
    almanac.put(external(title=nasty, categories=("a <i> b",), url="https://tickets.example.com/?a=1&b=%22%3E"))
    page = shown()
    assert rows(page) == [nasty]
    assert "5 < 6" not in page.text
    assert page.html.select("#choose i") == []
    assert page.html.select_one("#choose tbody a")["href"] == "https://tickets.example.com/?a=1&b=%22%3E"


def test_a_refusal_of_a_source_is_a_sentence(shown, untimed, monkeypatch):
    def refuse(*_given):
        raise Refused("Untimed wants no such question.")

    monkeypatch.setattr(Untimed, "search", refuse)
    shown(provider="untimed").mustcontain("Untimed wants no such question.")


def test_a_search_is_saved_with_what_it_asks(shown, almanac, session):
    page = shown(query="fado", location="Lisbon", provider="almanac").click("Save this search")
    form = page.forms["form"]
    assert (form["name"].value, form["query"].value, form["location"].value) == ("fado, Lisbon", "fado", "Lisbon")
    assert form["provider"].value == "almanac"
    form.submit(status=303).follow().mustcontain("fado, Lisbon", "was made", "Almanac")


def test_what_somebody_else_has_here_is_here_without_a_way_to_it(shown, almanac, external, bring, api, make):
    bring(external(), client=api.as_(make.organizer()))
    page = shown(query="fado")
    assert cells(page)[-1] == "already here"
    assert page.html.select("#choose a[href^='/admin/events/']") == []


def test_it_is_for_organizers(browser, almanac):
    browser.as_role("user").get(FIND, status=403)
    assert "sign-in" in browser.get(FIND, status=302).location
    desk = browser.as_role("organizer")
    desk.post(f"{FIND}/import", {"csrf_token": "", "chosen": "almanac:1"}, status=400)
    desk.post(f"{FIND}/import-all", {"csrf_token": "", "provider": "almanac"}, status=400)


def test_more_events_take_no_more_statements(shown, almanac, external, statements, bring):
    def counted():
        with statements() as sent:
            shown(query="fado")
        return len(sent)

    bring(external("1"))
    shown()
    few = counted()
    for number in range(2, 12):
        bring(external(str(number)))
    assert counted() == few
