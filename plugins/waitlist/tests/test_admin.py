"""Waiting lists in the admin UI."""

import re

import pytest


@pytest.fixture
def desk(browser, organizer):
    """The organizer's browser."""
    return browser.as_(organizer)


@pytest.fixture
def page_of(entry):
    return lambda client: f"/admin/waitlist/{entry(client).id}"


def links(page):
    return re.findall(r'href="/admin/waitlist/(\d+)"', page.text)


def test_organizers_see_who_waits_for_their_own_events(desk, browser, full, join, make, book, page_of, event):
    ada = join(2)
    other = make.event(capacity=1, title="Jazz night")
    book(at=other)
    stranger = join(at=other)
    desk.get("/admin/waitlist").mustcontain("Ada Lovelace", "Fado night", "General admission", no="Jazz night")
    desk.get(page_of(ada)).mustcontain(ada.user.email, "waiting")
    staff = browser.as_role("staff")
    staff.get("/admin/waitlist").mustcontain("Fado night", "Jazz night")
    for query, found in {f"event={event.id}": 1, "status=waiting": 2, "status=offered": 0, "event=999999": 0}.items():
        assert len(set(links(staff.get(f"/admin/waitlist?{query}")))) == found, query
    foreign = f"/admin/waitlist/{links(staff.get(f'/admin/waitlist?event={other.id}'))[0]}"
    desk.get(foreign, status=404)
    for name in ("offer-now", "prioritize", "remove"):
        desk.post(f"{foreign}/{name}", {"priority": "1"}, status=404)
    browser.as_role("user").get("/admin/waitlist", status=403)
    assert stranger.get(f"/events/{other.id}/waitlist/mine").json["status"] == "waiting"


def test_places_are_offered_out_of_turn(desk, full, cancel, join, page_of, statuses, own, event):
    first, second = join(3), join(2)
    cancel(full[0])
    desk.post(f"{page_of(second)}/offer-now", status=409).mustcontain("not so many places")
    assert statuses(first, second) == ["waiting", "waiting"]
    third = join(2)
    own.patch(f"/events/{event.id}", {"capacity": 4})
    assert statuses(first, second, third) == ["waiting", "offered", "waiting"]
    own.patch(f"/events/{event.id}", {"capacity": 5})
    page = desk.get(page_of(third))
    page.mustcontain("Offer now")


def test_what_is_saved_may_be_offered_out_of_turn(desk, full, cancel, join, page_of, statuses, entry, session):
    group = join(3)
    entry(group).passed_over = 3
    session.flush()
    cancel(full[0])
    single = join()
    assert entry(group).held == 1
    form = next(form for form in desk.get(page_of(single)).forms.values() if form.action.endswith("/offer-now"))
    form.submit(status=303).follow().mustcontain("The places are offered", "offered", no="Offer now")
    assert statuses(group, single) == ["waiting", "offered"]


def test_the_priority_is_changed_by_a_form(desk, full, cancel, join, page_of, statuses):
    first, second = join(), join()
    form = desk.get(f"{page_of(second)}/prioritize").forms["form"]
    form["priority"] = "1000"
    form.submit(status=400).mustcontain("must be at most 100")
    form["priority"] = "10"
    form.submit(status=303).follow().mustcontain("The place in line was changed.")
    cancel(full[0])
    assert statuses(first, second) == ["waiting", "offered"]


def test_somebody_is_taken_off(desk, full, cancel, join, page_of, statuses):
    first, second = join(), join()
    cancel(full[0])
    desk.get(f"{page_of(first)}/remove").mustcontain("goes to the next in line")
    desk.confirm(f"{page_of(first)}/remove")
    assert statuses(first, second) == ["cancelled", "offered"]
    desk.get(page_of(first)).mustcontain("removed", no="Change priority")


def test_what_somebody_else_has_changed_is_not_decided_about(desk, full, join, page_of, own, entry, event):
    ada = join()
    form = next(form for form in desk.get(page_of(ada)).forms.values() if form.action.endswith("/offer-now"))
    own.patch(f"/events/{event.id}/waitlist/{entry(ada).id}", {"priority": 3})
    form.submit(status=412)


def test_an_event_shows_its_list(desk, browser, full, cancel, join, accept, event, page_of, clock, own):
    page = f"/admin/events/{event.id}"
    desk.get(page).mustcontain("Fado night", no="Next in line")
    first, _ = join(), join(2)
    clock.move(hours=1)
    cancel(full[0])
    accept(first)
    desk.get(page).mustcontain("Next in line", "Mean wait until the offer", "1:00:00", "100%", "All entries")
    own.patch(f"/events/{event.id}", {"extensions": {"waitlist": {"is_open": False}}})
    browser.as_role("staff").get(page).mustcontain("no: nobody may join")


def test_the_list_is_closed_in_the_form_of_the_event(desk, event, full, api, make):
    form = desk.get(f"/admin/events/{event.id}/edit").forms["form"]
    assert form["is_open"].checked
    form["is_open"].checked = False
    form.submit(status=303)
    path = f"/events/{event.id}/waitlist"
    assert api.as_(make.user()).post(path, {}, status=409).json["code"] == "waitlist_closed"
    form = desk.get(f"/admin/events/{event.id}/edit").forms["form"]
    form["is_open"].checked = True
    form.submit(status=303)
    api.as_(make.user()).post(path, {}, status=201)


def test_who_cancels_an_event_hears_how_many_wait(desk, event, full, join):
    join()
    desk.get(f"/admin/events/{event.id}/cancel").mustcontain("1 person is on the waiting list: nobody waits any more")
    join()
    desk.get(f"/admin/events/{event.id}/postpone").mustcontain("2 people are on the waiting list: they go on waiting.")


def test_who_deletes_users_hears_that_they_wait(browser, full, join, session):
    join().user.username = "goner1"
    session.flush()
    page = browser.as_role("staff").get("/admin/users/all/delete-by-prefix")
    page.forms["form"]["prefix"] = "goner"
    page.forms["form"].submit(status=200).mustcontain("They leave 1 waiting list.")


def test_statements_do_not_grow(desk, full, join, statements, event):
    def sent(path):
        with statements() as seen:
            desk.get(path)
        return len(seen)

    join()
    paths = ("/admin/waitlist", f"/admin/events/{event.id}")
    few = [sent(path) for path in paths]
    for _ in range(6):
        join()
    assert [sent(path) for path in paths] == few
