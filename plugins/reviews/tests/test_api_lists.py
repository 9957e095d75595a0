"""Lists of reviews."""

import pytest


@pytest.fixture
def written(attend, over, review, clock):
    """Three reviews, a minute apart: of 3, 5 and 4."""
    found = []
    for rating in (3, 5, 4):
        found.append(review(attend(), rating)["id"])
        clock.move(minutes=1)
    return found


@pytest.mark.parametrize(
    ("ordering", "places"),
    [
        (None, [2, 1, 0]),
        ("-created_at", [2, 1, 0]),
        ("created_at", [0, 1, 2]),
        ("rating", [0, 2, 1]),
        ("-rating", [1, 2, 0]),
    ],
)
def test_anyone_reads_them_in_any_order(api, event, written, ordering, places):
    found = api.get(f"/events/{event.id}/reviews", **({"ordering": ordering} if ordering else {})).json

    assert [entry["id"] for entry in found["results"]] == [written[place] for place in places]
    assert (found["count"], found["count_is_exact"], found["next"]) == (3, True, None)


def test_of_one_event_only(api, make, written):
    assert api.get(f"/events/{make.event().id}/reviews").json["count"] == 0


def test_page_by_page_and_by_cursor(api, event, written):
    path = f"/events/{event.id}/reviews"
    for query in ({}, {"cursor": ""}):
        first = api.get(path, page_size=2, ordering="rating", **query).json
        rest = api.get(first["next"]).json
        assert [entry["rating"] for entry in first["results"] + rest["results"]] == [3, 4, 5]
        assert rest["next"] is None


@pytest.mark.parametrize("query", ["ordering=comment", "page=0", "page_size=101", "cursor=x", "status=reported"])
def test_bad_parameters(api, event, query):
    answer = api.request("GET", f"/events/{event.id}/reviews?{query}", status=400)

    assert answer.json["code"] == "validation_failed"


def test_however_many_there_are_it_takes_as_many_statements(api, attend, over, review, event, statements, staff):
    def taken(client, path):
        client.get(path)  # who asks is remembered from here on
        with statements() as sent:
            assert client.get(path, page_size=100).json["results"]
        return len(sent)

    guest = attend()
    path = f"/events/{event.id}/reviews"
    first = review(guest)
    staff.post(f"/reviews/{first['id']}/report", {"reason": "spam"})
    review(attend())
    few = [taken(client, path) for client in (api, guest, staff)] + [taken(staff, "/reviews")]

    for _ in range(10):
        made = review(attend())
        staff.post(f"/reviews/{made['id']}/report", {"reason": "spam"})
        review(attend())

    assert [taken(client, path) for client in (api, guest, staff)] + [taken(staff, "/reviews")] == few
