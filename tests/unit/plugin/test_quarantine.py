"""Quarantine: a plugin that cannot be used is left out, everything else runs, and whoever looks is told."""

import json

import pytest
from sqlalchemy.orm import Session

from turnout.testing.applications import Application
from turnout.testing.clients import Api
from turnout.testing.factories import Make

QUARANTINE = {"turnout.plugins.on_error": "quarantine"}
WORKS = """
works = Service("gamma-works", "/gamma", "Gamma")

@works.get(permission="gamma:read")
def read_gamma(request):
    '''Read it.'''
    return {"works": True}

def includeme(config):
    config.declare_permission("gamma:read", "Read", ANYONE)
    config.add_api_service(works)
"""
BROKEN = {
    "import": {"source": "def broken(:\n"},
    "exit": {"source": "import sys; sys.exit(0)"},
    "manifest": {"source": "del plugin"},
    "api_version": {"source": "plugin = Plugin(name='beta', title='B', description='D', api_version=99)"},
    "requires": {"manifest": "requires=('nothing',)"},
    "setup": {"source": "def includeme(config): raise SystemExit(0)"},
    "deferred": {"source": "def includeme(config): config.action(None, dict().pop, args=('x',))"},
    "clash": {"source": "def includeme(config): config.add_health_check('database', print)"},
    "permission": {
        "source": "def includeme(config):\n"
        "    config.add_route('beta', '/beta')\n"
        "    config.add_view(print, route_name='beta')"
    },
    "at the end": {"source": "def includeme(config): config.add_subscriber(exit, 'pyramid.events.ApplicationCreated')"},
}
REASONS = {"exit": "import", "deferred": "setup", "permission": "setup", "at the end": "setup"}
"""Where the reason has another word."""


@pytest.fixture
def running(workshop, tmp_path):
    """Start with plugins on a database; return the API and, signed in, as staff have it."""
    made = []

    def running(plugins, **settings):
        url = workshop.fresh("sqlite")
        application = Application(url, tmp_path, None, **QUARANTINE | {"turnout.plugins": plugins} | settings)
        session = Session(application.engine)
        made.append((application, session))
        make = Make(session, application.registry.clock)
        return Api(application, session), Api(application, session).as_(make.user(is_staff=True))

    yield running
    for application, session in made:
        session.close()
        application.close()


@pytest.mark.parametrize("what", BROKEN)
def test_one_that_cannot_be_used_is_left_out_and_the_rest_runs(shelf, running, capsys, what):
    reason = REASONS.get(what, what)
    shelf.add("alpha", manifest="requires=('gamma',)")
    shelf.add("beta", **BROKEN[what])
    shelf.add("gamma", WORKS)
    api, staff = running("alpha beta gamma", **{"log.format": "json"})

    assert list(api.application.registry.plugins.enabled) == ["gamma", "alpha"]
    assert api.get("/gamma").json == {"works": True}
    api.get("/events")
    assert {"alpha", "gamma"} <= api.get("/api/v1").json["capabilities"].keys()
    assert "beta" not in api.get("/api/v1").json["capabilities"]
    api.get("/openapi.json")

    health = api.get("/health", status=200).json
    assert health["status"] == "degraded"
    expected = {"status": "left_out", "enabled": ["gamma", "alpha"], "left_out": {"beta": reason}}
    assert health["components"]["plugins"] == expected

    shown = {plugin["name"]: plugin for plugin in staff.get("/plugins", page_size=100).json["results"]}
    assert {name: shown[name]["state"] for name in ("alpha", "beta", "gamma")} == {
        "alpha": "enabled",
        "beta": "quarantined",
        "gamma": "enabled",
    }
    assert shown["beta"]["problem"].startswith("The plugin beta cannot be used: ")
    assert [shown[name]["problem"] for name in ("alpha", "gamma")] == [None, None]

    [line] = [line for line in capsys.readouterr().err.splitlines() if "plugin left out" in line]
    said = json.loads(line)
    assert (said["plugin"], said["reason"], said["problem"]) == ("beta", reason, shown["beta"]["problem"])
    assert said["level"] == "error"


