"""What a plugin adds: channels, and kinds of messages with templates of its own."""

from turnout.messages.channels import Attachment
from turnout.messages.errors import Undeliverable
from turnout.messages.kinds import Enclosed

GREETINGS = "tests.unit.messages:greetings"


class Telephone:
    """A channel of the tests' own: short messages to telephones."""

    title = "Text message"

    def __init__(self, *, wanted):
        self.wanted = wanted
        self.sent = []
        self.trouble = None

    def address_of(self, recipient, _session):
        return recipient.phone or None

    def send(self, outgoing):
        if self.trouble is not None:
            raise self.trouble
        if not outgoing.address.startswith("+"):
            raise Undeliverable("it has no country code")
        self.sent.append(outgoing)


TELEPHONE, PIGEON = Telephone(wanted=True), Telephone(wanted=False)


def enclose(draft):
    return Enclosed({"wish": f"{draft.context['wish']}!"}, [Attachment("card.txt", "text/plain", b"card", {})])


def includeme(config):
    config.add_message_channel("telephone", TELEPHONE)
    config.add_message_channel("pigeon", PIGEON)
    config.add_message_kind("greeting", "A greeting", templates=GREETINGS, enclose=enclose)
    config.add_message_kind("offer", "An offer", templates=GREETINGS, wanted=False)
