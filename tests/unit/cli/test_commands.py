"""The commands but `serve`, on both databases."""

import json
from contextlib import contextmanager

import pytest
from sqlalchemy import select, text

from turnout.api.service import operations
from turnout.db import make_engine
from turnout.security.passwords import verify_password
from turnout.users.models import User

PASSWORD = "a long sentence nobody guesses"


@contextmanager
def connected(url):
    engine = make_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


class TestMigrate:
    def test_it_brings_the_database_to_the_newest_version_and_then_has_nothing_to_do(
        self, turnout, empty_database, monkeypatch
    ):
        monkeypatch.setenv("TURNOUT_DATABASE_URL", empty_database)
        assert "at nothing" in turnout("migrate", "--check", code=1).stderr
        assert "now" in turnout("migrate").stdout
        assert "nothing to do" in turnout("migrate").stdout
        turnout("migrate", "--check")

    def test_a_newer_or_older_database_is_not_served(self, turnout, on_database):
        with connected(on_database) as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        assert "is at version 9999" in turnout("check", code=3).stderr


class TestUser:
    def create(self, turnout, *options, code=0, stdin=f"{PASSWORD}\n", username="ada"):
        options = (*options, "--password-stdin") if "--password" not in options else options
        return turnout(
            "user", "create", username, "--email", f"{username}@example.com", *options, code=code, stdin=stdin
        )

    def user(self, url, username="ada"):
        with connected(url) as connection:
            return connection.execute(select(User.__table__).where(User.username == username)).one_or_none()

    @pytest.mark.parametrize(
        ("options", "roles"),
        [
            ((), (False, False, False)),
            (("--organizer",), (True, False, False)),
            (("--staff",), (False, True, False)),
            (("--superuser",), (False, True, True)),
            (("--organizer", "--staff"), (True, True, False)),
        ],
    )
    def test_it_makes_accounts_with_any_roles(self, turnout, on_database, options, roles):
        said = self.create(turnout, *options, "--first-name", "Ada", "--last-name", "Lindqvist").stdout
        made = self.user(on_database)
        assert (made.is_organizer, made.is_staff, made.is_superuser) == roles
        assert (made.email, made.first_name, made.last_name) == ("ada@example.com", "Ada", "Lindqvist")
        assert verify_password(PASSWORD, made.password_hash)
        assert said.startswith("Made ada (")
        assert said.rstrip().endswith(f"with id {made.id}.")

    def test_it_asks_for_the_password_twice_and_never_shows_it(self, turnout, on_database):
        said = turnout("user", "create", "ada", "--email", "ada@example.com", stdin=f"{PASSWORD}\n{PASSWORD}\n")
        assert verify_password(PASSWORD, self.user(on_database).password_hash)
        assert PASSWORD not in said.output

    def test_it_asks_again_when_the_two_differ(self, turnout, on_database):
        stdin = f"one way to put it\nanother\n{PASSWORD}\n{PASSWORD}\n"
        turnout("user", "create", "ada", "--email", "ada@example.com", stdin=stdin)
        assert verify_password(PASSWORD, self.user(on_database).password_hash)

    def test_it_asks_for_the_email_address(self, turnout, on_database):
        turnout("user", "create", "ada", stdin=f"ada@example.com\n{PASSWORD}\n{PASSWORD}\n")
        assert self.user(on_database).email == "ada@example.com"

    @pytest.mark.parametrize("password", ["short", "ada", "ada@example.com", "password", "password1", ""])
    def test_a_password_that_everybody_tries_first_is_refused(self, turnout, on_database, password):
        assert "password: " in self.create(turnout, code=1, stdin=password + "\n").stderr
        assert self.user(on_database) is None

    @pytest.mark.usefixtures("on_database")
    def test_a_name_that_is_taken_is_refused(self, turnout):
        self.create(turnout)
        refused = turnout(
            "user", "create", "ADA", "--email", "other@example.com", "--password-stdin", code=1, stdin=f"{PASSWORD}\n"
        )
        assert "username" in refused.stderr

    @pytest.mark.usefixtures("on_database")
    def test_a_name_that_the_api_would_refuse_is_refused(self, turnout):
        assert "username: must have only letters" in self.create(turnout, username="ada lovelace", code=1).stderr


