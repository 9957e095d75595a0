"""What staff and organizers see of it in the admin UI."""

from turnout.testing.browsers import Browser
from turnout.testing.clients import Api
from turnout.testing.factories import Make
from turnout.testing.outbox import Steps


def test_the_page_of_an_event_shows_its_tally(browser: Browser, api: Api, make: Make, outbox: Steps) -> None:
    organizer = make.organizer()
    event = make.event(organizer=organizer)
    api.as_(make.user()).post("/bookings", {"event_id": event.id, "quantity": 3}, status=201)
    outbox.run()
    for who in (browser.as_(organizer), browser.as_role("staff")):
        page = who.get(f"/admin/events/{event.id}").text
        assert "Places confirmed" in page
        assert ">3<" in page
