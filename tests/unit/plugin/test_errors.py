"""Errors in a plugin's code: what they undo, and whose they are said to be."""

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from turnout.bookings.models import Booking
from turnout.errors import Conflict
from turnout.outbox.services import Outbox

SUBSCRIBERS = {"join", "join_dotted", "join_object", "join_method", "join_partly"}


@pytest.fixture
def plugins(probes):
    return probes


@pytest.fixture
def outbox(outbox, probe):
    """Background work, with what is periodic done."""
    outbox.run()
    probe.calls.clear()
    return outbox


def names(probe):
    return [name for name, *_ in probe.calls]


def bookings(session):
    return session.scalar(select(func.count()).select_from(Booking))


def fails(*_given):
    raise RuntimeError("the probe broke")


def test_a_domain_error_of_a_subscriber_refuses_with_that_very_error(probe, book, session):
    class NotToday(Conflict):
        code = "not_today"
        title = "Not on a Monday"

    def refuse(event):
        raise NotToday("Come tomorrow.", quantity=event.quantity)

    probe.doing["join"] = refuse
    problem = book(409).json
    assert (problem["code"], problem["title"], problem["detail"]) == (
        "not_today",
        "Not on a Monday",
        "Come tomorrow.",
    )
    assert problem["quantity"] == 1
    assert bookings(session) == 0


def test_any_other_is_a_500_that_changes_nothing_and_names_the_plugin_in_the_log(probe, book, session, outbox):
    for name in SUBSCRIBERS:
        probe.doing = {name: fails}
        with capture_logs() as logs:
            problem = book(500).json
        assert problem["code"] == "internal_error"
        assert "probe" not in str(problem)
        [line] = [line for line in logs if line["event"] == "unexpected error"]
        assert (line["plugin"], line["log_level"]) == ("probe", "error")
    assert bookings(session) == 0
    assert outbox.waiting == []


def test_also_when_the_core_or_the_database_broke_in_its_hands(probe, book, session):
    def too_long(event):
        event.request.db.add(probe.Row(event_id=event.event_id, number=-1))

    def in_a_service(event):
        event.request.find_service(Outbox).put(fails)

    def in_sql(event):
        event.request.db.execute(select(func.nothing_of_the_kind()))

    for broken in (too_long, in_a_service, in_sql):
        probe.doing = {"join": broken}
        with capture_logs() as logs:
            book(500)
        [line] = [line for line in logs if line["event"] == "unexpected error"]
        assert line["plugin"] == "probe"
    assert bookings(session) == 0


@pytest.mark.parametrize("part", ["view", "read", "write"])
def test_in_views_and_extensions(api, make, probe, event, part):
    probe.doing[part] = fails
    organizer = api.as_(make.staff())
    with capture_logs() as logs:
        if part == "view":
            api.get(f"/events/{event.id}/probe", status=500)
        elif part == "read":
            api.get("/events", status=500)
        else:
            organizer.patch(f"/events/{event.id}", {"extensions": {"probe": {"number": 1}}}, status=500)
    [line] = [line for line in logs if line["event"] == "unexpected error"]
    assert line["plugin"] == "probe"


def test_an_extension_that_returns_nonsense_is_named(api, make, probe, application):
    make.event()
    extension = application.registry.event_extensions["probe"]
    object.__setattr__(extension, "read", lambda _event_ids, **_given: None)
    try:
        with capture_logs() as logs:
            api.get("/events", status=500)
    finally:
        object.__setattr__(extension, "read", probe.read)
    assert [line.get("plugin") for line in logs if line["event"] == "unexpected error"] == ["probe"]


def test_errors_of_the_core_alone_name_no_plugin(api, monkeypatch, event):
    from turnout.events.services import EventCatalog

    monkeypatch.setattr(EventCatalog, "get", fails)
    with capture_logs() as logs:
        api.get(f"/events/{event.id}", status=500)
    [line] = [line for line in logs if line["event"] == "unexpected error"]
    assert "plugin" not in line


def test_a_listener_that_fails_does_not_hurt_the_booking_and_is_tried_again(probe, book, outbox, clock):
    probe.doing["hear"] = fails
    booking = book().json
    with capture_logs() as logs:
        outbox.run()
    assert booking["status"] == "confirmed"
    [job] = outbox.waiting
    assert (job.handler, job.attempts) == ("turnout_probe.hear", 1)
    [line] = [line for line in logs if line["event"] == "job failed"]
    assert (line["plugin"], line["handler"]) == ("probe", "turnout_probe.hear")

    probe.doing.clear()
    clock.move(seconds=60)
    outbox.run()
    assert (outbox.waiting, outbox.dead) == ([], [])
    assert names(probe).count("hear") == 2


def test_what_it_wrote_before_it_failed_is_gone(probe, book, outbox, session):
    def write_and_fail(event, session):
        session.add(probe.Row(event_id=event.event_id, number=7))
        session.flush()
        fails()

    probe.doing["hear"] = write_and_fail
    book()
    outbox.run()
    assert session.scalars(select(probe.Row)).all() == []


def test_one_that_fails_for_good_is_named_too(probe, book, outbox, clock):
    probe.doing["hear"] = fails
    book()
    with capture_logs() as logs:
        for _ in range(5):
            outbox.run()
            clock.move(seconds=3600)
    assert [job.handler for job in outbox.dead] == ["turnout_probe.hear"]
    [line] = [line for line in logs if line["event"] == "job failed for good"]
    assert line["plugin"] == "probe"


def test_sys_exit_in_a_listener_ends_nothing(probe, book, outbox):
    def leave(*_given):
        raise SystemExit(0)

    probe.doing["hear"] = leave
    book()
    outbox.run()
    assert [job.attempts for job in outbox.waiting] == [1]


def test_what_webhooks_are_told_fails_in_the_plugins_name(application, probe, tell):
    probe.doing["represent"] = fails
    with pytest.raises(RuntimeError) as caught:
        tell("probe.confirmed")
    assert application.registry.plugins.blamed(caught.value).name == "probe"


@pytest.mark.parametrize("spoil", ["commit", "rollback"])
def test_nobody_ends_the_transaction_that_is_the_requests(probe, book, session, outbox, spoil):
    probe.doing = {"join": lambda event: getattr(event.request.db, spoil)()}
    with capture_logs() as logs:
        book(500)
    [line] = [line for line in logs if line["event"] == "unexpected error"]
    assert line["plugin"] == "probe"
    assert bookings(session) == 0
    assert outbox.waiting == []


def test_nor_that_of_a_job(probe, book, session, outbox):
    def spoil(event, job_session):
        job_session.add(probe.Row(event_id=event.event_id, number=7))
        job_session.commit()

    probe.doing = {"hear": spoil}
    book()
    outbox.run()
    assert session.scalar(select(func.count()).select_from(probe.Row)) == 0
    assert any("begin_nested" in job.error for job in outbox.waiting)
