"""Bookings that are paid, all the way: whatever happens, our ledger and the provider's books say the same."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from sqlalchemy import select
from turnout.testing.fakes import LOST

from turnout_payments.models import DISPUTED, Payment, Refund
from turnout_payments.money import as_text
from turnout_payments.providers import DONE, FAILED, PENDING
from turnout_payments.testing.shop import Shop
from turnout_payments.testing.stage import CannotBePaid, Stage

PayLate = Callable[..., Payment]


class JourneyChecks:
    """Bookings that are paid, all the way: whatever happens, our ledger and the provider's books say the same."""

    def test_pay(self, shop: Shop, server: Stage) -> None:
        """The buyer goes to the provider, pays, and comes back; told three times, it is paid once."""
        booking = shop.book()
        payment = shop.begin(booking)
        assert (server.visit(payment.url or "") or "").endswith(f"/payments/{payment.token}/back")
        assert shop.tell(copies=3) > 0
        shop.tell(copies=2)
        assert shop.status_of(booking["id"]) == ("confirmed", "paid")
        assert shop.lines(payment) == [("charge", 2500)]
        shop.agree()

    def test_paid_without_a_notice(self, shop: Shop, server: Stage) -> None:
        """No notice has to arrive."""
        payment = shop.begin(shop.book())
        server.pay(payment.ref or "")
        shop.wait(seconds=21)
        assert shop.status_of(payment.booking_id) == ("confirmed", "paid")
        shop.agree()

    def test_every_currency(self, shop: Shop, server: Stage) -> None:
        """Prices with two decimals, none or three are paid to the smallest unit."""
        for amount, currency in server.amounts:
            payment = shop.begin(shop.book(1, event=shop.sell(as_text(amount, currency), currency)))
            server.pay(payment.ref or "")
            shop.tell()
            assert shop.status_of(payment.booking_id) == ("confirmed", "paid")
            assert shop.lines(payment) == [("charge", amount)]
        shop.agree()

    def test_declined_is_not_the_end(self, shop: Shop, server: Stage) -> None:
        """The places stay held, and the buyer tries again."""
        booking = shop.book()
        first = shop.begin(booking)
        server.decline(first.ref or "")
        shop.tell()
        assert shop.status_of(booking["id"]) in {("pending", "unpaid"), ("pending", "failed")}
        second = shop.begin(booking)
        server.pay(second.ref or "")
        shop.tell()
        assert shop.status_of(booking["id"]) == ("confirmed", "paid")
        assert (shop.lines(first) if second.id != first.id else []) == []
        shop.agree()

    def test_money_that_does_not_come_and_another_try(self, shop: Shop, server: Stage) -> None:
        """Money on its way is waited for; when it does not come, the buyer tries again."""
        booking = shop.book()
        first = shop.begin(booking)
        server.delay(first.ref or "")
        shop.tell()
        assert shop.status_of(booking["id"]) == ("pending", "processing")
        server.fail(first.ref or "")
        shop.tell()
        assert shop.status_of(booking["id"]) == ("pending", "failed")
        second = shop.begin(booking)
        server.delay(second.ref or "")
        shop.tell()
        server.arrive(second.ref or "")
        shop.tell()
        assert shop.status_of(booking["id"]) == ("confirmed", "paid")
        shop.agree()

    def test_abandoned(self, shop: Shop) -> None:
        """Whoever does not pay gives the places back."""
        booking = shop.book()
        shop.begin(booking)
        shop.wait(times=3, hours=2)
        assert shop.status_of(booking["id"])[0] == "expired"
        shop.agree()

    def test_out_of_order_when_the_buyer_comes(self, shop: Shop, server: Stage) -> None:
        """Nobody waits: the buyer is sent on when the provider answers."""
        booking = shop.book()
        with shop.out_of_order():
            payment = shop.begin(booking)
            assert (payment.status, payment.ref) == ("created", None)
        shop.wait(times=5, seconds=30)
        payment = shop.again(Payment, payment.id)
        assert payment.status == "open"
        server.pay(payment.ref or "")
        shop.tell()
        assert shop.status_of(booking["id"]) == ("confirmed", "paid")
        shop.agree()

    @pytest.fixture
    def pay_late(self, shop: Shop, server: Stage) -> PayLate:
        """Return what lets a hold expire while the provider is out of order, so that somebody can still pay there."""

        def pay_late(meanwhile: Callable[[], object] = lambda: None) -> Payment:
            payment = shop.begin(shop.book())
            with shop.out_of_order():
                shop.wait(minutes=16)
            meanwhile()
            server.pay(payment.ref or "")
            shop.tell()
            return payment

        return pay_late

    def test_paid_late_and_there_are_places(self, pay_late: PayLate, shop: Shop) -> None:
        """The booking gets its places again."""
        payment = pay_late()
        assert shop.status_of(payment.booking_id) == ("confirmed", "paid")
        shop.agree()

    def test_paid_late_and_the_places_are_gone(self, pay_late: PayLate, shop: Shop) -> None:
        """The money is given back."""
        payment = pay_late(lambda: shop.book(4, shop.api.as_(shop.make.user())))
        shop.tell()
        assert shop.status_of(payment.booking_id) == ("expired", "refunded")
        assert shop.lines(payment) == [("charge", 2500), ("refund", -2500)]
        shop.agree()

    def test_cancelled_meanwhile(self, shop: Shop, server: Stage) -> None:
        """Money for a booking that was cancelled in the meantime is given back."""
        payment = shop.begin(shop.book())
        with shop.out_of_order():
            shop.ada.post(f"/bookings/{payment.booking_id}/cancel", {})
            shop.outbox.run()
        server.pay(payment.ref or "")
        shop.tell()
        shop.wait(minutes=20)
        assert shop.status_of(payment.booking_id) == ("cancelled", "refunded")
        assert shop.lines(payment) == [("charge", 2500), ("refund", -2500)]
        shop.agree()

    def test_paid_and_begun_again(self, shop: Shop, server: Stage) -> None:
        """Before it tells us the buyer begins again, and pays again where that is possible: the organizer keeps it once."""
        booking = shop.book()
        first = shop.begin(booking)
        server.pay(first.ref or "")
        second = shop.begin(booking)
        with suppress(CannotBePaid):
            server.pay(second.ref or "")
        shop.tell()
        shop.wait(minutes=1)
        assert shop.status_of(booking["id"])[0] == "confirmed"
        assert sorted(sum(amount for _, amount in shop.lines(one)) for one in (first, second)) == [0, 2500]
        shop.agree()

    def test_refunds_in_part_and_in_whole(self, shop: Shop, server: Stage) -> None:
        """A part leaves the booking as it is, the whole cancels it; being told of it changes nothing."""
        payment = shop.pay()
        shop.refund(payment, "5.00")
        assert shop.status_of(payment.booking_id) == ("confirmed", "partially_refunded")
        shop.tell(copies=2)
        shop.agree()
        shop.refund(payment)
        shop.tell()
        assert shop.status_of(payment.booking_id) == ("cancelled", "refunded")
        assert shop.lines(payment) == [("charge", 2500), ("refund", -500), ("refund", -2000)]
        assert server.held(payment.ref or "") == 0
        shop.agree()

    def test_a_refund_that_comes_to_nothing(self, shop: Shop, server: Stage) -> None:
        """While it is pending nothing of it is in the ledger."""
        payment = shop.pay()
        server.refunds_become(PENDING)
        refund = shop.refund(payment, "5.00")
        server.refunds_become(DONE)
        assert (refund.status, shop.lines(payment)) == (PENDING, [("charge", 2500)])
        server.fail_refund(refund.ref or "")
        shop.tell()
        assert shop.again(Refund, refund.id).status == FAILED
        shop.agree()

    def test_a_refund_that_was_there_and_came_back(self, shop: Shop, server: Stage) -> None:
        """The ledger says both."""
        payment = shop.pay()
        server.fail_refund(shop.refund(payment, "5.00").ref or "")
        shop.tell()
        assert shop.lines(payment) == [("charge", 2500), ("refund", -500), ("refund_undone", 500)]
        shop.agree()

    def test_a_refund_begun_there(self, shop: Shop, server: Stage) -> None:
        """What staff do at the provider's own pages is in the ledger."""
        payment = shop.pay()
        server.refund(payment.ref or "", 300)
        shop.tell()
        assert shop.lines(payment) == [("charge", 2500), ("refund", -300)]
        origins = select(Refund.origin).where(Refund.payment_id == payment.id)
        assert shop.session.scalars(origins).all() == ["provider"]
        shop.agree()

    def test_a_dispute(self, shop: Shop, server: Stage) -> None:
        """Staff are told; what is won is here again."""
        payment = shop.pay()
        dispute = server.dispute(payment.ref or "", 2500)
        shop.tell()
        assert shop.lines(payment) == [("charge", 2500), ("dispute", -2500)]
        assert shop.again(Payment, payment.id).problem == DISPUTED
        assert shop.status_of(payment.booking_id)[0] == "confirmed"
        shop.agree()
        server.end_dispute(dispute, won=True)
        shop.tell()
        assert shop.lines(payment) == [("charge", 2500), ("dispute", -2500), ("dispute_undone", 2500)]
        shop.agree()

    @pytest.mark.parametrize("is_slow", [False, True], ids=["at once", "slowly"])
    def test_notices_twice_and_backwards(self, shop: Shop, server: Stage, is_slow: bool) -> None:
        """They are reasons to look, and nothing else."""
        payment = shop.begin(shop.book())
        ref = payment.ref or ""
        if is_slow:
            server.delay(ref)
            server.take(ref)
            server.arrive(ref)
        else:
            server.pay(ref)
            server.take(ref)
        server.refund(ref, 300)
        assert shop.tell(copies=3, backwards=True) >= 2 + is_slow
        assert shop.lines(payment) == [("charge", 2500), ("refund", -300)]
        assert shop.status_of(payment.booking_id)[0] in {"confirmed", "pending"}
        shop.agree()

    def test_notices_that_are_not_the_providers(self, shop: Shop, server: Stage) -> None:
        """What is not signed or stale is refused; what is forged is found out, at once or when the provider is asked."""
        payment = shop.begin(shop.book())
        server.pay(payment.ref or "")
        body = server.fake.courier.take()[-1]
        for headers in ({}, server.signed(body, age=server.stale)):
            assert shop.send(body, headers, 400).json["code"] == "forged"
        is_asked = bool(shop.api.application.registry.payment_providers[server.name].signature_headers)
        answer = shop.send(body, server.signed(body, forged=True), 204 if is_asked else 400)
        assert is_asked or answer.json["code"] == "forged"
        shop.outbox.run()
        assert shop.notices() == (["forged"] if is_asked else [])
        assert shop.status_of(payment.booking_id) == ("pending", "unpaid")

    def test_a_notice_about_nobody(self, shop: Shop, server: Stage) -> None:
        """Others use the same account."""
        server.stranger()
        assert shop.tell() > 0
        assert set(shop.notices()) == {"unknown"}
        assert not shop.outbox.dead

    def test_answers_that_are_lost_cost_nobody_anything(self, shop: Shop, server: Stage) -> None:
        """What was done and not heard of is asked again with the same key."""
        faults = server.fake.faults
        faults.every, faults.kinds, faults._calls = 5, (LOST,), 4
        booking = shop.book()
        payment = shop.begin(booking)
        shop.wait(times=5, seconds=30)
        payment = shop.again(Payment, payment.id)
        assert payment.status == "open"
        server.pay(payment.ref or "")
        shop.tell()
        shop.wait(minutes=1)
        shop.refund(payment, "5.00")
        shop.wait(times=12, minutes=20)
        faults.every = 0
        shop.outbox.run()
        assert server.held(payment.ref or "") == 2000
        assert shop.status_of(booking["id"])[0] == "confirmed"
        shop.agree()
