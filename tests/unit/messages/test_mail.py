"""Mail as RFC 5322 has it: addresses, headers that nothing gets out of, parts, and the folder."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.headerregistry import Address

import pytest
from structlog.testing import capture_logs
from tests.unit.messages.conftest import attachments, html, text

from turnout.messages.channels import Attachment, Outgoing
from turnout.messages.errors import Undeliverable
from turnout.messages.mail import Email, FileTransport, address, build

SENDER = Address("Turnout", addr_spec="turnout@example.com")
NASTY = "Fado\r\nBcc: everybody@example.com\n\n<script>\x00\x0b\u2028\x85X"


def outgoing(**changes):
    values = {
        "id": 7,
        "reference": "f00d",
        "kind": "greeting",
        "name": "Ada Lovelace",
        "address": "ada@example.com",
        "subject": "Hello",
        "text": "Hello there\n",
        "html": "<p>Hello there</p>\n",
        "attachments": [],
        "created_at": datetime(2027, 3, 1, 12, tzinfo=UTC),
    }
    return Outgoing(**values | changes)


def parsed(mail):
    """What a reader sees: the bytes, parsed anew."""
    found = message_from_bytes(mail.as_bytes(), policy=policy.default)
    assert found.defects == []
    return found


def test_a_mail():
    mail = parsed(build(outgoing(), SENDER))

    assert dict(mail.items()) | {"Content-Type": None} == {
        "From": "Turnout <turnout@example.com>",
        "To": "Ada Lovelace <ada@example.com>",
        "Subject": "Hello",
        "Date": "Mon, 01 Mar 2027 12:00:00 +0000",
        "Message-ID": "<f00d@example.com>",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": None,
    }
    assert mail.get_content_type() == "multipart/alternative"
    assert (text(mail), html(mail)) == ("Hello there\n", "<p>Hello there</p>\n")


def test_lines_end_as_smtp_wants():
    written = build(outgoing(text="a\nb\r\nc\n"), SENDER).as_bytes()

    assert written.count(b"\n") == written.count(b"\r\n")


@pytest.mark.parametrize("field", ["subject", "name"])
def test_nothing_gets_out_of_its_header(field):
    mail = parsed(build(outgoing(**{field: NASTY}), SENDER))

    assert set(mail.keys()) == set(parsed(build(outgoing(), SENDER)).keys())
    assert [one.addr_spec for one in mail["To"].addresses] == ["ada@example.com"]
    assert "Bcc" not in mail
    said = mail["Subject"] if field == "subject" else mail["To"].addresses[0].display_name
    assert said == "Fado Bcc: everybody@example.com <script> X"
    assert (text(mail), html(mail)) == ("Hello there\n", "<p>Hello there</p>\n")


@pytest.mark.parametrize(
    "name",
    [
        "Lovelace, Ada",
        "Ada <evil@example.com>",
        'Ada "the" \\ Countess',
        "Zoë Ångström 🎶",
        "愛" * 100,
        "evil@example.com, other@example.com",
        "(comment)",
        "=?utf-8?q?=0ABcc:_evil@example.com?=",
        "",
        "x" * 200,
    ],
)
def test_names_are_only_names(name):
    mail = parsed(build(outgoing(name=name), SENDER))

    (to,) = mail["To"].addresses
    assert to.addr_spec == "ada@example.com"
    assert "Bcc" not in mail
    assert to.display_name.replace(" ", "") == name.replace(" ", "")


@pytest.mark.parametrize(
    "subject", ["愛" * 200, "x" * 998, 'Zoë 🎶, "quoted" <tag>', "=?utf-8?q?=0ABcc:_evil@example.com?="]
)
def test_subjects_are_what_they_were(subject):
    mail = parsed(build(outgoing(subject=subject), SENDER))

    assert mail["Subject"].replace(" ", "") == subject.replace(" ", "")


@pytest.mark.parametrize(
    "wrong",
    [
        "ada",
        "@example.com",
        "ada@",
        "ada@example.com\nBcc: evil@example.com",
        "ada@example.com, evil@example.com",
        "ada@example.com>, <evil@example.com",
        "ad a@example.com",
        "zoë@example.com",
        "",
    ],
)
def test_what_is_no_address_is_not_written_to(wrong):
    with pytest.raises(Undeliverable, match="cannot be addressed"):
        build(outgoing(address=wrong), SENDER)


@pytest.mark.parametrize("odd", ["a..b@example.com", ".ada@example.com", "o'neill+x@example.com", "a!b%c@example.com"])
def test_odd_addresses_are_either_written_to_or_refused(odd):
    try:
        mail = parsed(build(outgoing(address=odd), SENDER))
    except Undeliverable:
        return
    assert mail["To"].addresses[0].addr_spec.replace('"', "") == odd


def test_attachments_and_images():
    picture = Attachment("ticket-1.png", "image/png", b"\x89PNG", {}, "ticket-1@turnout")
    calendar = Attachment("a.ics", "text/calendar", "SUMMARY:Fadó\r\n".encode(), {"method": "PUBLISH"})

    mail = parsed(build(outgoing(attachments=[picture, calendar]), SENDER))

    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "image/png",
        "text/calendar",
    ]
    inline = next(part for part in mail.walk() if part["Content-ID"])
    assert (inline["Content-ID"], inline.get_content_disposition()) == ("<ticket-1@turnout>", "inline")
    assert inline.get_content() == b"\x89PNG"
    found = attachments(mail)
    assert found["ticket-1.png"].get_content() == b"\x89PNG"
    assert found["ticket-1.png"].get_content_disposition() == "attachment"
    assert found["a.ics"].get_content() == "SUMMARY:Fadó\r\n"
    assert found["a.ics"]["Content-Type"].params["method"] == "PUBLISH"


def test_the_folder(tmp_path):
    folder = tmp_path / "made" / "when needed"
    email = Email(SENDER, FileTransport(folder))

    with capture_logs() as logged:
        email.send(outgoing())
        email.send(outgoing())
        email.send(outgoing(id=8))

    names = sorted(path.name for path in folder.iterdir())
    assert names == ["20270301T120000-7-greeting.eml", "20270301T120000-8-greeting.eml"]
    assert (folder.stat().st_mode & 0o777, (folder / names[0]).stat().st_mode & 0o777) == (0o700, 0o600)
    written = (folder / names[0]).read_bytes()
    assert message_from_bytes(written, policy=policy.default)["Subject"] == "Hello"
    assert logged[0] == {
        "event": "mail written",
        "log_level": "info",
        "to": "ada@example.com",
        "subject": "Hello",
        "file": str(folder / names[0]),
    }


@pytest.mark.parametrize(
    "good", ["turnout@example.com", "Turnout <turnout@example.com>", '"Turnout, Inc" <a@b.example>']
)
def test_a_sender(good):
    assert "@" in address(good).addr_spec


@pytest.mark.parametrize("bad", ["", "turnout", "a@example.com, b@example.com", "Turnout <>", "x <a@b\r\nBcc: c@d>"])
def test_no_sender(bad):
    with pytest.raises(ValueError):
        address(bad)
