"""The admin's sign-in page, and signing out."""

import re
from urllib.parse import urlencode

import pytest
from pyramid.request import Request
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from turnout.admin.destinations import destination
from turnout.auth.models import SignInSession
from turnout.auth.tokens import hash_token
from turnout.security.csrf import CSRF_COOKIE, SESSION_COOKIE
from turnout.testing.browsers import CSRF_TOKEN, Browser
from turnout.testing.factories import PASSWORD, Make


@pytest.fixture
def olga(make):
    return make.organizer(username="olga", email="olga@example.com")


@pytest.fixture
def filled_in(browser, olga):
    def filled_in(login="olga", password=PASSWORD, query=""):
        form = browser.get("/admin/sign-in" + query).form
        form["login"], form["password"] = login, password
        return form

    return filled_in


def sessions(session):
    return session.scalars(select(SignInSession).order_by(SignInSession.id)).all()


@pytest.mark.parametrize("login", ["olga", "OLGA", "Olga@Example.com"])
def test_by_username_or_address_whatever_the_case(browser, filled_in, session, olga, login):
    answer = filled_in(login).submit(status=303)
    assert answer.location == "http://localhost/admin"
    row = sessions(session)[0]
    assert row.user_id == olga.id
    assert bytes(row.cookie_hash) == hash_token(browser.cookies[SESSION_COOKIE])
    assert browser.get("/admin/sign-in", status=303).location == "http://localhost/admin"
    assert browser.pages.get("/api/v1/users/me").json["username"] == "olga"


@pytest.mark.parametrize("role", ["organizer", "staff", "superuser"])
def test_whoever_has_something_to_do_in_the_admin_enters(browser, filled_in, make, role):
    filled_in(getattr(make, role)().username).submit(status=303)


def test_the_cookie_is_for_our_pages_alone_until_the_browser_is_closed(filled_in):
    answer = filled_in().submit(status=303)
    cookie = next(value for value in answer.headers.getall("Set-Cookie") if value.startswith(SESSION_COOKIE))
    token, *attributes = cookie.split("; ")
    assert re.fullmatch(SESSION_COOKIE + r"=[\w-]{43}", token)
    assert sorted(attributes) == ["HttpOnly", "Path=/", "SameSite=Lax"]


def test_in_production_it_goes_over_https_alone(workshop, database):
    application = workshop.application(database, settings={"turnout.environment": "production"})
    with application.rolled_back() as connection, Session(connection, expire_on_commit=False) as session:
        user, page = Make(session, application.registry.clock).staff(), Browser(application, session)
        page.pages.extra_environ["wsgi.url_scheme"] = "https"
        given = {"login": user.username, "password": PASSWORD}
        for origin in ("https://evil.example.com", "http://localhost", "null"):
            page.post("/admin/sign-in", given, status=400, headers={"Origin": origin})
        answer = page.post("/admin/sign-in", given, status=303, headers={"Origin": "https://localhost"})
        assert answer.location.startswith("https://localhost")
        assert all(re.search("; secure; HttpOnly; SameSite=Lax", one) for one in answer.headers.getall("Set-Cookie"))
        out = page.post("/admin/sign-out", status=303, headers={"Origin": "https://localhost"})
        assert SESSION_COOKIE not in page.cookies
        assert "secure" in next(one for one in out.headers.getall("Set-Cookie") if one.startswith(SESSION_COOKIE))


def test_a_plain_user_is_told_kindly_that_it_is_not_for_them(browser, filled_in, make, session):
    page = filled_in(make.user().username).submit(status=403)
    assert "for organizers and staff" in page.html.find(role="alert").text
    assert SESSION_COOKIE not in browser.cookies
    assert sessions(session) == []


@pytest.mark.parametrize(
    ("login", "password"),
    [("olga", "wrong password"), ("nobody", PASSWORD), ("<b>olga</b>", "x"), ("olga", PASSWORD + " ")],
)
def test_what_was_wrong_is_said_in_the_form_but_not_which(filled_in, login, password):
    page = filled_in(login, password).submit(status=401)
    assert page.headers["WWW-Authenticate"].startswith("Bearer")
    alert = page.html.find(role="alert")
    assert alert.text.strip() == "The username or the password is wrong."
    assert page.form["login"].value == login
    assert page.form["password"].value == ""
    assert PASSWORD not in page.text
    for name in ("login", "password"):
        field = page.html.find(id=name)
        assert field["aria-invalid"] == "true"
        assert page.html.find(id=field["aria-describedby"]).text in alert.text
    assert [field["name"] for field in page.html.find_all(autofocus=True)] == ["login"]
    assert page.html.title.text.startswith("Error: ")
    assert "<b>" not in page.text


