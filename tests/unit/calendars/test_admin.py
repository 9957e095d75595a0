"""Calendars in the admin UI."""


def test_the_page_of_an_event_leads_to_its_file(browser, make):
    organizer = make.organizer()
    event = make.event(organizer=organizer, status="draft")
    page = browser.as_(organizer).get(f"/admin/events/{event.id}")
    response = page.click("Calendar file")
    assert response.request.path == f"/api/v1/events/{event.id}.ics"
    assert response.content_type == "text/calendar"


def test_staff_see_and_end_the_link_of_a_user(browser, api, make, link):
    ada, staff = make.user(), browser.as_role("staff")
    page = staff.get(f"/admin/users/{ada.id}")
    page.mustcontain("Calendar link", "No calendar reads this user")
    url = link(ada)
    staff.get(f"/admin/users/{ada.id}").mustcontain(
        "Calendar link", no=["No calendar reads", url.partition("token=")[2]]
    )
    page = staff.get(f"/admin/calendars/{ada.id}/end-link")
    page.mustcontain("see nothing new any more")
    page.forms["form"].submit(status=303)
    api.get(url, status=404)


def test_organizers_see_nobodys_links(browser, make):
    browser.as_role("organizer").get(f"/admin/users/{make.user().id}", status=403)


def test_a_password_that_is_reset_ends_the_link(browser, api, make, link):
    ada = make.user()
    url = link(ada)
    browser.as_role("staff").confirm(f"/admin/users/{ada.id}/reset-password", status=200)
    api.get(url, status=404)
