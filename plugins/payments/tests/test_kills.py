"""A worker dies between the bank's answer and our commit: nobody has paid without a booking, nothing goes back twice."""

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from turnout.bookings.models import Booking
from turnout.bookings.services import Booker, BookingRequest, Line
from turnout.clock import Clock
from turnout.outbox.models import WAITING, Job
from turnout.outbox.worker import Worker
from turnout.plugin import SYSTEM, Actor
from turnout.system import transact
from turnout.testing.factories import Make

from turnout_payments.hooks import LookWanted
from turnout_payments.models import Entry, Payment, Refund
from turnout_payments.services import PaymentService, RefundService
from turnout_payments.testing import Bank

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("crowds")]
PATIENCE = 60
LEASE = 4


class House:
    """A booking, a bank, and the workers that are killed."""

    def __init__(self, application, url, folder, bank):
        self.application, self.url, self.folder, self.bank = application, url, folder, bank
        self.registry = application.registry
        self.registry.clock, self.registry.periodic_tasks, self.registry.bank_url = Clock(), {}, bank.url
        self.registry.settings["outbox.lease_seconds"] = LEASE
        with Session(application.engine, expire_on_commit=False) as session:
            make = Make(session, self.registry.clock)
            event, user = make.event(price="10.50"), make.user()
            session.commit()
        self.actor = Actor.of(user.id)
        self.booking = self.do(
            lambda request: request.find_service(Booker).book([BookingRequest(event.id, self.actor, (Line(), Line()))])[
                0
            ]["id"]
        )
        self.payment = self.do(
            lambda request: request.find_service(PaymentService).begin(
                self.booking, "bank", "https://shop.example.com/", actor=self.actor
            )
        )

    def do(self, function):
        return transact(self.registry, function)

    def kill_at(self, stage):
        """Let a worker begin, and kill it when it comes to a stage."""
        script = Path(__file__).parent / "worker_process.py"
        with subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-W", "ignore", str(script), self.url, str(self.folder), self.bank.url, stage],
            env=os.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                self.wait((self.folder / stage).exists)
            finally:
                process.kill()
                process.wait(PATIENCE)

    def wait(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, "it did not come about"
            time.sleep(0.1)

    def finish(self):
        """Do what the killed worker had, once it is taken for dead, and all that is due."""
        worker = Worker(self.registry)

        def is_done():
            worker.drain()
            with Session(self.application.engine) as session:
                soon = self.registry.clock.now() + timedelta(seconds=15)
                left = select(func.count()).where(Job.status.in_((WAITING, "running")), Job.due_at <= soon)
                return session.scalar(left) == 0 or None

        self.wait(is_done)

    def read(self, query):
        with Session(self.application.engine) as session:
            return session.execute(query).all()

    def paid(self):
        """Pay at the bank, and return the bank's account."""
        (account,) = self.bank.accounts.values()
        self.bank.pay(account.ref)
        return account

    def look(self):
        def want(request):
            event = LookWanted(self.payment)
            object.__setattr__(event, "request", request)
            request.registry.notify(event)

        self.do(want)


@pytest.fixture
def house(committing, fresh_database, tmp_path):
    with Bank() as bank:
        yield House(committing, fresh_database, tmp_path, bank)


def agree(house):
    ((entered,),) = house.read(select(func.coalesce(func.sum(Entry.amount), 0)))
    assert entered == house.bank.kept
    assert len(house.bank.accounts) == 1


@pytest.mark.parametrize("how_far", ["answered", "written"])
def test_while_it_is_begun(house, how_far):
    house.kill_at(f"open-{how_far}")
    assert house.read(select(Payment.status, Payment.ref)) == [("created", None)]
    house.finish()

    ((status, ref),) = house.read(select(Payment.status, Payment.ref))
    assert (status, [ref]) == ("open", list(house.bank.accounts))
    asked = [key for method, path, key in house.bank.calls if (method, path) == ("POST", "/payments")]
    assert (len(asked), len(set(asked))) == (2, 1)
    agree(house)


@pytest.mark.parametrize("how_far", ["answered", "written"])
def test_while_the_money_is_entered(house, how_far):
    house.finish()
    house.paid()
    house.look()
    house.kill_at(f"look-{how_far}")
    assert house.read(select(Booking.status)) == [("pending",)]
    assert house.read(select(Entry.amount)) == []
    house.finish()

    assert house.read(select(Booking.status)) == [("confirmed",)]
    assert house.read(select(Entry.kind, Entry.amount)) == [("charge", 2100)]
    agree(house)


@pytest.mark.parametrize("how_far", ["answered", "written"])
def test_while_it_goes_back(house, how_far):
    house.finish()
    account = house.paid()
    house.look()
    house.finish()
    house.do(lambda request: request.find_service(RefundService).request(house.payment, 500, "Rain", actor=SYSTEM))
    house.kill_at(f"refund-{how_far}")
    assert len(account.refunds) == 1  # the buyer has it, and we do not know
    assert house.read(select(Refund.status)) == [("created",)]
    house.finish()

    assert [one["amount"] for one in account.refunds] == [500]
    assert house.read(select(Refund.status, Refund.amount)) == [("done", 500)]
    assert house.read(select(Entry.kind, Entry.amount).order_by(Entry.id)) == [("charge", 2100), ("refund", -500)]
    agree(house)
