"""Background work in a test's hands."""

import pytest
from tests.unit.outbox import probes

from turnout.outbox.services import Outbox
from turnout.system import system_request


@pytest.fixture
def application(workshop, database):
    for noted in (probes.calls, probes.doing, probes.requests):
        noted.clear()
    return workshop.application(database, probes.includeme)


@pytest.fixture
def put(application, outbox):
    outbox.run()  # the periodic tasks

    def put(number, task=probes.thrice, **options):
        with system_request(application.router) as request:
            request.find_service(Outbox).put(task, {"number": number}, **options)

    return put


def fail(*_given):
    raise RuntimeError("it does not work")


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_begins_with_an_empty_outbox(put, outbox, turn):
    assert (outbox.waiting, outbox.dead) == ([], [])
    put(turn)
    assert [job.payload for job in outbox.waiting] == [f'{{"number":{turn}}}']


def test_nothing_is_done_before_the_test_says_so(put, outbox):
    put(1)
    assert probes.calls == []
    assert outbox.run() == 1
    assert [given[1] for given in probes.calls] == [1]
    assert outbox.run() == 0


def test_what_comes_of_the_work_is_done_too(put, outbox):
    put(1, probes.announce_more)
    assert outbox.run() == 3
    assert outbox.waiting == []


def test_what_fails_waits_for_the_clock_and_is_dead_in_the_end(put, outbox, clock):
    probes.doing["thrice"] = fail
    put(1)
    put(2, probes.note_down)
    for attempt in (1, 2):
        outbox.run()
        assert outbox.run() == 0
        assert [(job.attempts, job.error) for job in outbox.waiting] == [(attempt, "RuntimeError: it does not work")]
        assert outbox.dead == []
        clock.move(seconds=15)
    outbox.run()
    assert outbox.waiting == []
    assert [job.attempts for job in outbox.dead] == [3]


def test_the_tests_own_objects_show_what_the_work_did(put, outbox, application, session, make):
    event = make.event()
    title = event.title

    def rename(_capacity, own, _job):
        own.get(type(event), event.id).title = "Renamed by the worker"

    probes.doing["write"] = rename
    with system_request(application.router) as request:
        request.find_service(Outbox).put(probes.write, {"capacity": 1})
    assert event.title == title
    outbox.run()
    assert event.title == "Renamed by the worker"
    assert session.is_active
