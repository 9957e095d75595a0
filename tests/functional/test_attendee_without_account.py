"""Somebody without an account registers as an attendee; a partner holds a place for them, and confirms it."""


def test_booked_pending_confirmed_and_refused_twice(visitor, signed_in, admin, evening):
    organizer, _ = signed_in("olga", is_organizer=True)
    partner, _ = signed_in("partner")
    event = organizer.post(
        "/events",
        {
            "title": "Lecture",
            "location": "Town hall",
            "capacity": 10,
            "price": "150.00",
            "status": "published",
            **evening(),
        },
        status=201,
    )
    person = {
        "first_name": "Noor",
        "last_name": "Haddad",
        "email": "noor@example.com",
        "phone": "+351 555 0101",
        "date_of_birth": "1990-05-01",
    }

    attendee = visitor.post("/attendees", person, status=201)
    assert attendee["user_id"] is None
    assert visitor.post("/attendees", person, status=409)["code"] == "attendee_exists"

    wanted = {"event_id": event["id"], "attendee_id": attendee["id"], "status": "pending"}
    key = {"Idempotency-Key": "a-retry-is-safe"}
    held = partner.post("/bookings", wanted, status=201, headers=key)
    assert partner.post("/bookings", wanted, status=201, headers=key) == held
    assert (held["status"], held["attendee_id"], held["total_amount"]) == ("pending", attendee["id"], "150.00")
    assert held["expires_at"] > held["booking_date"]
    assert visitor.get(f"/events/{event['id']}/availability")["seats_taken"] == 1

    confirmed = partner.post(f"/bookings/{held['id']}/confirm")
    assert (confirmed["status"], confirmed["expires_at"]) == ("confirmed", None)

    # Twice refused: to whoever asks, held or not.
    assert partner.post("/bookings", wanted, status=409)["code"] == "duplicate_booking"
    other, _ = signed_in("other")
    del wanted["status"]
    assert other.post("/bookings", wanted, status=409)["code"] == "duplicate_booking"
    assert visitor.get(f"/events/{event['id']}/availability")["seats_taken"] == 1

    # The history of the attendee is staff's to see; nobody's else.
    history = admin.get(f"/attendees/{attendee['id']}/bookings")
    assert [booking["id"] for booking in history["results"]] == [held["id"]]
    partner.get(f"/attendees/{attendee['id']}/bookings", status=404)
    assert admin("DELETE", f"/attendees/{attendee['id']}", status=409).json()["code"] == "in_use"
