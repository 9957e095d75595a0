"""Events in the admin UI: their list, new ones, what stands on other pages."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from tests.unit.events.pages import LIST, errors, filled, kinds, path, set_at, titles

from turnout.events.models import Event
from turnout.ticket_types.models import TicketType


@pytest.fixture
def event(make, organizer):
    return make.event(organizer=organizer, title="Harbour lights", capacity=100, ticket_types=[
        {"name": "Stalls", "price": 20, "capacity": 60}, {"name": "Balcony", "price": "12.50"},
    ])  # fmt: skip


class TestList:
    @pytest.mark.usefixtures("event")
    def test_staff_see_all_in_whatever_status_and_organizers_their_own(self, staff, mine, make):
        make.event(title="Draft of somebody", status="draft")
        make.event(title="Old of mine", status="archived", organizer=mine.user)
        make.event(title="Public of somebody")

        assert set(titles(staff.get(LIST))) == {
            "Harbour lights", "Draft of somebody", "Old of mine", "Public of somebody",
        }  # fmt: skip
        assert set(titles(mine.get(LIST))) == {"Harbour lights", "Old of mine"}
        assert titles(mine.get(f"{LIST}?status=archived")) == ["Old of mine"]
        assert titles(mine.get(f"{LIST}?status=published")) == ["Harbour lights"]
        assert titles(staff.get(f"{LIST}?status=draft")) == ["Draft of somebody"]
        stranger = make.organizer()
        assert titles(mine.get(f"{LIST}?organizer={stranger.id}&search=somebody")) == []

    def test_filters_and_orderings(self, staff, make):
        venue, category, tag = make.venue(name="Teatro"), make.category(slug="music"), make.tag(slug="jazz")
        make.event(title="Alpha", venue=venue, price=5)
        make.event(title="Beta", category=category, price=30)
        make.event(title="Gamma", tags=[tag], price=20, country="ES", capacity=1, taken=1)
        for query, expected in {
            f"venue={venue.id}": ["Alpha"],
            f"category={category.id}": ["Beta"],
            "tags=jazz": ["Gamma"],
            "country=ES": ["Gamma"],
            "min_price=20&ordering=-price": ["Beta", "Gamma"],
            "search=alpha": ["Alpha"],
            "available_only=true&ordering=title": ["Alpha", "Beta"],
            "ordering=-title": ["Gamma", "Beta", "Alpha"],
            "ordering=price": ["Alpha", "Gamma", "Beta"],
            "upcoming_only=true&ordering=-created_at": ["Gamma", "Beta", "Alpha"],
        }.items():
            assert titles(staff.get(f"{LIST}?{query}")) == expected, query

    @pytest.mark.usefixtures("event")
    def test_what_makes_no_sense_is_said_and_filters_nothing(self, staff):
        page = staff.get(f"{LIST}?min_price=cheap&ordering=colour&country=XX")
        assert titles(page) == ["Harbour lights"]
        assert errors(page).keys() == {"min_price", "country"}

    def test_moments_are_in_the_zone_of_the_event(self, staff, make):
        make.event(starts_at=datetime(2027, 7, 1, 18, 0, tzinfo=UTC), timezone="America/New_York", taken=40)
        page = staff.get(LIST)
        page.mustcontain("Thu 1 Jul 2027,", "14:00 EDT", "40 of 100", "published", "€0.00")

    @pytest.mark.parametrize("name", ["staff", "mine"])
    def test_as_many_statements_for_30_as_for_1(self, request, name, make, statements, organizer):
        browser = request.getfixturevalue(name)
        seen = []
        for many in (1, 29):
            venue = make.venue()
            for _ in range(many):
                make.event(organizer=organizer, venue=venue, category=make.category(), tags=[make.tag()])
            with statements() as sent:
                browser.get(f"{LIST}?page_size=50")
            seen.append(len(sent))
        assert seen[0] == seen[1]

    @pytest.mark.usefixtures("event")
    def test_it_can_be_taken_away_as_a_sheet(self, mine, make):
        make.event(title="Of somebody")
        rows = list(csv.reader(io.StringIO(mine.get(f"{LIST}/export.csv").text.removeprefix("\ufeff"))))
        assert [row[0] for row in rows] == ["Title", "Harbour lights"]
        assert "0 of 100" in rows[1]

    def test_only_organizers_and_staff_see_it(self, browser):
        browser.as_role("user").get(LIST, status=403)
        browser.get(LIST, status=302)

    @pytest.mark.usefixtures("event")
    def test_pickers_offer_what_is_ones_own(self, staff, mine, make):
        make.event(title="Of somebody")
        assert [one["text"] for one in mine.get(f"{LIST}/choices?search=").json] == ["Harbour lights"]
        assert len(staff.get(f"{LIST}/choices?search=").json) == 2
        assert "organizer" not in mine.get(LIST).forms[0].fields


class TestMaking:
    def test_one_with_its_ticket_types(self, mine, make, session, entries, organizer):
        venue, category = make.venue(timezone="Europe/Berlin", capacity=300), make.category()
        make.tag(slug="jazz"), make.tag(slug="free")
        form = filled(mine, timezone="", venue_id=str(venue.id), category_id=str(category.id), capacity="250")
        form["tags"] = ["free", "jazz"]
        form = form.submit("add", value="ticket_types").forms["form"]
        form = form.submit("add", value="ticket_types").forms["form"]
        set_at(form, "name", "Stalls", "Balcony", "Student")
        set_at(form, "price", "20", "12.50", "0")
        form.set("sale_starts_at", "2027-11-01T10:00", 1)

        page = form.submit(status=303).follow()

        page.mustcontain("Winter concert", "was made", "Stalls", "€12.50", "Wed 1 Dec 2027,", "19:30 CET")
        event = session.scalars(select(Event)).one()
        assert (event.organizer_id, event.status, event.timezone) == (organizer.id, "draft", "Europe/Berlin")
        assert event.starts_at == datetime(2027, 12, 1, 18, 30, tzinfo=UTC)
        assert kinds(session, event) == [("Stalls", 20), ("Balcony", Decimal("12.5")), ("Student", 0)]
        balcony = session.scalars(select(TicketType).where(TicketType.name == "Balcony")).one()
        assert balcony.sale_starts_at == datetime(2027, 11, 1, 9, tzinfo=UTC)
        assert entries() == [("create", "events", event.id)]

    def test_it_begins_with_one_free_ticket_type_and_can_be_published_at_once(self, mine, session):
        filled(mine, status="published").submit(status=303)
        event = session.scalars(select(Event)).one()
        assert event.status == "published"
        assert kinds(session, event) == [("General admission", 0)]

    def test_without_a_venue_moments_are_in_the_zone_of_the_installation(self, mine, session):
        filled(mine, timezone="").submit(status=303)
        event = session.scalars(select(Event)).one()
        assert (event.timezone, event.starts_at) == ("UTC", datetime(2027, 12, 1, 19, 30, tzinfo=UTC))

    def test_staff_make_it_for_an_organizer(self, staff, organizer, make, session):
        form = filled(staff)
        form["organizer_id"].force_value(str(organizer.id))
        form.submit(status=303)
        assert session.scalars(select(Event)).one().organizer_id == organizer.id
        for wrong in (make.user().id, 999_999):
            form = filled(staff)
            form["organizer_id"].force_value(str(wrong))
            assert errors(form.submit(status=400)) == {"organizer_id": "Organizer there is no such organizer"}

    def test_organizers_make_only_their_own(self, mine, staff, organizer, session):
        form = filled(mine)
        assert "organizer_id" not in form.fields
        fields = [*form.submit_fields(), ("organizer_id", str(staff.user.id))]
        mine.post(f"{LIST}/new", fields, status=303)
        assert session.scalars(select(Event)).one().organizer_id == organizer.id

    @pytest.mark.parametrize(
        ("values", "field", "message"),
        [
            ({"title": ""}, "title", "is required"),
            ({"title": "x" * 201}, "title", "200"),
            ({"starts_at": ""}, "starts_at", "is required"),
            ({"starts_at": "2020-01-01T10:00"}, "starts_at", "must not be in the past"),
            ({"starts_at": "soon"}, "starts_at", "must be a date and a time"),
            ({"starts_at": "2027-03-28T01:30"}, "starts_at", "does not exist in Europe/Lisbon"),
            ({"ends_at": "2027-11-30T22:00"}, "ends_at", "must not be before"),
            ({"capacity": "0"}, "capacity", "at least 1"),
            ({"capacity": "many"}, "capacity", "whole number"),
            ({"image_url": "picture.png"}, "address", "web address"),
            ({"venue_id": "999999"}, "venue_id", "there is no such venue"),
            ({"category_id": "999999"}, "category_id", "there is no such category"),
            ({"timezone": "Lisbon"}, "timezone", "IANA"),
            ({"name": ""}, "name", "is required"),
            ({"price": "-1"}, "price", "at least 0"),
            ({"price": "1.005"}, "price", "finer than"),
            ({"price": "free"}, "price", "amount"),
            ({"min_per_booking": "4", "max_per_booking": "2"}, "max_per_booking", "must not be below"),
            ({"sale_starts_at": "2027-10-02T10:00", "sale_ends_at": "2027-10-01T10:00"}, "sale_ends_at", "after"),
        ],
    )
    def test_what_is_wrong_stands_at_its_field(self, mine, session, values, field, message):
        form = filled(mine)
        for name, value in values.items():
            form.fields["address" if name == "image_url" else name][0].force_value(value)
        page = form.submit(status=400)
        assert message in errors(page)[field]
        assert page.forms["form"]["location"].value == "Town square"
        assert session.scalars(select(Event)).all() == []

    def test_ticket_types_of_one_name_are_refused_at_the_second(self, mine, session):
        form = filled(mine).submit("add", value="ticket_types").forms["form"]
        set_at(form, "name", "Stalls", "Stalls")
        page = form.submit(status=409)
        assert errors(page) == {"name": "Name is that of another ticket type"}
        assert "is-invalid" in page.html.select("[name=name]")[1]["class"]
        assert session.scalars(select(Event)).all() == []

    def test_one_ticket_type_at_least(self, mine):
        form = filled(mine).submit("remove", value="ticket_types:0").forms["form"]
        assert "name" not in form.fields
        form.submit(status=400).mustcontain("must not be empty")

    def test_without_the_token_nothing_is_made(self, mine, session):
        mine.post(f"{LIST}/new", {"title": "x", "csrf_token": ""}, status=400)
        assert session.scalars(select(Event)).all() == []

    def test_fields_that_are_files_are_no_trouble(self, mine):
        for name in ("timezone", "venue_id", "currency", "title", "starts_at", "name", "tags"):
            mine.post(f"{LIST}/new", [("title", "x")], files=[(name, "a.txt", b"abc")], status=400)

    def test_users_may_not(self, browser):
        browser.as_role("user").get(f"{LIST}/new", status=403)


class TestPanels:
    def test_the_page_shows_what_is_sold(self, mine, event):
        page = mine.get(path(event))
        page.mustcontain("Stalls", "€20.00", "0 of 60", "All together", "0 of 100", "Town square, Lisbon")
        assert "Sale begins" not in page

    def test_the_dashboard_shows_this_week_and_what_is_nearly_full(self, mine, staff, make, organizer, clock):
        soon = clock.now() + timedelta(days=2)
        make.event(title="Mine this week", organizer=organizer, starts_at=soon, taken=95)
        make.event(title="Theirs this week", starts_at=soon, taken=95)
        make.event(title="Draft this week", organizer=organizer, starts_at=soon, status="draft", taken=95)
        make.event(title="Mine later", organizer=organizer, starts_at=soon + timedelta(days=20), taken=5)
        make.event(title="Mine gone", organizer=organizer, starts_at=soon - timedelta(days=20), taken=95)
        make.event(title="Mine full", organizer=organizer, starts_at=soon + timedelta(days=20), taken=100)

        def shown(browser, panel):
            heading = browser.get("/admin").html.find("h2", string=panel)
            section = heading.find_parent("section")
            return [link.text for link in section.select("tbody td:first-child a")]

        assert shown(mine, "Today and this week") == shown(mine, "Nearly full") == ["Mine this week"]
        assert shown(staff, "Today and this week") == ["Mine this week", "Theirs this week"]
        assert set(shown(staff, "Nearly full")) == {"Mine this week", "Theirs this week"}

    def test_the_dashboard_takes_as_many_statements_for_many_events(self, mine, make, organizer, clock, statements):
        seen = []
        for many in (1, 6):
            for _ in range(many):
                make.event(organizer=organizer, starts_at=clock.now() + timedelta(days=1), taken=95)
            with statements() as sent:
                mine.get("/admin")
            seen.append(len(sent))
        assert seen[0] == seen[1]


class TestPlugins:
    @pytest.fixture
    def plugins(self, probes):
        return probes

    def test_switches_are_part_of_the_form(self, mine, session):
        form = filled(mine)
        assert [form[name].checked for name in ("probe", "quiet")] == [True, False]
        form["probe"], form["quiet"] = False, True
        form.submit(status=303)
        event = session.scalars(select(Event)).one()
        assert event.switches == {"probe": False, "quiet": True}
        form = mine.get(path(event, "edit")).forms["form"]
        assert [form[name].checked for name in ("probe", "quiet")] == [False, True]

    def test_what_plugins_take_is_part_of_the_form(self, mine, session, probe):
        form = filled(mine)
        form["number"] = "7"
        form.submit(status=303)
        event = session.scalars(select(Event)).one()
        assert session.get(probe.Row, event.id).number == 7
        form = mine.get(path(event, "edit")).forms["form"]
        assert form["number"].value == "7"
        form["number"] = "many"
        assert "whole number" in errors(form.submit(status=400))["number"]
