"""Webhooks with running workers: what hangs, what dies, and what waits for nobody."""

import threading
import time

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from turnout.db import make_engine
from turnout.outbox.worker import Worker
from turnout.testing.clients import Api
from turnout.testing.factories import Make
from turnout.testing.live import Live
from turnout.webhooks.sending import Sender

PATIENCE = 20.0


def eventually(check):
    deadline = time.monotonic() + PATIENCE
    while not check():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def registry(committing, monkeypatch):
    monkeypatch.setitem(committing.registry.settings, "webhooks.allow_private_addresses", True)
    monkeypatch.setattr(committing.registry, "webhook_sender", Sender("Turnout/tests", private=True))
    return committing.registry


@pytest.fixture
def api(committing, registry):
    with Session(committing.engine, expire_on_commit=False) as session:
        organizer = Make(session, registry.clock).organizer()
        yield Api(committing, session).as_(organizer)


def register(api, receiver):
    return api.post("/webhooks", {"url": receiver.url, "event_types": ["*"]}, status=201).json


def happen(api, title):
    start, end = "2027-05-01T19:30:00Z", "2027-05-01T22:30:00Z"
    api.post("/events", {"title": title, "starts_at": start, "ends_at": end, "location": "L", "timezone": "UTC"})


@pytest.fixture
def over():
    """Return what a test sets to let those who hang go on."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def hang(receive, over):
    """Return what starts a receiver that does not answer until it is over."""

    def start():
        receiver = receive()
        receiver.before_answering = lambda: over.wait(PATIENCE)
        return receiver

    return start


def test_no_transaction_is_open_while_a_receiver_takes_its_time(api, registry, committing, receiver, database):
    seen = []

    def look():
        engine = make_engine(committing.settings["database.url"])
        with engine.connect() as connection:
            if database == "sqlite":
                connection.exec_driver_sql("PRAGMA busy_timeout=0")  # the lock that every writer takes is free
                connection.execute(text("UPDATE pools SET taken = taken"))
                seen.append(0)
            else:
                query = (
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
                )
                seen.append(connection.scalar(text(query)))
        engine.dispose()

    receiver.before_answering = look
    register(api, receiver)
    happen(api, "Evening")
    Worker(registry).drain()
    assert seen == [0]


def test_who_hangs_is_alone_with_it(api, registry, receiver, hang, over):
    hanging = [hang() for _ in range(3)]
    for one in (*hanging, receiver):
        register(api, one)
    with Worker(registry):
        began = time.monotonic()
        for number in range(5):
            happen(api, f"Evening {number}")
        eventually(lambda: len(receiver.received) == 5)
        assert time.monotonic() - began < 8
        # ... and nobody is called a second time who has not answered yet.
        assert [len(one.received) for one in hanging] == [1, 1, 1]
        assert {received.json["data"]["title"] for received in receiver.received} == {f"Evening {n}" for n in range(5)}
        over.set()


def test_killed_between_sending_and_noting_it_sends_again_with_the_same_id(fresh_database, tmp_path, receiver):
    settings = {"webhooks.allow_private_addresses": "true", "outbox.lease_seconds": "4"}
    live = Live(fresh_database, tmp_path, settings)
    try:
        live.start()
        account = {
            "username": "ada",
            "email": "ada@example.com",
            "password": "four invented words",
            "is_organizer": True,
        }
        live.client.post("/users", json=account).raise_for_status()
        login = live.client.post("/auth/login", json={name: account[name] for name in ("username", "password")}).json()
        live.client.headers["Authorization"] = f"Bearer {login['access_token']}"
        body = {"url": receiver.url, "event_types": ["*"]}
        webhook = live.client.post("/webhooks", json=body).raise_for_status().json()

        receiver.before_answering = live.kill
        start, end = "2035-05-01T19:30:00Z", "2035-05-01T22:30:00Z"
        event = {"title": "Evening", "starts_at": start, "ends_at": end, "location": "Lisbon", "timezone": "UTC"}
        live.client.post("/events", json=event).raise_for_status()
        eventually(lambda: receiver.received and live.process is None)

        receiver.before_answering = lambda: None
        live.start()
        path = f"/webhooks/{webhook['id']}/deliveries"
        eventually(lambda: live.client.get(path).json()["results"][0]["status"] == "delivered")
        first, second = receiver.received
        assert (first.id, first.body) == (second.id, second.body)
    finally:
        live.stop()
