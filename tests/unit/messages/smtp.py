"""A mail server of the tests' own, on 127.0.0.1."""

import ssl
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from ipaddress import ip_address

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from turnout.testing.live import free_port


class Box:
    """Keeps what it gets; answers as it is told to."""

    def __init__(self):
        self.mails = []
        self.envelopes = []
        self.answers = {}
        """By command (RCPT, DATA): what is answered instead."""
        self.times = {}
        """By command: how often; for ever if it is not there."""

    def _answer(self, command):
        if command not in self.answers or self.times.get(command) == 0:
            return None
        if command in self.times:
            self.times[command] -= 1
        return self.answers[command]

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's protocol
        refusal = self._answer("RCPT")
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's protocol
        refusal = self._answer("DATA")
        if refusal is None:
            self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return refusal or "250 OK"


class _Controller(Controller):
    def __init__(self, handler, *, implicit_tls=None, **options):
        self._options = options
        super().__init__(handler, hostname="127.0.0.1", port=free_port(), ssl_context=implicit_tls)

    def factory(self):
        return SMTP(self.handler, enable_SMTPUTF8=True, **self._options)


def _accept(login):
    def check(_server, _session, _envelope, mechanism, data):
        ok = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode()) == login
        return AuthResult(success=ok, handled=False)

    return check


@contextmanager
def serving(box, *, tls=None, implicit=False, login=None):
    """Run a mail server that keeps what it gets in `box`; give its settings."""
    options = {}
    if login is not None:
        options |= {"authenticator": _accept(login), "auth_required": True}
    if tls is not None and not implicit:
        options["tls_context"] = tls
    elif login is not None:
        options["auth_require_tls"] = False
    controller = _Controller(box, implicit_tls=tls if implicit else None, **options)
    controller.start()
    try:
        yield {
            "mail.transport": "smtp",
            "mail.host": "127.0.0.1",
            "mail.port": controller.port,
            "mail.security": ("tls" if implicit else "starttls") if tls else "none",
            "mail.sender": "Turnout <turnout@example.com>",
            "mail.username": login[0] if login else "",
            "mail.password": login[1] if login else "",
            "mail.timeout": 5,
        }
    finally:
        controller.stop()


def certificate(folder):
    """Make a certificate for 127.0.0.1; return a server's context and the file that clients trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.example.com")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, private = folder / "certificate.pem", folder / "key.pem"
    trusted.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, private)
    return context, trusted
