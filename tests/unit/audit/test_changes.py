"""Of two states only the difference is kept, short, as JSON, and without secrets."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from turnout.admin.panels import Badge, Link, Money
from turnout.audit.changes import LONGEST_TEXT, MOST_CHARACTERS, MOST_ENTRIES, changes, is_secret
from turnout.settings import MASK

LONG = "word " * 200


def test_only_what_differs_is_kept():
    before = {"title": "Fado", "capacity": 10, "tags": ["a"], "gone": 1, "updated_at": 1}
    after = {"title": "Fado", "capacity": 12, "tags": ["a", "b"], "new": None, "updated_at": 2}
    assert changes(before, after) == (
        {"capacity": 10, "tags": ["a"], "gone": 1},
        {"capacity": 12, "tags": ["a", "b"], "new": None},
    )


def test_of_what_holds_others_only_what_differs_is_kept():
    before = {"venue": {"id": 1, "name": "Hall", "city": "Lisbon"}, "organizer": {"id": 7}}
    after = {"venue": {"id": 2, "name": "Barn", "city": "Lisbon"}, "organizer": {"id": 7}}
    assert changes(before, after) == ({"venue": {"id": 1, "name": "Hall"}}, {"venue": {"id": 2, "name": "Barn"}})


def test_of_one_state_all_is_kept():
    assert changes(None, {"title": "Fado", "updated_at": None}) == (None, {"title": "Fado", "updated_at": None})
    assert changes({"title": "Fado"}, None) == ({"title": "Fado"}, None)
    assert changes(None, None) == (None, None)
    assert changes({"title": "Fado"}, {"title": "Fado"}) == ({}, {})


def test_what_pages_show_in_their_own_way_is_kept_as_words():
    shown = {
        "state": Badge("dead", "red"),
        "event": Link("Fado night", "events", 12),
        "price": Money(Decimal("2.50"), "EUR"),
    }
    kept = {"state": "dead", "event": "Fado night", "price": {"amount": "2.50", "currency": "EUR"}}
    assert changes(None, shown) == (None, kept)
    assert changes({"state": Badge("new")}, {"state": Badge("dead", "red")}) == ({"state": "new"}, {"state": "dead"})


def test_values_are_as_the_api_shows_them():
    moment = datetime(2027, 3, 1, 13, 30, tzinfo=timezone(timedelta(hours=1)))
    _, kept = changes(
        None,
        {
            "price": Decimal("12.50"),
            "at": moment,
            "day": date(2027, 3, 1),
            "is_active": True,
            "tags": {"b", "a"},
            "pair": (1, 2.5),
            "nan": float("nan"),
            "bytes": b"\x00",
            1: {"nested": moment.astimezone(UTC)},
        },
    )
    assert kept == {
        "price": "12.50",
        "at": "2027-03-01T12:30:00Z",
        "day": "2027-03-01",
        "is_active": True,
        "tags": ["a", "b"],
        "pair": [1, "2.5"],
        "nan": "nan",
        "bytes": "(bytes)",
        "1": {"nested": "2027-03-01T12:30:00Z"},
    }
    json.dumps(kept, allow_nan=False)


SECRETS = [
    "password", "current_password", "password_hash", "secret", "previous_secret", "secrets", "client-secret", "token",
    "access_token", "token_hash", "key", "api_key", "apiKey", "APIKeys", "stripe.webhook_key", "credentials", "Passphrase",
]  # fmt: skip


@pytest.mark.parametrize("name", SECRETS)
def test_of_a_secret_only_that_it_is_there(name):
    assert is_secret(name)
    assert changes(None, {name: "hush", "inside": [{name: {"deep": "hush"}}], "none": {name: None}}) == (
        None,
        {name: MASK, "inside": [{name: MASK}], "none": {name: None}},
    )


@pytest.mark.parametrize("name", ["keywords", "monkey", "keyboard_access", "tokenized", "secretary", "title", ""])
def test_what_only_sounds_alike_is_no_secret(name):
    assert not is_secret(name)


@pytest.mark.parametrize("kind", [str, lambda text: {"inside": text}, lambda text: [text]])
def test_of_a_secret_that_changed_that_it_did(kind):
    assert changes({"password": kind("old"), "x": 1}, {"password": kind("new"), "x": 1}) == (
        {"password": MASK},
        {"password": MASK},
    )


def test_long_text_is_cut():
    _, kept = changes(None, {"description": LONG})
    assert kept["description"] == LONG[:LONGEST_TEXT] + f"… ({len(LONG)} characters)"


def test_of_long_texts_the_part_that_differs_is_kept():
    before, after = changes({"description": LONG + "to the end" + LONG}, {"description": LONG + "of the day" + LONG})
    assert "to the end" in before["description"]
    assert "of the day" in after["description"]
    assert all(len(state["description"]) < LONGEST_TEXT + 50 for state in (before, after))
    before, after = changes({"description": LONG}, {"description": LONG + "!"})
    assert before["description"].endswith("word ")
    assert after["description"].endswith("word !")


def test_long_lists_and_large_objects_are_cut():
    _, kept = changes(None, {"ids": list(range(1000)), "members": {str(n): n for n in range(1000)}})
    assert kept["ids"][MOST_ENTRIES - 1 :] == [MOST_ENTRIES - 1, "… (1000 entries)"]
    assert len(kept["members"]) == MOST_ENTRIES + 1
    assert kept["members"]["…"] == "1000 members"


def test_what_is_too_much_altogether_is_not_kept():
    _, kept = changes(
        None, {"rows": [{"text": "x" * 299} for _ in range(50)], "more": {str(n): ["x" * 299] * 9 for n in range(50)}}
    )
    assert list(kept) == ["…"]
    assert int(kept["…"].split()[-2]) > MOST_CHARACTERS


def test_nothing_is_nested_without_end():
    nested = {}
    nested["again"] = nested
    _, kept = changes(None, nested)
    assert "(dict)" in json.dumps(kept)
