"""Venues in the admin UI."""

import pytest
from sqlalchemy import select

from turnout.audit.models import AuditEntry
from turnout.venues.models import Venue

LIST = "/admin/venues"


@pytest.fixture
def mine(browser):
    return browser.as_role("organizer")


@pytest.fixture
def venue(make, mine):
    return make.venue(name="Teatro", city="Porto", capacity=100, created_by_id=mine.user.id)


def entries(session):
    query = select(AuditEntry).where(AuditEntry.source == "admin").order_by(AuditEntry.id)
    return [(entry.action, entry.subject, entry.subject_id) for entry in session.scalars(query)]


def names(page):
    return [link.text for link in page.html.select("#results td a.fw-medium")]


def test_one_is_made(mine, session):
    form = mine.get(f"{LIST}/new").forms["form"]
    form["name"], form["city"], form["country"], form["timezone"] = "Teatro", "Porto", "PT", "Europe/Lisbon"
    form["facilities"] = "bar\n\nhearing loop\n"
    form.submit(status=303).follow().mustcontain("Teatro", "was made", "hearing loop")
    [made] = session.scalars(select(Venue))
    assert (made.facilities, made.created_by_id, made.capacity) == (["bar", "hearing loop"], mine.user.id, None)
    assert entries(session) == [("create", "venues", made.id)]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "is required"),
        ("country", "Portugal", "must be an ISO 3166 code"),
        ("capacity", "0", "must be at least 1"),
        ("timezone", "Lisbon", "must be an IANA time zone"),
        ("facilities", "x" * 61, "60 characters"),
    ],
)
def test_what_is_wrong_stands_at_its_field(mine, session, field, value, message):
    form = mine.get(f"{LIST}/new").forms["form"]
    form["name"], form["city"], form["country"] = "Teatro", "Porto", "PT"
    form[field].force_value(value)
    page = form.submit(status=400)
    wrong = page.html.find(attrs={"name": field})
    assert message in page.html.find(id=f"{wrong['id']}-error").text
    assert page.forms["form"]["city"].value == "Porto"
    assert session.scalars(select(Venue)).all() == []


def test_a_change_that_an_event_refuses_is_said(mine, venue, make):
    make.event(venue=venue, capacity=80, title="Gala")
    form = mine.get(f"{LIST}/{venue.id}/edit").forms["form"]
    form["capacity"] = "70"
    form.submit(status=409).mustcontain("Gala", "the venue cannot hold only 70")
    form["capacity"] = "90"
    form.submit(status=303)
    assert venue.capacity == 90


def test_a_stale_form_changes_nothing(mine, venue, api):
    form = mine.get(f"{LIST}/{venue.id}/edit").forms["form"]
    api.as_role("staff").patch(f"/venues/{venue.id}", {"name": "Theirs"})
    form["name"] = "Mine"
    page = form.submit(status=412)
    page.mustcontain("Saved by somebody else: Theirs")
    assert venue.name == "Theirs"
    page.forms["form"].submit(status=303)
    assert venue.name == "Mine"


def test_all_are_seen_but_only_ones_own_changed(mine, venue, make, browser):
    other = make.venue(name="Theirs", created_by_id=None)
    assert set(names(mine.get(LIST))) == {"Teatro", "Theirs"}
    page = mine.get(f"{LIST}/{other.id}")
    assert not page.html.find("a", href=f"{LIST}/{other.id}/edit")
    assert mine.get(f"{LIST}/{venue.id}").html.find("a", href=f"{LIST}/{venue.id}/edit")
    mine.get(f"{LIST}/{other.id}/edit", status=403)
    mine.post(f"{LIST}/{other.id}/edit", {"name": "Mine"}, status=403)
    mine.post(f"{LIST}/{other.id}/delete", {"confirmation": "Theirs"}, status=403)
    mine.post(f"{LIST}/{venue.id}/edit", {"name": "x", "csrf_token": ""}, status=400)
    browser.as_role("user").get(LIST, status=403)
    assert (other.name, venue.name) == ("Theirs", "Teatro")


def test_deleting(mine, venue, make, session):
    make.event(venue=venue)
    empty = make.venue(name="Empty", created_by_id=mine.user.id)
    mine.confirm(f"{LIST}/{venue.id}/delete", status=409).mustcontain("There are events")
    mine.post(f"{LIST}/{empty.id}/delete", {"confirmation": "empty"}, status=400)
    mine.confirm(f"{LIST}/{empty.id}/delete")
    assert session.scalars(select(Venue.name)).all() == ["Teatro"]


def test_its_page_shows_what_is_coming_there_of_ones_own(mine, browser, venue, make, clock):
    make.event(title="Mine here", venue=venue, organizer=mine.user)
    make.event(title="Theirs here", venue=venue)
    make.event(title="Elsewhere", organizer=mine.user)
    make.event(title="Gone", venue=venue, organizer=mine.user, starts_at=clock.now().replace(year=2020))
    mine.get(f"{LIST}/{venue.id}").mustcontain("Events here", "Mine here", no=["Theirs here", "Elsewhere", "Gone"])
    browser.as_role("staff").get(f"{LIST}/{venue.id}").mustcontain("Mine here", "Theirs here")


def test_the_list_filters_and_sorts(mine, make):
    for name, city, capacity in (("Alpha", "Porto", 50), ("Beta", "Faro", 500)):
        make.venue(name=name, city=city, capacity=capacity)
    assert names(mine.get(LIST)) == ["Alpha", "Beta"]
    assert names(mine.get(f"{LIST}?ordering=-name")) == ["Beta", "Alpha"]
    assert names(mine.get(f"{LIST}?city=faro")) == names(mine.get(f"{LIST}?min_capacity=100")) == ["Beta"]


def test_as_many_statements_for_30_as_for_1(mine, make, statements):
    seen = []
    for many in (1, 29):
        for _ in range(many):
            make.venue()
        with statements() as sent:
            mine.get(f"{LIST}?page_size=50")
        seen.append(len(sent))
    assert seen[0] == seen[1]
