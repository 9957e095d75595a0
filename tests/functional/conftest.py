"""Visitors of a running server, who know nothing but its API."""

from datetime import UTC, datetime, timedelta

import pytest

PASSWORD = "four invented words together"


class Visitor:
    """Somebody who sends requests, signed in or not. An answer that is not as expected fails the test."""

    def __init__(self, live, headers=None):
        self.live = live
        self.headers = headers or {}

    def __call__(self, method, path, body=None, *, status=None, headers=None, **query):
        answer = self.live.client.request(
            method, path, json=body, params=query or None, headers=self.headers | (headers or {})
        )
        expected = answer.is_success if status is None else answer.status_code == status
        assert expected, f"{method} {path} answered {answer.status_code}: {answer.text[:2000]}"
        return answer

    def get(self, path, **options):
        return self("GET", path, **options).json()

    def post(self, path, body=None, **options):
        return self("POST", path, body, **options).json()

    def patch(self, path, body, **options):
        return self("PATCH", path, body, **options).json()

    def delete(self, path, **options):
        return self("DELETE", path, **options)


@pytest.fixture
def visitor(live):
    return Visitor(live)


@pytest.fixture
def signed_in(live, visitor):
    """Register somebody and sign them in."""

    def signed_in(username, **fields):
        email = f"{username}@example.com"
        user = visitor.post("/users", {"username": username, "email": email, "password": PASSWORD} | fields, status=201)
        return signed_in_again(username), user

    def signed_in_again(username):
        answer = visitor.post("/auth/login", {"username": username, "password": PASSWORD}, status=200)
        assert answer["expires_in"] == 3600
        return Visitor(live, {"Authorization": f"Bearer {answer['access_token']}"})

    return signed_in


@pytest.fixture
def admin(live, visitor):
    """Make a superuser with the command line, and sign them in."""
    live.run("user", "create", "root", "--email", "root@example.com", "--superuser", "--password-stdin", stdin=PASSWORD)
    answer = visitor.post("/auth/login", {"username": "root", "password": PASSWORD}, status=200)
    return Visitor(live, {"Authorization": f"Bearer {answer['access_token']}"})


@pytest.fixture
def evening():
    """When an event may be: in so many days, for three hours."""

    def evening(days=30):
        starts = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
        return {"starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=3)).isoformat()}

    return evening
