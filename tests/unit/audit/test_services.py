"""Entries are written in the transaction that does what they tell of."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from turnout.audit.models import API, BACKGROUND, COMMAND_LINE, AuditEntry
from turnout.audit.services import AuditLog, Origin
from turnout.paging import Paging
from turnout.security.actors import SYSTEM, Actor
from turnout.system import transact


def actor_of(user):
    return Actor.of(user.id, is_staff=True)


def test_an_entry_says_who_did_what_when_and_how(log, make, clock, entries):
    ada = make.staff(username="ada")
    log.record(
        "cancel",
        actor=actor_of(ada),
        subject="events",
        subject_id=12,
        label="Evening of fado",
        before={"status": "published", "title": "Evening of fado"},
        after={"status": "cancelled", "title": "Evening of fado"},
    )
    [entry] = entries()
    assert (entry.at, entry.user_id, entry.username) == (clock.now(), ada.id, "ada")
    assert (entry.action, entry.subject, entry.subject_id, entry.label) == ("cancel", "events", 12, "Evening of fado")
    assert (entry.before, entry.after) == ({"status": "published"}, {"status": "cancelled"})
    assert (entry.source, entry.path, entry.request_id) == ("admin", "POST /admin/events/12/cancel", "some-request")


def test_an_entry_needs_no_more_than_who_did_what_to_what(log, make, session, entries):
    log.record("export", actor=actor_of(make.staff()), subject="bookings")
    [entry] = entries()
    assert (entry.subject_id, entry.label, entry.before, entry.after) == (None, "", None, None)
    assert session.scalar(select(func.count()).where(AuditEntry.before.is_(None), AuditEntry.after.is_(None))) == 1


def test_what_is_too_long_is_cut(session, clock, make, entries):
    log = AuditLog(session, clock, Origin(API, "PATCH /api/v1/" + "x" * 1000))
    log.record("change", actor=actor_of(make.staff()), subject="events", label="x" * 1000)
    [entry] = entries()
    assert (len(entry.label), len(entry.path)) == (200, 300)


def test_writing_takes_one_statement(log, make, statements):
    actor = actor_of(make.staff())
    with statements() as seen:
        log.record("cancel", actor=actor, subject="events", subject_id=12, label="Fado", after={"status": "cancelled"})
    assert len(seen) == 1


def test_an_entry_outlives_its_user(log, make, session, entries):
    gone = make.staff(username="gone")
    log.record("cancel", actor=actor_of(gone), subject="events", subject_id=12)
    session.delete(gone)
    session.flush()
    session.expire_all()
    [entry] = entries()
    assert (entry.user_id, entry.username) == (entry.user_id, "gone")
    assert make.user().id != entry.user_id


def test_what_is_undone_leaves_no_entry(committing):
    def act(request):
        request.find_service(AuditLog).record("nothing", actor=SYSTEM, subject="events")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        transact(committing.registry, act)
    with committing.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(AuditEntry)) == 0


def test_what_cannot_be_noted_is_not_done(committing):
    from turnout.users.models import User

    def act(request):
        now = request.registry.clock.now()
        request.db.add(User(username="ada", email="a@example.com", password_hash="", created_at=now, updated_at=now))
        request.find_service(AuditLog).origin = Origin("nowhere")
        request.find_service(AuditLog).record("make", actor=SYSTEM, subject="users")

    with pytest.raises(IntegrityError):
        transact(committing.registry, act)
    with committing.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(User)) == 0


def test_the_installation_itself_is_told_apart(committing):
    def act(request):
        request.find_service(AuditLog).record("repair", actor=request.actor, subject="pools")

    def work(request):
        request.job = object()
        act(request)

    transact(committing.registry, act)
    transact(committing.registry, work)
    with committing.engine.connect() as connection:
        rows = connection.execute(select(AuditEntry.source, AuditEntry.user_id, AuditEntry.username, AuditEntry.path))
        assert rows.all() == [(COMMAND_LINE, None, "", ""), (BACKGROUND, None, "", "")]


@pytest.fixture
def history(log, make, clock):
    """Two people who did four things, a minute apart; returns the ids of the people."""
    ada, grace = make.staff(), make.staff()
    for user, action, subject, subject_id in (
        (ada, "publish", "events", 1),
        (ada, "cancel", "events", 2),
        (grace, "cancel", "bookings", 1),
        (grace, "disable", "users", 3),
    ):
        log.record(action, actor=actor_of(user), subject=subject, subject_id=subject_id)
        clock.move(minutes=1)
    return ada.id, grace.id


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["disable 3", "cancel 1", "cancel 2", "publish 1"]),
        ({"subject": "events"}, ["cancel 2", "publish 1"]),
        ({"subject": "events", "subject_id": 1}, ["publish 1"]),
        ({"subject_id": 1}, ["cancel 1", "publish 1"]),
        ({"action": "cancel"}, ["cancel 1", "cancel 2"]),
        ({"action": "delete"}, []),
    ],
)
def test_entries_are_found_newest_first(log, history, filters, found):
    rows = log.find(filters, Paging()).rows
    assert [f"{row.AuditEntry.action} {row.AuditEntry.subject_id}" for row in rows] == found


def test_entries_are_found_by_who_and_when(log, history, clock):
    ada, grace = history
    assert [row.AuditEntry.user_id for row in log.find({"user": grace}, Paging()).rows] == [grace, grace]
    end = clock.now()
    since = {"date_from": end - timedelta(minutes=2)}
    until = {"date_to": end - timedelta(minutes=4)}
    assert [row.AuditEntry.action for row in log.find(since, Paging()).rows] == ["disable", "cancel"]
    assert [row.AuditEntry.action for row in log.find(until, Paging()).rows] == ["publish"]
    assert log.find(since | {"user": ada}, Paging()).rows == []


def test_a_walk_meets_each_entry_once(log, make, entries):
    actor = actor_of(make.staff())
    for number in range(7):
        log.record("cancel", actor=actor, subject="events", subject_id=number + 1)
    met, cursor = [], ""
    while cursor is not None:
        found = log.find({}, Paging(size=3, cursor=cursor))
        met += [row.AuditEntry.subject_id for row in found.rows]
        cursor = found.next_cursor
    assert met == [7, 6, 5, 4, 3, 2, 1]
