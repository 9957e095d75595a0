"""Headers that tell browsers to trust nothing that we did not send."""

import pytest

from turnout.testing.applications import Application
from turnout.testing.clients import Api


@pytest.mark.parametrize(("path", "status"), [("", 200), ("/nowhere", 404), ("/users/me", 401)])
def test_every_answer_has_them(api, path, status):
    headers = api.get(path, status=status).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in headers


def test_in_production_browsers_are_told_to_stay_with_https(fresh_database, tmp_path, session):
    settings = {"turnout.environment": "production"}
    application = Application(fresh_database, tmp_path, **settings)
    assert "Strict-Transport-Security" in Api(application, session).get("").headers
    application.close()
