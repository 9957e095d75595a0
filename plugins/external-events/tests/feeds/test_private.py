"""Private entries of calendars at addresses."""

from datetime import timedelta

from turnout_external_events.files.calendars import PRIVATE


def test_they_are_not_imported_and_one_that_becomes_private_is_in_trouble(ines, server, clock, outbox, later):
    soon = clock.now() + timedelta(weeks=1)
    server.add(1, soon)
    server.add(2, soon, "CLASS:PRIVATE")
    server.add(3, soon, "CLASS:PUBLIC")
    run = ines.post("/external-events/runs", {"provider": "ical", "query": server.url + "/c.ics"}, status=201).json
    outbox.run()
    run = ines.get(f"/external-events/runs/{run['id']}").json
    assert (run["made"], run["refused"]) == (2, 1)

    server.events[0] += "\r\nCLASS:CONFIDENTIAL"
    later()

    events = {event["title"]: event["id"] for event in ines.get("/events").json["results"]}
    assert set(events) == {"Event 1", "Event 3"}
    troubles = [ines.get(f"/events/{events[title]}/origin").json["trouble"] for title in ("Event 1", "Event 3")]
    assert troubles == [PRIVATE, ""]
