"""Events whose tickets are sold elsewhere: they can be seen here, and not booked."""

from tests.unit.pages import panel

SHOP = "https://tickets.example.com/7"
NEW = {"title": "Fado", "starts_at": "2027-05-01T19:30:00Z", "ends_at": "2027-05-01T22:00:00Z", "status": "published"}


def test_what_is_sold_elsewhere_says_where(api):
    organizer = api.as_role("organizer")

    event = organizer.post("/events", NEW | {"is_bookable": False, "tickets_url": SHOP}).json

    assert (event["tickets_url"], event["sales_state"]) == (SHOP, "elsewhere")
    shown = api.get("/events").json["results"][0]
    assert (shown["tickets_url"], shown["sales_state"]) == (SHOP, "elsewhere")


def test_what_is_sold_elsewhere_cannot_be_booked(api, make):
    event = make.event(is_bookable=False, tickets_url=SHOP)

    refused = api.as_role("user").post("/bookings", {"event_id": event.id}, status=409).json

    assert (refused["code"], refused["tickets_url"]) == ("not_on_sale", SHOP)
    assert api.get(f"/events/{event.id}/availability").json["seats_taken"] == 0


def test_what_comes_to_be_sold_here_can_be_booked(api, make):
    organizer = make.organizer()
    event = make.event(is_bookable=False, tickets_url=SHOP, organizer=organizer)

    changed = api.as_(organizer).patch(f"/events/{event.id}", {"is_bookable": True, "capacity": 3}).json

    assert changed["sales_state"] == "on_sale"
    api.as_role("user").post("/bookings", {"event_id": event.id}, status=201)


def test_where_it_is_sold_is_an_address_of_the_web(api):
    refused = api.as_role("organizer").post("/events", NEW | {"tickets_url": "javascript:alert(1)"}, status=400).json

    assert [error["field"] for error in refused["errors"]] == ["tickets_url"]


def test_staff_are_offered_no_sale_and_no_door_of_what_is_only_shown(make, browser):
    staff = browser.as_role("staff")
    elsewhere = make.event(is_bookable=False, title="Fado elsewhere")
    here = make.event(title="Fado here")

    offered = {event.id: staff.get(f"/admin/events/{event.id}").text for event in (elsewhere, here)}

    for words in ("Book for somebody", "At the door"):
        assert (words in offered[elsewhere.id], words in offered[here.id]) == (False, True)
    sold = panel(staff.get("/admin"), "Places sold by event")
    assert ("Fado elsewhere" in sold, "Fado here" in sold) == (False, True)
