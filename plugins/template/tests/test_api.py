"""The endpoint, as its clients see it."""

from turnout.testing.clients import Api
from turnout.testing.factories import Make


def test_an_event_that_nobody_has_booked_has_no_places_confirmed(api: Api, make: Make) -> None:
    event = make.event()
    shown = api.get(f"/events/{event.id}/my-plugin").json
    assert (shown["event_id"], shown["confirmed"], shown["updated_at"]) == (event.id, 0, None)


def test_an_event_that_is_not_there_has_no_tally(api: Api) -> None:
    assert api.get("/events/999/my-plugin", status=404).json["code"] == "not_found"


def test_a_draft_shows_its_tally_to_its_organizer_alone(api: Api, make: Make) -> None:
    organizer = make.organizer()
    draft = make.event(organizer=organizer, status="draft")
    api.as_(organizer).get(f"/events/{draft.id}/my-plugin")
    api.as_(make.organizer()).get(f"/events/{draft.id}/my-plugin", status=404)
    api.get(f"/events/{draft.id}/my-plugin", status=404)
