"""What providers tell by themselves: forged, stale, twice, out of order, about strangers. It is only a hint to look."""

import json

import pytest
from sqlalchemy import select

from turnout_payments.models import Received

PATH = "/payments/webhooks/bank"


@pytest.fixture
def tell(api, outbox):
    """Return what posts a notice as a provider does, and works it off."""

    def tell(notice, *, status=204, path=PATH):
        headers, body = notice
        answer = api.post(path, body, headers=headers, status=status)
        outbox.run()
        return answer

    return tell


@pytest.fixture
def kept(session):
    return lambda: session.execute(select(Received.status, Received.payment_id).order_by(Received.id)).all()


@pytest.fixture
def now(clock):
    return lambda: clock.now().timestamp()


def test_it_lets_the_payment_be_looked_at_at_once(booking, begin, bank, tell, now, status_of, kept, agree):
    payment = begin(booking)
    bank.pay(payment.ref)
    tell(bank.notice(payment.ref, at=now()))

    assert status_of(booking) == ("confirmed", "paid")
    assert kept() == [("done", payment.id)]
    agree()


def test_it_is_answered_before_anybody_is_asked(booking, begin, bank, api, now):
    payment = begin(booking)
    asked = len(bank.calls)
    headers, body = bank.notice(payment.ref, at=now())

    answer = api.post(PATH, body, headers=headers, status=204)

    assert (answer.body, len(bank.calls)) == (b"", asked)


def test_what_it_says_itself_is_not_believed(booking, begin, bank, tell, now, status_of):
    payment = begin(booking)
    tell(bank.notice(payment.ref, at=now()))  # "paid", says somebody who knows the secret

    assert status_of(booking) == ("pending", "unpaid")


@pytest.mark.parametrize("way", ["secret", "body", "missing", "nonsense"])
def test_forged(booking, begin, bank, tell, now, kept, way):
    payment = begin(booking)
    bank.pay(payment.ref)
    headers, body = bank.notice(
        payment.ref, at=now(), secret=b"guessed" if way == "secret" else b"known to the bank and to us"
    )
    body = body.replace(b"changed", b"forged!") if way == "body" else body
    if way == "missing":
        del headers["bank-signature"]
    elif way == "nonsense":
        headers["bank-signature"] = "a,b"

    problem = tell((headers, body), status=400).json

    assert (problem["code"], problem["errors"][0]["field"]) == ("forged", "signature")
    assert kept() == []


def test_found_out_to_be_forged_by_asking(booking, begin, bank, tell, now, kept, monkeypatch, session):
    from turnout_payments.testing import BankProvider

    monkeypatch.setattr(BankProvider, "verify", lambda _self, _headers, _body: False)
    payment = begin(booking)
    tell(bank.notice(payment.ref, at=now()))

    assert kept() == [("forged", None)]
    found = session.scalars(select(Received)).one()
    assert (found.headers, found.body, found.refs, found.key) == ({}, b"", [], None)


def test_it_is_verified_later_if_nobody_can_be_asked(booking, begin, bank, tell, now, kept, monkeypatch, outbox, clock):
    from turnout_payments.providers import Unavailable
    from turnout_payments.testing import BankProvider

    def away(_self, _headers, _body):
        raise Unavailable("away")

    payment = begin(booking)
    bank.pay(payment.ref)
    with monkeypatch.context() as patch:
        patch.setattr(BankProvider, "verify", away)
        tell(bank.notice(payment.ref, at=now()))
        for _ in range(12):  # half a day
            clock.move(hours=1)
            outbox.run()
        assert kept() == [("waiting", None)]
    clock.move(hours=1)
    outbox.run()
    assert kept() == [("done", payment.id)]


def test_refunds_do_not_wait_for_them(application):
    from turnout_payments import tasks

    notices, refunds = (
        application.registry.handlers[f"turnout_payments.tasks.{task.__name__}"].queue
        for task in (tasks.work_off_notice, tasks.send_refund)
    )
    assert notices != refunds


@pytest.mark.parametrize("seconds", [-301, 301])
def test_stale(booking, begin, bank, tell, now, kept, seconds):
    payment = begin(booking)
    tell(bank.notice(payment.ref, at=now() + seconds), status=400)

    assert kept() == []


def test_replayed(booking, begin, bank, tell, now, kept, clock, lines, paid):
    notice = bank.notice(paid.ref, at=now())
    for _ in range(3):
        tell(notice)
    assert len(kept()) == 1
    clock.move(minutes=6)
    tell(notice, status=400)
    assert lines(paid) == [("charge", 2100)]


