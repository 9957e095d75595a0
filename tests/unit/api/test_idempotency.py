"""A write that is sent twice happens once."""

import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from tests.unit.api import probes

from turnout.api import idempotency
from turnout.api.idempotency import purge
from turnout.api.models import IdempotencyKey
from turnout.pools.models import Pool
from turnout.testing.applications import Application
from turnout.testing.clients import Api

KEY = {"Idempotency-Key": "3a1f"}
BODY = {"how": "x"}


@pytest.fixture
def application(workshop, database):
    return workshop.application(database, probes.includeme)


@pytest.fixture
def count(session):
    return lambda: session.scalar(select(func.count(Pool.id)))


def test_the_first_answer_is_replayed_whole(api, count):
    first = api.post("/probe-pools", BODY, status=201, headers=KEY)
    again = api.post("/probe-pools", BODY, status=201, headers=KEY)
    assert (again.json, again.headers["Location"]) == (first.json, first.headers["Location"])
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert count() == 1


def test_an_answer_without_a_body_is_replayed(api, count):
    api.delete("/probe-pools", status=204, headers=KEY)
    assert api.delete("/probe-pools", status=204, headers=KEY).headers["Idempotency-Replayed"] == "true"
    assert count() == 1


def test_without_a_key_each_is_a_write_of_its_own(api, count):
    for _ in range(2):
        api.post("/probe-pools", BODY)
    assert count() == 2


def test_another_request_with_the_key_is_refused(api, count):
    api.post("/probe-pools", BODY, headers=KEY)
    for send in (
        lambda: api.post("/probe-pools", {"how": "y"}, status=422, headers=KEY),
        lambda: api.delete("/probe-pools", status=422, headers=KEY),
        lambda: api.post("/probe-pools", BODY, status=422, headers=KEY | {"If-Match": '"1-00000000"'}),
    ):
        assert send().json["code"] == "idempotency_key_reused"
    assert count() == 1


def test_a_key_belongs_to_its_caller(api, make, count):
    ada, grace = api.as_(make.user()), api.as_(make.user())
    for client in (api, ada, grace):
        client.post("/probe-pools", BODY, status=201, headers=KEY)
        client.post("/probe-pools", BODY, status=201, headers=KEY)
    assert count() == 3


def test_a_key_is_kept_for_a_day(api, clock, count):
    api.post("/probe-pools", BODY, headers=KEY)
    clock.move(hours=23, minutes=59)
    api.post("/probe-pools", {"how": "y"}, status=422, headers=KEY)
    clock.move(minutes=1)
    api.post("/probe-pools", {"how": "y"}, status=201, headers=KEY)
    api.post("/probe-pools", {"how": "y"}, status=201, headers=KEY)
    assert count() == 2


def test_a_refusal_is_not_kept(api, count):
    api.post("/probe-failures", {"how": "conflict"}, status=409, headers=KEY)
    api.post("/probe-failures", {"how": "nothing"}, status=204, headers=KEY)
    assert count() == 1


def test_a_failure_is_not_kept(api, count):
    api.post("/probe-failures", {"how": "commit"}, status=500, headers=KEY)
    api.post("/probe-failures", {"how": "nothing"}, status=204, headers=KEY)
    assert count() == 1


@pytest.mark.parametrize("key", ["", "with space", "x" * 256, "ümlaut"])
def test_a_key_is_visible_ascii(api, key):
    response = api.post("/probe-pools", BODY, status=400, headers={"Idempotency-Key": key})
    assert response.json["errors"][0]["field"] == "Idempotency-Key"


def test_a_secret_answer_is_sealed_at_rest(api, session):
    first = api.post("/probe-pools", BODY, headers=KEY)
    row = session.scalars(select(IdempotencyKey)).one()
    assert first.body not in bytes(row.body)
    assert b'"id"' not in bytes(row.body)


def test_old_answers_can_be_purged(api, session, clock):
    api.post("/probe-pools", BODY, headers=KEY)
    purge(session, clock.now() + timedelta(hours=23))
    assert session.scalar(select(func.count(IdempotencyKey.key))) == 1
    purge(session, clock.now() + timedelta(days=1))
    assert session.scalar(select(func.count(IdempotencyKey.key))) == 0


def test_while_the_first_runs_the_second_is_told_so(fresh_database, tmp_path):
    """Really at the same time: the first holds its transaction open until the second was answered."""
    application = Application(fresh_database, tmp_path, probes.includeme)
    probes.began.clear()
    probes.go_on.clear()
    answers = []

    def send(status):
        with Session(application.engine) as session:
            answers.append(Api(application, session).post("/probe-held", status=status, headers=KEY))

    first = threading.Thread(target=send, args=(201,))
    first.start()
    try:
        assert probes.began.wait(30)
        send(409)
    finally:
        probes.go_on.set()
        first.join()
    send(201)
    refused, original, replayed = answers
    assert refused.json["code"] == "idempotency_key_in_use"
    assert replayed.json == original.json
    assert replayed.headers["Idempotency-Replayed"] == "true"
    with Session(application.engine) as session:
        assert session.scalar(select(func.count(Pool.id))) == 1
    application.close()


def test_a_refusal_for_what_the_first_request_did_becomes_its_answer(api, make, monkeypatch):
    """The first request may end between our look for its answer and our lock; then it is why we are refused."""
    ada, event = make.user(), make.event()
    client, wanted = api.as_(ada), {"event_id": event.id}
    first = client.post("/bookings", wanted, status=201, headers=KEY)
    look, looks = idempotency._find, []

    def look_too_early(request, parameters):
        looks.append(look(request, parameters))
        nothing = SimpleNamespace(mine=True, fingerprint=None)
        return nothing if len(looks) == 1 else looks[-1]

    monkeypatch.setattr(idempotency, "_find", look_too_early)
    again = client.post("/bookings", wanted, status=201, headers=KEY)
    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(looks) == 3


def test_a_refusal_by_a_constraint_stays_a_refusal(api, make):
    event = make.event(ticket_types=[{"name": "Seat"}])
    client = api.as_(make.staff())
    path = f"/events/{event.id}/ticket-types"
    assert client.post(path, {"name": "Seat"}, status=409, headers=KEY).json["code"] == "ticket_type_exists"
