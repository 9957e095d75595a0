"""What cannot be accepted is named, changes nothing, and is never an error of ours."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from turnout_reviews.models import Report, Review

BAD = [
    ({}, "rating", "is required"),
    ({"rating": None}, "rating", "must not be null"),
    ({"rating": 0}, "rating", "must be at least 1"),
    ({"rating": 6}, "rating", "must be at most 5"),
    ({"rating": -(10**30)}, "rating", "must be at least 1"),
    ({"rating": "5"}, "rating", "must be a whole number"),
    ({"rating": 4.5}, "rating", "must be a whole number"),
    ({"rating": True}, "rating", "must be a whole number"),
    ({"rating": 5, "comment": None}, "comment", "must not be null"),
    ({"rating": 5, "comment": ["good"]}, "comment", "must be text"),
    ({"rating": 5, "comment": "x" * 5001}, "comment", "must have at most 5000 characters"),
    ({"rating": 5, "comment": "a\x00b"}, "comment", "must not contain a NUL character"),
    ({"rating": 5, "comment": "\ud800"}, "comment", "must be valid Unicode text"),
    ({"rating": 5, "status": "published"}, "status", "is not known here"),
    ({"rating": 5, "attendee_id": 1}, "attendee_id", "is not known here"),
]


@pytest.mark.parametrize(("body", "field", "message"), BAD)
def test_bad_reviews(ada, event, session, body, field, message):
    refused = ada.post(f"/events/{event.id}/reviews", body, status=400)

    assert refused.content_type == "application/problem+json"
    assert refused.json["errors"] == [{"field": field, "message": message}]
    assert session.scalar(select(func.count(Review.id))) == 0


@pytest.mark.parametrize(("body", "field", "message"), BAD[1:])
def test_bad_changes(ada, review, body, field, message):
    made = review(ada, 3, "Fine.")

    refused = ada.patch(f"/reviews/{made['id']}", body, status=400)

    assert refused.json["errors"] == [{"field": field, "message": message}]
    assert ada.get(f"/reviews/{made['id']}").json == made


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "is required"),
        ({"reason": ""}, "must not be empty"),
        ({"reason": "  "}, "must not be empty"),
        ({"reason": 5}, "must be text"),
        ({"reason": "x" * 1001}, "must have at most 1000 characters"),
    ],
)
def test_bad_reports(ada, api, make, review, session, body, message):
    made = review(ada)

    refused = api.as_(make.user()).post(f"/reviews/{made['id']}/report", body, status=400)

    assert refused.json["errors"] == [{"field": "reason", "message": message}]
    assert session.scalar(select(func.count()).select_from(Report)) == 0
    assert api.get(f"/reviews/{made['id']}").json == made


@pytest.mark.parametrize("length", [0, 1, 5000])
def test_lengths_that_are_good(ada, review, length):
    assert review(ada, comment="é" * length)["comment"] == "é" * length


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
BODIES = JSON | st.fixed_dictionaries({}, optional={"rating": JSON, "comment": JSON, "reason": JSON})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES)
def test_whatever_is_sent_the_answer_is_honest(ada, event, body):
    path, sent = f"/events/{event.id}/reviews", json.dumps(body).encode()

    if is_good(body):
        made = ada.post(path, sent, status=201).json
        ada.delete(f"/reviews/{made['id']}", status=204)
    else:
        assert ada.post(path, sent, status=400).json["code"] == "validation_failed"


def is_good(body):
    if not isinstance(body, dict) or not set(body) <= {"rating", "comment"}:
        return False
    rating, comment = body.get("rating"), body.get("comment", "")
    is_rating = isinstance(rating, int | float) and not isinstance(rating, bool) and rating in range(1, 6)
    return is_rating and isinstance(comment, str) and "\x00" not in comment and len(comment.strip()) <= 5000
