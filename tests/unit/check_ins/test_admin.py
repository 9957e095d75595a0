"""The page of the door in the admin UI."""

import pytest
from sqlalchemy import select, update
from tests.unit.pages import buttons, panel

from turnout.audit.models import AuditEntry
from turnout.bookings.models import Booking, Ticket
from turnout.events.models import Event


@pytest.fixture
def door(browser, owner):
    """A browser in which the event's organizer is signed in."""
    return browser.as_(owner)


@pytest.fixture
def here(event):
    return f"/admin/events/{event.id}/door"


@pytest.fixture
def ticket(book, event):
    return book(event)["tickets"][0]


def answer(page):
    """Return the colour of the answer, and what it says."""
    card = page.html.find(id="answer").find(class_="answer-card")
    (colour,) = {name.removeprefix("answer-") for name in card["class"]} - {"card"}
    return colour, card.find(class_="answer-title").get_text(), card.find(class_="answer-detail").get_text()


def counted(page):
    return page.html.find(class_="door-count").get_text()


def rows(page):
    """Return the words of each row of the list."""
    return [row.get_text(" ", strip=True) for row in page.html.select("#people tbody tr")]


def entries(session):
    query = select(AuditEntry).where(AuditEntry.subject == "tickets").order_by(AuditEntry.id)
    return session.scalars(query).all()


def test_a_hand_scanner_lets_somebody_in(door, here, book, event, row, owner, session):
    booking = book(event, tickets=[{"name": "Grace Holt"}, {}])
    ticket = booking["tickets"][0]
    page = door.get(here)
    assert answer(page)[:2] == ("plain", "Ready")
    assert counted(page) == "0 of 2 are in"
    form = next(form for form in page.forms.values() if "secret" in form.fields)
    assert page.html.find(id="answer")["aria-live"] == "assertive"
    form["secret"] = ticket["secret"]

    page = form.submit()

    said = f"Booking {booking['code']}"
    assert answer(page) == ("green", "Welcome, Grace Holt: General admission", said)
    assert counted(page) == "1 of 2 are in"
    assert "no-store" in page.headers["Cache-Control"]
    assert row(ticket).checked_in_by_id == owner.id
    (entry,) = entries(session)
    assert (entry.action, entry.subject_id, entry.label, entry.user_id) == (
        "check_in", ticket["id"], "Grace Holt", owner.id,
    )  # fmt: skip
    assert entry.before == {"checked_in_at": None, "checked_in_by_id": None}
    assert ticket["secret"] not in repr((entry.before, entry.after, entry.label, entry.path))
    assert ticket["secret"] not in page.text


def test_nobody_comes_in_twice(door, here, ticket, event, clock, session):
    door.post(here, {"secret": ticket["secret"]})
    since = clock.now()
    local = f"{since:%H:%M}"
    session.execute(update(Event).values(timezone="UTC"))
    clock.move(minutes=5)
    for again in ({"secret": ticket["secret"]}, {"ticket_id": ticket["id"]}):
        colour, title, detail = answer(door.post(here, again))
        assert (colour, title) == ("red", f"Already in since {local}")
        assert detail.startswith("Ada Marsh: General admission, booking ")
    clock.move(days=1)
    assert (
        answer(door.post(here, {"secret": ticket["secret"]}))[1] == f"Already in since {since.day} {since:%b}, {local}"
    )
    assert len(entries(session)) == 1


def test_what_lets_nobody_in_is_red(door, here, ticket, session, row, clock):
    def change(of, **values):
        session.execute(update(of).values(**values))
        return answer(door.post(here, {"secret": ticket["secret"]}))

    colour, title, detail = change(Booking, status="pending", expires_at=clock.now())
    assert (colour, title) == ("red", "Not confirmed")
    assert detail.startswith("Ada Marsh: General admission, booking ")
    assert detail.endswith("The booking is pending; it lets nobody in.")
    colour, title, detail = change(Ticket, status="cancelled")
    assert (colour, title) == ("red", "Cancelled")
    assert detail.startswith("Ada Marsh")
    assert row(ticket).checked_in_at is None
    assert entries(session) == []


@pytest.mark.parametrize("secret", ["iesWrZdYpC6zcGgLtVjowJje", "x" * 1001, "a\x00b", "ÿ 中", "' OR 1=1"])
def test_what_is_no_ticket_is_unknown(door, here, secret):
    assert answer(door.post(here, {"secret": secret}))[:2] == ("red", "Unknown ticket")


@pytest.mark.parametrize("ticket_id", ["99999", "0", "-1", "9" * 30, "x"])
def test_what_is_no_ticket_cannot_be_chosen(door, here, ticket_id):
    for path in (here, f"{here}/undo"):
        assert answer(door.post(path, {"ticket_id": ticket_id}))[:2] == ("red", "Unknown ticket")


def test_nothing_is_no_ticket(door, here, ticket):
    for path, sent in ((here, {}), (here, {"secret": "  "}), (f"{here}/undo", {"secret": ticket["secret"]})):
        assert answer(door.post(path, sent))[1] == "Nothing was scanned"
    sent = door.pages.post(
        here, [("csrf_token", door.cookies["turnout_csrf"])], upload_files=[("secret", "a.txt", b"x")]
    )
    assert answer(sent)[1] == "Nothing was scanned"


def test_a_ticket_of_another_event_is_unknown(door, here, make, owner, book, row):
    other = make.event(title="Elsewhere", organizer=owner)
    (ticket,) = book(other)["tickets"]
    for sent in ({"secret": ticket["secret"]}, {"ticket_id": ticket["id"]}):
        page = door.post(here, sent)
        assert answer(page)[:2] == ("red", "Unknown ticket")
        assert "Ada Marsh" not in page.text
    assert row(ticket).checked_in_at is None


