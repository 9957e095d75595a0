"""Nobody keeps events of elsewhere from others by importing them as drafts."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from turnout.testing.clients import Api, user_with

from turnout_external_events.models import Origin
from turnout_external_events.testing import Almanac

IMPORT = "/external-events/almanac/1/import"


@pytest.fixture
def other(api, make):
    return api.as_(make.organizer())


@pytest.fixture
def draft(bring):
    return bring(status="draft")


def found(client):
    (result,) = client.get("/external-events", provider="almanac").json["results"]
    return result["imported_event_id"]


def test_who_finds_only_a_draft_of_somebody_else_makes_an_event_of_their_own(draft, other, ines, api, make):
    assert found(other) is None

    event = other.post(IMPORT, {"overrides": {"title": "Mine"}}, status=201).json

    assert event["id"] != draft["id"]
    assert (found(other), found(ines), found(api.as_(make.organizer()))) == (event["id"], draft["id"], event["id"])


def test_the_same_again_is_ones_own_again(draft, other, ines, session):
    event = other.post(IMPORT, {"overrides": {"status": "draft"}}, status=201).json

    assert ines.post(IMPORT, status=200).json["id"] == draft["id"]
    assert other.post(IMPORT, status=200).json["id"] == event["id"]
    assert session.scalars(select(Origin.copy).order_by(Origin.id)).all() == [0, 1]


def test_others_find_what_is_published(draft, other, api, make):
    event = other.post(IMPORT, status=201).json
    assert api.as_(make.organizer()).post(IMPORT, status=200).json["id"] == event["id"]
    assert api.as_(make.staff()).post(IMPORT, status=200).json["id"] == event["id"]


def test_staff_have_what_organizers_have_as_drafts(draft, api, make):
    assert api.as_(make.staff()).post(IMPORT, status=200).json["id"] == draft["id"]


def test_each_follows_the_source(draft, other, ines, almanac, external, later):
    event = other.post(IMPORT, status=201).json
    almanac.put(external(title="New"))

    later()

    assert ines.get(f"/events/{draft['id']}").json["title"] == "New"
    assert other.get(f"/events/{event['id']}").json["title"] == "New"


def test_a_copy_is_made_anew_when_it_was_deleted(draft, other, almanac):
    event = other.post(IMPORT, {"overrides": {"status": "draft"}}, status=201).json
    other.delete(f"/events/{event['id']}")
    assert other.post(IMPORT, status=201).json["id"] != draft["id"]


def test_two_who_do_so_at_the_same_time_have_one_event(committing, external):
    class Meeting(Almanac):
        """Answers when two have asked; who begins again asks alone."""

        both = None

        def answer(self, call):
            if self.both is not None:
                self.both.wait(10)
                self.both = None
            return super().answer(call)

    with Meeting() as almanac, Session(committing.engine, expire_on_commit=False) as session:
        committing.registry.almanac_url = almanac.url
        almanac.put(replace(external("1"), venue=None))
        organizers = [user_with("organizer", session, committing.registry.clock) for _ in range(3)]
        session.commit()
        first, *others = [Api(committing, session).as_(each) for each in organizers]
        session.commit()
        first.post(IMPORT, {"overrides": {"status": "draft"}}, status=201)
        almanac.both = Barrier(2)
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda client: client.send("POST", IMPORT, {}), others))

    assert sorted(answer.status_int for answer in answers) == [200, 201]
    assert len({answer.json["id"] for answer in answers}) == 1
