"""What stands around a plugin's code: the switch of the event, its clock, and whose an error is."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from structlog.testing import capture_logs
from webtest import TestApp

from turnout.bookings.models import Booking
from turnout.errors import Conflict
from turnout.outbox.services import Outbox
from turnout.system import transact
from turnout.testing.applications import Application
from turnout.testing.factories import Make

SUBSCRIBERS = {"join", "join_dotted", "join_object", "join_method", "join_partly"}


@pytest.fixture
def plugins(probes):
    return probes


@pytest.fixture
def event(make):
    return make.event()


@pytest.fixture
def book(api, make, event):
    """Book places of the event as somebody new; `status` is the status expected."""

    def book(status=201, **body):
        return api.as_(make.user()).post("/bookings", {"event_id": event.id} | body, status=status)

    return book


@pytest.fixture
def outbox(outbox, probe):
    """Background work, with what is periodic done."""
    outbox.run()
    probe.calls.clear()
    return outbox


@pytest.fixture
def switch(session, event):
    """Turn plugins on and off for the event."""

    def switch(**switches):
        event.switches = switches
        session.commit()

    return switch


@pytest.fixture
def put(application, session):
    """Put a task."""

    def put(task, arguments, **options):
        session.commit()
        transact(application.registry, lambda request: request.find_service(Outbox).put(task, arguments, **options))

    return put


def names(probe):
    return [name for name, *_ in probe.calls]


def bookings(session):
    return session.scalar(select(func.count()).select_from(Booking))


def fails(*_given):
    raise RuntimeError("the probe broke")


def fails_in_the_core(_event, session=None):
    session.execute(select(Booking.nothing_of_the_kind))


class TestSwitch:
    @pytest.mark.parametrize("path", ["/events/{}/probe", "/probe/by-event/{}", "/probe/rows/{}"])
    def test_paths(self, api, event, switch, path):
        api.get(path.format(event.id))
        switch(probe=False)
        problem = api.get(path.format(event.id), status=404).json
        assert (problem["code"], problem["title"]) == ("switched_off", "It is switched off for this event")
        assert problem["detail"] == "Probe: switched off for this event."
        switch(probe=True)
        api.get(path.format(event.id))

    def test_every_method_of_a_path_and_for_everybody(self, api, make, event, switch, probe):
        switch(probe=False)
        for client in (api.as_(make.user()), api.as_(make.staff())):
            client.get(f"/events/{event.id}/probe", status=404)
            client.put(f"/events/{event.id}/probe", {"number": 5}, status=404)
        assert probe.calls == []

    def test_who_may_not_is_told_that_first(self, api, event, switch):
        switch(probe=False)
        api.put(f"/events/{event.id}/probe", {"number": 5}, status=401)

    def test_what_is_about_no_event_or_another_is_there(self, api, make, switch):
        switch(probe=False)
        assert api.get("/probe").json == {"number": 4}
        api.get(f"/events/{make.event().id}/probe")

    def test_an_event_that_is_not_there_is_for_the_plugin_to_miss(self, api, probe):
        api.get("/events/999999/probe")
        api.get("/events/999999/quiet")
        assert names(probe) == ["view"]

    def test_off_by_default(self, api, event, switch, book, outbox, quiet):
        api.get(f"/events/{event.id}/quiet", status=404)
        book()
        outbox.run()
        assert quiet.calls == []
        switch(quiet=True)
        api.get(f"/events/{event.id}/quiet")
        book()
        outbox.run()
        assert quiet.calls == ["hear"]

    def test_subscribers_however_they_are_given(self, probe, switch, book):
        book()
        assert set(names(probe)) == SUBSCRIBERS
        assert len(probe.calls) == len(SUBSCRIBERS)
        probe.calls.clear()
        switch(probe=False)
        book(quantity=3)
        assert probe.calls == []

    def test_subscribers_with_predicates(self, probe, book):
        book(quantity=3)
        assert set(names(probe)) == {*SUBSCRIBERS, "join_many"}

    def test_listeners_by_how_it_is_when_they_are_run(self, probe, switch, book, outbox):
        book()
        switch(probe=False)
        probe.calls.clear()
        outbox.run()
        assert (probe.calls, outbox.waiting, outbox.dead) == ([], [], [])
        book()
        switch(probe=True)
        outbox.run()
        assert names(probe) == ["hear"]

    def test_tasks(self, probe, event, make, switch, put, outbox):
        switch(probe=False)
        other = make.event().id
        for event_id in (event.id, other, None, 999_999):
            put(probe.work, {"event_id": event_id})
        outbox.run()
        assert [given[0] for _name, *given in probe.calls] == [other, None, 999_999]
        assert (outbox.waiting, outbox.dead) == ([], [])

    def test_of_a_batch_those_that_are_on(self, probe, event, make, switch, put, outbox):
        switch(probe=False)
        other = make.event().id
        for event_id in (other, event.id, other, None):
            put(probe.work_many, {"event_id": event_id}, stream="one")
        outbox.run()
        assert probe.calls == [("work_many", [other, other, None])]

    def test_a_batch_of_none_is_done_without_a_call(self, probe, event, switch, put, outbox):
        switch(probe=False)
        for _ in range(2):
            put(probe.work_many, {"event_id": event.id}, stream="one")
        outbox.run()
        assert (probe.calls, outbox.waiting, outbox.dead) == ([], [], [])

    def test_work_in_batches_must_say_which_event_it_is_about(self, probe, put):
        with pytest.raises(ValueError, match=r"probe is switched by event: give turnout_probe.work_many an event_id"):
            put(probe.work_many, {"number": 5})

    def test_one_question_to_the_database_for_each_event_of_a_request(self, book, statements):
        book()
        with statements() as sent:
            book()
        assert len([text for text in sent if "events.switches" in text]) == 1


class TestErrors:
    def test_a_domain_error_of_a_subscriber_refuses_with_that_very_error(self, probe, book, session):
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

    def test_any_other_is_a_500_that_changes_nothing_and_names_the_plugin_in_the_log(
        self, probe, book, session, outbox
    ):
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

    def test_also_when_the_core_or_the_database_broke_in_its_hands(self, probe, book, session):
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
    def test_in_views_and_extensions(self, api, make, probe, event, part):
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

    def test_an_extension_that_returns_nonsense_is_named(self, api, make, probe, application):
        make.event()
        extension = application.registry.event_extensions["probe"]
        object.__setattr__(extension, "read", lambda _event_ids, **_given: None)
        try:
            with capture_logs() as logs:
                api.get("/events", status=500)
        finally:
            object.__setattr__(extension, "read", probe.read)
        assert [line.get("plugin") for line in logs if line["event"] == "unexpected error"] == ["probe"]

    def test_errors_of_the_core_alone_name_no_plugin(self, api, monkeypatch, event):
        from turnout.events.services import EventCatalog

        monkeypatch.setattr(EventCatalog, "get", fails)
        with capture_logs() as logs:
            api.get(f"/events/{event.id}", status=500)
        [line] = [line for line in logs if line["event"] == "unexpected error"]
        assert "plugin" not in line

    def test_a_listener_that_fails_does_not_hurt_the_booking_and_is_tried_again(self, probe, book, outbox, clock):
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

    def test_what_it_wrote_before_it_failed_is_gone(self, probe, book, outbox, session):
        def write_and_fail(event, session):
            session.add(probe.Row(event_id=event.event_id, number=7))
            session.flush()
            fails()

        probe.doing["hear"] = write_and_fail
        book()
        outbox.run()
        assert session.scalars(select(probe.Row)).all() == []

    def test_one_that_fails_for_good_is_named_too(self, probe, book, outbox, clock):
        probe.doing["hear"] = fails
        book()
        with capture_logs() as logs:
            for _ in range(5):
                outbox.run()
                clock.move(seconds=3600)
        assert [job.handler for job in outbox.dead] == ["turnout_probe.hear"]
        [line] = [line for line in logs if line["event"] == "job failed for good"]
        assert line["plugin"] == "probe"

    def test_sys_exit_in_a_listener_ends_nothing(self, probe, book, outbox):
        def leave(*_given):
            raise SystemExit(0)

        probe.doing["hear"] = leave
        book()
        outbox.run()
        assert [job.attempts for job in outbox.waiting] == [1]


class TestTime:
    @pytest.fixture
    def counted(self, api):
        """Count how often each part of each plugin was timed within a block."""

        def read():
            families = text_string_to_metric_families(api.get("/metrics").text)
            return {
                (sample.labels["plugin"], sample.labels["part"], sample.name.rpartition("_")[2]): sample.value
                for family in families
                if family.name == "turnout_plugin_seconds"
                for sample in family.samples
                if sample.name.endswith(("_count", "_sum"))
            }

        @contextmanager
        def counted():
            before, found = read(), {}
            yield found
            after = read()
            changed = {key: after[key] - before.get(key, 0) for key in after if after[key] != before.get(key, 0)}
            assert all(value > 0 for value in changed.values())
            found.update({key[:2]: value for key, value in changed.items() if key[2] == "count"})

        return counted

    def test_each_part(self, api, make, event, book, outbox, counted):
        organizer = api.as_(make.staff())
        with counted() as views:
            api.get(f"/events/{event.id}/probe")
        assert views == {("probe", "view"): 1}
        with counted() as subscribers:
            book()
        assert subscribers == {("probe", "subscriber"): len(SUBSCRIBERS)}
        with counted() as jobs:
            outbox.run()
        assert jobs == {("probe", "job"): 1}
        with counted() as extensions:
            api.get("/events")
        assert extensions == {("probe", "extension"): 1}
        with counted() as written:
            organizer.patch(f"/events/{event.id}", {"extensions": {"probe": {"number": 1}}})
        assert written == {("probe", "extension"): 2}

    @pytest.mark.parametrize("part", ["view", "read", "join", "hear"])
    def test_what_fails_took_its_time_too(self, api, probe, event, book, outbox, counted, part):
        probe.doing[part] = fails
        with counted() as found:
            if part == "view":
                api.get(f"/events/{event.id}/probe", status=500)
            elif part == "read":
                api.get("/events", status=500)
            elif part == "join":
                book(500)
            else:
                book()
                outbox.run()
        kind = {"view": "view", "read": "extension", "join": "subscriber", "hear": "job"}[part]
        assert found[("probe", kind)] >= 1

    def test_what_is_off_takes_none_and_the_core_is_no_plugin(self, api, event, switch, book, counted, outbox):
        switch(probe=False)
        with counted() as found:
            api.get(f"/events/{event.id}/probe", status=404)
            book()
            outbox.run()
            api.get("/events")
        assert found == {}


def test_threads_and_applications_do_not_disturb_each_other(committing, tmp_path, probe, plugins):
    url = committing.settings["database.url"]
    others = [Application(url, tmp_path, None, **{"turnout.plugins": names}) for names in ("quiet", "")]
    with Session(committing.engine) as session:
        make = Make(session, committing.registry.clock)
        on, off = make.event(), make.event(switches={"probe": False, "quiet": True})
        session.commit()
        on, off = on.id, off.id
    expected = [
        (committing, f"/events/{on}/probe", 200, None),
        (committing, f"/events/{off}/probe", 404, None),
        (committing, f"/events/{on}/quiet", 404, None),
        (committing, f"/events/{off}/quiet", 200, None),
        (committing, f"/events/{on}", 200, {"probe": True, "quiet": False}),
        (committing, f"/events/{off}", 200, {"probe": False, "quiet": True}),
        (others[0], f"/events/{off}/probe", 404, None),
        (others[0], f"/events/{off}/quiet", 200, None),
        (others[0], f"/events/{off}", 200, {"quiet": True}),
        (others[1], f"/events/{off}/quiet", 404, None),
        (others[1], f"/events/{off}", 200, {}),
    ]

    def ask(number):
        application, path, status, switches = expected[number % len(expected)]
        answer = TestApp(application.router).get(f"/api/v1{path}", expect_errors=True)
        return (answer.status_int, answer.json.get("plugins")) == (status, switches)

    try:
        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(ask, range(20 * len(expected))))
    finally:
        for application in others:
            application.close()
