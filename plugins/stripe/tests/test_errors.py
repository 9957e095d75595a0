"""What goes wrong: told in the contract's two words, and without anything that is secret."""

import logging
import socket
import traceback
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from turnout_payments.providers import DONE, PAID, Refused, Unavailable

from turnout_stripe.fake import BUSY, ERROR, FAULTS, GARBLED, LOST, SILENT


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_unavailable_and_trying_again_does_it_once(make_provider, stripe, charge, wanted, fault):
    provider = make_provider(timeout_seconds=1)
    stripe.faults.every, stripe.faults.kinds, stripe.faults.silence = 1, (fault,), 2
    with pytest.raises(Unavailable):
        provider.open(charge())
    stripe.faults.every = 0
    ref = provider.open(charge()).ref
    assert len(stripe.bank.sessions) == 1
    stripe.bank.pay(ref)
    stripe.faults.every = 1
    for attempt in (provider.look, provider.close, lambda ref: provider.refund(ref, wanted(700))):
        with pytest.raises(Unavailable):
            attempt(ref)
    stripe.faults.every = 3  # the calls before a refund get through
    with pytest.raises(Unavailable):
        provider.refund(ref, wanted(700))
    stripe.faults.every = 0
    assert provider.refund(ref, wanted(700)).status == DONE
    assert (provider.look(ref).status, stripe.books()[ref].refunded) == (PAID, 700)


def test_nobody_listens(make_provider, charge):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with pytest.raises(Unavailable, match="could not be reached"):
        make_provider(base_url=f"http://127.0.0.1:{port}").open(charge())


PRIVATE = "sk_live_veryprivate"

ANSWERS = {
    "an error of a proxy": (502, "text/html", b"<h1>Bad gateway</h1>", Unavailable),
    "no JSON": (200, "text/html", b"<h1>Sign in to the hotel's network</h1>", Unavailable),
    "another document": (200, "application/json", b"[1, 2]", Unavailable),
    "half a document": (200, "application/json", b'{"id": "cs_1"}', Unavailable),
    "no text": (200, "application/json", b"\xff\xfe", Unavailable),
    "a redirect": (302, "text/plain", b"", Unavailable),
    "an error without words": (400, "application/json", b'{"error": {"type": "invalid_request_error"}}', Refused),
    "an error as text": (400, "application/json", b'{"error": "nonsense"}', Unavailable),
    "a refusal that is no JSON": (403, "text/html", b"<h1>Forbidden</h1>", Unavailable),
    "another request with the key": (409, "application/json", b'{"error": {"type": "idempotency_error"}}', Unavailable),
    "too many": (429, "application/json", b'{"error": {"type": "rate_limit_error"}}', Unavailable),
}


@pytest.fixture
def answering(make_provider, stripe):
    """Return what makes a provider to which all is answered in one way."""
    servers = []

    def answering(status, kind, body):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Location", stripe.url + self.path)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                self.do_GET()

            def log_message(self, *_):
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return make_provider(base_url=f"http://127.0.0.1:{server.server_port}")

    yield answering
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("name", ANSWERS)
def test_whatever_is_answered_is_one_of_two_things(answering, charge, wanted, name):
    status, kind, body, expected = ANSWERS[name]
    provider = answering(status, kind, body)
    for attempt in (provider.look, provider.close, lambda ref: provider.refund(ref, wanted(700))):
        with pytest.raises(expected) as raised:
            attempt("cs_1")
        assert "<h1>" not in str(raised.value)


def test_nobody_is_followed_elsewhere(answering, stripe, charge):
    provider = answering(302, "text/plain", b"")
    for call in (lambda: provider.look("1"), lambda: provider.open(charge())):
        with pytest.raises(Unavailable):
            call()
    assert not stripe.calls


def test_a_charge_that_stripe_refuses(provider, charge):
    with pytest.raises(Refused, match="unit_amount must be between"):
        provider.open(charge(amount=100_000_000))


def test_one_key_for_two_things_is_refused(provider, charge):
    provider.open(charge())
    with pytest.raises(Refused, match="same parameters"):
        provider.open(charge(amount=2600))


def test_a_session_that_is_not_there(provider, wanted):
    for attempt in (provider.look, provider.close, lambda ref: provider.refund(ref, wanted(700))):
        with pytest.raises(Refused, match=r"No such checkout\.session"):
            attempt("cs_of_somebody_else")


def test_a_wrong_key_is_said_without_saying_it(make_provider, charge, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Refused, match=r"does not accept stripe\.secret_key") as raised:
        make_provider(secret_key=PRIVATE).open(charge())
    told = "".join(traceback.format_exception(raised.value)) + "".join(map(str, raised.value.args))
    captured = capsys.readouterr()
    assert PRIVATE not in told + caplog.text + captured.out + captured.err


def test_a_key_within_a_message_is_masked(answering, charge):
    body = b'{"error": {"type": "invalid_request_error", "message": "The key sk_test_fake may not do this."}}'
    with pytest.raises(Refused) as raised:
        answering(403, "application/json", body).open(charge())
    assert str(raised.value) == "The key ******** may not do this."


def test_what_is_logged_by_itself_names_nobody(provider, charge, caplog):
    """Turnout logs nothing of libraries below warnings."""
    caplog.set_level(logging.WARNING)
    provider.open(charge())
    assert not caplog.records


def test_faults_come_in_turn(stripe):
    stripe.faults.every, stripe.faults.kinds = 2, (BUSY, ERROR)
    assert [stripe.faults.next() for _ in range(8)] == [None, BUSY, None, ERROR, None, BUSY, None, ERROR]
    assert {BUSY, ERROR, SILENT, LOST, GARBLED} == set(FAULTS)
