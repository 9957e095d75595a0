"""A family buys tickets of several types, changes its mind, and pays for what it takes."""

from decimal import Decimal


def test_several_tickets_of_several_types(visitor, signed_in, evening):
    organizer, _ = signed_in("olga", is_organizer=True)
    ada, _ = signed_in("ada")
    new = {
        "title": "Science fair",
        "location": "Old mill",
        "capacity": 50,
        "currency": "EUR",
        "max_tickets_per_booking": 6,
        "ticket_types": [
            {"name": "Adult", "price": "25.00"},
            {"name": "Child", "price": "9.50", "max_per_booking": 3},
            {"name": "Backstage", "price": "80.00", "capacity": 1},
        ],
        "status": "published",
        **evening(),
    }
    event = organizer.post("/events", new, status=201)
    adult, child, backstage = event["ticket_types"]
    assert event["price"] == "9.50"

    tickets = [
        {"ticket_type_id": adult["id"], "name": "Ada Moreira", "email": "ada@example.com"},
        {"ticket_type_id": child["id"], "name": "Bruno"},
        {"ticket_type_id": child["id"], "name": "Clara"},
        {"ticket_type_id": backstage["id"], "name": "Dinis"},
    ]
    wanted = {"event_id": event["id"], "tickets": tickets, "status": "pending"}
    held = ada.post("/bookings", wanted, status=201)
    assert (held["status"], held["quantity"], held["total_amount"], held["currency"]) == ("pending", 4, "124.00", "EUR")
    assert [ticket["name"] for ticket in held["tickets"]] == ["Ada Moreira", "Bruno", "Clara", "Dinis"]
    assert len({ticket["secret"] for ticket in held["tickets"]}) == 4
    path = f"/bookings/{held['id']}"

    types = {kind["name"]: kind for kind in visitor.get(f"/events/{event['id']}/availability")["ticket_types"]}
    assert (types["Backstage"]["is_sold_out"], types["Adult"]["is_sold_out"]) == (True, False)
    grace, _ = signed_in("grace")
    refused = {"event_id": event["id"], "ticket_type_id": backstage["id"]}
    assert grace.post("/bookings", refused, status=409)["code"] == "sold_out"
    too_many = {"event_id": event["id"], "ticket_type_id": child["id"], "quantity": 4}
    assert grace.post("/bookings", too_many, status=400)["code"] == "validation_failed"

    # No backstage after all, and a child by another name.
    smaller = ada.patch(path, {"quantity": 3})
    assert (smaller["quantity"], smaller["total_amount"]) == (3, "44.00")
    renamed = ada.patch(path, {"tickets": [{"id": held["tickets"][1]["id"], "name": "Beatriz"}]})
    assert [ticket["name"] for ticket in renamed["tickets"] if ticket["status"] == "valid"] == [
        "Ada Moreira", "Beatriz", "Clara",
    ]  # fmt: skip
    grace.post("/bookings", refused, status=201)

    paid = ada.post(f"{path}/confirm")
    assert paid["status"] == "confirmed"
    valid = [Decimal(ticket["price"]) for ticket in paid["tickets"] if ticket["status"] == "valid"]
    assert sum(valid) == Decimal(paid["total_amount"])
    shown = visitor.get(f"/events/{event['id']}")
    assert (shown["seats_taken"], shown["seats_available"]) == (4, 46)
    assert [guest["quantity"] for guest in organizer.get(f"/events/{event['id']}/attendees")["results"]] == [3, 1]
