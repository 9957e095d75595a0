"""``python -m turnout_seatgeek.fake``: a fake SeatGeek by hand."""

import click
from turnout_external_events.testing.fakes import by_hand

from turnout_seatgeek.fake import FakeSeatGeek

main = by_hand(
    FakeSeatGeek,
    click.Option(["--client", "client_id"], default="fake-client", help="The client ID that callers must have."),
    click.Option(["--secret", "client_secret"], default="fake-secret", help="The secret of callers who send one."),
)

if __name__ == "__main__":
    main()