@pytest.mark.parametrize(
    ("login", "password", "said", "focus"),
    [
        ("", "", ["Username or email address must not be empty.", "Password must not be empty."], "login"),
        ("olga", "", ["Password must not be empty."], "password"),
        ("x" * 255, "x", ["Username or email address must have at most 254 characters."], "login"),
        ("olga", "x" * 1001, ["Password must have at most 1000 characters."], "password"),
        ("ol\x00ga", "x", ["Username or email address must not contain a NUL character."], "login"),
    ],
)
def test_what_cannot_be_is_said_too(filled_in, login, password, said, focus):
    page = filled_in(login, password).submit(status=400)
    assert [line.text for line in page.html.find(role="alert").find_all("p")] == said
    assert [field["name"] for field in page.html.find_all(autofocus=True)] == [focus]


def test_the_form_is_what_password_managers_and_screen_readers_expect(browser):
    page = browser.get("/admin/sign-in")
    expected = {"login": ("text", "username"), "password": ("password", "current-password")}
    for name, (kind, autocomplete) in expected.items():
        field = page.html.find(id=name)
        assert (field["type"], field["autocomplete"], field["name"]) == (kind, autocomplete, name)
        assert page.html.find("label", attrs={"for": name}).text
        assert field.has_attr("required")
        assert not field.has_attr("aria-invalid")
    assert page.html.find(role="alert") is None
    assert [field["name"] for field in page.html.find_all(autofocus=True)] == ["login"]
    assert page.headers["Cache-Control"] == "no-store"
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert not page.html.find_all("script", src=False)


@pytest.mark.parametrize(
    "wanted",
    ["/admin", "/admin/", "/admin/events", "/admin/events/5", "/admin?x=1", "/admin/e?search=a%20b&x[]=1&page=2"],
)
def test_it_leads_to_where_one_wanted_to_be(wanted):
    for method in ("GET", "POST"):
        assert destination(asking(wanted, method)) == wanted


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "/",
        "//evil.example.com",
        "//evil.example.com/admin",
        "///evil.example.com/admin",
        "/\\evil.example.com",
        "\\\\evil.example.com/admin",
        "https://evil.example.com/admin",
        "https:/evil.example.com/admin",
        "https:admin",
        "javascript:alert(1)//admin",
        "admin",
        " /admin",
        "\t/admin",
        "/admin@evil.example.com",
        "/administrator",
        "/admin.evil.example.com",
        "/admin\\evil",
        "/admin/\\evil",
        "/admin/../docs",
        "/admin/./../docs",
        "/admin/%2e%2e/docs",
        "/admin/.%2E/docs",
        "/admin/..%2fdocs",
        "/admin/x#/y",
        "/admin\r\nSet-Cookie: a=b",
        "/admin/\r\nX: y",
        "/admin\n",
        "/admin/ü",
        "/admin/\x00",
        "/api/v1/users/me",
        "/admin/sign-out",
        "/admin/sign-out?x=1",
        "/admin/sign%2Dout/",
        "/admin/theme",
    ],
)
def test_it_leads_nowhere_else(hostile):
    for method in ("GET", "POST"):
        assert destination(asking(hostile, method)) == "/admin"


def asking(wanted, method):
    if method == "GET":
        return Request.blank("/admin/sign-in?" + urlencode({"next": wanted}))
    return Request.blank("/admin/sign-in", POST={"next": wanted})


def test_where_one_wanted_to_be_is_known_through_all_attempts(browser, filled_in):
    wanted = "/admin/events?search=a%20b&page=2"
    form = filled_in("nobody", "x", query="?" + urlencode({"next": wanted}))
    again = form.submit(status=401).form
    again["login"], again["password"] = "olga", PASSWORD
    assert again.submit(status=303).location == "http://localhost" + wanted
    for sent, led in ((wanted, wanted), ("//evil.example.com/admin", "/admin")):
        answer = browser.pages.get("/admin/sign-in", {"next": sent}, status=303)
        assert answer.location == "http://localhost" + led
        assert browser.post("/admin/sign-in", {"next": sent}, status=400).form["next"].value == led


def test_below_a_path_of_its_own_it_leads_there(application, browser, filled_in):
    form = browser.pages.get(
        "/admin/sign-in", {"next": "/tickets/admin/events"}, extra_environ={"SCRIPT_NAME": "/tickets"}
    ).form
    assert form["next"].value == "/tickets/admin/events"
    assert form.action == "/tickets/admin/sign-in"


