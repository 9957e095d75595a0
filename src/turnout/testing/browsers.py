"""A browser, with the application in the same process: pages, forms and cookies, as WebTest has them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from http.cookiejar import Cookie
from typing import Any, Self

from sqlalchemy.orm import Session
from webtest import TestApp, TestRequest, TestResponse

from turnout.auth.models import SignInSession
from turnout.auth.tokens import hash_token, new_browser_token
from turnout.security.actors import ANYONE
from turnout.security.csrf import CSRF_COOKIE, SESSION_COOKIE
from turnout.testing.applications import Application
from turnout.testing.clients import ADDRESS, SIGNED_IN_FOR, user_with
from turnout.users.models import User

CSRF_TOKEN = "the-token-of-every-browser-in-tests"  # noqa: S105 - protects nothing
HOST = "localhost.local"
"""The host as a jar of cookies names it: so kept, the application can change and remove what is set here."""


def session_cookies(session: Session, user: User, now: datetime) -> dict[str, str]:
    """Sign a browser of `user` in, for as long as a test lasts, and return its cookies by name; the caller commits.

    For Playwright: ``context.add_cookies([{"name": name, "value": value, "url": address} for name, value in ...])``.
    """
    token, until = new_browser_token(), now + SIGNED_IN_FOR
    row = SignInSession(
        user_id=user.id, created_at=now, expires_at=until, cookie_hash=hash_token(token), last_seen_at=until
    )
    session.add(row)
    session.flush()
    return {SESSION_COOKIE: token}


class _Pages(TestApp):
    """Lets the application see what the test has written, and the test what the application has."""

    def __init__(self, application: Application, session: Session) -> None:
        super().__init__(application.router, extra_environ={"REMOTE_ADDR": ADDRESS})
        self.session = session

    def keep(self, name: str, value: str) -> None:
        """Have a cookie, as if the application had set it."""
        cookie = Cookie(0, name, value, None, False, HOST, False, False, "/", True, False, None, True, None, None, {})  # noqa: FBT003 - a jar's own protocol
        self.cookiejar.set_cookie(cookie)

    def do_request(self, req: TestRequest, *args: Any, **options: Any) -> TestResponse:
        """Send a request."""
        self.session.commit()
        response = super().do_request(req, *args, **options)
        self.session.expire_all()
        return response


class Browser:
    """Visits pages by their paths, keeps cookies, and fills forms in; nobody has signed in to the admin with it.

    Answers are WebTest's: ``.form`` and ``.forms`` to fill in and ``submit()``, ``.click("Venues")``, ``.follow()``, ``.html``
    (Beautiful Soup's), ``.text``, ``.mustcontain(...)``. The test fails for a status of 400 or more, unless it is the `status`
    expected. Such an answer's own requests take WebTest's options: ``page.form.submit(status=400)``.

        staff = browser.as_role("staff")
        form = staff.get("/admin/venues/new").forms["form"]
        form["name"] = "Town Hall"
        page = form.submit(status=303).follow()
        staff.confirm(f"/admin/venues/{venue.id}/delete")
        browser.as_role("organizer").get(f"/admin/users/{user.id}", status=403)
        staff.post("/admin/venues", {"csrf_token": ""}, status=400)

    A form is sent as its page has it, so one whose template forgets the CSRF token is refused; `post` sends the token by
    itself, unless it is among the fields. The test's session is committed before each request and sees its changes
    afterwards. `user` is whom `as_` or `as_role` signed in, or None.
    """

    user: User | None = None

    def __init__(self, application: Application, session: Session) -> None:
        self.application = application
        self.session = session
        self.pages = _Pages(application, session)
        self.pages.keep(CSRF_COOKIE, CSRF_TOKEN)

    def as_(self, user: User) -> Self:
        """Return another browser, in which `user` is signed in; for as long as a test lasts, wherever its clock goes."""
        browser = type(self)(self.application, self.session)
        browser.user = user
        for name, value in session_cookies(self.session, user, self.application.registry.clock.now()).items():
            browser.pages.keep(name, value)
        return browser

    def as_role(self, role: str) -> Self:
        """Return another browser, of a new user: a "user", "organizer", "staff" or "superuser"; "anyone" is nobody."""
        if role == ANYONE:
            return type(self)(self.application, self.session)
        return self.as_(user_with(role, self.session, self.application.registry.clock))

    @property
    def cookies(self) -> Mapping[str, str]:
        """Return the cookies that it has, by name."""
        return {cookie.name: cookie.value or "" for cookie in self.pages.cookiejar}

    def get(self, path: str, *, status: int | None = None, headers: Mapping[str, str] | None = None) -> TestResponse:
        """Open a page."""
        return self.pages.get(path, status=status, headers=dict(headers or {}))

    def post(
        self,
        path: str,
        given: Mapping[str, Any] | Sequence[tuple[str, Any]] = (),
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        files: Sequence[tuple[str, str, bytes]] = (),
    ) -> TestResponse:
        """Send fields as a form would, pairs where a name comes more than once, with the CSRF token.

        `files` are a field's name, a file's name and its bytes, each.
        """
        fields = list(given.items() if isinstance(given, Mapping) else given)
        if "csrf_token" not in {name for name, _ in fields}:
            fields.append(("csrf_token", self.cookies[CSRF_COOKIE]))
        return self.pages.post(path, fields, status=status, headers=dict(headers or {}), upload_files=files or None)

    def confirm(self, path: str, given: Mapping[str, str] | None = None, *, status: int = 303) -> TestResponse:
        """Open the page of an action that asks, fill `given` in, type the word that it wants, and send it."""
        page = self.get(path)
        for name, value in (given or {}).items():
            page.forms["form"][name] = value
        if "confirmation" not in page.forms["form"].fields:
            page = page.forms["form"].submit(status=200)
        [word] = page.html.select("label[for=confirmation] strong")
        page.forms["form"]["confirmation"] = word.get_text()
        return page.forms["form"].submit(status=status)
