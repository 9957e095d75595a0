import base64
import json
from datetime import timedelta

import pytest
from sqlalchemy import insert

from turnout.paging import DEEPEST, Paging, part_of
from turnout.taxonomy.models import Tag


def cursor(*parts):
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("ordering", "given"),
    [
        ("title", "nonsense"),
        ("title", "====="),
        ("title", "é"),
        ("title", "AAAA"),
        ("title", cursor()),
        ("title", cursor("title", "a")),
        ("title", cursor("title", "a", 1, 1)),
        ("title", cursor("price", "a", 1)),
        ("title", cursor("-title", "a", 1)),
        ("title", cursor("title", None, 1)),
        ("title", cursor("title", ["a"], 1)),
        ("title", cursor("title", {"a": 1}, 1)),
        ("title", cursor("title", 5, 1)),
        ("title", cursor("title", "a\x00", 1)),
        ("title", cursor("title", "\ud800", 1)),
        ("title", cursor("title", "a", "1")),
        ("title", cursor("title", "a", 1.0)),
        ("title", cursor("title", "a", True)),
        ("title", cursor("title", "a", None)),
        ("title", cursor("title", "a", 2**63)),
        ("title", cursor("title", "a", -(2**70))),
        ("price", cursor("price", "NaN", 1)),
        ("price", cursor("price", "sNaN", 1)),
        ("price", cursor("price", "Infinity", 1)),
        ("price", cursor("price", "1e999999", 1)),
        ("price", cursor("price", 10**30, 1)),
        ("price", cursor("price", "cheap", 1)),
        ("price", cursor("price", None, 1)),
        ("starts_at", cursor("starts_at", "2027-03-01T12:00:00", 1)),
        ("starts_at", cursor("starts_at", "0001-01-01T00:00:00+14:00", 1)),
        ("starts_at", cursor("starts_at", "9999-12-31T23:59:59-14:00", 1)),
        ("starts_at", cursor("starts_at", 5, 1)),
        ("starts_at", base64.urlsafe_b64encode(b"[" * 370).decode()),
        ("starts_at", base64.urlsafe_b64encode(b"9" * 370).decode()),
    ],
)
def test_a_cursor_that_was_not_made_here_is_refused_by_name(api, make, ordering, given):
    make.event()

    answer = api.get("/events", ordering=ordering, cursor=given, status=400)

    assert answer.json["errors"] == [
        {"field": "cursor", "message": "is not one that this list gave with this ordering"}
    ]


@pytest.mark.parametrize(
    ("ordering", "given"),
    [
        ("price", cursor("price", "-99999999999999.99999", 0)),
        ("price", cursor("price", "99999999999999.99999", 2**53 - 1)),
        ("price", cursor("price", "1e-30", 1)),
        ("starts_at", cursor("starts_at", "0001-01-02T00:00:00Z", 1)),
        ("starts_at", cursor("starts_at", "9999-12-30T00:00:00+02:00", 1)),
        ("title", cursor("title", "🎻" * 20, 1)),
        ("title", cursor("title", "", -5)),
    ],
)
def test_what_can_be_compared_is_compared(api, make, ordering, given):
    make.event()

    assert api.get("/events", ordering=ordering, cursor=given, status=200).json["count"] == 1


def test_a_cursor_is_for_one_ordering(api, make, clock):
    for _ in range(3):
        make.event()
        clock.move(seconds=1)
    following = api.get("/events", page_size=1, ordering="price", cursor="").json["next"]

    api.get(following, status=200)
    api.get(following.replace("ordering=price", "ordering=-price"), status=400)
    api.get(following.replace("ordering=price", "ordering=title"), status=400)


def test_numbered_pages_end_where_a_cursor_leads_on(api, make, session, clock):
    stamps = {"created_at": clock.now(), "updated_at": clock.now() + timedelta(0), "version": 1, "description": ""}
    session.execute(insert(Tag), [stamps | {"name": "T", "slug": f"tag-{n:05}"} for n in range(DEEPEST + 150)])
    last = DEEPEST // 100

    refused = api.get("/tags", page=last + 1, page_size=100, status=400)
    assert [error["field"] for error in refused.json["errors"]] == ["page"]

    before = api.get("/tags", page=last - 1, page_size=100).json
    assert "cursor" not in before["next"]
    answer = api.get(before["next"]).json
    found = []
    while answer["next"]:
        answer = api.get(answer["next"]).json
        found += [result["slug"] for result in answer["results"]]
    assert found == [f"tag-{n:05}" for n in range(DEEPEST, DEEPEST + 150)]


def test_a_short_list_is_cut_in_memory():
    rows = list(range(7))

    def cut(**paging):
        found = part_of(rows, Paging(**paging))
        return found.rows, found.has_next, found.count, found.next_cursor

    assert cut(page=1, size=3) == ([0, 1, 2], True, 7, None)
    assert cut(page=3, size=3) == ([6], False, 7, None)
    assert cut(page=4, size=3) == ([], False, 7, None)
    assert cut(page=1, size=7) == (rows, False, 7, None)
    assert cut(size=3, cursor="") == (rows, False, 7, None)
