"""What a provider gives back, and what is taken from it."""

from collections.abc import Callable

import pytest

from turnout_payments.providers import DONE, FAILED, PENDING, Charge, PaymentProvider, Refused, SeenRefund, WantedRefund
from turnout_payments.testing.stage import Stage

Asked = Callable[..., Charge]
Paid = Callable[..., str]
Wanted = Callable[..., WantedRefund]


class RefundChecks:
    """What a provider gives back, and what is taken from it."""

    def test_refunds_of_parts_and_of_the_rest(
        self, provider: PaymentProvider, stage: Stage, paid: Paid, wanted: Wanted
    ) -> None:
        """Each is known by its key, and what was taken in all stays what it was."""
        ref = paid()
        first = provider.refund(ref, wanted(1000, "refund-1"))
        second = provider.refund(ref, wanted(1500, "refund-2"))
        assert (first.amount, first.status, first.key) == (1000, DONE, "refund-1")
        seen = provider.look(ref)
        assert (seen.captured, set(seen.refunds), stage.held(ref)) == (2500, {first, second}, 0)
        with pytest.raises(Refused):
            provider.refund(ref, wanted(1, "refund-3"))

    def test_a_refund_is_made_once_for_each_key_even_when_the_key_is_forgotten(
        self, provider: PaymentProvider, stage: Stage, paid: Paid, wanted: Wanted
    ) -> None:
        """Refunds are asked for again for days, and providers forget keys before."""
        ref = paid()
        first = provider.refund(ref, wanted(1000))
        assert provider.refund(ref, wanted(1000)) == first
        stage.forget_keys()
        assert provider.refund(ref, wanted(1000)) == first
        assert stage.held(ref) == 1500

    def test_more_than_there_is_is_refused(self, provider: PaymentProvider, paid: Paid, wanted: Wanted) -> None:
        """A refusal ends it: nobody asks again."""
        ref = paid()
        with pytest.raises(Refused):
            provider.refund(ref, wanted(2501))

    def test_what_was_not_paid_cannot_be_refunded(
        self, provider: PaymentProvider, charge: Asked, wanted: Wanted
    ) -> None:
        """There is nothing to give back before the money is there."""
        ref = provider.open(charge()).ref
        with pytest.raises(Refused):
            provider.refund(ref, wanted(100))

    @pytest.mark.parametrize("status", [DONE, PENDING, FAILED])
    def test_what_a_refund_may_be(
        self, provider: PaymentProvider, stage: Stage, paid: Paid, wanted: Wanted, status: str
    ) -> None:
        """What it is is what asking for it answers, and what looking says."""
        ref = paid()
        stage.refunds_become(status)
        assert provider.refund(ref, wanted(700)).status == status
        assert [refund.status for refund in provider.look(ref).refunds] == [status]
        assert stage.held(ref) == (1800 if status == DONE else 2500)

    @pytest.mark.parametrize("status", [DONE, PENDING])
    def test_a_refund_may_come_to_nothing_later(
        self, provider: PaymentProvider, stage: Stage, paid: Paid, wanted: Wanted, status: str
    ) -> None:
        """Then the money is here again."""
        ref = paid()
        stage.refunds_become(status)
        made = provider.refund(ref, wanted(700))
        stage.fail_refund(made.ref)
        (seen,) = provider.look(ref).refunds
        assert (seen.ref, seen.amount, seen.status, seen.key) == (made.ref, 700, FAILED, "refund-1")

    def test_refunds_begun_there_are_seen(self, provider: PaymentProvider, stage: Stage, paid: Paid) -> None:
        """The provider's own pages give money back, too; such a refund has no key of ours."""
        ref = paid()
        begun = stage.refund(ref, 300)
        assert provider.look(ref).refunds == (SeenRefund(begun, 300, DONE),)

    def test_a_dispute_holds_money_back_until_it_is_won(
        self, provider: PaymentProvider, stage: Stage, paid: Paid
    ) -> None:
        """What is lost stays lost."""
        ref, other = paid(), paid("charge-2")
        won, lost = stage.dispute(ref, 2000), stage.dispute(other, 2000)
        assert (provider.look(ref).disputed, provider.look(other).disputed) == (2000, 2000)
        stage.end_dispute(won, won=True)
        stage.end_dispute(lost, won=False)
        assert (provider.look(ref).disputed, provider.look(other).disputed) == (0, 2000)
