"""`turnout celery`: what can be said before Celery starts. What it does is in tests/concurrency/test_celery.py."""

import sys

REDIS = {"TURNOUT_OUTBOX_ENGINE": "celery", "TURNOUT_OUTBOX_BROKER_URL": "redis://127.0.0.1:1/0"}


def test_without_the_setting_celery_would_get_no_work(turnout):
    result = turnout("celery", "worker", code=3)
    assert result.stderr.count("\n") == 1
    assert "outbox.engine" in result.stderr


def test_without_celery_it_says_how_to_get_it(turnout, monkeypatch):
    monkeypatch.setitem(sys.modules, "celery", None)
    result = turnout("celery", "worker", code=3)
    assert result.stderr.count("\n") == 1
    assert "pip install 'turnout[celery]'" in result.stderr


def test_the_database_must_be_migrated(turnout, monkeypatch):
    for name, value in REDIS.items():
        monkeypatch.setenv(name, value)
    assert "turnout migrate" in turnout("celery", "worker", code=3).stderr


def test_what_follows_is_celerys_own(turnout, monkeypatch):
    for name, value in REDIS.items():
        monkeypatch.setenv(name, value)
    assert "--concurrency" in turnout("celery", "worker", "--help").stdout
    assert "turnout celery inspect ping" in turnout("celery", "--help").stdout
