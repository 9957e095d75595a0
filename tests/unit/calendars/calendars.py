"""Reading calendar files back, strictly."""

from icalendar import Calendar


def parsed(content):
    """Return a file as icalendar reads it, which must be without errors and folded as RFC 5545 wants it."""
    assert content.count(b"\n") == content.count(b"\r\n")
    assert max(map(len, content.split(b"\r\n"))) <= 75
    content.decode()
    found = Calendar.from_ical(content)
    assert found.errors == []
    assert [event.errors for event in found.events] == [[] for _ in found.events]
    assert found.get_missing_tzids() == set()
    return found


def entry(content):
    """Return the one entry of a file."""
    (event,) = parsed(content).events
    return event


def summaries(response):
    """Return the titles of an answer's entries."""
    return [str(found["summary"]) for found in parsed(response.body).events]


def statuses(response):
    """Return the status of each entry of an answer, by its UID."""
    return {str(found["uid"]): str(found["status"]) for found in parsed(response.body).events}
