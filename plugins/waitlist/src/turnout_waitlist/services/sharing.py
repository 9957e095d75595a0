"""Who gets which places: the rule alone, without a database.

Whoever waits is looked at in order, and is offered places if there are enough. Who has been passed over often enough, and
could not be offered places now either, is saved for: the places there are stay theirs, until there are enough. So a group
is not starved by singles behind it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from turnout_waitlist.services.sale import least


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody in line, as far as the rule wants to know."""

    id: int
    user_id: int
    ticket_type_id: int
    quantity: int
    passed_over: int
    rank: int

    @property
    def turn(self) -> tuple[int, int]:
        """Return the place in line, to be compared."""
        return self.rank, self.id


class Places:
    """How many places are left while they are shared out, of the event and of each limited type; None is no limit."""

    def __init__(self, whole: int | None, by_type: dict[int, int | None]) -> None:
        self.whole = whole
        self.by_type = by_type

    def of(self, ticket_type_id: int) -> int | None:
        """Return how many places of a type are left."""
        return least(self.whole, self.by_type[ticket_type_id])

    def add(self, ticket_type_id: int, number: int) -> None:
        """Let there be so many places more of a type; fewer, if negative."""
        if self.whole is not None:
            self.whole += number
        own = self.by_type[ticket_type_id]
        if own is not None:
            self.by_type[ticket_type_id] = own + number


@dataclass(slots=True)
class Shares:
    """What comes of sharing out: who is offered places, for whom how many are saved, and who was passed over."""

    offered: list[Waiting] = field(default_factory=list)
    saved: dict[int, tuple[Waiting, int]] = field(default_factory=dict)
    passed: set[int] = field(default_factory=set)


def share_out(line: Iterable[Waiting], places: Places, *, patience: int | None, came_free: bool) -> Shares:
    """Share places out among those in `line`, in order; `places` has what is left afterwards.

    Who was passed over `patience` times is saved for; None: nobody is. An entry is passed over where there are places, but
    not enough for it, and they have just come free (`came_free`) or somebody behind it is offered places.
    """
    shares = Shares()
    short: list[Waiting] = []
    for one in line:
        left = places.of(one.ticket_type_id)
        if left is None or left >= one.quantity:
            places.add(one.ticket_type_id, -one.quantity)
            shares.offered.append(one)
            shares.passed.update(passed.id for passed in short)
        elif left > 0 and patience is not None and one.passed_over >= patience:
            _save(one, left, places, shares)
        elif left > 0:
            short.append(one)
    if came_free:
        shares.passed.update(passed.id for passed in short)
    # Who has lost patience by this is saved for from now on: what is left now is theirs already.
    for one in short:
        left = places.of(one.ticket_type_id)
        if left and patience is not None and one.id in shares.passed and one.passed_over + 1 >= patience:
            _save(one, left, places, shares)
    return shares


def _save(one: Waiting, number: int, places: Places, shares: Shares) -> None:
    places.add(one.ticket_type_id, -number)
    shares.saved[one.id] = (one, number)
