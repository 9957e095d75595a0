"""Events in the admin UI: changing them, and what can be done with them."""

import io
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from tests.unit.events.pages import LIST, errors, filled, kinds, path, set_at

from turnout.events.models import Event
from turnout.images.models import Image
from turnout.messages.models import Notice
from turnout.ticket_types.models import TicketType


@pytest.fixture
def event(make, organizer):
    return make.event(organizer=organizer, title="Harbour lights", capacity=100, ticket_types=[
        {"name": "Stalls", "price": 20, "capacity": 60}, {"name": "Balcony", "price": "12.50"},
    ])  # fmt: skip


class TestChanging:
    def test_ticket_types_are_changed_added_and_removed(self, mine, event, session, entries):
        stalls = kinds(session, event)
        assert [name for name, _ in stalls] == ["Stalls", "Balcony"]
        form = mine.get(path(event, "edit")).forms["form"]
        assert [form.get("name", place).value for place in (0, 1)] == ["Stalls", "Balcony"]
        form = form.submit("remove", value="ticket_types:1").forms["form"]
        form = form.submit("add", value="ticket_types").forms["form"]
        set_at(form, "name", "Front stalls", "Student")
        set_at(form, "price", "25", "8")
        form["title"] = "Harbour lights II"

        form.submit(status=303).follow().mustcontain("Harbour lights II", "was saved", "Front stalls", "€8.00")

        assert kinds(session, event) == [("Front stalls", 25), ("Student", 8)]
        assert session.get(Event, event.id).price == 8
        assert entries() == [("update", "events", event.id)]

    def test_all_can_be_replaced(self, mine, event, session):
        form = mine.get(path(event, "edit")).forms["form"]
        for _ in range(2):
            form = form.submit("remove", value="ticket_types:0").forms["form"]
        form = form.submit("add", value="ticket_types").forms["form"]
        form["name"] = "Stalls"
        form.submit(status=303)
        assert kinds(session, event) == [("Stalls", 0)]

    def test_one_that_was_sold_comes_back_and_says_why(self, mine, event, api, make, session):
        stalls = session.scalars(select(TicketType).where(TicketType.name == "Stalls")).one()
        api.as_(make.user()).post(
            "/bookings", {"event_id": event.id, "ticket_type_id": stalls.id, "quantity": 1}, status=201
        )
        form = mine.get(path(event, "edit")).forms["form"].submit("remove", value="ticket_types:0").forms["form"]
        form["title"] = "Still here"

        page = form.submit(status=409)

        assert errors(page) == {"": "Ticket type cannot be removed: tickets were sold; end its sale instead"}
        again = page.forms["form"]
        assert [again.get("name", place).value for place in (0, 1)] == ["Balcony", "Stalls"]
        assert session.get(Event, event.id).title == "Harbour lights"
        again.submit(status=303)
        assert {name for name, _ in kinds(session, event)} == {"Stalls", "Balcony"}
        assert session.get(Event, event.id).title == "Still here"

    def test_capacities_do_not_fall_below_what_is_taken(self, mine, make, organizer):
        event = make.event(organizer=organizer, capacity=100, taken=50, ticket_types=[
            {"name": "Stalls", "capacity": 60, "taken": 50}])  # fmt: skip
        form = mine.get(path(event, "edit")).forms["form"]
        form.set("capacity", "40", 1)
        assert errors(form.submit(status=409)) == {"capacity": "Capacity is below the 50 that are taken"}
        form.set("capacity", "60", 1)
        form.set("capacity", "40", 0)
        form.submit(status=409).mustcontain("50 places are taken; the capacity cannot be 40.")

    def test_moments_keep_their_zone(self, mine, event, session):
        before = event.starts_at
        form = mine.get(path(event, "edit")).forms["form"]
        form.submit(status=303)
        assert session.get(Event, event.id).starts_at == before
        form = mine.get(path(event, "edit")).forms["form"]
        form["timezone"] = "America/New_York"
        form.submit(status=303)
        # As it is written on the poster, there: five hours later.
        assert session.get(Event, event.id).starts_at - before == timedelta(hours=5)

    def test_what_somebody_else_saved_is_shown_and_not_lost(self, mine, event, api, session):
        form = mine.get(path(event, "edit")).forms["form"]
        api.as_role("staff").patch(f"/events/{event.id}", {"title": "Theirs", "location": "Elsewhere"})
        form["title"] = "Mine"
        form.set("price", "21", 0)

        page = form.submit(status=412)

        page.mustcontain(
            "Somebody else saved this", "Saved by somebody else: Theirs", "Saved by somebody else: Elsewhere"
        )
        assert page.text.count("Saved by somebody else") == 3  # with the ticket types
        assert page.forms["form"]["title"].value == "Mine"
        page.forms["form"].submit(status=303)
        assert session.get(Event, event.id).title == "Mine"

    def test_a_ticket_type_that_somebody_else_changed_is_noticed(self, mine, event, api, session):
        form = mine.get(path(event, "edit")).forms["form"]
        stalls = session.scalars(select(TicketType).where(TicketType.name == "Stalls")).one()
        api.as_role("staff").patch(f"/events/{event.id}/ticket-types/{stalls.id}", {"description": "With wine"})
        form["title"] = "Mine"
        form.submit(status=412).mustcontain("With wine")

    def test_a_ticket_type_of_another_event_is_not_touched(self, mine, event, make, session):
        other = make.event(title="Theirs")
        theirs = session.scalars(select(TicketType).where(TicketType.event_id == other.id)).one()
        form = mine.get(path(event, "edit")).forms["form"]
        form.get("id", 0).force_value(str(theirs.id))
        form.submit(status=400)
        assert kinds(session, other) == [("General admission", 0)]
        assert len(kinds(session, event)) == 2

    def test_somebody_elses_is_not_there(self, mine, make, browser):
        for other in (make.event(), make.event(status="draft")):
            mine.get(path(other), status=404)
            mine.get(path(other, "edit"), status=404)
            mine.post(path(other, "edit"), {"title": "Mine"}, status=404)
            for action in ("publish", "postpone", "cancel", "archive", "copy", "delete"):
                mine.post(path(other, action), {"confirmation": other.title}, status=404)
            mine.post(f"/admin/notices/{other.id}/notify", {"message": "Mine"}, status=404)
            browser.as_role("user").get(path(other), status=403)

    def test_without_the_token_nothing_is_changed(self, mine, event, session):
        mine.post(path(event, "edit"), {"title": "x", "csrf_token": ""}, status=400)
        mine.post(path(event, "cancel"), {"confirmation": event.title, "csrf_token": ""}, status=400)
        assert session.get(Event, event.id).title == "Harbour lights"


