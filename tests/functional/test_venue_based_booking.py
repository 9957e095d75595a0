"""Somebody finds an event at a venue, books it, looks at their bookings, and cancels."""


def test_a_booking_at_a_venue_with_history_and_cancel(visitor, signed_in, evening):
    organizer, owner = signed_in("olga", is_organizer=True)
    ada, ada_user = signed_in("ada", first_name="Ada", last_name="Moreira", phone="+351 555 0100")
    venue = organizer.post(
        "/venues",
        {"name": "Teatro do Rio", "city": "Lisbon", "country": "PT", "capacity": 3, "timezone": "Europe/Lisbon"},
        status=201,
    )
    new = {"title": "An evening of fado", "venue_id": venue["id"], **evening()}
    organizer.post("/events", new | {"capacity": 4}, status=409)
    draft = organizer.post("/events", new, status=201)
    assert (draft["status"], draft["capacity"], draft["timezone"], draft["country"]) == (
        "draft",
        3,
        "Europe/Lisbon",
        "PT",
    )
    visitor.get(f"/events/{draft['id']}", status=404)
    assert organizer.post(f"/events/{draft['id']}/publish")["status"] == "published"

    # Anyone finds it.
    [found] = visitor.get("/events", search="fado", venue=venue["id"], upcoming_only=True)["results"]
    assert (found["id"], found["venue"]["name"], found["seats_available"]) == (draft["id"], "Teatro do Rio", 3)
    path = f"/events/{found['id']}"

    visitor.post("/bookings", {"event_id": found["id"]}, status=401)
    booking = ada.post("/bookings", {"event_id": found["id"], "quantity": 2}, status=201)
    assert (booking["status"], booking["user_id"], booking["quantity"]) == ("confirmed", ada_user["id"], 2)
    assert ada.post("/bookings", {"event_id": found["id"]}, status=409)["code"] == "duplicate_booking"
    availability = visitor.get(f"{path}/availability")
    assert (availability["seats_taken"], availability["seats_available"], availability["is_sold_out"]) == (2, 1, False)

    grace, _ = signed_in("grace")
    refusal = grace.post("/bookings", {"event_id": found["id"], "quantity": 2}, status=409)
    assert (refusal["code"], refusal["seats_available"]) == ("sold_out", 1)

    # The history keeps it.
    history = ada.get(f"/users/{ada_user['id']}/bookings")
    assert (history["count"], history["results"]) == (1, [booking])
    grace.get(f"/bookings/{booking['id']}", status=404)
    coming = organizer.get(f"{path}/attendees")
    assert [guest["attendee"]["first_name"] for guest in coming["results"]] == ["Ada"]
    assert coming["counts"] == [{"status": "confirmed", "bookings": 1, "places": 2}]

    # Cancelled twice, given back once.
    assert ada.delete(f"/bookings/{booking['id']}").json()["status"] == "cancelled"
    assert ada.post(f"/bookings/{booking['id']}/cancel")["status"] == "cancelled"
    assert visitor.get(path)["seats_available"] == 3
    assert ada.get("/bookings")["results"][0]["status"] == "cancelled"
    grace.post("/bookings", {"event_id": found["id"], "quantity": 3}, status=201)
    assert visitor.get(path)["is_sold_out"] is True
    assert visitor.get("/events", available_only=True)["count"] == 0
    assert owner["is_organizer"] is True