@pytest.fixture
def demo(turnout, on_database):
    turnout("demo", "load")
    return on_database


class TestCheck:
    def spoil(self, url, change, where="id IN (SELECT pool_id FROM events ORDER BY id LIMIT 2)"):
        with connected(url) as connection:
            connection.execute(text(f"UPDATE pools SET {change} WHERE {where}"))

    @pytest.mark.usefixtures("demo")
    def test_it_proves_that_counters_equal_rows(self, turnout):
        assert "Every counter of taken places equals its rows" in turnout("check").stdout

    def test_it_finds_what_differs_and_changes_nothing(self, turnout, demo):
        self.spoil(demo, "taken = taken + 1")
        for _ in range(2):
            result = turnout("check", code=1)
            assert result.stdout.count("the counter says") == 2
            assert "2 differ" in result.stderr

    def test_it_repairs_when_told_to(self, turnout, demo):
        with connected(demo) as connection:
            before = connection.execute(text("SELECT id, taken FROM pools ORDER BY id")).all()
        self.spoil(demo, "taken = taken + 1")
        assert "Repaired 2 of 2" in turnout("check", "--repair").stdout
        turnout("check")
        with connected(demo) as connection:
            assert connection.execute(text("SELECT id, taken FROM pools ORDER BY id")).all() == before

    def test_it_says_what_it_cannot_repair(self, turnout, demo):
        self.spoil(demo, "taken = 0, capacity = 1", "taken = capacity")
        result = turnout("check", "--repair", code=1)
        assert "Repaired 0 of 1" in result.stdout
        assert "More places are taken than there are" in result.stderr


class TestWorker:
    def test_draining_gives_back_the_places_of_holds_that_are_over(self, turnout, demo):
        with connected(demo) as connection:
            connection.execute(
                text(
                    "UPDATE bookings SET status = 'pending', expires_at = '2026-01-01 00:00:00.000000' "
                    "WHERE id IN (SELECT id FROM bookings WHERE status = 'confirmed' ORDER BY id LIMIT 3)"
                )
            )
            connection.execute(
                text(
                    "INSERT INTO idempotency_keys (caller, key, fingerprint, status, body, created_at) "
                    "VALUES ('user:1', 'old', '', 201, '', '2026-01-01 00:00:00.000000')"
                )
            )
        assert turnout("worker", "--drain").stdout.startswith("Did ")
        turnout("check")
        with connected(demo) as connection:
            expired = connection.execute(text("SELECT count(*) FROM bookings WHERE status = 'expired'")).scalar()
            keys = connection.execute(text("SELECT count(*) FROM idempotency_keys WHERE key = 'old'")).scalar()
        assert (expired, keys) == (3, 0)


class TestRoutes:
    def test_it_shows_every_operation_with_its_permission_and_who_has_it(self, turnout, application):
        shown = turnout("routes").stdout
        every = operations(application.registry)
        assert f"{len(every)} operations." in shown
        lines = [line.split() for line in shown.splitlines()]
        assert all(any(line[:3] == [op.method, op.path, op.permission] for line in lines) for op in every)
        assert ["POST", "/api/v1/users/staff", "users:create_staff", "superuser", "no"] in lines

    def test_it_is_there_for_programs_too(self, turnout, application):
        rows = json.loads(turnout("routes", "--json").stdout)
        every = operations(application.registry)
        assert [(row["method"], row["path"]) for row in rows] == [(op.method, op.path) for op in every]
        assert {
            "method": "GET",
            "path": "/api/v1",
            "permission": "api:read",
            "roles": ["anyone"],
            "tokens": True,
        } in rows
