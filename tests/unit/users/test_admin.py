"""Users in the admin UI."""

import pytest
from sqlalchemy import select
from tests.unit.pages import buttons, error_at, panel, rows_of

from turnout.audit.models import AuditEntry
from turnout.auth.models import ApiToken, SignInSession
from turnout.users.models import User


@pytest.fixture
def staff(browser):
    return browser.as_role("staff")


@pytest.fixture
def boss(browser):
    return browser.as_role("superuser")


@pytest.fixture
def ada(make):
    return make.user(username="ada", first_name="Ada", last_name="Moreira", email="ada@example.com")


def actions(session):
    query = select(AuditEntry.action, AuditEntry.username).where(AuditEntry.subject == "users")
    return [tuple(row) for row in session.execute(query.order_by(AuditEntry.id))]


def secret_of(page):
    return page.html.find(id="secret")["value"]


def pressed(page, path):
    """Press the button of an action that asks nothing."""
    return next(form for form in page.forms.values() if form.action.endswith(path)).submit(status=303).follow()


def confirmed(browser, user, action, status=303):
    """Do an action after typing what it asks for."""
    form = browser.get(f"/admin/users/{user.id}/{action}").forms["form"]
    if "confirmation" in form.fields:
        form["confirmation"] = user.username
    return form.submit(status=status)


def test_staff_find_them(staff, ada, make, statements):
    make.organizer(username="harbour", email="quay@example.com")
    make.user(username="gone", is_active=False)
    make.user(username="hopeful", wants_to_organize=True)
    page = staff.get("/admin/users")
    assert rows_of(page) == [staff.user.username, "ada", "harbour", "gone", "hopeful"]
    page.mustcontain("Ada Moreira", "ada@example.com", ">organizer<", ">wants to organize<", ">staff<")
    for query, found in (
        ("search=ad", ["ada"]),
        ("search=QUAY", ["harbour"]),
        ("is_organizer=true", ["harbour"]),
        ("is_staff=true", [staff.user.username]),
        ("is_active=false", ["gone"]),
        ("wants_to_organize=true", ["hopeful"]),
    ):
        assert rows_of(staff.get(f"/admin/users?{query}")) == found, query

    def cost():
        with statements() as sent:
            staff.get("/admin/users?page_size=100")
        return len(sent)

    before = cost()
    for _ in range(30):
        make.user()
    assert cost() == before


def test_nobody_else_sees_them(browser, ada):
    for role in ("user", "organizer"):
        other = browser.as_role(role)
        for path in (
            "",
            f"/{ada.id}",
            f"/{ada.id}/disable",
            "/choices?search=a",
            "/export.csv",
            "/all/delete-by-prefix",
        ):
            other.get(f"/admin/users{path}", status=403)
        other.post(f"/admin/users/{ada.id}/make-organizer", status=403)
        other.post(f"/admin/users/{ada.id}/reset-password", {"confirmation": "ada"}, status=403)


def test_an_organizer_is_offered_no_users_to_pick(browser, ada):
    page = browser.as_role("organizer").get("/admin/bookings")
    assert "ada" not in [option.get_text() for option in page.html.find_all("option")]


def test_what_is_theirs_stands_on_their_page(staff, api, ada, session):
    token = {"name": "Printer", "scopes": ["users:read"]}
    api.as_(ada).post("/auth/tokens", token, status=201)
    page = staff.get(f"/admin/users/{ada.id}")
    assert "Printer" in panel(page, "API tokens")
    assert "the API" in panel(page, "Signed in")
    assert "booked nothing" in panel(page, "Bookings")
    assert buttons(page) == {"Make organizer", "Disable", "Reset password", "Sign out everywhere", "End calendar link"}


def test_organizers_are_made_and_unmade(staff, ada, session):
    page = pressed(staff.get(f"/admin/users/{ada.id}"), "/make-organizer")
    assert session.get(User, ada.id).is_organizer
    page.click("Take organizer away").mustcontain("Their events stay")
    staff.post(f"/admin/users/{ada.id}/take-organizer", {"confirmation": "Ada"}, status=400)
    assert session.get(User, ada.id).is_organizer
    confirmed(staff, ada, "take-organizer")
    assert not session.get(User, ada.id).is_organizer
    assert actions(session) == [("make-organizer", staff.user.username), ("take-organizer", staff.user.username)]


