"""A stranger's plugin from its wheel to its removal: nothing of it is Turnout's, and nothing of it stays behind."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import MetaData, inspect, select
from tests.environments import Installation, build_wheel, install, make_environment, uninstall

from turnout.db import make_engine

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]

STRANGER = Path(__file__).parent / "stranger"
PASSWORD = "four invented words together"
PATIENCE = 20.0


@pytest.fixture(scope="module")
def programs(tmp_path_factory, turnout_wheel):
    """An environment with Turnout, as a wheel, and what it needs; nothing for tests is in it."""
    return make_environment(tmp_path_factory.mktemp("environment") / "venv", turnout_wheel)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """The stranger's wheel."""
    return build_wheel(STRANGER, tmp_path_factory.mktemp("stranger"))


@pytest.fixture
def installation(programs, stranger, tmp_path, empty_database):
    install(programs, "--no-deps", stranger)
    return Installation(programs, tmp_path, empty_database)


class Person:
    """Somebody who uses a server; signed in after `join`."""

    def __init__(self, client):
        self.client = client
        self.headers = {}

    def __call__(self, method, path, body=None, *, status=None):
        answer = self.client.request(method, path, json=body, headers=self.headers)
        expected = answer.is_success if status is None else answer.status_code == status
        assert expected, f"{method} {path} answered {answer.status_code}: {answer.text[:2000]}"
        return answer.json()

    def join(self, username, **fields):
        about = {"username": username, "email": f"{username}@example.com", "password": PASSWORD} | fields
        self("POST", "/users", about)
        return self.sign_in(username)

    def sign_in(self, username):
        token = self("POST", "/auth/login", {"username": username, "password": PASSWORD})["access_token"]
        self.headers = {"Authorization": f"Bearer {token}"}
        return self


def make_event(organizer, title):
    starts = datetime.now(UTC) + timedelta(days=30)
    times = {"starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=2)).isoformat(), "timezone": "UTC"}
    event = organizer("POST", "/events", {"title": title, "location": "Harbour hall", "capacity": 20} | times)
    organizer("POST", f"/events/{event['id']}/publish")
    return event["id"]


def eventually(look, wanted):
    """Wait for what background work does."""
    deadline = time.monotonic() + PATIENCE
    while (found := look()) != wanted and time.monotonic() < deadline:
        time.sleep(0.1)
    assert found == wanted


def everything_in(url):
    """Return all that a database holds, as text by table."""
    engine = make_engine(url)
    try:
        metadata = MetaData()
        names = [name for name in inspect(engine).get_table_names() if not name.startswith("events_search")]
        metadata.reflect(engine, only=names)
        with engine.connect() as connection:
            return {
                name: str(connection.execute(select(table)).all())
                for name, table in metadata.tables.items()
                if name in names
            }
    finally:
        engine.dispose()


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection")
def test_a_strangers_plugin_comes_works_and_goes(installation, programs, empty_database):
    installation.settings["TURNOUT_PLUGINS"] = "cloakroom"
    assert "The plugin cloakroom is at 0001 now" in installation.turnout("migrate")
    (listed,) = json.loads(installation.turnout("plugin", "list", "--json"))
    assert (listed["state"], listed["version"], listed["is_migrated"]) == ("enabled", "2.1", True)
    assert "installed without its source" in installation.turnout("plugin", "revise", "cloakroom", "more", code=1)

    with installation.serving() as client:
        organizer = Person(client).join("harbour", is_organizer=True)
        event, other = make_event(organizer, "Lantern night"), make_event(organizer, "Open decks")
        guest = Person(client).join("ada")
        booking = guest("POST", "/bookings", {"event_id": event, "quantity": 3})
        see_it_act(guest, organizer, event, other)
        assert "cloakroom is enabled" in installation.turnout("plugin", "remove", "cloakroom", "--yes", code=1)
    assert "cloakroom_kept_pegs" in everything_in(empty_database)

    installation.settings["TURNOUT_PLUGINS"] = ""
    said = installation.turnout("plugin", "remove", "cloakroom", "--yes")
    assert "cloakroom_kept_pegs: 1 row" in said
    (export,) = (installation.folder / "data" / "exports").iterdir()
    (row,) = (export / "cloakroom_kept_pegs.jsonl").read_text("utf-8").splitlines()
    kept = json.loads(row)
    assert (kept["booking_id"], kept["event_id"], kept["pegs"]) == (booking["id"], event, 3)
    assert json.loads((export / "manifest.json").read_text("utf-8"))["tables"]["cloakroom_kept_pegs"]["rows"] == 1

    uninstall(programs, "acme-cloakroom")
    assert not list(programs.parent.rglob("acme_cloakroom"))
    installation.turnout("migrate")
    left = everything_in(empty_database)
    assert [name for name in left if "cloakroom" in name] == []
    assert [name for name, rows in left.items() if "cloakroom" in rows] == []
    with installation.serving() as client:
        see_the_rest_go_on(client, event, other)


def see_it_act(guest, organizer, event, other):
    """See its path, extension, capability, description, setting, listener and switch."""
    eventually(lambda: guest("GET", f"/events/{event}/cloakroom"), {"free": 47})
    assert guest("GET", f"/events/{event}")["extensions"] == {"cloakroom": {"free": 47}}
    assert guest("GET", "")["capabilities"]["cloakroom"] == "A peg for everybody who comes"
    assert "/events/{id}/cloakroom" in guest("GET", "/openapi.json")["paths"]
    health = guest("GET", "/health")
    assert health["components"]["plugins"] == {"status": "ok", "enabled": ["cloakroom"]}
    assert health["components"]["migrations"]["plugins"]["cloakroom"]["current"] == "0001"
    organizer("PATCH", f"/events/{other}", {"plugins": {"cloakroom": False}})
    assert guest("GET", f"/events/{other}/cloakroom", status=404)["code"] == "switched_off"


def see_the_rest_go_on(client, event, other):
    """See that people book as before, and that there is no cloakroom."""
    guest = Person(client).sign_in("ada")
    guest("POST", "/bookings", {"event_id": other, "quantity": 2})
    shown = guest("GET", f"/events/{event}")
    assert (shown["seats_taken"], shown["extensions"], shown["plugins"]) == (3, {}, {})
    assert "cloakroom" not in guest("GET", "")["capabilities"]
    guest("GET", f"/events/{event}/cloakroom", status=404)
    health = guest("GET", "/health")
    assert (health["status"], health["components"]["plugins"]["enabled"]) == ("ok", [])
