"""What goes wrong: told in the contract's two words, and without anything that is secret."""

import logging
import socket
import traceback
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from turnout_payments.providers import DONE, PAID, Refused, Unavailable

from turnout_paypal.fake import FAULTS

PRIVATE = "client-secret-veryprivate"


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_unavailable_and_trying_again_does_it_once(make_provider, paypal, charge, wanted, fault):
    provider = make_provider(timeout_seconds=1)
    paypal.faults.every, paypal.faults.kinds, paypal.faults.silence = 1, (fault,), 2
    with pytest.raises(Unavailable):
        provider.open(charge())  # no token
    paypal.faults.every, paypal.faults._calls = 2, 0
    with pytest.raises(Unavailable):
        provider.open(charge())  # a token, and no order
    paypal.faults.every = 0
    ref = provider.open(charge()).ref
    assert len(paypal.bank.orders) == 1
    paypal.bank.approve(ref)
    paypal.faults.every, paypal.faults._calls = 2, 0  # the order is read, and its money taken
    with pytest.raises(Unavailable):
        provider.look(ref)
    paypal.faults.every = 0
    assert provider.look(ref).status == PAID
    assert len(paypal.bank.orders[ref].captures) == 1
    paypal.faults.every, paypal.faults._calls = 2, 0
    with pytest.raises(Unavailable):
        provider.refund(ref, wanted(700))
    paypal.faults.every = 0
    assert provider.refund(ref, wanted(700)).status == DONE
    assert paypal.books()[ref].refunded == 7


def test_nobody_listens(make_provider, charge):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with pytest.raises(Unavailable, match="could not be reached"):
        make_provider(base_url=f"http://127.0.0.1:{port}").open(charge())


REFUSAL = (
    b'{"name": "UNPROCESSABLE_ENTITY", "message": "No.", "details": [{"issue": "X", "description": "Not today."}]}'
)
ANSWERS = {
    "an error of a proxy": (502, b"<h1>Bad gateway</h1>", Unavailable),
    "no JSON": (200, b"<h1>Sign in to the hotel's network</h1>", Unavailable),
    "another document": (200, b"[1, 2]", Unavailable),
    "half a document": (200, b'{"id": "5O190127TN364715T"}', Unavailable),
    "a strange document": (200, b'{"status": "COMPLETED", "purchase_units": [[]]}', Unavailable),
    "a capture without amount": (
        200,
        b'{"status": "COMPLETED", "purchase_units": [{"payments": {"captures": [{"id": "1", "status": "COMPLETED"}]}}]}',
        Unavailable,
    ),
    "no text": (200, b"\xff\xfe", Unavailable),
    "a redirect": (302, b"{}", Unavailable),
    "busy": (429, b"{}", Unavailable),
    "in the middle of it": (409, b"{}", Unavailable),
    "a refusal that is no JSON": (403, b"<h1>Forbidden</h1>", Unavailable),
    "a refusal": (422, REFUSAL, Refused),
    "a refusal without words": (400, b"{}", Refused),
    "a refusal with strange words": (400, b'{"details": "nothing", "name": 7}', Refused),
}


@pytest.fixture
def answering(make_provider, paypal):
    """Return what makes a provider to which all is answered in one way, once it has its token."""
    servers = []

    def answering(status, body):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                is_token = self.path == "/v1/oauth2/token"
                sent = b'{"access_token": "veryprivate", "expires_in": 3600}' if is_token else body
                self.send_response(200 if is_token else status)
                self.send_header("Location", paypal.url + self.path)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

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
    status, body, expected = ANSWERS[name]
    provider = answering(status, body)
    calls = [lambda: provider.look("1"), lambda: provider.open(charge())]
    if name != "a capture without amount":
        calls.append(lambda: provider.refund("1", wanted(700)))
    for call in calls:
        with pytest.raises(expected) as raised:
            call()
        assert "<h1>" not in str(raised.value)


def test_a_refusal_is_said_in_paypals_words(answering, charge):
    with pytest.raises(Refused, match=r"^Not today\.$"):
        answering(422, REFUSAL).open(charge())


def test_nobody_is_followed_elsewhere(answering, paypal, charge):
    provider = answering(302, b"{}")
    for call in (lambda: provider.look("1"), lambda: provider.open(charge())):
        with pytest.raises(Unavailable):
            call()
    assert not paypal.calls


def test_a_charge_that_paypal_refuses(provider, charge):
    with pytest.raises(Refused, match="Must be greater than zero"):
        provider.open(charge(amount=0))


def test_a_wrong_secret_is_said_without_saying_it(make_provider, charge, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Refused, match=r"does not accept paypal\.client_id") as raised:
        make_provider(client_secret=PRIVATE).open(charge())
    told = "".join(traceback.format_exception(raised.value)) + "".join(map(str, raised.value.args))
    captured = capsys.readouterr()
    assert PRIVATE not in told + caplog.text + captured.out + captured.err


def test_tokens_that_are_never_good_end_in_a_refusal(answering, charge):
    with pytest.raises(Refused):
        answering(401, b'{"error": "invalid_token"}').open(charge())


def test_what_is_logged_by_itself_names_nobody(provider, charge, caplog):
    """Turnout logs nothing of libraries below warnings."""
    caplog.set_level(logging.WARNING)
    provider.open(charge())
    assert not caplog.records
