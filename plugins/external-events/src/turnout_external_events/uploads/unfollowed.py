"""What a sheet that is imported again says otherwise of selling events here: that is the organizer's, and stays as it is."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from turnout.events.models import Event
from turnout.plugin import Session
from turnout.pools.models import Pool

from turnout_external_events.files.sheets import Row
from turnout_external_events.models import Origin
from turnout_external_events.sources.contract import Refusal

AT_ONCE = 500


def unfollowed(session: Session, provider: str, rows: Sequence[Row]) -> Iterator[Refusal]:
    """Give the events of a sheet that are here, and stay here, with another price or other places for sale; and say which."""
    query = (
        select(Origin.external_id, Event.price, Event.currency, Event.is_bookable, Pool.capacity)
        .join(Event, Event.id == Origin.event_id)
        .join(Pool, Pool.id == Event.pool_id)
        .where(Origin.provider == provider)
    )
    telling = [row for row in rows if row.overrides]
    for begin in range(0, len(telling), AT_ONCE):
        some = telling[begin : begin + AT_ONCE]
        wanted = [row.event.external_id for row in some]
        here = {each.external_id: each for each in session.execute(query.where(Origin.external_id.in_(wanted)))}
        for row in some:
            external = row.event
            said = list(_differences(here[external.external_id], row)) if external.external_id in here else []
            if said:
                reason = f"It stays as it is here: {', and '.join(said)}. Change the event itself."
                yield Refusal(reason, external.external_id, external.title)


def _differences(here: Any, row: Row) -> Iterator[str]:
    price, currency = row.overrides.get("price"), row.overrides.get("currency", here.currency)
    # Of what is not for sale here the price follows the file, where it is in the event's currency.
    follows = not here.is_bookable and row.event.price is not None and currency == here.currency
    if not follows and price is not None and (Decimal(price), currency) != (here.price, here.currency):
        yield f"it costs {here.price:.2f} {here.currency}, and {price} {currency} in the file"
    places = row.overrides.get("capacity")
    sold = here.capacity if here.is_bookable else None
    if places is not None and places != sold:
        yield f"{sold or 'no'} places are for sale, and {places} in the file"
