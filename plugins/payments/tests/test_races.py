"""Many at once: notices, refunds and buyers who press twice."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from turnout.bookings.models import CONFIRMED, Booking
from turnout.bookings.services import Booker, BookingRequest, BookingService, Line
from turnout.outbox.worker import Worker
from turnout.plugin import SYSTEM, Actor, DomainError
from turnout.pools.models import Pool
from turnout.system import transact
from turnout.testing.factories import Make

from turnout_payments.models import Entry, Payment, Refund
from turnout_payments.providers import PAID, Seen
from turnout_payments.services import NoticeService, PaymentService, RefundService, Settlement
from turnout_payments.testing import Bank

pytestmark = pytest.mark.slow
SEEN = Seen(PAID, 2100, "EUR")


class House:
    """A database that commits, an event, and whoever books and pays it."""

    def __init__(self, application, bank):
        self.application, self.registry, self.bank = application, application.registry, bank
        self.registry.bank_url = bank.url
        with Session(application.engine, expire_on_commit=False) as session:
            make = Make(session, self.registry.clock)
            self.event = make.event(price="10.50", bookings_per_attendee=None, capacity=8)
            self.user, *others = (make.user() for _ in range(4))
            session.commit()
        self.actor = Actor.of(self.user.id)
        self.actors = [self.actor, *(Actor.of(user.id) for user in others)]

    def do(self, function):
        return transact(self.registry, function)

    def book(self, actor=None):
        wanted = BookingRequest(self.event.id, actor or self.actor, (Line(), Line()))
        return self.do(lambda request: request.find_service(Booker).book([wanted])[0]["id"])

    def begin(self, booking_id):
        return self.do(
            lambda request: request.find_service(PaymentService).begin(
                booking_id, "bank", "https://shop.example.com/", actor=SYSTEM
            )
        )

    def work(self):
        Worker(self.registry).drain()

    def doing(self, service, method, *arguments, **options):
        """Return what calls a service in a transaction, and tries again what only the crowd kept from being done."""

        def call(request):
            return getattr(request.find_service(service), method)(*arguments, **options)

        def do():
            for _ in range(20):
                try:
                    return self.do(call)
                except DomainError as error:
                    return error.code
                except Exception as error:
                    last = error
            raise last

        return do

    def read(self, query):
        with Session(self.application.engine) as session:
            return session.execute(query).all()


@pytest.fixture
def house(committing):
    with Bank() as bank:
        yield House(committing, bank)


def at_once(*actions):
    barrier = threading.Barrier(len(actions))

    def run(action):
        barrier.wait()
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def test_the_same_money_is_seen_by_many(house):
    booking = house.book()
    payment = house.begin(booking)
    house.work()

    at_once(*[house.doing(Settlement, "apply", payment, SEEN)] * 8)

    assert house.read(select(Entry.kind, Entry.amount)) == [("charge", 2100)]
    assert house.read(select(Booking.status)) == [(CONFIRMED,)]


def test_money_and_the_end_of_the_hold(house):
    bookings = [house.book(actor) for actor in house.actors]  # nobody has a newer one
    payments = [house.begin(booking) for booking in bookings]
    house.work()
    house.registry.clock.move(minutes=16)

    at_once(
        *[house.doing(Settlement, "apply", payment, SEEN) for payment in payments],
        *[house.doing(BookingService, "expire_due")] * 2,
        *[house.doing(BookingService, "cancel", bookings[0], actor=SYSTEM)],
    )
    house.work()

    statuses = [status for (status,) in house.read(select(Booking.status).order_by(Booking.id))]
    assert statuses[1:] == [CONFIRMED] * 3
    ((taken,),) = house.read(select(Pool.taken).where(Pool.id == house.event.pool_id))
    assert taken == 2 * statuses.count(CONFIRMED)


def test_of_two_refunds_of_the_whole_one_is_made(house):
    payment = house.begin(house.book())
    house.work()
    house.doing(Settlement, "apply", payment, SEEN)()

    made = at_once(*[house.doing(RefundService, "request", payment, None, "Rain", actor=SYSTEM)] * 6)

    assert sorted(map(str, made)) == ["1"] + ["nothing_to_refund"] * 5
    assert house.read(select(Refund.amount)) == [(2100,)]


def test_parts_that_are_too_much_together(house):
    payment = house.begin(house.book())
    house.work()
    house.doing(Settlement, "apply", payment, SEEN)()

    made = at_once(*[house.doing(RefundService, "request", payment, 500, "Rain", actor=SYSTEM)] * 6)

    assert sum(isinstance(one, int) for one in made) == 4
    assert house.read(select(func.sum(Refund.amount))) == [(2000,)]


def test_begun_by_many_clicks(house):
    booking = house.book()
    begin = house.doing(PaymentService, "begin", booking, "bank", "https://shop.example.com/", actor=house.actor)

    at_once(*[begin] * 6)
    house.work()

    assert sorted(status for (status,) in house.read(select(Payment.status))) == ["cancelled"] * 5 + ["open"]


def test_workers_at_once(house):
    booking = house.book()
    payment = house.begin(booking)
    house.work()
    for ref in house.bank.accounts:
        house.bank.pay(ref)
    for _ in range(10):
        notice = house.bank.notice(next(iter(house.bank.accounts)), at=house.registry.clock.now().timestamp())
        house.doing(NoticeService, "keep", "bank", *notice)()

    at_once(*[house.work] * 4)

    assert house.read(select(Entry.payment_id, Entry.kind, Entry.amount)) == [(payment, "charge", 2100)]