def test_one_takes_those_along_that_need_it(shelf, running):
    shelf.add("alpha", manifest="requires=('beta',)")
    shelf.add("beta", manifest="requires=('delta',)")
    shelf.add("gamma", WORKS)
    shelf.add("delta", "1 / 0")
    api, staff = running("alpha beta gamma delta")
    component = api.get("/health").json["components"]["plugins"]
    assert component["enabled"] == ["gamma"]
    assert component["left_out"] == {"delta": "import", "beta": "requires", "alpha": "requires"}
    problems = {plugin["name"]: plugin["problem"] for plugin in staff.get("/plugins", page_size=100).json["results"]}
    assert "it requires the plugin delta, which cannot be used either. Mend delta first." in problems["beta"]
    assert "it requires the plugin beta, which cannot be used either. Mend beta first." in problems["alpha"]


def test_one_that_is_missing_is_shown_too(shelf, running):
    shelf.add("gamma", WORKS)
    api, staff = running("gamma not_there")
    assert api.get("/health").json["components"]["plugins"]["left_out"] == {"not_there": "missing"}
    shown = {plugin["name"]: plugin for plugin in staff.get("/plugins", page_size=100).json["results"]}
    assert shown["not_there"] == {
        "name": "not_there",
        "title": "Not there",
        "description": "",
        "state": "quarantined",
        "problem": shown["not_there"]["problem"],
        "distribution": "",
        "version": "",
        "api_version": None,
        "requires": [],
        "is_switchable": False,
        "settings": {},
    }


def test_a_circle_is_left_out_whole(shelf, running):
    shelf.add("alpha", manifest="requires=('beta',)")
    shelf.add("beta", manifest="requires=('alpha',)")
    shelf.add("gamma", WORKS)
    api, _ = running("alpha beta gamma")
    component = api.get("/health").json["components"]["plugins"]
    assert component["enabled"] == ["gamma"]
    assert component["left_out"] == {"alpha": "requires", "beta": "requires"}


def test_bad_settings(shelf, running, monkeypatch):
    source = """
        import colander
        class Settings(colander.MappingSchema):
            number = fields.whole(1, 10, missing=3)
        plugin = Plugin(name="beta", title="B", description="D", api_version=API_VERSION, settings=Settings)
    """
    shelf.add("beta", source)
    shelf.add("gamma", WORKS)
    monkeypatch.setenv("TURNOUT_BETA_NUMBER", "eleven")
    api, _ = running("beta gamma")
    component = api.get("/health").json["components"]["plugins"]
    assert (component["enabled"], component["left_out"]) == (["gamma"], {"beta": "settings"})


def test_tables_of_one_that_is_left_out_hurt_nobody(shelf, running):
    model = """
        from sqlalchemy.orm import Mapped, mapped_column
        class Thing(Base):
            __tablename__ = {!r}
            id: Mapped[int] = mapped_column(primary_key=True)
    """
    shelf.add("alpha", model.format("shared_things"), manifest="table_prefix='shared_'")
    shelf.add("beta", model.format("shared_things"), manifest="table_prefix='beta_'")
    shelf.add("delta", manifest="table_prefix='shared_delta_'")
    shelf.add("gamma", WORKS)
    api, _ = running("alpha beta delta gamma")
    component = api.get("/health").json["components"]["plugins"]
    assert component["left_out"] == {"beta": "clash", "delta": "clash"}
    assert component["enabled"] == ["alpha", "gamma"]


def test_nothing_wrong_is_no_quarantine(shelf, running):
    shelf.add("gamma", WORKS)
    api, _ = running("gamma")
    component = api.get("/health").json["components"]["plugins"]
    assert component == {"status": "ok", "enabled": ["gamma"]}


def test_what_is_turnouts_fault_stops_the_start_even_so(start):
    def include(config):
        config.action(None, lambda: 1 / 0)

    with pytest.raises(Exception, match="division by zero"):
        start("", include=include, **QUARANTINE)


@pytest.mark.parametrize("what", BROKEN)
def test_without_quarantine_the_command_line_says_it_in_one_line(shelf, tmp_path, monkeypatch, what):
    from click.testing import CliRunner

    from turnout.cli import cli

    shelf.add("beta", **BROKEN[what])
    monkeypatch.setenv("TURNOUT_DATA", str(tmp_path))
    monkeypatch.setenv("TURNOUT_PLUGINS", "beta")
    result = CliRunner().invoke(cli, ["routes"])
    assert result.exit_code == 3
    [line] = result.stderr.strip().splitlines()
    assert line.startswith("Error: The plugin beta cannot be used: ")
    assert "beta out of" in line or "Uninstall" in line
