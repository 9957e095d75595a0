"""Plugins in the admin UI: the list of them, for staff."""

import pytest
from sqlalchemy.orm import Session

from turnout.testing.applications import Application
from turnout.testing.browsers import Browser

ALPHA = """
class Settings(Schema):
    keep_days = fields.whole(1, 10, missing=3)
    api_key = fields.text(40, missing="sesame-1")

plugin = Plugin(
    name="alpha", title="Alpha beats", description="What <alpha> is for", api_version=API_VERSION, settings=Settings,
    is_switchable=True,
)
"""


@pytest.fixture
def running(shelf, workshop, tmp_path):
    """An application with a plugin that works, one that does not, and one that is not enabled."""
    shelf.add("alpha", ALPHA, version="2.5")
    shelf.add("beta", "1 / 0")
    shelf.add("gamma")
    settings = {"turnout.plugins": "alpha beta", "turnout.plugins.on_error": "quarantine"}
    application = Application(workshop.fresh("sqlite"), tmp_path, None, **settings)
    with Session(application.engine, expire_on_commit=False) as session:
        yield Browser(application, session)
    application.close()


def test_staff_see_which_there_are_and_how_they_are(running):
    staff = running.as_role("staff")
    page = staff.get("/admin/plugins")
    page.mustcontain("Alpha beats", "2.5", "What &lt;alpha&gt; is for", "enabled", "quarantined", "Gamma", "disabled")

    page = page.click("Alpha beats")
    assert page.request.path == "/admin/plugins/alpha"
    page.mustcontain("alpha.keep_days", ">3<", "alpha.api_key", "***", "turnout-alpha", no="sesame")
    assert "Edit" not in page.text

    page = staff.get("/admin/plugins/beta")
    page.mustcontain("Why it is left out", "ZeroDivisionError")
    staff.get("/admin/plugins/gamma").mustcontain("disabled", no="Why it is left out")
    staff.get("/admin/plugins/nothing", status=404)
    staff.get("/admin/plugins/export.csv").mustcontain("Alpha beats")


def test_the_dashboard_tells_of_those_left_out(running):
    page = running.as_role("staff").get("/admin")
    page.mustcontain("The plugin “Beta” is enabled, but had to be left out.", no="“plugins”")
    page.click("See why", href="/admin/plugins/beta").mustcontain("ZeroDivisionError")


def test_they_are_for_staff(running):
    for path in ("/admin/plugins", "/admin/plugins/alpha"):
        running.get(path, status=302)
        running.as_role("organizer").get(path, status=403)
    running.as_role("organizer").get("/admin").mustcontain("Dashboard", no="left out")
