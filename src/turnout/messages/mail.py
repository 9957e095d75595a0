"""Email: messages as RFC 5322 has them, and the transports that take them."""

import os
import smtplib
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any, Protocol

import structlog
from sqlalchemy.orm import Session

from turnout.messages.channels import Attachment, Outgoing, Recipient
from turnout.messages.errors import Undeliverable
from turnout.words import one_line

NONE, STARTTLS, TLS = "none", "starttls", "tls"
FILE_TRANSPORT, SMTP_TRANSPORT = "file", "smtp"
PERMANENT = range(500, 600)
"""SMTP's codes for what will not be different the next time (RFC 5321, section 4.2.1)."""

log = structlog.get_logger()


class Transport(Protocol):
    """What takes a mail away."""

    def send(self, mail: EmailMessage, outgoing: Outgoing) -> None:
        """Take it. Raises `Undeliverable`, or anything for trouble that passes."""


class Email:
    """The channel of email."""

    title = "Email"
    wanted = True

    def __init__(self, sender: Address, transport: Transport) -> None:
        self.sender = sender
        self.transport = transport

    def address_of(self, recipient: Recipient, _session: Session) -> str | None:
        """Return the recipient's email address."""
        return recipient.email or None

    def send(self, outgoing: Outgoing) -> None:
        """Send a mail."""
        self.transport.send(build(outgoing, self.sender), outgoing)


def address(text: str) -> Address:
    """Return "Turnout <turnout@example.com>" as an address. Raises `ValueError` unless it is one."""
    mail = EmailMessage()
    try:
        mail["From"] = text
        (found,) = mail["From"].addresses
    except (ValueError, IndexError, MessageError):  # what the parser raises for nonsense is not one thing
        found = None
    if found is None or mail["From"].defects or not (found.username and found.domain):
        raise ValueError(f"{text!r} is not one email address")
    sender: Address = found
    return sender


def build(outgoing: Outgoing, sender: Address) -> EmailMessage:
    """Return the mail: text and HTML as alternatives, the HTML with its images, and the attachments.

    Raises `Undeliverable` for an address that no mail can have.
    """
    mail = EmailMessage(SMTP)
    mail["From"] = sender
    mail["To"] = _to(outgoing)
    mail["Subject"] = _header(outgoing.subject)
    mail["Date"] = outgoing.created_at
    # The same each time that the same message is sent: whoever gets it twice can tell.
    mail["Message-ID"] = f"<{outgoing.reference}@{sender.domain}>"
    # So that no out-of-office note answers (RFC 3834).
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(outgoing.text)
    mail.add_alternative(outgoing.html, subtype="html")
    html = mail.get_body(("html",))
    for attachment in outgoing.attachments:
        if attachment.cid is not None and html is not None:
            _attach(html.add_related, attachment, cid=f"<{attachment.cid}>", disposition="inline")
    for attachment in outgoing.attachments:
        _attach(mail.add_attachment, attachment)
    return mail


def _attach(add: Callable[..., None], attachment: Attachment, **options: str) -> None:
    maintype, _, subtype = attachment.content_type.partition("/")
    if maintype == "text":
        parameters = {"charset": "utf-8"} | dict(attachment.parameters)
        add(attachment.content, maintype, subtype, filename=attachment.filename, params=parameters, **options)
    else:
        add(
            attachment.content, maintype, subtype, filename=attachment.filename, params=attachment.parameters, **options
        )


def _to(outgoing: Outgoing) -> Address:
    try:
        plain = address(outgoing.address)
    except ValueError as error:
        raise Undeliverable(f"mail cannot be addressed to it: {error}") from None
    return Address(_header(outgoing.name), plain.username, plain.domain)


def _header(text: str) -> str:
    """Return `text` as it can stand in a header: the library would decode what looks like an encoded word (RFC 2047)."""
    return one_line(text).replace("=?", "= ?")


class FileTransport:
    """Writes each mail into a folder as an ``.eml`` file, for development, demos and tests.

    Nobody else may read them: they hold tickets.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, mail: EmailMessage, outgoing: Outgoing) -> None:
        """Write a mail; one that is sent again is the same file again."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{outgoing.created_at:%Y%m%dT%H%M%S}-{outgoing.id}-{outgoing.kind}"
        path, partial = self.folder / f"{name}.eml", self.folder / f".{name}.{os.getpid()}"
        partial.touch(mode=0o600)
        partial.write_bytes(mail.as_bytes())
        partial.replace(path)
        log.info("mail written", to=outgoing.address, subject=outgoing.subject, file=str(path))


class SmtpTransport:
    """Hands each mail to an SMTP server, over a connection of its own."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.host: str = settings["mail.host"]
        self.security: str = settings["mail.security"]
        self.port: int = settings["mail.port"] or {NONE: 25, STARTTLS: 587, TLS: 465}[self.security]
        self.timeout: int = settings["mail.timeout"]
        self._login = (settings["mail.username"], settings["mail.password"])

    def send(self, mail: EmailMessage, outgoing: Outgoing) -> None:
        """Send a mail. Raises `Undeliverable` if the server refuses the recipient, or the mail, for good."""
        with self._connected() as server:
            try:
                server.send_message(mail, to_addrs=[outgoing.address])
            except smtplib.SMTPRecipientsRefused as error:
                code, answer = error.recipients[outgoing.address]
                _judge(code, answer, error)
            except smtplib.SMTPDataError as error:
                _judge(error.smtp_code, error.smtp_error, error)
        log.info("mail sent", to=outgoing.address, subject=outgoing.subject)

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        if self.security == TLS:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=self.timeout, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        try:
            if self.security == STARTTLS:
                server.starttls(context=ssl.create_default_context())
            if self._login[0]:
                self._sign_in(server)
            yield server
            with suppress(OSError):  # it has the mail: how the goodbye ends is no reason to send it again
                server.quit()
        finally:
            server.close()

    def _sign_in(self, server: smtplib.SMTP) -> None:
        try:
            server.login(*self._login)
        except smtplib.SMTPAuthenticationError as error:
            # Without what the server said: some repeat what they were sent.
            code = error.smtp_code
        else:
            return
        raise ConnectionRefusedError(f"the mail server does not accept mail.username and mail.password ({code})")


def _judge(code: int, answer: bytes | str, error: Exception) -> None:
    if code not in PERMANENT:
        raise error
    said = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    raise Undeliverable(f"the mail server refused it: {code} {one_line(said)}") from None
