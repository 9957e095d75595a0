"""GET /health."""

from pathlib import Path

import pytest
from pyramid.exceptions import ConfigurationConflictError
from sqlalchemy import text
from webtest import TestApp

from turnout import main
from turnout.health.checks import Component
from turnout.migrate import head
from turnout.outbox.heartbeat import Heartbeat
from turnout.plugin.configurator import Configurator
from turnout.testing.applications import SETTINGS

ADDRESS = "postgresql://nobody:pass-word@127.0.0.1:1/nowhere"


def worker_of(**values):
    return {"status": "ok", "workers": 1, "waiting": 0, "oldest_waiting_seconds": 0.0, "dead": 0} | values


@pytest.fixture
def heartbeat(application, connection):
    heartbeat = Heartbeat(application.registry)
    heartbeat.beat()
    return heartbeat


@pytest.mark.usefixtures("heartbeat")
def test_everything_works(api):
    answer = api.get("/health")
    assert answer.json == {
        "status": "ok",
        "components": {
            "database": {"status": "ok"},
            "migrations": {"status": "ok", "current": head(), "head": head()},
            "plugins": {"status": "ok", "enabled": []},
            "worker": worker_of(),
        },
    }
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("heartbeat")
def test_it_is_where_monitors_look(api):
    assert api.browser.get("/health").json["status"] == "ok"


def test_a_database_that_is_behind_is_degraded(api, session):
    session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    answer = api.get("/health", status=503)
    assert answer.json["status"] == "degraded"
    assert answer.json["components"]["migrations"] == {"status": "outdated", "current": "0000", "head": head()}
    assert answer.json["components"]["database"] == {"status": "ok"}


def test_a_database_that_cannot_be_reached_is_failing_and_nothing_of_it_is_told(tmp_path: Path):
    router = main({}, **SETTINGS | {"database.url": ADDRESS, "turnout.data": str(tmp_path)})
    answer = TestApp(router).get("/health", status=503)
    assert answer.json == {
        "status": "degraded",
        "components": {name: {"status": "failing"} for name in ("database", "migrations", "worker")}
        | {"plugins": {"status": "ok", "enabled": []}},
    }
    for part in ("nobody", "pass-word", "127.0.0.1", "nowhere", "SELECT", "psycopg"):
        assert part not in answer.text
    router.registry.engine.dispose()


@pytest.fixture
def config(tmp_path: Path):
    config = Configurator(settings=SETTINGS | {"turnout.data": str(tmp_path)})
    config.include("turnout.config")
    config.commit()
    yield config
    config.registry.engine.dispose()


def asked(config, status):
    return TestApp(config.make_wsgi_app()).get("/health", status=status).json


def test_a_plugin_adds_a_check(config):
    config.add_health_check("printer", lambda _request: {"status": "ok", "pages": 7})
    assert asked(config, 503)["components"]["printer"] == {"status": "ok", "pages": 7}  # 503: nothing is migrated here


def test_a_check_that_is_not_ok_degrades_the_whole(api):
    api.application.registry.health_checks["printer"] = Component(lambda _request: {"status": "out of paper"}, True)
    try:
        assert api.get("/health", status=503).json["components"]["printer"] == {"status": "out of paper"}
    finally:
        del api.application.registry.health_checks["printer"]


@pytest.mark.usefixtures("heartbeat")
def test_what_no_request_needs_degrades_without_sending_load_balancers_away(api):
    api.application.registry.health_checks["printer"] = Component(lambda _request: {"status": "out of paper"}, False)
    try:
        assert api.get("/health", status=200).json["status"] == "degraded"
    finally:
        del api.application.registry.health_checks["printer"]


def test_a_check_that_breaks_is_failing_and_the_others_are_shown(api):
    def broken(request):
        raise RuntimeError(ADDRESS)

    api.application.registry.health_checks["printer"] = Component(broken, True)
    try:
        answer = api.get("/health", status=503)
    finally:
        del api.application.registry.health_checks["printer"]
    assert answer.json["components"]["printer"] == {"status": "failing"}
    assert answer.json["components"]["database"] == {"status": "ok"}
    assert "pass-word" not in answer.text


def test_two_checks_of_one_name_stop_the_start(config):
    config.include(_ours)
    config.include(_theirs)
    with pytest.raises(ConfigurationConflictError, match="health check"):
        config.commit()


def _ours(config):
    config.add_health_check("printer", lambda _request: {})


def _theirs(config):
    config.add_health_check("printer", lambda _request: {})
