"""Telling people something, over channels and of kinds that plugins add."""

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from pyramid.exceptions import ConfigurationConflictError
from sqlalchemy import select
from tests.unit.messages import plugin

from turnout.errors import StartError
from turnout.messages.models import FAILED, QUEUED, SENT, Message
from turnout.messages.services import MessageService, Recipient
from turnout.system import transact
from turnout.testing.applications import Application


@pytest.fixture
def application(workshop, database):
    """Give an application with a plugin's channels and kinds."""
    for channel in (plugin.TELEPHONE, plugin.PIGEON):
        channel.sent.clear()
        channel.trouble = None
    return workshop.application(database, plugin.includeme)


@pytest.fixture
def send(application, session):
    """Send a greeting; return how many messages it made."""

    def send(*recipients, key="greeting:1", kind="greeting", context=None, **options):
        session.commit()
        context = {"wish": "good morning"} if context is None else context
        return transact(
            application.registry,
            lambda request: request.find_service(MessageService).send(kind, recipients, context, key=key, **options),
        )

    return send


@pytest.fixture
def messages(session):
    """The rows, oldest first."""

    def messages():
        session.commit()
        query = select(Message).order_by(Message.id).execution_options(populate_existing=True)
        return session.scalars(query).all()

    return messages


@pytest.fixture
def ada(make):
    return Recipient.of_user(make.user(first_name="Ada", last_name="Prado", email="ada@example.com", phone="+351 1"))


def test_one_is_told_over_every_channel_that_is_wanted(send, ada, outbox, mailbox, messages):
    assert send(ada) == 2

    outbox.run()

    mail, (short,) = mailbox.one(), plugin.TELEPHONE.sent
    assert mail["Subject"] == short.subject == "Hello Ada Prado"
    assert short.text == "Hello Ada Prado, good morning!\n"
    assert "<h1>Hello Ada Prado</h1><p>good morning!</p>" in short.html
    assert (short.address, short.name, short.kind) == ("+351 1", "Ada Prado", "greeting")
    assert [one.filename for one in short.attachments] == ["card.txt"]
    assert plugin.PIGEON.sent == []
    assert {(row.channel, row.status) for row in messages()} == {("email", SENT), ("telephone", SENT)}


def test_a_channel_has_the_same_reference_for_the_same_message(send, ada, outbox, messages):
    send(ada, key="a")
    send(ada, key="b")
    outbox.run()
    first, second = plugin.TELEPHONE.sent
    assert first.reference != second.reference
    assert first.id in {row.id for row in messages()}


def test_one_key_tells_each_once(send, ada, make, outbox, mailbox):
    other = Recipient.of_user(make.user())

    assert [send(ada, ada), send(ada), send(ada, other), send(ada, key="greeting:2")] == [2, 0, 1, 2]
    outbox.run()

    assert len(mailbox.take()) == 3


def test_who_has_no_address_on_a_channel_is_told_over_the_others(send, outbox, mailbox):
    assert send(Recipient("Grace", "grace@example.com")) == 1

    outbox.run()

    assert mailbox.one()["To"] == "Grace <grace@example.com>"
    assert send(Recipient("Nobody", "")) == 0


def test_an_address_without_account_is_one_whatever_its_case(send):
    assert send(Recipient("Grace", "grace@example.com"), Recipient("Grace", "Grace@example.com")) == 1


def test_a_user_may_want_what_is_not_by_default_and_the_other_way_round(api, send, make, outbox, mailbox):
    user = make.user(phone="+351 1")
    choices = [
        {"kind": "greeting", "channel": "pigeon", "wanted": True},
        {"kind": "greeting", "channel": "email", "wanted": False},
        {"kind": "offer", "channel": "email", "wanted": True},
    ]
    shown = api.as_(user).put("/users/me/messages", {"choices": choices}).json
    assert {"name": "telephone", "title": "Text message"} in shown["channels"]
    assert {"name": "offer", "title": "An offer"} in shown["kinds"]

    send(Recipient.of_user(user))
    send(Recipient.of_user(user), kind="offer", key="offer")
    outbox.run()

    assert mailbox.one()["Subject"] == "An offer"
    assert [one.kind for one in plugin.TELEPHONE.sent] == ["greeting"]
    assert [one.kind for one in plugin.PIGEON.sent] == ["greeting"]


def test_a_kind_that_is_not_wanted_by_default_goes_to_nobody_else(send, ada):
    assert send(ada, kind="offer") == 0