def test_who_asks_to_organize_is_refused(staff, make, session):
    hopeful = make.user(wants_to_organize=True)
    pressed(staff.get(f"/admin/users/{hopeful.id}"), "/refuse-organizer")
    session.refresh(hopeful)
    assert not hopeful.wants_to_organize
    assert not hopeful.is_organizer


def test_an_account_is_closed_and_opened(staff, api, ada, make, session):
    client = api.as_(ada)
    client.get("/users/me")
    confirmed(staff, ada, "disable")
    client.get("/users/me", status=401)
    page = staff.get(f"/admin/users/{ada.id}")
    assert buttons(page) >= {"Enable"}
    pressed(page, "/enable")
    api.post("/auth/login", {"username": "ada", "password": make.PASSWORD})


def test_what_somebody_else_changed_first_is_left_alone(staff, api, ada, make, session):
    form = staff.get(f"/admin/users/{ada.id}/disable").forms["form"]
    api.as_(make.superuser()).patch(f"/users/{ada.id}", {"is_organizer": True})
    form["confirmation"] = "ada"
    form.submit(status=412)
    assert session.get(User, ada.id).is_active
    staff.post(f"/admin/users/{ada.id}/disable", {"confirmation": "ada", "csrf_token": ""}, status=400)


def test_a_new_password_is_shown_once_and_ends_all_that_was(staff, api, ada, make, session):
    client = api.as_(ada)
    client.post("/auth/tokens", {"name": "Printer", "scopes": ["users:read"]}, status=201)
    page = confirmed(staff, ada, "reset-password", status=200)
    assert page.headers["Cache-Control"] == "no-store"
    password = secret_of(page)
    client.get("/users/me", status=401)
    assert session.scalars(select(ApiToken)).all() == []
    assert session.scalars(select(SignInSession).where(SignInSession.user_id == ada.id)).one().revoked_at is not None
    api.post("/auth/login", {"username": "ada", "password": make.PASSWORD}, status=401)
    api.post("/auth/login", {"username": "ada", "password": password})
    assert password not in staff.get(f"/admin/users/{ada.id}").text
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.label) == ("reset-password", "ada")
    assert password not in f"{entry.before} {entry.after}"
    assert session.get(SignInSession, _session_of(session, staff)).revoked_at is None


def _session_of(session, browser):
    return session.scalars(select(SignInSession.id).where(SignInSession.user_id == browser.user.id)).one()


def test_they_are_signed_out_everywhere(staff, api, ada, session):
    client = api.as_(ada)
    page = staff.get(f"/admin/users/{ada.id}").click("Sign out everywhere")
    page.mustcontain("API tokens stay good")
    page.forms["form"].submit(status=303).follow().mustcontain("Nowhere now.")
    client.get("/users/me", status=401)
    assert actions(session) == [("sign-out-everywhere", staff.user.username)]


ACTIONS = ("make-organizer", "take-organizer", "disable", "reset-password")


@pytest.mark.parametrize("role", ["staff", "superuser"])
def test_staff_do_nothing_to_each_other_or_themselves(staff, make, session, role):
    other = getattr(make, role)(is_organizer=True)
    for user in (other, staff.user):
        assert buttons(staff.get(f"/admin/users/{user.id}")) == set()
        for action in ACTIONS:
            staff.post(f"/admin/users/{user.id}/{action}", {"confirmation": user.username}, status=403)
        staff.post(f"/admin/sign-ins/{user.id}/sign-out-everywhere", status=403)
    assert other.is_active
    assert actions(session) == []


def test_superusers_alone_make_staff(boss, staff, ada, session):
    for action in ("make-staff", "take-staff"):
        staff.get(f"/admin/users/{ada.id}/{action}", status=403)
        staff.post(f"/admin/users/{ada.id}/{action}", {"confirmation": "ada"}, status=403)
    page = boss.get(f"/admin/users/{ada.id}").click("Make staff")
    page.mustcontain("They see all events")
    confirmed(boss, ada, "make-staff")
    assert session.get(User, ada.id).is_staff
    confirmed(boss, ada, "take-staff")
    assert not session.get(User, ada.id).is_staff
    boss.get(f"/admin/users/{boss.user.id}/take-staff", status=403)
    assert actions(session) == [("make-staff", boss.user.username), ("take-staff", boss.user.username)]


