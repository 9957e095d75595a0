"""Background work. It runs after the commit, is tried again if it fails, and never holds up whoever books.

What a function needs, it names as parameters, and is given it.
"""

from turnout.bookings.hooks import BookingConfirmed
from turnout.outbox.services import Outbox

from turnout_my_plugin.services import TallyService


def count_places(event: BookingConfirmed, tallies: TallyService) -> None:
    """Count the places of a booking that was confirmed.

    What is written here is committed together with the note that it is done, so each booking is counted once.
    """
    tallies.count(event.event_id, event.quantity)


def forget_old_tallies(tallies: TallyService, outbox: Outbox) -> None:
    """Forget tallies that are old enough; if there are many, go on in another transaction."""
    if tallies.forget_old():
        outbox.put(forget_old_tallies)