@pytest.mark.parametrize(
    ("choices", "counted"),
    [
        ({}, 1),
        ({"email": False}, 1),
        ({"email": False, "telephone": False}, 0),
        ({"email": False, "telephone": False, "pigeon": True}, 1),
        ({"pigeon": True}, 1),
    ],
)
def test_whoever_wants_notices_over_one_channel_is_counted(api, make, choices, counted):
    user, organizer = make.user(), make.organizer()
    event = make.event(organizer=organizer)
    wanted = [{"kind": "organizer_notice", "channel": name, "wanted": value} for name, value in choices.items()]
    api.as_(user).put("/users/me/messages", {"choices": wanted})
    api.as_(user).post("/bookings", {"event_id": event.id})

    answer = api.as_(organizer).post(f"/events/{event.id}/notify", {"message": "Soon!"}).json

    assert answer["users_notified"] == counted


def test_one_channels_trouble_is_not_the_others(send, ada, outbox, mailbox, messages, clock):
    plugin.TELEPHONE.trouble = ConnectionError("no signal")
    send(ada, stream="x")
    send(ada, key="greeting:2", stream="x")

    outbox.run()

    assert len(mailbox.take()) == 2
    assert [row.status for row in messages() if row.channel == "telephone"] == [QUEUED, QUEUED]
    plugin.TELEPHONE.trouble = None
    clock.move(minutes=2)
    outbox.run()
    assert len(plugin.TELEPHONE.sent) == 2


def test_a_channel_that_refuses_for_good(send, outbox, messages):
    send(Recipient("Grace", "", phone="123"))

    outbox.run()

    assert [(row.status, row.error) for row in messages()] == [(FAILED, "it has no country code")]


def test_a_template_that_wants_more_than_it_gets_waits_for_its_mend(send, ada, outbox, messages):
    send(ada, kind="booking_expired")

    outbox.run()

    assert {row.status for row in messages()} == {QUEUED}
    assert "UndefinedError: 'event' is undefined" in outbox.waiting[0].error


def test_moments_and_amounts_may_be_said(send, ada, messages):
    send(ada, context={"wish": datetime(2027, 3, 1, 12, tzinfo=UTC), "amount": Decimal("1.50")})

    assert messages()[0].context == '{"wish":"2027-03-01T12:00:00+00:00","amount":"1.50"}'


def test_what_is_unknown_or_endless_is_a_mistake_of_the_caller(send, ada):
    with pytest.raises(KeyError):
        send(ada, kind="tea")
    with pytest.raises(ValueError, match="100 characters"):
        send(ada, key="x" * 101)
    with pytest.raises(ValueError, match="50"):
        send(ada, stream="x" * 51)
    with pytest.raises(TypeError, match="object"):
        send(ada, context={"wish": object()})


def test_whoever_is_told_by_name():
    user = SimpleNamespace(id=5, username="ada", first_name="", last_name="", email="ada@example.com", phone="")
    assert Recipient.of_user(user) == Recipient("ada", "ada@example.com", "", 5)


"""What plugins do wrong stops the start."""


@pytest.fixture
def start(tmp_path):
    applications = []

    def start(include):
        applications.append(Application(f"sqlite:///{tmp_path}/x.sqlite", tmp_path, include))

    yield start
    for application in applications:
        application.close()


def test_two_of_one_name_collide(start):
    def include(config):
        config.include(plugin.includeme)
        config.include(other)

    def other(config):
        config.add_message_channel("telephone", plugin.PIGEON)

    with pytest.raises(ConfigurationConflictError, match="telephone"):
        start(include)


@pytest.mark.parametrize(
    ("templates", "message"),
    [
        (plugin.GREETINGS, "TemplateNotFound: tea.txt"),
        ("tests.unit.messages:nowhere", "nowhere"),
        ("no_such_package:templates", "no_such_package"),
    ],
)
def test_templates_that_are_not_there(start, templates, message):
    with pytest.raises(StartError, match=message):
        start(lambda config: config.add_message_kind("tea", "Tea", templates=templates))


def test_names_that_cannot_be_kept(start):
    with pytest.raises(StartError, match="more than 40 characters"):
        start(lambda config: config.add_message_channel("x" * 41, plugin.PIGEON))
    with pytest.raises(StartError, match="more than 40 characters"):
        start(lambda config: config.add_message_kind("x" * 41, "X", templates=plugin.GREETINGS))