def test_guests_are_let_in_by_name_and_that_is_undone(door, here, book, event, make, row, session):
    grace = make.user(first_name="Grace", last_name="Lima")
    ada, one = book(event)["tickets"][0], book(event, user=grace)["tickets"][0]
    page = door.get(f"{here}?search=gra")
    assert [text.split(" General")[0] for text in rows(page)] == ["Grace Lima expected"]
    form = next(form for form in page.forms.values() if "ticket_id" in form.fields)

    page = form.submit("ticket_id", value=str(one["id"]))

    assert answer(page)[:2] == ("green", "Welcome, Grace Lima: General admission")
    assert len(rows(page)) == 1, "the search stays"
    assert "in since" in rows(page)[0]
    assert len(rows(door.get(f"{here}?checked_in=true"))) == len(rows(door.get(f"{here}?checked_in=false"))) == 1
    button = page.html.select_one("#people tbody button")
    assert (button.get_text(strip=True), button["aria-label"]) == ("Undo", "Undo: Grace Lima")
    page = door.post(button["formaction"], {"ticket_id": button["value"]})
    assert answer(page)[:2] == ("plain", "Grace Lima is not in")
    assert counted(page) == "0 of 2 are in"
    assert row(one).checked_in_at is None
    door.post(f"{here}/undo", {"ticket_id": ada["id"]})
    assert [(entry.action, entry.label) for entry in entries(session)] == [
        ("check_in", "Grace Lima"), ("undo_check_in", "Grace Lima"),
    ]  # fmt: skip


def test_the_list_takes_what_it_is_asked(door, here, book, event):
    book(event, quantity=3)
    first = door.get(f"{here}?page_size=2")
    assert len(rows(first)) == 2
    assert "page=2" in first.html.find("a", rel="next")["href"]
    assert len(rows(door.get(f"{here}?page_size=2&page=2"))) == 1
    assert "Nobody matches" in door.get(f"{here}?search=nobody")
    for wrong in ("page=9999&page_size=100", "cursor=x", "checked_in=perhaps", "search=%00", "page=x", "ordering=x"):
        assert len(rows(door.get(f"{here}?{wrong}"))) == 3, wrong


@pytest.mark.parametrize(
    ("status", "why"),
    [("draft", "a draft"), ("postponed", "new date"), ("cancelled", "let nobody in"), ("archived", "over")],
)
def test_a_door_that_is_closed_says_why(door, here, ticket, session, row, status, why):
    session.execute(update(Event).values(status=status))
    page = door.get(here)
    note = page.html.select_one("[role=note]").get_text(" ", strip=True)
    assert note.startswith("Nobody can be let in now")
    assert why in note
    assert all("secret" not in form.fields for form in page.forms.values())
    assert page.html.select("#people button") == []
    colour, title, detail = answer(door.post(here, {"ticket_id": ticket["id"]}))
    assert (colour, title) == ("red", "Nobody is let in")
    assert status in detail
    assert row(ticket).checked_in_at is None


def test_it_is_for_who_holds_the_event_and_staff(browser, here, ticket, event, row):
    path, sent = f"{here}/undo", {"secret": ticket["secret"], "ticket_id": ticket["id"]}
    for role, status in (("organizer", 403), ("user", 403), ("anyone", 302)):
        other = browser.as_role(role)
        for page in (other.get(here, status=status), other.post(here, sent, status=status)):
            assert "Ada Marsh" not in page.text
        other.post(path, sent, status=status)
    assert row(ticket).checked_in_at is None
    staff = browser.as_role("staff")
    assert "At the door" in buttons(staff.get(f"/admin/events/{event.id}"))
    assert answer(staff.post(here, {"secret": ticket["secret"]}))[0] == "green"
    staff.get("/admin/events/999999/door", status=404)
    staff.post("/admin/events/999999/door", sent, status=404)


def test_a_stranger_s_form_lets_nobody_in(door, here, ticket, row):
    for path in (here, f"{here}/undo"):
        door.post(path, {"secret": ticket["secret"], "csrf_token": ""}, status=400)
    assert row(ticket).checked_in_at is None
    token = door.cookies["turnout_csrf"]
    sent = {"secret": ticket["secret"], "csrf_token": ""}
    assert answer(door.post(here, sent, headers={"X-CSRF-Token": token}))[0] == "green"


def test_the_event_s_page_tells_of_it(door, here, event, book, session):
    page = door.get(f"/admin/events/{event.id}")
    assert panel(page, "At the door") is None
    tickets = book(event, quantity=3)["tickets"]
    door.post(here, {"secret": tickets[0]["secret"]})
    page = door.get(f"/admin/events/{event.id}")
    assert panel(page, "At the door") == "At the door Expected 3 In 1 of 3"
    assert page.click("At the door").request.path == here
    session.execute(update(Event).values(status="draft"))
    assert "At the door" not in buttons(door.get(f"/admin/events/{event.id}"))


def test_it_costs_the_same_for_any_number_of_tickets(door, here, book, event, statements):
    def cost(act):
        with statements() as sent:
            act()
        return len(sent)

    first = book(event)["tickets"][0]
    book(event)
    seen = cost(lambda: door.get(here))
    scanned = cost(lambda: door.post(here, {"secret": first["secret"]}))
    for _ in range(3):
        book(event, quantity=8)
    more = book(event)["tickets"][0]
    assert cost(lambda: door.get(here)) == seen
    assert cost(lambda: door.post(here, {"secret": more["secret"]})) == scanned
    assert scanned < 25
