"""What goes wrong: told in the contract's two words, done once all the same, and without anything that is secret."""

import logging
import socket
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from turnout.testing.fakes import FAULTS

from turnout_payments.providers import DONE, PAID, Charge, PaymentProvider, Refused, Unavailable, WantedRefund
from turnout_payments.testing.stage import Stage

Asked = Callable[..., Charge]
Wanted = Callable[..., WantedRefund]
Made = Callable[..., PaymentProvider]

MOST_CALLS = 20
NONSENSE = {
    "an error of a proxy": (502, "text/html", b"<h1>Bad gateway</h1>"),
    "no JSON": (200, "text/html", b"<h1>Sign in to the hotel's network</h1>"),
    "another document": (200, "application/json", b"[1, 2]"),
    "half a document": (200, "application/json", b'{"id": "1"}'),
    "no text": (200, "application/json", b"\xff\xfe"),
    "a redirect": (302, "text/plain", b""),
    "a refusal that is no JSON": (403, "text/html", b"<h1>Forbidden</h1>"),
    "another request is at work": (409, "application/json", b"{}"),
    "too many": (429, "application/json", b"{}"),
}


def whatever_fails(stage: Stage, act: Callable[[], Any]) -> Any:
    """Do something again and again, while first its first call goes wrong, then its second, and so on; return what it says at last.

    Each call that goes wrong has to be `Unavailable`.
    """
    faults, failed = stage.fake.faults, 0
    for number in range(1, MOST_CALLS):
        faults.every, faults._calls = number, 0
        before = len(stage.fake.calls)
        try:
            said = act()
        except Unavailable:
            failed += 1
        else:
            assert failed >= len(stage.fake.calls) - before
            return said
        finally:
            faults.every = 0
    raise AssertionError("It never came to an end.")


class FaultChecks:
    """What goes wrong: told in the contract's two words, done once all the same, and without anything that is secret."""

    @pytest.mark.parametrize("fault", FAULTS)
    def test_whichever_call_goes_wrong_it_is_asked_again_and_done_once(
        self, make_provider: Made, stage: Stage, charge: Asked, wanted: Wanted, fault: str
    ) -> None:
        """Busy, an error, silence, an answer that is lost or garbled: nobody pays twice for it."""
        provider = make_provider(timeout_seconds=1)
        stage.fake.faults.kinds, stage.fake.faults.silence = (fault,), 2
        ref = whatever_fails(stage, lambda: provider.open(charge())).ref
        assert stage.opened() == 1
        stage.pay(ref)
        assert whatever_fails(stage, lambda: provider.look(ref)).status == PAID
        assert stage.held(ref) == 2500
        whatever_fails(stage, lambda: provider.close(ref))
        assert whatever_fails(stage, lambda: provider.refund(ref, wanted(700))).status == DONE
        assert (provider.look(ref).status, stage.held(ref)) == (PAID, 1800)

    def test_while_everything_goes_wrong_nothing_is_begun(
        self, provider: PaymentProvider, stage: Stage, charge: Asked, wanted: Wanted
    ) -> None:
        """It is not tried again behind the back of whoever decides that."""
        ref = provider.open(charge()).ref
        asked = len(stage.fake.calls)
        stage.fake.faults.every, stage.fake.faults.kinds = 1, ("error",)
        for act in (
            lambda: provider.open(charge("charge-2")),
            lambda: provider.look(ref),
            lambda: provider.refund(ref, wanted(700)),
        ):
            with pytest.raises(Unavailable):
                act()
        assert (stage.opened(), len(stage.fake.calls) - asked) == (1, 3)

    def test_nobody_listens(self, make_provider: Made, charge: Asked) -> None:
        """Where nothing is, it is asked again later."""
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        with pytest.raises(Unavailable, match="could not be reached"):
            make_provider(base_url=f"http://127.0.0.1:{port}").open(charge())

    @pytest.mark.parametrize("name", NONSENSE)
    def test_nonsense_is_unavailable(self, answering: Made, charge: Asked, wanted: Wanted, name: str) -> None:
        """What cannot be understood says nothing about the money, and is not shown to staff."""
        status, kind, body = NONSENSE[name]
        provider = answering(status, body, kind)
        for act in (
            lambda: provider.open(charge()),
            lambda: provider.look("1"),
            lambda: provider.refund("1", wanted(700)),
        ):
            with pytest.raises(Unavailable) as raised:
                act()
            assert "<h1>" not in str(raised.value)

    def test_nobody_is_followed_elsewhere(self, answering: Made, stage: Stage, charge: Asked) -> None:
        """Whoever answers with another address does not get to see what is secret there."""
        provider = answering(302, b"{}", "text/plain")
        for act in (lambda: provider.look("1"), lambda: provider.open(charge())):
            with pytest.raises(Unavailable):
                act()
        assert not stage.fake.calls

    def test_who_we_are_is_not_believed(
        self,
        make_provider: Made,
        stage: Stage,
        charge: Asked,
        caplog: pytest.LogCaptureFixture,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """It is refused in words that name the setting, and say it nowhere."""
        name, private = stage.wrong
        caplog.set_level(logging.DEBUG)
        with pytest.raises(Refused, match=rf"does not accept {stage.name}\.") as raised:
            make_provider(**{name: private}).open(charge())
        told = "".join(traceback.format_exception(raised.value)) + "".join(map(str, raised.value.args))
        captured = capsys.readouterr()
        assert private not in told + caplog.text + captured.out + captured.err

    def test_what_is_logged_by_itself_names_nobody(
        self, provider: PaymentProvider, charge: Asked, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Turnout logs nothing of libraries below warnings."""
        caplog.set_level(logging.WARNING)
        provider.open(charge())
        assert not caplog.records
