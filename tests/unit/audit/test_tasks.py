"""Entries that are too old are deleted, and no others."""

from turnout.security.actors import SYSTEM


def test_old_entries_are_deleted_and_no_others(log, clock, outbox, entries):
    log.record("old", actor=SYSTEM, subject="events")
    clock.move(days=1)
    log.record("new", actor=SYSTEM, subject="events")
    clock.move(days=728, hours=23)
    outbox.run()
    assert [entry.action for entry in entries()] == ["old", "new"]
    clock.move(hours=1)
    outbox.run()
    assert [entry.action for entry in entries()] == ["new"]


def test_many_are_deleted_in_parts(log, clock, outbox, entries, monkeypatch):
    monkeypatch.setattr("turnout.db.MOST_DELETED", 2)
    for _ in range(5):
        log.record("old", actor=SYSTEM, subject="events")
    clock.move(days=800)
    outbox.run()
    assert entries() == []
