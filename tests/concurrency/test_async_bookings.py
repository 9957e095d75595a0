"""Bookings that are accepted at once and decided later, by several processes, some of which die of it."""

import random
import subprocess
import threading
import time
from collections import Counter
from contextlib import contextmanager
from functools import partial
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import and_, func, select, text
from sqlalchemy.orm import Session
from tests.concurrency.crowd import House, at_once, outcomes

from turnout.bookings.models import PROCESSING, Booking, Ticket
from turnout.outbox.models import DEAD, OPEN, RUNNING, Job
from turnout.pools.models import Pool
from turnout.testing.live import Live, command

PROCESSES = 3
SETTINGS = {"outbox.lease_seconds": "4"}
PATIENCE = 60.0
ASYNC = {"Prefer": "respond-async"}
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("crowds")]


def ask(person, event, key=None, server=None, **wanted):
    """Ask for a booking that is decided later."""
    headers = person.headers | ASYNC | ({"Idempotency-Key": key} if key else {})
    return (server or person.server).client.post("/bookings", json={"event_id": event.id} | wanted, headers=headers)


def until(condition, seconds=PATIENCE):
    """Wait until `condition()` holds; return what it returned."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.005)
    return found


def count(house, *criteria, of=Booking.id):
    with Session(house.engine) as session:
        return session.scalar(select(func.count(of)).where(*criteria))


def all_decided(house):
    """Wait until no booking waits and no work is left, and prove that nothing was decided twice, and nothing buried."""
    until(lambda: not count(house, Booking.status == PROCESSING))
    until(lambda: not count(house, Job.status.in_(OPEN), Job.queue == "bookings", of=Job.id))
    assert count(house, Job.status == DEAD, Job.queue == "bookings", of=Job.id) == 0
    with Session(house.engine) as session:
        wrong = (
            select(Booking.id)
            .outerjoin(Ticket, and_(Ticket.booking_id == Booking.id, Ticket.status == "valid"))
            .where(Booking.status == "confirmed")
            .group_by(Booking.id, Booking.quantity)
            .having(func.count(Ticket.id) != Booking.quantity)
        )
        assert session.scalars(wrong).all() == []
    house.check()


def deadlocks(house):
    """Return how many deadlocks PostgreSQL has counted; SQLite has none."""
    if house.engine.dialect.name == "sqlite":
        return 0
    time.sleep(1.5)  # what a session counts is told about once a second
    with house.engine.connect() as connection:
        return connection.scalar(text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"))


def test_a_rush_for_the_last_places_while_others_book_at_once(house):
    event = house.event(capacity=60)
    patient, hasty = house.people(80), house.people(40)

    answers = at_once(
        *(lambda person=person: ask(person, event) for person in patient),
        *(lambda person=person: person.book(event) for person in hasty),
    )
    all_decided(house)

    accepted, made = outcomes(answers[: len(patient)]), outcomes(answers[len(patient) :])
    assert accepted == {202: len(patient)}
    assert set(made) <= {201, (409, "sold_out")}
    statuses = Counter(house.bookings(event).values())
    assert statuses == {"confirmed": 60, "failed": len(patient) - (60 - made[201])}
    assert house.taken(event) == 60
    house.turnout_check()


def test_who_was_answered_before_others_asked_is_decided_first(house):
    event = house.event(capacity=40, bookings_per_attendee=None)
    first, then = house.people(20), house.people(20)

    early = at_once(*(lambda person=person: ask(person, event, quantity=2).json()["id"] for person in first))
    late = at_once(*(lambda person=person: ask(person, event, quantity=1).json()["id"] for person in then))
    all_decided(house)

    found = house.bookings(event)
    assert {found[booking] for booking in early} == {"confirmed"}
    assert {found[booking] for booking in late} == {"failed"}


class Hunt:
    """What people do to three events, each with dice of their own."""

    def __init__(self, house):
        self.staff, self.organizer = house.people(1, is_staff=True) + house.people(1, is_organizer=True)
        fields = {"capacity": 30, "organizer": self.organizer.user, "bookings_per_attendee": 3}
        self.events = [house.event(**fields) for _ in range(3)]
        self.newcomers = [
            [person for index in range(3) for person in house.people(1, username=f"goer{turn}x{index}")]
            for turn in range(8)
        ]
        self.stop = threading.Event()

    def act(self, person, seed):
        """Ask for bookings, make some at once, and cancel and change them, decided or not."""
        dice, mine, answers = random.Random(seed), [], []
        for _ in range(20):
            event, what = dice.choice(self.events), dice.random()
            if what < 0.55 or not mine:
                hold = {"status": "pending"} if dice.random() < 0.4 else {}
                answers.append(ask(person, event, quantity=dice.choice((1, 2, 3)), **hold))
                mine.append(answers[-1].json()["id"])
            elif what < 0.65:
                answers.append(person.book(event))
            elif what < 0.85:
                answers.append(person.send("POST", f"/bookings/{dice.choice(mine)}/cancel"))
            elif what < 0.95:
                quantity = {"quantity": dice.randint(1, 4)}
                answers.append(person.send("PATCH", f"/bookings/{dice.choice(mine)}", quantity))
            else:
                answers.append(person.send("PATCH", "/users/me", {"bio": str(seed)}))
        return answers

    def come_and_go(self, seed):
        """Newcomers ask for all events, in any order, and are deleted while that is decided."""
        dice, answers = random.Random(seed), []
        for _ in range(4):
            goers = self.newcomers.pop()
            pairs = [(person, event) for person in goers for event in self.events]
            answers += [ask(person, event) for person, event in dice.sample(pairs, len(pairs))]
            prefix = goers[0].user.username[:-1]
            answers.append(self.staff.send("POST", "/users/bulk-delete", {"prefix": prefix}))
        return answers

    def manage(self):
        """Change the events until the others have done."""
        dice, answers = random.Random(7), []
        while not self.stop.wait(0.05):
            path, capacity = f"/events/{dice.choice(self.events).id}", {"capacity": dice.choice((30, 60, 90))}
            answers.append(self.organizer.send("PATCH", path, capacity))
        return answers


def test_everything_at_once_waits_for_nobody_in_a_circle(house):
    """A hunt for deadlocks: accepted bookings are decided, cancelled, and deleted with their users."""
    before, hunt = deadlocks(house), Hunt(house)
    actions = [partial(hunt.act, person, n) for n, person in enumerate(house.people(12))]
    actions += [partial(hunt.come_and_go, n) for n in range(2)]
    at_work = threading.Semaphore(0)

    def run(action):
        answers = action()
        at_work.release()
        return answers

    def stop():
        for _ in actions:
            at_work.acquire(timeout=PATIENCE)
        hunt.stop.set()
        return []

    answers = at_once(*(partial(run, action) for action in actions), hunt.manage, stop)
    all_decided(house)

    made = outcomes(answer for some in answers for answer in some)
    allowed = {"sold_out", "duplicate_booking", "wrong_booking_status", "capacity_below_taken", "validation_failed"}
    assert {code for answer in made if isinstance(answer, tuple) for code in answer[1:]} <= allowed, made
    assert made[202] > 100
    assert deadlocks(house) == before
    house.turnout_check()


def test_a_server_that_accepts_and_decides_is_killed(house):
    """Who was answered 202 is decided; who got no answer asks again with the same key, and has one booking."""
    event = house.event(capacity=150, bookings_per_attendee=None)
    crowd, falling = house.people(12), house.servers[0]
    answered, unanswered = {}, []
    some, stop = threading.Semaphore(0), threading.Event()

    def pour(person):
        while not stop.is_set():
            key = str(uuid4())
            try:
                answer = ask(person, event, key)
            except httpx2.TransportError:
                unanswered.append((person, key))
                return
            assert answer.status_code == 202, answer.text
            answered[key] = answer.json()["id"]
            some.release()

    def cut():
        for _ in range(120):
            some.acquire(timeout=30)
        falling.kill()
        for _ in range(60):
            some.acquire(timeout=30)
        stop.set()

    at_once(*(lambda person=person: pour(person) for person in crowd), cut)
    falling.start()
    assert unanswered
    answered |= {key: ask(person, event, key).json()["id"] for person, key in unanswered}
    all_decided(house)

    found = house.bookings(event)
    assert sorted(answered.values()) == sorted(found)
    assert Counter(found.values()) == {"confirmed": 150, "failed": len(found) - 150}
    assert house.taken(event) == 150
    house.turnout_check()


class Worker:
    """A ``turnout worker`` process."""

    def __init__(self, live):
        self.log = (live.folder / f"worker-{uuid4()}.log").open("wb")
        self.process = subprocess.Popen(
            [*command(), "worker"], env=live.environment(), cwd=live.folder, stdout=self.log, stderr=subprocess.STDOUT
        )

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)
        self.log.close()


@pytest.fixture
def quiet_house(fresh_database, tmp_path):
    """Open a house whose server only accepts: nothing is decided before a worker comes."""
    server = Live(fresh_database, tmp_path, SETTINGS | {"outbox.embedded": "false"})
    try:
        server.start()
        house = House([server])
        yield house
        house.close()
    finally:
        server.stop()


@contextmanager
def held_up(house, event):
    """Hold the event's pool, or on SQLite the one lock there is, so that whoever decides comes no further."""
    with house.engine.connect() as connection, connection.begin():
        connection.execute(select(Pool.id).where(Pool.id == event.pool_id).with_for_update())
        yield


