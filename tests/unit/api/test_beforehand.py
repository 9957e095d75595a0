"""What somebody outside is asked before a write: before its transaction, with a key and without."""

import pytest
from sqlalchemy.orm import Session

from turnout import schema as fields
from turnout.api.service import Service
from turnout.errors import Conflict
from turnout.schema import Schema
from turnout.security.actors import ANYONE
from turnout.testing.applications import Application
from turnout.testing.clients import Api

KEY = {"Idempotency-Key": "3a1f"}

service = Service("probe-outside", "/probe-outside", "Probes")


class Told(Schema):
    """What was told."""

    said = fields.text(20)


class Outside:
    """Somebody outside, who `refuses` when told to, and notes how many connections were in use when it was asked."""

    def __init__(self):
        self.in_use = []
        self.refuses = False

    def ask(self, request):
        self.in_use.append(request.registry.engine.engine.pool.checkedout())
        if self.refuses:
            raise Conflict("Outside says no.")
        return f"answer {len(self.in_use)}"


def ask(request):
    return request.registry.outside.ask(request)


@service.post(permission="outside:ask", answer=Told, refuses=(Conflict,), beforehand=ask)
def ask_outside(request, told):
    """Ask."""
    return {"said": told}


def includeme(config):
    config.declare_permission("outside:ask", "Ask outside", ANYONE)
    config.add_api_service(service)


@pytest.fixture
def application(workshop, database):
    return workshop.application(database, includeme)


@pytest.fixture
def outside(application):
    application.registry.outside = Outside()
    return application.registry.outside


@pytest.mark.parametrize("headers", [{}, KEY], ids=["without a key", "with a key"])
@pytest.mark.parametrize("role", ["anyone", "staff"])
def test_it_is_asked_once_while_no_transaction_is_open(fresh_database, tmp_path, headers, role):
    application = Application(fresh_database, tmp_path, includeme)
    application.registry.outside = Outside()
    with Session(application.engine, expire_on_commit=False) as session:
        client = Api(application, session).as_role(role)

        answer = client.post("/probe-outside", headers=headers).json

    assert answer == {"said": "answer 1"}
    assert application.registry.outside.in_use == [0]
    application.close()


def test_what_was_answered_is_not_asked_again(api, outside):
    first = api.post("/probe-outside", headers=KEY)
    outside.refuses = True

    again = api.post("/probe-outside", headers=KEY)

    assert (again.json, again.headers["Idempotency-Replayed"]) == (first.json, "true")
    assert len(outside.in_use) == 1


def test_a_refusal_is_the_answer_and_not_kept(api, outside):
    outside.refuses = True
    assert api.post("/probe-outside", status=409, headers=KEY).json["detail"] == "Outside says no."
    outside.refuses = False

    assert api.post("/probe-outside", headers=KEY).json == {"said": "answer 2"}


def test_a_key_that_is_none_is_refused_before(api, outside):
    api.post("/probe-outside", status=400, headers={"Idempotency-Key": "with space"})

    assert not outside.in_use
