"""``python -m turnout_ticketmaster.fake``: a fake Ticketmaster by hand."""

import click
from turnout_external_events.testing.fakes import by_hand

from turnout_ticketmaster.fake import FakeTicketmaster

main = by_hand(
    FakeTicketmaster,
    click.Option(["--days"], default=365, help="Within how many days they are.", show_default=True),
    click.Option(["--key", "api_key"], default="fake-key", help="The key that callers must have.", show_default=True),
)

if __name__ == "__main__":
    main()
