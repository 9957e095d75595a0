"""Notices: the provider's own, of a short while ago, or not taken."""

from collections.abc import Callable, Mapping

import pytest
from turnout.plugin import Invalid

from turnout_payments.providers import Charge, Forged, PaymentProvider
from turnout_payments.testing.stage import Stage

NO_NOTICES = [b"", b"no json", b"\xff", b"[]", b"{}", b"null"]


def is_taken(provider: PaymentProvider, headers: Mapping[str, str], body: bytes) -> bool:
    """Tell whether a notice is taken for the provider's, at once or after it was asked."""
    headers = {name.lower(): value for name, value in headers.items()}
    try:
        provider.receive(headers, body)
    except Forged:
        return False
    return provider.verify(headers, body)


class NoticeChecks:
    """Notices: the provider's own, of a short while ago, or not taken."""

    @pytest.fixture
    def told(self, provider: PaymentProvider, stage: Stage, charge: Callable[..., Charge]) -> tuple[str, bytes]:
        """Give the ref of a payment, and what the provider tells when it is paid."""
        stage.fake.courier.hold()
        ref = provider.open(charge()).ref
        stage.pay(ref)
        stage.take(ref)
        return ref, stage.fake.courier.take()[-1]

    def test_it_says_which_payment_it_is_about(
        self, provider: PaymentProvider, stage: Stage, told: tuple[str, bytes]
    ) -> None:
        """By our key or by a name that the provider has for it; and it has the same name itself when it comes twice."""
        ref, body = told
        first, second = (
            provider.receive({name.lower(): value for name, value in stage.signed(body).items()}, body)
            for _ in range(2)
        )
        assert first.key == "charge-1" or {ref, provider.look(ref).charge_ref} & set(first.refs)
        assert (first.id, first.kind) == (second.id, second.kind)
        assert is_taken(provider, stage.signed(body), body)

    def test_what_somebody_else_signed_is_not_taken(
        self, provider: PaymentProvider, stage: Stage, told: tuple[str, bytes]
    ) -> None:
        """Nor what nobody signed."""
        _, body = told
        assert not is_taken(provider, stage.signed(body, forged=True), body)
        assert not is_taken(provider, {}, body)

    def test_what_was_changed_on_its_way_is_not_taken(
        self, provider: PaymentProvider, stage: Stage, told: tuple[str, bytes]
    ) -> None:
        """The signature is about these very bytes."""
        _, body = told
        assert not is_taken(provider, stage.signed(body), body.replace(b"charge-1", b"charge-2") + b" ")

    def test_what_is_old_is_not_taken(self, provider: PaymentProvider, stage: Stage, told: tuple[str, bytes]) -> None:
        """Somebody may have kept it."""
        _, body = told
        assert is_taken(provider, stage.signed(body, age=stage.stale - 1), body)
        assert not is_taken(provider, stage.signed(body, age=stage.stale), body)

    @pytest.mark.parametrize("body", NO_NOTICES, ids=range(len(NO_NOTICES)))
    def test_what_is_no_notice_names_the_body(self, provider: PaymentProvider, stage: Stage, body: bytes) -> None:
        """Signed or not, it is refused as what it is."""
        with pytest.raises(Invalid) as raised:
            provider.receive({name.lower(): value for name, value in stage.signed(body).items()}, body)
        assert [field for field, _ in raised.value.errors] == ["body"]
