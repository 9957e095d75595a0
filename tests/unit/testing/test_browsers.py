"""The browser that tests of pages use."""

import pytest
from webtest import AppError

from turnout.security.csrf import SESSION_COOKIE
from turnout.testing.browsers import session_cookies


def test_it_is_signed_in_as_any_role(browser):
    for role in ("organizer", "staff", "superuser"):
        signed_in = browser.as_role(role)
        assert signed_in.user is not None
        assert signed_in.get("/admin/sign-in", status=303).location == "http://localhost/admin"
    browser.get("/admin/sign-in", status=200)
    browser.as_role("anyone").get("/admin/sign-in", status=200)
    with pytest.raises(ValueError, match="is no role"):
        browser.as_role("boss")


def test_it_stays_so_wherever_the_clock_goes(browser, clock):
    staff = browser.as_role("staff")
    clock.move(days=300)
    staff.get("/admin/sign-in", status=303)


def test_it_sends_the_token_that_a_form_has_and_a_post_needs(browser):
    page = browser.get("/admin/sign-in")
    page.form["login"] = "nobody"
    page.form["password"] = "whatever"
    page.form.submit(status=401)
    browser.post("/admin/sign-out", status=303)
    browser.post("/admin/sign-out", {"csrf_token": ""}, status=400)
    page.form["csrf_token"] = "another"
    page.form.submit(status=400)


def test_it_fails_for_what_is_not_expected(browser):
    with pytest.raises(AppError):
        browser.post("/admin/sign-in", {"login": "nobody", "password": "whatever"})


def test_it_sees_what_the_test_has_written_and_the_other_way_round(browser, make, session, clock):
    user = make.organizer()
    browser.pages.keep(SESSION_COOKIE, session_cookies(session, user, clock.now())[SESSION_COOKIE])
    browser.get("/admin/sign-in", status=303)
    browser.post("/admin/sign-out", status=303)
    assert SESSION_COOKIE not in browser.cookies
    browser.get("/admin/sign-in", status=200)
