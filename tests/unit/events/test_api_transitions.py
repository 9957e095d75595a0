import pytest
from sqlalchemy import select

from turnout.events.models import STATUSES
from turnout.pools.models import Pool

ALLOWED = {
    "publish": ("published", {"draft", "postponed"}),
    "postpone": ("postponed", {"published"}),
    "cancel": ("cancelled", {"draft", "published", "postponed"}),
    "archive": ("archived", {"draft", "published", "postponed", "cancelled"}),
}
CASES = [(name, before) for name in ALLOWED for before in STATUSES]


@pytest.mark.parametrize(("transition", "before"), CASES)
def test_each_transition_goes_from_some_statuses_only(api, make, organizer, transition, before):
    event = make.event(organizer=organizer, status=before)
    path = f"/events/{event.id}"
    client = api.as_(organizer)
    after, sources = ALLOWED[transition]

    if before in sources or before == after:
        shown = client.post(f"{path}/{transition}", status=200)
        assert shown.json["status"] == after
        assert shown.headers["ETag"] == client.get(path).headers["ETag"]
        assert event.version == (1 if before == after else 2)
    else:
        refused = client.post(f"{path}/{transition}", status=409).json
        assert (refused["code"], refused["status_now"]) == ("wrong_event_status", before)
        assert client.get(path).json["status"] == before
        assert event.version == 1


@pytest.mark.parametrize("transition", ALLOWED)
def test_a_transition_can_be_asked_for_twice(api, make, organizer, clock, transition):
    event = make.event(organizer=organizer, status="published" if transition == "postpone" else "draft")
    client, path = api.as_(organizer), f"/events/{event.id}/{transition}"

    first = client.post(path, status=200)
    clock.move(minutes=1)
    assert client.post(path, status=200).json == first.json


@pytest.mark.parametrize("transition", ALLOWED)
def test_staff_do_it_too(api, make, transition):
    event = make.event(status="published" if transition == "postpone" else "draft")

    assert api.as_(make.staff()).post(f"/events/{event.id}/{transition}").json["status"] == ALLOWED[transition][0]


@pytest.mark.parametrize("transition", ALLOWED)
def test_no_claim_holds_that_was_priced_before(api, make, organizer, session, transition):
    event = make.event(organizer=organizer, status="published" if transition == "postpone" else "draft")
    revision = select(Pool.revision).where(Pool.id == event.pool_id)
    before = session.scalar(revision)

    api.as_(organizer).post(f"/events/{event.id}/{transition}")

    assert session.scalar(revision) > before


def test_only_what_is_published_is_sold(api, make, organizer):
    client, guest = api.as_(organizer), api.as_(make.user())
    event = make.event(organizer=organizer, status="draft", bookings_per_attendee=None)
    path, booking = f"/events/{event.id}", {"event_id": event.id}

    guest.post("/bookings", booking, status=404)
    client.post(path + "/publish")
    guest.post("/bookings", booking, status=201)
    for transition in ("postpone", "cancel", "archive"):
        client.post(f"{path}/{transition}")
        assert guest.post("/bookings", booking, status=409).json["code"] == "not_on_sale"
    shown = api.get(path).json
    assert shown.items() >= {"seats_taken": 1, "is_active": False, "sales_state": "archived"}.items()


def test_a_transition_takes_no_members(api, make):
    event = make.event(status="draft")
    client = api.as_(make.staff())
    refused = client.post(f"/events/{event.id}/publish", {"when": "now"}, status=400).json
    assert refused["errors"] == [{"field": "when", "message": "is not known here"}]
    client.post(f"/events/{event.id}/publish", {})