def is_running(house):
    return count(house, Job.status == RUNNING, Job.queue == "bookings", of=Job.id)


def someone_waits(house):
    with house.engine.connect() as connection:
        return connection.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))


def test_a_worker_is_killed_while_it_decides(quiet_house):
    house = quiet_house
    event = house.event(capacity=100, bookings_per_attendee=None)
    crowd = house.people(10)
    asked = at_once(*(lambda p=p: [ask(p, event).json()["id"] for _ in range(25)] for p in crowd))
    asked = sorted(booking for some in asked for booking in some)
    assert count(house, Booking.status == PROCESSING) == len(asked) == 250

    if house.engine.dialect.name == "postgresql":
        with held_up(house, event):  # in the middle of the statement that books
            dying = Worker(house.servers[0])
            until(lambda: is_running(house) and someone_waits(house))
            dying.kill()
        assert count(house, Booking.status == PROCESSING) > 0
    else:
        dying = Worker(house.servers[0])
        # It may be too quick to be seen running.
        until(lambda: is_running(house) or count(house, Booking.status != PROCESSING))
        with held_up(house, event):  # between taking the work and doing it, between two batches, or after all
            dying.kill()

    workers = [Worker(house.servers[0]) for _ in range(2)]
    try:
        until(lambda: count(house, Booking.status != PROCESSING) >= 20)
        workers.pop().kill()  # another one, whatever it does at this moment
        all_decided(house)
    finally:
        for worker in workers:
            worker.kill()

    found = house.bookings(event)
    assert sorted(found) == asked
    assert Counter(found.values()) == {"confirmed": 100, "failed": 150}
    with Session(house.engine) as session:
        assert set(session.scalars(select(Booking.version))) == {2}  # accepted, and decided once
    assert house.taken(event) == 100
    house.turnout_check()