def test_a_superuser_makes_a_member_of_staff(boss, staff, api, session):
    form = boss.get("/admin/users").click("New member of staff").forms["form"]
    form["username"], form["email"], form["first_name"] = "carla", "carla@example.com", "Carla"
    page = form.submit(status=200)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "create-staff")).one()
    assert (entry.subject_id, entry.label) == (entry.after["id"], "carla")
    assert secret_of(page) not in str(entry.after)
    api.post("/auth/login", {"username": "carla", "password": secret_of(page)})
    carla = session.scalars(select(User).where(User.username == "carla")).one()
    assert (carla.is_staff, carla.is_superuser, carla.first_name) == (True, False, "Carla")
    page = form.submit(status=409)
    assert error_at(page, "Username") == "Username is taken"
    assert error_at(page, "Email") == "Email is taken"
    form["username"], form["email"] = "two words", "nowhere"
    page = form.submit(status=400)
    assert "must have only letters" in error_at(page, "Username")
    assert "must be an email address" in error_at(page, "Email")
    assert "New member of staff" not in staff.get("/admin/users").text
    staff.get("/admin/users/all/create-staff", status=403)
    staff.post("/admin/users/all/create-staff", {"username": "x", "email": "x@example.com"}, status=403)


@pytest.fixture
def crowd(make, api):
    """Make users named alike, with what goes with them."""
    users = [make.user(username=f"loadtest{number}") for number in range(3)]
    make.staff(username="loadtest-staff")
    event = make.event(organizer=make.organizer(), bookings_per_attendee=None)
    for user in users[:2]:
        api.as_(user).post("/bookings", {"event_id": event.id, "quantity": 2}, status=201)
    return users


def test_test_users_are_deleted_by_prefix(staff, crowd, session):
    page = staff.get("/admin/users").click("Delete by prefix")
    form = page.forms["form"]
    form["prefix"] = "LoadTest"
    page = form.submit(status=200)
    page.mustcontain(
        "3 users are deleted, whose usernames begin with “LoadTest”",
        "Their bookings are deleted: 2, and 4 places come free.",
    )
    form = page.forms["form"]
    form["confirmation"] = "yes"
    form.submit(status=400).mustcontain("type exactly: delete by prefix")
    assert len(session.scalars(select(User).where(User.username.like("loadtest%"))).all()) == 4
    named = [(user.id, user.username) for user in crowd]
    form["confirmation"] = "delete by prefix"
    form.submit(status=303).follow().mustcontain("3 users were deleted.")
    assert session.scalars(select(User.username).where(User.username.like("loadtest%"))).all() == ["loadtest-staff"]
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.after) == ("delete-by-prefix", {"given": {"prefix": "LoadTest"}})
    assert entry.before == {"gone": [f"{name} ({row_id})" for row_id, name in named]}


def test_what_is_deleted_by_prefix_was_read_before(staff, crowd, make, session):
    path = "/admin/users/all/delete-by-prefix"
    given = {"prefix": "loadtest", "confirmation": "delete by prefix"}
    form = staff.post(path, given, status=200).forms["form"]
    make.user(username="loadtest-late")
    form["confirmation"] = "delete by prefix"
    form.submit(status=412).mustcontain("4 users are deleted")
    assert session.get(User, crowd[0].id) is not None


def test_those_whose_events_others_have_booked_are_not(staff, crowd, make, api, session):
    event = make.event(organizer=crowd[2])
    api.as_(make.user()).post("/bookings", {"event_id": event.id}, status=201)
    path, given = "/admin/users/all/delete-by-prefix", {"prefix": "loadtest"}
    staff.post(path, given, status=200).mustcontain("Their events are deleted: 1.", "nothing can be deleted")
    staff.confirm(path, given, status=409).mustcontain("nobody was deleted")
    assert session.get(User, crowd[0].id) is not None
    assert actions(session) == []


@pytest.mark.parametrize(
    ("prefix", "message"),
    [("", "Prefix is required"), ("ab", "Prefix must have at least 3 characters"), ("x" * 151, "at most 150")],
)
def test_a_prefix_that_is_none(staff, session, prefix, message):
    page = staff.post("/admin/users/all/delete-by-prefix", {"prefix": prefix}, status=400)
    assert message in error_at(page, "Prefix")
    staff.post("/admin/users/all/delete-by-prefix", {"prefix": "nobody"}).mustcontain("0 users are deleted")
