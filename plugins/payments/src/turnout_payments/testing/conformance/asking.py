"""What a provider says of payments, from when they are begun."""

from collections.abc import Callable

import pytest
from turnout.testing.clocks import ManualClock

from turnout_payments.providers import (
    EXPIRED,
    FAILED,
    OPEN,
    PAID,
    PROCESSING,
    Charge,
    PaymentProvider,
    Refused,
    WantedRefund,
)
from turnout_payments.testing.stage import CannotBePaid, Stage

Asked = Callable[..., Charge]
Paid = Callable[..., str]
Wanted = Callable[..., WantedRefund]


class AskingChecks:
    """What a provider says of payments, from when they are begun."""

    def test_asked_again_with_the_same_key_it_is_the_same_payment(
        self, provider: PaymentProvider, stage: Stage, charge: Asked, watch: ManualClock
    ) -> None:
        """Whoever does not know whether it was begun begins it again."""
        wanted = charge()
        first = provider.open(wanted)
        watch.move(minutes=14)
        assert provider.open(wanted) == first
        assert stage.opened() == 1

    def test_the_buyer_is_sent_to_the_provider(self, provider: PaymentProvider, stage: Stage, charge: Asked) -> None:
        """The buyer pays at an address of the provider's, which sends them back."""
        opened = provider.open(charge())
        assert (opened.url or "").startswith(stage.fake.url)
        assert (stage.visit(opened.url or "") or "").startswith(charge().back_url)
        assert provider.look(opened.ref).status == PAID

    def test_it_is_open_until_it_is_over(self, provider: PaymentProvider, charge: Asked, watch: ManualClock) -> None:
        """What nobody has paid is open, and a day later it is expired."""
        ref = provider.open(charge()).ref
        seen = provider.look(ref)
        assert (seen.status, seen.captured, seen.refunds, seen.disputed) == (OPEN, 0, (), 0)
        watch.move(days=1)
        seen = provider.look(ref)
        assert (seen.status, seen.captured) == (EXPIRED, 0)

    def test_what_was_paid_is_taken_once(self, provider: PaymentProvider, stage: Stage, agreed: Paid) -> None:
        """However often one looks, the money is taken once and said to be the same."""
        ref = agreed()
        seen = provider.look(ref)
        assert (seen.status, seen.captured, seen.currency, seen.refunds) == (PAID, 2500, "EUR", ())
        assert provider.look(ref) == seen
        assert stage.held(ref) == 2500

    def test_amounts_are_exact_in_every_currency(
        self, provider: PaymentProvider, stage: Stage, paid: Paid, wanted: Wanted
    ) -> None:
        """What was asked for is what is said to be paid, and what can be given back."""
        for number, (amount, currency) in enumerate(stage.amounts):
            assert provider.takes(currency)
            ref = paid(f"charge-{number}", amount=amount, currency=currency)
            seen = provider.look(ref)
            assert (seen.captured, seen.currency, stage.held(ref)) == (amount, currency, amount)
            given_back = provider.refund(ref, wanted(amount, f"refund-{number}", currency))
            assert (given_back.amount, stage.held(ref)) == (amount, 0)

    def test_what_it_does_not_take_is_said_before_anybody_pays(
        self, provider: PaymentProvider, stage: Stage, charge: Asked
    ) -> None:
        """Currencies that it does not take are not offered, and amounts that it cannot take are refused."""
        assert not [currency for currency in stage.not_taken if provider.takes(currency)]
        for amount, currency in stage.too_fine:
            with pytest.raises(Refused, match=currency):
                provider.open(charge(amount=amount, currency=currency))
        assert stage.opened() == 0

    def test_money_on_its_way_is_not_there(self, provider: PaymentProvider, stage: Stage, charge: Asked) -> None:
        """That the buyer is done does not mean that it is paid."""
        ref = provider.open(charge()).ref
        stage.delay(ref)
        for _ in range(2):
            seen = provider.look(ref)
            assert (seen.status, seen.captured) == (PROCESSING, 0)
        stage.arrive(ref)
        seen = provider.look(ref)
        assert (seen.status, seen.captured) == (PAID, 2500)

    def test_money_on_its_way_may_not_come(self, provider: PaymentProvider, stage: Stage, charge: Asked) -> None:
        """Staff read why."""
        ref = provider.open(charge()).ref
        stage.delay(ref)
        provider.look(ref)
        stage.fail(ref)
        seen = provider.look(ref)
        assert (seen.status, seen.captured, bool(seen.detail)) == (FAILED, 0, True)

    def test_closed_it_is_not_paid_behind_our_back(
        self, provider: PaymentProvider, stage: Stage, charge: Asked
    ) -> None:
        """Nobody can pay what is closed; where a provider cannot see to that, the money is at least said to be there."""
        ref = provider.open(charge()).ref
        provider.close(ref)
        try:
            stage.pay(ref)
        except CannotBePaid:
            assert provider.look(ref).status == EXPIRED
        else:
            assert (provider.look(ref).status, stage.held(ref)) == (PAID, 2500)

    def test_what_is_over_or_paid_may_be_closed(self, provider: PaymentProvider, charge: Asked, paid: Paid) -> None:
        """Closing comes late at times, and twice."""
        ref = paid()
        provider.close(ref)
        provider.close(ref)
        assert provider.look(ref).status == PAID
        other = provider.open(charge("charge-2")).ref
        provider.close(other)
        provider.close(other)
        assert provider.look(other).status in {EXPIRED, OPEN}