def test_two_notices_of_the_same(paid, bank, tell, now, kept, lines):
    tell(bank.notice(paid.ref, at=now(), number=1))
    tell(bank.notice(paid.ref, at=now(), number=2))

    assert len(kept()) == 2
    assert lines(paid) == [("charge", 2100)]


def test_out_of_order(booking, begin, bank, tell, now, status_of, lines, outbox, api, agree):
    payment = begin(booking)
    bank.delay(payment.ref)
    on_its_way = bank.notice(payment.ref, at=now())
    bank.pay(payment.ref)
    there = bank.notice(payment.ref, at=now())
    bank.begin_refund(payment.ref, 100)
    given_back = bank.notice(payment.ref, at=now())
    for notice in (given_back, there, on_its_way):
        tell(notice)

    assert status_of(booking) == ("confirmed", "partially_refunded")
    assert lines(payment) == [("charge", 2100), ("refund", -100)]
    agree()


def test_about_nothing_of_ours(bank, tell, now, kept):
    tell(bank.notice("pay_elsewhere", at=now()))
    tell(bank.notice(None, at=now()))

    assert kept() == [("unknown", None), ("unknown", None)]


def test_by_the_second_name_that_a_provider_has_for_it(paid, bank, tell, now, kept, session):
    paid.charge_ref = "ch_1"
    session.flush()
    tell(bank.notice("ch_1", at=now()))

    assert kept() == [("done", paid.id)]


def test_for_a_booking_that_is_gone(booking, begin, bank, tell, now, staff, ada, session, refunds, kept, make, agree):
    payment = begin(booking)
    bank.pay(payment.ref)
    staff.post("/users/bulk-delete", {"prefix": ada.user.username})
    tell(bank.notice(payment.ref, at=now()))

    session.refresh(payment)
    assert (payment.booking_id, payment.user_id, payment.status) == (None, None, "paid")
    assert refunds(payment) == [("done", 2100, "rule")]
    agree()


def test_of_a_provider_that_nobody_knows(tell, bank, now):
    assert (
        tell(bank.notice("pay_1", at=now()), path="/payments/webhooks/unknown", status=404).json["code"] == "not_found"
    )


def test_of_a_provider_that_sends_none(tell, bank, now):
    assert tell(bank.notice("pay_1", at=now()), path="/payments/webhooks/manual", status=400).json["code"] == "forged"


def test_too_large(api, kept):
    body = b" " * (256 * 1024 + 1)
    assert (
        api.post(PATH, body, headers={"Content-Type": "application/json"}, status=400).json["errors"][0]["field"]
        == "body"
    )
    assert kept() == []


@pytest.mark.parametrize(
    "said",
    [b"", b"null", b"[]", b"{}", b"\xff", b'{"id": 1}', json.dumps({"id": "", "kind": "", "ref": None}).encode()],
)
def test_signed_nonsense(api, bank, now, said, kept):
    from turnout_payments.testing.bank import SECRET, _signature

    headers = {"Bank-Signature": _signature(said, int(now()), SECRET), "Content-Type": "application/json"}
    assert api.send("POST", PATH, said or None, headers=headers).status_int in {400, 415}
    assert kept() == []


def test_what_is_old_is_deleted(paid, bank, tell, now, kept, clock, outbox, session):
    tell(bank.notice(paid.ref, at=now()))
    clock.move(days=29)
    outbox.run()
    assert len(kept()) == 1
    clock.move(days=2)
    outbox.run()
    assert kept() == []


def test_only_the_headers_are_kept_that_its_provider_is_asked_by(paid, bank, api, now, session, monkeypatch):
    from turnout_payments.testing import BankProvider

    headers, body = bank.notice(paid.ref, at=now())
    api.post(PATH, body, headers=headers | {"Cookie": "session=secret", "X-Other": "o"}, status=204)

    assert session.scalars(select(Received.headers)).one() == {}
    monkeypatch.setattr(BankProvider, "signature_headers", ("bank-signature", "bank-other"))
    headers, body = bank.notice(paid.ref, at=now())
    api.post(PATH, body, headers=headers | {"Cookie": "session=secret", "X-Other": "o"}, status=204)
    newest = select(Received.headers).order_by(Received.id.desc()).limit(1)
    assert session.scalar(newest) == {"bank-signature": headers["bank-signature"]}
