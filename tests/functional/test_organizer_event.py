"""An organizer makes an event with a category and tags; people answer the invitation in one call."""


def test_categories_tags_and_rsvp(visitor, signed_in, admin, evening):
    category = admin.post("/categories", {"name": "Live music"}, status=201)
    for name in ("Outdoor", "Family"):
        admin.post("/tags", {"name": name}, status=201)
    organizer, _ = signed_in("olga", is_organizer=True)
    ada, _ = signed_in("ada")
    grace, _ = signed_in("grace")
    ada.post("/categories", {"name": "Other"}, status=403)
    new = {
        "title": "Xylophone quartet in the park",
        "description": "Bring a blanket.",
        "location": "City park",
        "country": "PT",
        "capacity": 2,
        "category_id": category["id"],
        "tags": ["outdoor", "family"],
        "status": "published",
        **evening(),
    }
    ada.post("/events", new, status=403)
    event = organizer.post("/events", new, status=201)
    assert event["category"]["slug"] == "live-music"
    assert sorted(tag["slug"] for tag in event["tags"]) == ["family", "outdoor"]

    for query in ({"category": "live-music"}, {"tags": "family,unknown"}, {"search": "xylophones"}, {"country": "PT"}):
        assert [found["id"] for found in visitor.get("/events", **query)["results"]] == [event["id"]], query
    assert visitor.get("/events", tags="unknown")["count"] == 0

    path = f"/events/{event['id']}"
    assert ada.post(f"{path}/rsvp", {"status": "interested"}) == {
        "event_id": event["id"], "status": "interested", "booking": None,
    }  # fmt: skip
    assert visitor.get(path)["seats_taken"] == 0
    going = ada.post(f"{path}/rsvp", {"status": "going"})
    assert going["booking"]["status"] == "confirmed"
    assert ada.post(f"{path}/rsvp", {"status": "going"})["booking"]["id"] == going["booking"]["id"]
    grace.post(f"{path}/rsvp", {"status": "going"})
    late, _ = signed_in("late")
    assert late.post(f"{path}/rsvp", {"status": "going"}, status=409)["code"] == "sold_out"
    visitor.post(f"{path}/rsvp", {"status": "going"}, status=401)

    ada.post(f"{path}/rsvp", {"status": "cancelled"})
    assert late.post(f"{path}/rsvp", {"status": "going"})["booking"]["quantity"] == 1
    coming = organizer.get(f"{path}/attendees")
    assert coming["counts"] == [
        {"status": "cancelled", "bookings": 1, "places": 1},
        {"status": "confirmed", "bookings": 2, "places": 2},
    ]
    grace.get(f"{path}/attendees", status=403)

    # A change that another one overtook is refused; the event is called off for good.
    seen = organizer("GET", path).headers["ETag"]
    organizer.patch(path, {"capacity": 3}, headers={"If-Match": seen})
    assert organizer.patch(path, {"capacity": 1}, status=412, headers={"If-Match": seen})["code"] == "version_mismatch"
    assert organizer.patch(path, {"capacity": 1}, status=409)["code"] == "capacity_below_taken"
    assert organizer.post(f"{path}/cancel")["status"] == "cancelled"
    assert ada.post(f"{path}/rsvp", {"status": "going"}, status=409)["code"] == "not_on_sale"
    assert organizer.delete(path, status=409).json()["code"] == "in_use"
