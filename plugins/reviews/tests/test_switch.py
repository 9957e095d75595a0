"""Where the organizer has switched reviews off, there is nothing of them."""

from datetime import timedelta

import pytest


@pytest.fixture
def switch(api, organizer, event):
    def switch(on):
        return api.as_(organizer).patch(f"/events/{event.id}", {"plugins": {"reviews": on}}).json

    return switch


def test_they_are_on_unless_switched_off(api, event, switch):
    assert api.get(f"/events/{event.id}").json["plugins"] == {"reviews": True}
    shown = switch(False)
    assert shown["plugins"] == {"reviews": False}
    assert shown["extensions"] == {}


def test_no_path_is_there(api, ada, staff, event, review, reported, switch):
    switch(False)
    path = f"/reviews/{reported['id']}"

    for answer in (
        api.get(f"/events/{event.id}/reviews", status=404),
        ada.post(f"/events/{event.id}/reviews", {"rating": 5}, status=404),
        ada.get(path, status=404),
        ada.patch(path, {"rating": 5}, status=404),
        ada.delete(path, status=404),
        staff.post(f"{path}/report", {"reason": "spam"}, status=404),
        staff.post(f"{path}/restore", status=404),
    ):
        assert answer.json["code"] == "switched_off"


def test_what_was_written_is_there_again_when_they_are_switched_on(api, ada, event, review, switch, rating):
    made = review(ada, 4)
    switch(False)
    switch(True)

    assert api.get(f"/events/{event.id}/reviews").json["results"] == [made]
    assert rating() == ("4.00", 1)


def test_nobody_is_asked(ada, event, switch, clock, outbox, mails):
    switch(False)
    clock.set(event.ends_at + timedelta(hours=24))
    outbox.run()

    assert mails("How was ") == []
    assert outbox.dead == []


def test_an_event_made_without_them_can_have_them_later(api, organizer, clock, outbox):
    start = clock.now() + timedelta(days=3)
    new = {"title": "Quiet", "starts_at": start, "ends_at": start + timedelta(hours=1), "status": "published"}
    client = api.as_(organizer)
    made = client.post("/events", new | {"plugins": {"reviews": False}}, status=201).json
    assert made["extensions"] == {}
    client.patch(f"/events/{made['id']}", {"plugins": {"reviews": True}})
    outbox.run()

    assert api.get("/events", ordering="rating").json["count"] == 1
