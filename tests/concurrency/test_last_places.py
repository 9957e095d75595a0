"""Four server processes, and many threads that want the same places."""

import random
import threading

import pytest
from sqlalchemy import select
from tests.concurrency.crowd import at_once, outcomes

from turnout.ticket_types.models import TicketType

PROCESSES = 4
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("crowds")]


def test_fifty_want_the_last_ten_places_while_others_cancel(house):
    event = house.event(capacity=15)
    early, crowd = house.people(5), house.people(50)
    given_up = [person.book(event).json()["id"] for person in early]
    all_cancelled = threading.Event()
    cancelling = threading.Semaphore(0)

    def want(person):
        answers = []
        while True:
            is_last = all_cancelled.is_set()
            answers.append(person.book(event))
            cancelling.release()
            if is_last or not answers[-1].is_error:
                return answers

    def cancel():
        answers = []
        for person, booking_id in zip(early, given_up, strict=True):
            for _ in range(6):  # some of the crowd come between
                cancelling.acquire(timeout=10)
            answers.append(person.send("POST", f"/bookings/{booking_id}/cancel"))
        all_cancelled.set()
        return answers

    *answers, cancelled = at_once(*(lambda person=person: want(person) for person in crowd), cancel)

    assert outcomes(cancelled) == {200: 5}
    made = outcomes(answer for tries in answers for answer in tries)
    assert made.pop((409, "sold_out")) >= 35
    assert made == {201: 15}
    assert sorted(house.bookings(event).values()) == ["cancelled"] * 5 + ["confirmed"] * 15
    assert house.taken(event) == 15
    assert house.servers[1].client.get(f"/events/{event.id}/availability").json()["seats_available"] == 0
    house.turnout_check()


def test_big_and_small_parties_fill_it_and_no_more(house):
    event = house.event(capacity=20, ticket_types=[{"capacity": 12}, {"name": "Standing", "capacity": 12}])
    kinds = house.session.scalars(
        select(TicketType).where(TicketType.event_id == event.id).order_by(TicketType.id)
    ).all()
    house.session.commit()
    crowd = house.people(30)
    parties = [[random.choice(kinds).id for _ in range(random.choice((1, 2, 3)))] for _ in crowd]

    answers = at_once(
        *(
            lambda person=person, party=party: person.book(event, tickets=[{"ticket_type_id": kind} for kind in party])
            for person, party in zip(crowd, parties, strict=True)
        )
    )

    made = outcomes(answers)
    assert set(made) <= {201, (409, "sold_out")}
    sold = [party for party, answer in zip(parties, answers, strict=True) if not answer.is_error]
    assert house.taken(event) == sum(len(party) for party in sold) <= 20
    for kind in kinds:
        assert house.taken(kind) == sum(party.count(kind.id) for party in sold) <= 12
    house.check()


def test_everything_at_once_neither_blocks_nor_breaks(house):
    """A hunt for deadlocks: events and ticket types are met in every order."""
    organizer, *crowd = house.people(1, is_organizer=True) + house.people(16)
    guests = [house.make.attendee() for _ in range(6)]
    events = [
        house.event(
            capacity=12, organizer=organizer.user, bookings_per_attendee=None,
            ticket_types=[{"name": "A", "capacity": 8}, {"name": "B", "capacity": 8}, {"name": "C"}],
        )
        for _ in range(3)
    ]  # fmt: skip
    query = select(TicketType.id).where(TicketType.event_id.in_([event.id for event in events]))
    kinds = {event.id: house.session.scalars(query.where(TicketType.event_id == event.id)).all() for event in events}
    house.session.commit()

    def act(person, seed):
        dice, mine, answers = random.Random(seed), [], []
        for _ in range(14):
            event, what = dice.choice(events), dice.random()
            if what < 0.5 or not mine:
                tickets = [{"ticket_type_id": dice.choice(kinds[event.id])} for _ in range(dice.choice((1, 2, 3)))]
                wanted = {"tickets": tickets} | ({"status": "pending"} if dice.random() < 0.4 else {})
                answer = person.book(event, **wanted, attendee_id=dice.choice(guests).id)
                mine += [answer.json()["id"]] if answer.status_code == 201 else []
            elif what < 0.65:
                answer = person.send("POST", f"/bookings/{dice.choice(mine)}/cancel")
            elif what < 0.75:
                answer = person.send("POST", f"/bookings/{dice.choice(mine)}/confirm")
            elif what < 0.9:
                answer = person.send("PATCH", f"/bookings/{dice.choice(mine)}", {"quantity": dice.randint(1, 4)})
            else:
                answer = person.send("PATCH", "/users/me", {"bio": str(seed)})
            answers.append(answer)
        return answers

    def manage(seed):
        dice, answers = random.Random(seed), []
        for _ in range(12):
            event, server = dice.choice(events), dice.choice(house.servers)
            if dice.random() < 0.5:
                body, path = {"capacity": dice.choice((8, 12, 16))}, f"/events/{event.id}"
            else:
                kind = dice.choice(kinds[event.id])
                body, path = {"capacity": dice.choice((4, 8, None))}, f"/events/{event.id}/ticket-types/{kind}"
            answers.append(organizer.send("PATCH", path, body, server=server))
        return answers

    everybody = [lambda person=person, n=n: act(person, n) for n, person in enumerate(crowd)]
    answers = at_once(*everybody, *(lambda n=n: manage(1000 + n) for n in range(2)))

    made = outcomes(answer for some in answers for answer in some)
    busy = made.pop((503, "busy"), 0)
    assert busy <= 3, made
    allowed = {"sold_out", "wrong_booking_status", "capacity_below_taken", "validation_failed"}
    assert {code for answer in made if isinstance(answer, tuple) for code in answer[1:]} <= allowed, made
    assert made[201] > 20
    house.turnout_check()