class TestPicture:
    @pytest.fixture
    def png(self):
        from PIL import Image as Picture

        file = io.BytesIO()
        Picture.new("RGB", (40, 30), "teal").save(file, "PNG")
        return file.getvalue()

    def test_one_is_uploaded(self, mine, png, session):
        form = filled(mine)
        form["upload"] = ("poster.png", png, "image/png")
        page = form.submit(status=303).follow()
        event = session.scalars(select(Event)).one()
        assert event.image_url.startswith("/media/")
        address = page.html.find("a", href=re.compile("/media/"))["href"]
        mine.pages.get(address, status=200)
        shown = mine.get(path(event, "edit")).html.select_one("[data-picture] img")
        assert shown["src"] == event.image_url

    def test_one_is_seen_here_though_it_is_served_elsewhere(self, mine, make, organizer):
        name = f"{'a' * 64}.webp"
        event = make.event(organizer=organizer, image_url=f"https://cdn.example.com/pictures/{name}")
        shown = mine.get(path(event, "edit")).html.select_one("[data-picture] img")
        assert shown["src"] == f"/media/{name}"

    def test_an_empty_file_is_said_at_the_field(self, mine, session):
        form = filled(mine)
        form["upload"] = ("poster.png", b"", "image/png")
        assert errors(form.submit(status=400)) == {"address": "Picture cannot be an empty file"}
        assert session.scalars(select(Event)).all() == []

    def test_one_is_kept_while_another_field_is_mended(self, mine, png, session):
        form = filled(mine, title="")
        form["upload"] = ("poster.png", png, "image/png")
        again = form.submit(status=400).forms["form"]
        assert "/media/" in again["address"].value
        again["title"] = "Mended"
        again.submit(status=303)
        assert session.scalars(select(Event)).one().image_url.startswith("/media/")
        assert len(session.scalars(select(Image)).all()) == 1

    def test_what_is_no_picture_is_said_at_the_field(self, mine, session):
        form = filled(mine)
        form["upload"] = ("poster.png", b"<svg onload=alert(1)>", "image/png")
        page = form.submit(status=400)
        assert "is no JPEG" in errors(page)["address"]
        assert session.scalars(select(Image)).all() == []

    def test_one_of_elsewhere_is_not_loaded_by_the_form(self, mine, make, organizer):
        event = make.event(organizer=organizer, image_url="https://pictures.example.com/a.png")
        page = mine.get(path(event, "edit"))
        assert page.forms["form"]["address"].value == "https://pictures.example.com/a.png"
        assert "src" not in page.html.select_one("[data-picture] img").attrs

    def test_it_is_taken_away_by_emptying_the_field(self, mine, make, organizer, session):
        event = make.event(organizer=organizer, image_url="https://pictures.example.com/a.png")
        form = mine.get(path(event, "edit")).forms["form"]
        form["address"] = ""
        form.submit(status=303)
        assert session.get(Event, event.id).image_url is None