def test_signing_in_takes_a_new_session_and_token_and_ends_the_old(browser, filled_in, session, api):
    planted = {SESSION_COOKIE: "planted"}
    for name, value in planted.items():
        browser.pages.keep(name, value)
    form = filled_in()
    form.submit(status=303)
    first = dict(browser.cookies)
    assert first[SESSION_COOKIE] != "planted"
    assert first[CSRF_COOKIE] != CSRF_TOKEN
    form["csrf_token"] = first[CSRF_COOKIE]
    form.submit(status=303)
    second = dict(browser.cookies)
    assert second[SESSION_COOKIE] != first[SESSION_COOKIE]
    assert second[CSRF_COOKIE] != first[CSRF_COOKIE]
    assert [row.revoked_at is not None for row in sessions(session)] == [True, False]
    old = {"Cookie": f"{SESSION_COOKIE}={first[SESSION_COOKIE]}"}
    api.get("/users/me", status=401, headers=old)
    api.get("/users/me", headers={"Cookie": f"{SESSION_COOKIE}={second[SESSION_COOKIE]}"})


def test_a_refused_sign_in_ends_nothing(browser, make):
    staff = browser.as_role("staff")
    staff.post("/admin/sign-in", {"login": staff.user.username, "password": "wrong"}, status=401)
    staff.post("/admin/sign-in", {"login": make.user().username, "password": PASSWORD}, status=403)
    staff.get("/admin/sign-in", status=303)


def test_who_lost_the_right_to_enter_may_sign_in_as_somebody_else(browser, api, olga):
    page = browser.as_(olga)
    api.as_role("superuser").patch(f"/users/{olga.id}", {"is_organizer": False})
    page.get("/admin/sign-in", status=200)


def test_signing_out_ends_the_session_on_the_server(browser, api, session):
    staff = browser.as_role("staff")
    cookie = {"Cookie": f"{SESSION_COOKIE}={staff.cookies[SESSION_COOKIE]}"}
    answer = staff.post("/admin/sign-out", status=303)
    assert SESSION_COOKIE not in staff.cookies
    page = answer.follow(status=200)
    assert page.html.find(role="status").text.strip() == "You are signed out."
    assert sessions(session)[0].revoked_at is not None
    api.get("/users/me", status=401, headers=cookie)


def test_signing_out_ends_no_other_session(browser):
    here = browser.as_role("staff")
    there = browser.as_(here.user)
    here.post("/admin/sign-out", status=303)
    there.get("/admin/sign-in", status=303)


def test_signing_out_twice_is_no_error(browser):
    browser.post("/admin/sign-out", status=303)
    browser.pages.keep(SESSION_COOKIE, "long gone")
    browser.post("/admin/sign-out", status=303)
    assert SESSION_COOKIE not in browser.cookies


@pytest.mark.parametrize("path", ["/admin/sign-in", "/admin/sign-out"])
@pytest.mark.parametrize("token", ["", "other", "€", "\x00"])
def test_a_strangers_form_neither_signs_in_nor_out(browser, olga, session, path, token):
    staff = browser.as_role("staff")
    for one in (browser, staff):
        one.post(path, {"login": "olga", "password": PASSWORD, "csrf_token": token}, status=400)
    assert [row.revoked_at for row in sessions(session)] == [None]


def test_a_token_client_needs_the_csrf_token_there_too(browser, api, olga):
    headers = {"Authorization": "Bearer " + api.token(olga)}
    fields = {"login": "olga", "password": PASSWORD, "csrf_token": ""}
    browser.post("/admin/sign-in", fields, status=400, headers=headers)
    browser.post("/admin/sign-in/", fields, status=400, headers=headers)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"login=%ff&password=%ff"),
        ("application/x-www-form-urlencoded; charset=nonsense", b"login=x&password=y"),
        ("application/x-www-form-urlencoded", b"login=%ed%a0%80&password=y"),
        ("application/json", b'{"login": "olga"}'),
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense"),
        ("multipart/form-data", b"--x--"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="login"; filename="a"\r\n\r\nolga\r\n--x--\r\n',
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="csrf_token"; filename="a"\r\n\r\nolga\r\n--x--\r\n',
        ),
    ],
)
@pytest.mark.parametrize("headers", [{}, {"X-CSRF-Token": CSRF_TOKEN}])
def test_what_is_no_form_is_refused(browser, olga, session, content_type, body, headers):
    sent = {"Content-Type": content_type, **headers}
    answer = browser.pages.post("/admin/sign-in", body, headers=sent, expect_errors=True)
    assert answer.status_int in {400, 401}
    assert sessions(session) == []


def test_a_deleted_user_is_signed_out(browser, make, session):
    gone = browser.as_(make.organizer(username="test_user"))
    session.execute(text("DELETE FROM users WHERE username = 'test_user'"))
    gone.get("/admin/sign-in", status=200)
