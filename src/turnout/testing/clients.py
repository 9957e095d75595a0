"""A client of the JSON API, with the application in the same process."""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Self
from urllib.parse import urlencode

import pytest
from sqlalchemy.orm import Session
from webtest import TestApp, TestResponse

from turnout.api.service import PREFIX
from turnout.auth.models import SignInSession
from turnout.auth.tokens import ACCESS, Claims, TokenSigner
from turnout.clock import Clock
from turnout.security.actors import ANYONE, ORGANIZER, ROLES, STAFF, SUPERUSER, USER
from turnout.testing.applications import Application
from turnout.testing.factories import Make
from turnout.users.models import User

SIGNED_IN_FOR = timedelta(days=3650)
"""Longer than any test moves the clock."""
ADDRESS = "192.0.2.1"
"""Where requests come from, as far as the application knows."""


def user_with(role: str, session: Session, clock: Clock) -> User:
    """Make a user with a role, but for ANYONE, which is nobody."""
    make = Make(session, clock)
    makers = {USER: make.user, ORGANIZER: make.organizer, STAFF: make.staff, SUPERUSER: make.superuser}
    if role not in makers:
        raise ValueError(f"{role!r} is no role; these are: {', '.join(ROLES)}")
    return makers[role]()


def _said(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"cannot be said in JSON: {value!r}")


def _parameter(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, (datetime, date)) else str(value)


class Api:
    """Sends requests to paths below ``/api/v1`` and fails the test unless they answer as expected.

    `status` is the status expected, by default any below 400. A body is what JSON can say, with moments, days and decimals
    as the API writes them; or bytes, which are sent as they are. `headers` are sent beside the client's own. The answer is
    WebTest's: ``.json``, ``.status_int``, ``.headers``, ``.text``.

        guest = api.as_(make.user())
        made = guest.post(f"/events/{event.id}/questions", {"text": "Why?"}, status=201).json
        assert api.get(f"/events/{event.id}/questions", page_size=5).json["count"] == 1
        problem = api.post(f"/events/{event.id}/questions", {"text": "Why?"}, status=401).json

    The test's session is committed before each request and sees its changes afterwards. `user` is whom `as_` or `as_role`
    signed in, or None.
    """

    user: User | None = None

    def __init__(self, application: Application, session: Session, headers: Mapping[str, str] | None = None) -> None:
        self.application = application
        self.session = session
        self.headers = dict(headers or {})
        self.browser = TestApp(application.router, extra_environ={"REMOTE_ADDR": ADDRESS})

    def as_(self, user: User) -> Self:
        """Return the same client, signed in as `user`; for as long as a test lasts, wherever its clock goes."""
        client = type(self)(self.application, self.session, {"Authorization": f"Bearer {self.token(user)}"})
        client.user = user
        return client

    def as_role(self, role: str) -> Self:
        """Return the same client, signed in as a new user: a "user", "organizer", "staff" or "superuser"; "anyone" is nobody."""
        if role == ANYONE:
            return type(self)(self.application, self.session)
        return self.as_(user_with(role, self.session, self.application.registry.clock))

    def token(self, user: User) -> str:
        """Return an access token of a new sign-in of `user`."""
        now = self.application.registry.clock.now()
        row = SignInSession(user_id=user.id, created_at=now, expires_at=now + SIGNED_IN_FOR)
        self.session.add(row)
        self.session.flush()
        signer = TokenSigner(self.application.registry.settings["turnout.secret"])
        return signer.sign(ACCESS, Claims(user.id, row.id, 1, (now + SIGNED_IN_FOR).timestamp()))

    def get(
        self,
        path: str,
        *,
        status: int | str | None = None,
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> TestResponse:
        """GET; `query` becomes the query string, ``page_size=5``. A `status` in words is a query parameter, too."""
        if isinstance(status, str):
            query["status"], status = status, None
        if query:
            path += "?" + urlencode({name: _parameter(value) for name, value in query.items()})
        return self.request("GET", path, status=status, headers=headers)

    def post(
        self, path: str, body: Any = None, *, status: int | None = None, headers: Mapping[str, str] | None = None
    ) -> TestResponse:
        """POST `body`; without one, nothing is sent."""
        return self.request("POST", path, body, status=status, headers=headers)

    def put(
        self, path: str, body: Any = None, *, status: int | None = None, headers: Mapping[str, str] | None = None
    ) -> TestResponse:
        """PUT `body`."""
        return self.request("PUT", path, body, status=status, headers=headers)

    def patch(
        self, path: str, body: Any = None, *, status: int | None = None, headers: Mapping[str, str] | None = None
    ) -> TestResponse:
        """PATCH with `body`."""
        return self.request("PATCH", path, body, status=status, headers=headers)

    def delete(
        self, path: str, body: Any = None, *, status: int | None = None, headers: Mapping[str, str] | None = None
    ) -> TestResponse:
        """DELETE, with a `body` where the path takes one."""
        return self.request("DELETE", path, body, status=status, headers=headers)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> TestResponse:
        """Send a request by any method; a path that begins with ``http://`` or ``/api/v1`` is taken whole, as links in answers are."""
        response = self.send(method, path, body, headers=headers)
        expected = response.status_int < 400 if status is None else response.status_int == status  # noqa: PLR2004
        if not expected:
            wanted = "success" if status is None else status
            pytest.fail(f"{method} {path} answered {response.status}, not {wanted}:\n{response.text[:5000]}")
        return response

    def send(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> TestResponse:
        """Send a request and return the answer, whatever its status."""
        sent = self.headers | dict(headers or {})
        options: dict[str, Any] = {}
        if body is not None:
            options["body"] = body if isinstance(body, bytes) else json.dumps(body, default=_said).encode()
            sent.setdefault("Content-Type", "application/json")
        whole = path.startswith(("http://", "https://", PREFIX + "/")) or path == PREFIX
        self.session.commit()
        response = self.browser.request(
            path if whole else PREFIX + path, method=method, headers=sent, expect_errors=True, **options
        )
        self.session.expire_all()
        return response
