"""A sale opens: more people than places hold, confirm and give up, all at once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

PLACES, PEOPLE = 6, 12


def test_every_place_goes_to_somebody_and_none_to_two(live, visitor, signed_in, evening):
    organizer, _ = signed_in("olga", is_organizer=True)
    event = organizer.post(
        "/events",
        {"title": "One night only", "location": "Cellar", "capacity": PLACES, "status": "published", **evening()},
        status=201,
    )
    path = f"/events/{event['id']}"
    people = [signed_in(f"fan{number}")[0] for number in range(PEOPLE)]

    def rush(person):
        wanted = {"event_id": event["id"], "status": "pending"}
        answer = live.client.post("/bookings", json=wanted, headers=person.headers)
        return person, answer

    with ThreadPoolExecutor(PEOPLE) as threads:
        first = list(threads.map(rush, people))
    assert Counter(answer.status_code for _, answer in first) == {201: PLACES, 409: PEOPLE - PLACES}
    assert {answer.json()["code"] for _, answer in first if answer.is_error} == {"sold_out"}
    lucky = [(person, answer.json()["id"]) for person, answer in first if answer.status_code == 201]
    unlucky = [person for person, answer in first if answer.is_error]
    assert visitor.get(f"{path}/availability")["is_sold_out"] is True

    # Some confirm, others give up; their places go to those who still want them.
    for person, booking in lucky[:3]:
        assert person.post(f"/bookings/{booking}/confirm")["status"] == "confirmed"
    for person, booking in lucky[3:]:
        assert person.post(f"/bookings/{booking}/cancel")["status"] == "cancelled"
    with ThreadPoolExecutor(PEOPLE) as threads:
        second = list(threads.map(rush, unlucky))
    assert Counter(answer.status_code for _, answer in second) == {201: 3, 409: PEOPLE - PLACES - 3}

    assert organizer.get(f"{path}/attendees")["counts"] == [
        {"status": "cancelled", "bookings": 3, "places": 3},
        {"status": "confirmed", "bookings": 3, "places": 3},
        {"status": "pending", "bookings": 3, "places": 3},
    ]
    assert visitor.get(path)["seats_taken"] == PLACES
    assert "equals its rows" in live.run("check").stdout
