"""What has to be known of an event from elsewhere before places of it are sold here: how many there are, and what one costs."""

from collections.abc import Iterator

from sqlalchemy import or_, select
from turnout.events.models import Event
from turnout.plugin import Invalid, Session
from turnout.pools.models import Pool

from turnout_external_events.models import Origin

NO_LIMIT = "say how many places are sold here: the event came from elsewhere"
NO_PRICE = (
    "say first what a place costs here: nobody has; where it costs nothing, say 0, "
    'or press "It costs nothing here" at the imported event'
)


def require_terms(event_id: int, session: Session) -> None:
    """Let nothing that came from elsewhere be sold here without a limit, or for nothing because nobody said a price.

    Raises `Invalid`.
    """
    query = (
        select(Pool.capacity, Origin.is_price_known)
        .join(Event, Event.pool_id == Pool.id)
        .join(Origin, Origin.event_id == Event.id)
        .where(Event.id == event_id, Event.is_bookable, Origin.is_leading)
        .where(or_(Pool.capacity.is_(None), ~Origin.is_price_known))
    )
    row = session.execute(query).first()
    if row is not None:
        raise Invalid(list(_missing(row.capacity, is_price_known=row.is_price_known)))


def note_price(origin: Origin) -> None:
    """Note that somebody has said what a place costs, of which nobody had said it.

    Said to be nothing it looks as if nothing had been said: it is not compared with what the source says later.
    """
    origin.is_price_known = True
    origin.applied = {name: value for name, value in origin.applied.items() if name != "price"}


def _missing(capacity: int | None, *, is_price_known: bool) -> Iterator[tuple[str, str]]:
    if capacity is None:
        yield "capacity", NO_LIMIT
    if not is_price_known:
        yield "price", NO_PRICE
