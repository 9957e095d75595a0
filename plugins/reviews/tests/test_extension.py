"""What reviews add to the application."""

import pytest
from turnout.errors import StartError
from turnout.testing.applications import Application
from turnout.testing.databases import SQLiteDatabases


def test_what_it_can_do_is_said(api):
    assert "reviews" in api.get("/api/v1").json["capabilities"]


def test_openapi_describes_it(api):
    document = api.get("/openapi.json").json

    assert document["components"]["schemas"]["EventView"]["properties"]["extensions"]["properties"]["reviews"]
    for path, methods in {
        "/events/{id}/reviews": {"get", "post"},
        "/reviews": {"get"},
        "/reviews/{id}": {"get", "patch", "delete"},
        "/reviews/{id}/report": {"post"},
        "/reviews/{id}/restore": {"post"},
    }.items():
        assert methods <= set(document["paths"][path])


def test_it_is_not_written_with_the_event(api, organizer, event):
    client = api.as_(organizer)
    refused = client.patch(f"/events/{event.id}", {"extensions": {"reviews": {"rating_average": "5.00"}}}, status=400)

    assert refused.json["errors"] == [{"field": "extensions.reviews", "message": "is not known here"}]


@pytest.mark.parametrize(
    ("setting", "value"), [("edit_days", "-1"), ("ask_after_hours", "145"), ("ask", "perhaps"), ("asks", "true")]
)
def test_bad_settings_are_named(tmp_path, setting, value):
    url = SQLiteDatabases(tmp_path).create(migrated=False)

    with pytest.raises(StartError, match=rf"reviews\.{setting}"):
        Application(url, tmp_path, None, **{"turnout.plugins": "reviews", f"reviews.{setting}": value})
