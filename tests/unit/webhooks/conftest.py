"""An application that may call the receivers of the tests."""

from email import message_from_bytes, policy

import pytest

from turnout.webhooks.sending import Sender

USER_AGENT = "Turnout/tests"


@pytest.fixture
def private(application, monkeypatch):
    """Let the application call private addresses, as in development."""
    monkeypatch.setitem(application.registry.settings, "webhooks.allow_private_addresses", True)
    monkeypatch.setattr(application.registry, "webhook_sender", Sender(USER_AGENT, private=True))
    return application.registry


@pytest.fixture
def hook(api, private, receiver):
    """Return what makes a webhook of a user; it leads to `receiver` unless told otherwise."""

    def register(user, *event_types, **fields):
        body = {"url": receiver.url, "event_types": list(event_types) or ["*"]} | fields
        return api.as_(user).post("/webhooks", body, status=201).json

    return register


@pytest.fixture
def log(api):
    """Return what lists the deliveries of a webhook, oldest first, as its owner reads each."""

    def read(user, webhook):
        path = f"/webhooks/{webhook['id']}/deliveries"
        found = api.as_(user).get(path, page_size=100).json["results"]
        return [api.as_(user).get(f"{path}/{entry['id']}").json for entry in reversed(found)]

    return read


@pytest.fixture
def ada(make):
    """Make an organizer."""
    return make.organizer()


@pytest.fixture
def publish(api, make):
    """Return what publishes an event of an organizer's, and returns it."""

    def go(organizer):
        event = make.event(organizer=organizer, status="draft")
        api.as_(organizer).post(f"/events/{event.id}/publish")
        return event

    return go


@pytest.fixture
def mails(application, tmp_path, monkeypatch):
    """Return what reads the mails that the application has written, oldest first."""
    folder = tmp_path / "mail"
    monkeypatch.setattr(application.registry.message_channels["email"].transport, "folder", folder)

    def read():
        paths = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths]

    return read
