"""GET /plugins: which plugins there are, for staff."""

import pytest

SOURCE = """
import colander
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

class Settings(colander.MappingSchema):
    keep_days = fields.whole(1, 10, missing=3)
    word = colander.SchemaNode(colander.String(), missing="hello")
    api_key = colander.SchemaNode(colander.String(), missing="sesame-1")
    empty_key = colander.SchemaNode(colander.String(), missing="")
    shared_secret = colander.SchemaNode(colander.String(), missing="sesame-2")
    phrase = colander.SchemaNode(colander.String(), missing="sesame-3", secret=True)
    price = colander.SchemaNode(colander.Decimal(), missing=Decimal("1.50"))
    since = colander.SchemaNode(colander.DateTime(), missing=datetime(2027, 1, 1, tzinfo=UTC))
    pause = colander.SchemaNode(colander.String(), missing=timedelta(hours=1))
    names = colander.SchemaNode(colander.Set(), missing=frozenset({"b", "a"}))

plugin = Plugin(
    name="alpha", title="Alpha beats", description="What alpha is for", api_version=API_VERSION, requires=("beta",),
    settings=Settings, is_switchable=True,
)
"""


@pytest.fixture
def staff(api, make):
    return api.as_(make.user(is_staff=True))


@pytest.fixture
def application(shelf, workshop, database, tmp_path):
    from turnout.testing.applications import Application

    shelf.add("alpha", SOURCE, version="2.5")
    shelf.add("beta", manifest="table_prefix='b_'")
    shelf.add("gamma", "1 / 0")
    application = Application(workshop.fresh(database), tmp_path, None, **{"turnout.plugins": "alpha beta"})
    yield application
    application.close()


def test_each_is_shown_with_all_that_is_known_of_it(staff):
    shown = {plugin["name"]: plugin for plugin in staff.get("/plugins", page_size=100).json["results"]}
    assert shown["alpha"] == {
        "name": "alpha",
        "title": "Alpha beats",
        "description": "What alpha is for",
        "state": "enabled",
        "problem": None,
        "distribution": "turnout-alpha",
        "version": "2.5",
        "api_version": 1,
        "requires": ["beta"],
        "is_switchable": True,
        "settings": {
            "alpha.keep_days": 3,
            "alpha.word": "hello",
            "alpha.api_key": "********",
            "alpha.empty_key": "",
            "alpha.shared_secret": "********",
            "alpha.phrase": "********",
            "alpha.price": "1.50",
            "alpha.since": "2027-01-01T00:00:00Z",
            "alpha.pause": "1:00:00",
            "alpha.names": ["a", "b"],
        },
    }
    assert (shown["beta"]["state"], shown["beta"]["settings"]) == ("enabled", {})


def test_one_that_is_not_enabled_is_not_imported(staff):
    shown = {plugin["name"]: plugin for plugin in staff.get("/plugins", page_size=100).json["results"]}
    assert shown["gamma"]["state"] == "disabled"
    assert shown["gamma"]["description"] == "Of the tests"
    assert shown["gamma"]["api_version"] is None


def test_no_secret_is_anywhere(staff):
    assert "sesame" not in staff.get("/plugins").text


def test_they_come_by_name_in_pages(staff):
    page = staff.get("/plugins", page_size=2).json
    assert [plugin["name"] for plugin in page["results"]] == ["alpha", "beta"]
    assert page["count"] >= 3
    assert page["previous"] is None
    everybody = [plugin["name"] for plugin in staff.get("/plugins", page_size=100).json["results"]]
    assert everybody == sorted(everybody)
    second = staff.get("/plugins", page_size=2, page=2).json
    assert [plugin["name"] for plugin in second["results"]] == everybody[2:4]


def test_it_is_for_staff(api, make):
    api.get("/plugins", status=401)
    api.as_(make.user()).get("/plugins", status=403)
    api.as_(make.organizer()).get("/plugins", status=403)
    api.as_(make.user(is_superuser=True)).get("/plugins", status=200)


@pytest.mark.parametrize("query", [{"page": 0}, {"page_size": 101}, {"name": "alpha"}, {"ordering": "name"}])
def test_what_it_does_not_take_is_refused(staff, query):
    answer = staff.get("/plugins", status=400, **query)
    assert [error["field"] for error in answer.json["errors"]] == list(query)


def test_it_is_read_without_a_statement_for_each(staff, statements):
    with statements() as sent:
        staff.get("/plugins")
    assert len(sent) <= 2, sent