class TestUntouched:
    def test_the_sale_of_a_ticket_type_begins_when_it_did(self, mine, make, organizer, session):
        twice = datetime(2027, 10, 31, 1, 30, tzinfo=UTC)
        kind = {"name": "Stalls", "price": 20, "sale_starts_at": twice}
        event = make.event(
            organizer=organizer, timezone="Europe/Lisbon", starts_at=twice + timedelta(days=30),
            ends_at=twice + timedelta(days=31), ticket_types=[{"name": "Balcony", "price": 5}, kind],
        )  # fmt: skip
        form = mine.get(path(event, "edit")).forms["form"]
        form["title"] = "Another"
        form.submit(status=303)
        begins = session.scalars(select(TicketType.sale_starts_at).order_by(TicketType.id)).all()
        assert begins == [None, twice]

    def test_a_ticket_type_that_is_there_twice_is_refused_at_the_second(self, mine, event, session):
        form = mine.get(path(event, "edit")).forms["form"]
        form.set("id", form.get("id", 0).value, 1)
        page = form.submit(status="*")
        assert "Name is of a ticket type that is there twice" in errors(page).values()
        assert kinds(session, event) == [("Stalls", 20), ("Balcony", Decimal("12.5"))]


class TestActions:
    def test_publish_postpone_archive(self, mine, make, organizer, session, entries):
        event = make.event(organizer=organizer, status="draft", title="A draft")
        mine.post(path(event, "publish"), status=303)
        assert session.get(Event, event.id).status == "published"
        mine.get(path(event, "postpone")).mustcontain("Nobody can book it until", "Nobody has booked it.")
        mine.post(path(event, "postpone"), status=303)
        assert session.get(Event, event.id).status == "postponed"
        mine.post(path(event, "archive"), status=200).mustcontain("It cannot be published again.", "To confirm, type")
        mine.confirm(path(event, "archive"))
        assert session.get(Event, event.id).status == "archived"
        assert [action for action, *_ in entries()] == ["publish", "postpone", "archive"]
        mine.post(path(event, "publish"), status=409)

    def test_cancelling_says_what_it_does_and_wants_the_title(self, mine, make, organizer, api, session, entries):
        event = make.event(organizer=organizer, title="Gala", price="12.50")
        for _ in range(2):
            booking = api.as_(make.user()).post("/bookings", {"event_id": event.id, "quantity": 2}, status=201).json
            assert booking["status"] == "confirmed"
        page = mine.get(path(event, "cancel"))
        page.mustcontain("2 bookings of 4 places stay as they are.", "€50.00 was taken", "2 guests are told")
        form = page.forms["form"]
        form["confirmation"] = "gala?"
        form.submit(status=400).mustcontain("To confirm, type exactly: Gala")
        assert session.get(Event, event.id).status == "published"
        form["confirmation"] = "Gala"
        form.submit(status=303)
        assert session.get(Event, event.id).status == "cancelled"
        assert entries() == [("cancel", "events", event.id)]

    def test_a_booking_since_it_was_read_is_told_before_it_is_cancelled(self, mine, make, organizer, api, session):
        event = make.event(organizer=organizer, title="Gala")
        api.as_(make.user()).post("/bookings", {"event_id": event.id, "quantity": 2}, status=201)
        form = mine.get(path(event, "cancel")).forms["form"]
        api.as_(make.user()).post("/bookings", {"event_id": event.id, "quantity": 1}, status=201)
        form["confirmation"] = "Gala"
        page = form.submit(status=412)
        page.mustcontain("2 bookings of 3 places", "What you read is not what would happen now")
        assert session.get(Event, event.id).status == "published"
        page.forms["form"]["confirmation"] = "Gala"
        page.forms["form"].submit(status=303)
        assert session.get(Event, event.id).status == "cancelled"

    def test_a_stale_page_cancels_nothing(self, mine, event, api, session):
        form = mine.get(path(event, "cancel")).forms["form"]
        api.as_role("staff").patch(f"/events/{event.id}", {"title": "Changed"})
        form["confirmation"] = "Changed"
        form.submit(status=412)
        assert session.get(Event, event.id).status == "published"

    def test_deleting(self, mine, event, make, organizer, api, session):
        booked = make.event(organizer=organizer, title="Booked")
        api.as_(make.user()).post("/bookings", {"event_id": booked.id, "quantity": 1}, status=201)
        mine.get(path(event, "delete")).mustcontain("with its 2 ticket types")
        event_id = event.id
        mine.confirm(path(event, "delete"))
        session.expunge(event)
        assert session.get(Event, event_id) is None
        mine.confirm(path(booked, "delete"), status=409).mustcontain("People have booked this event")
        assert session.get(Event, booked.id) is not None

    def test_many_at_once(self, mine, make, organizer, session):
        drafts = [make.event(organizer=organizer, status="draft") for _ in range(2)]
        somebodys = make.event(status="draft")
        ids = [("ids", str(one.id)) for one in (*drafts, somebodys)]
        mine.post(f"{LIST}/some/publish", ids, status=303)
        assert [session.get(Event, one.id).status for one in drafts] == ["published", "published"]
        assert session.get(Event, somebodys.id).status == "draft"

    def test_copying(self, mine, make, organizer, session, entries):
        start = datetime(2027, 5, 1, 18, tzinfo=UTC)
        event = make.event(
            organizer=organizer, title="Gala", venue=make.venue(capacity=200), category=make.category(),
            tags=[make.tag(slug="jazz")], starts_at=start, ends_at=start + timedelta(hours=4), capacity=90, ticket_types=[
                {"name": "Early", "price": "9.50", "capacity": 20, "taken": 3, "sale_ends_at": start - timedelta(days=30)},
                {"name": "Late", "price": 15},
            ],
        )  # fmt: skip
        form = mine.get(path(event, "copy")).forms["form"]
        assert (form["title"].value, form["starts_at"].value) == ("Gala", "2027-05-01T19:00")
        form["starts_at"] = "2020-05-01T19:00"
        assert "must not be in the past" in errors(form.submit(status=400))["starts_at"]
        form["starts_at"], form["title"] = "2027-05-08T20:00", "Gala again"

        page = form.submit(status=303).follow()

        page.mustcontain("Gala again", "draft", "0 of 90", "Early")
        copy = session.scalars(select(Event).where(Event.title == "Gala again")).one()
        assert (copy.status, copy.ends_at - copy.starts_at) == ("draft", timedelta(hours=4))
        assert kinds(session, copy) == [("Early", Decimal("9.5")), ("Late", 15)]
        early = session.scalars(select(TicketType).where(TicketType.event_id == copy.id)).first()
        assert early.sale_ends_at == copy.starts_at - timedelta(days=30)
        assert entries() == [("copy", "events", copy.id)]

    def test_staff_copy_for_the_organizer(self, staff, event, organizer, session):
        staff.post(path(event, "copy"), {"title": "Copy", "starts_at": "2027-05-08T20:00"}, status=303)
        assert session.scalars(select(Event).where(Event.title == "Copy")).one().organizer_id == organizer.id

    def test_notifying(self, mine, event, api, make, session, entries):
        stalls = session.scalars(select(TicketType).where(TicketType.name == "Stalls")).one()
        api.as_(make.user()).post("/bookings", {"event_id": event.id, "ticket_type_id": stalls.id}, status=201)
        page = mine.get(f"/admin/notices/{event.id}/notify")
        page.mustcontain("1 guest is told")
        form = page.forms["form"]
        assert errors(form.submit(status=400)) == {"message": "Message is required"}
        form["subject"], form["message"] = "Doors", "They open at seven."
        form.submit(status=303).follow().mustcontain("1 guest is told")
        notice = session.scalars(select(Notice)).one()
        assert (notice.subject, notice.body, notice.author_id) == ("Doors", "They open at seven.", mine.user.id)
        assert entries() == [("notify", "events", event.id)]
