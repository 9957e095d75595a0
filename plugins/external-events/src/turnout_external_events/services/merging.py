"""Following a source: what it says anew is taken over, but for what somebody here changed by hand."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from turnout.events.models import ARCHIVED, CANCELLED, DRAFT, POSTPONED, PUBLISHED, Event
from turnout.events.services import EventService
from turnout.plugin import SYSTEM, Actor, Announce, Clock, DomainError, Session, Settings
from turnout.pools.models import Pool

from turnout_external_events import sources
from turnout_external_events.hooks import ChangedElsewhere
from turnout_external_events.models import Origin
from turnout_external_events.services.mapping import FIELDS, TOGETHER, Mapper, kept
from turnout_external_events.services.schedule import next_refresh
from turnout_external_events.sources.contract import ExternalEvent
from turnout_external_events.sources.directive import Sources

GONE = "gone"
"""The status of an origin that its source does not know any more."""
UNKNOWN = "The source did not know it when it was asked last."
UNDATED = "The source does not say any more when it will be."
NOT_HELD = (sources.CANCELLED, sources.POSTPONED, GONE)
_TOLD = {
    sources.CANCELLED: "It is cancelled at the source.",
    sources.POSTPONED: "It is postponed at the source.",
    GONE: "The source does not know it any more.",
}
"""What staff read of an event that is otherwise at its source, and that people have booked here."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that says one thing here and another at the source."""

    field: str
    here: Any
    there: Any


def to_follow(current: Mapping[str, Any], applied: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Compare three sides of each field, as `kept` writes them; return the fields that are to say what the source says now."""
    return [name for name in following(current, applied, theirs) if current[name] != theirs[name]]


def following(current: Mapping[str, Any], applied: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Return the fields that are the source's, of those that it says.

    A field is the source's while it says what was taken over. What belongs together goes together: of a group of which one
    field was changed by hand, none follows.
    """
    found: list[str] = []
    for group in TOGETHER:
        names = [name for name in group if name in theirs]
        if all(name in applied and current[name] == applied[name] for name in names):
            found += names
    return found


class Merger:
    """Lets events follow their sources. Nobody is asked here: what a source says comes from whoever asked it."""

    def __init__(
        self,
        session: Session,
        clock: Clock,
        announce: Announce,
        settings: Settings,
        sources: Sources,
        events: EventService,
        mapper: Mapper,
    ) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.settings = settings
        self.sources = sources
        self.events = events
        self.mapper = mapper

    def follow(self, origin: Origin, external: ExternalEvent) -> bool:
        """Let an event say what its source says now; return whether anything changed."""
        event = self.session.get_one(Event, origin.event_id)
        origin.trouble = ""
        changed = self._take_fields(origin, event, external)
        changed = self._follow_status(origin, external.status) or changed
        origin.url = external.url
        self._note(origin, is_heard_of=True)
        return changed

    def lose(self, origin: Origin) -> None:
        """Note that the source does not know an event any more; it stays as it is. Said once, it may be a slip of the source's."""
        is_sure = origin.trouble == UNKNOWN
        if is_sure:
            self._follow_status(origin, GONE)
        origin.trouble = UNKNOWN
        self._note(origin, is_heard_of=is_sure)

    def fail(self, origin: Origin, reason: str) -> None:
        """Note that the source could not be asked, or understood."""
        origin.trouble = reason
        self._note(origin, is_heard_of=False)

    def put_off(self, origin: Origin) -> None:
        """Note that the source was asked and could say nothing of an event, for no fault of either: it is asked another time."""
        self._note(origin, is_heard_of=False)

    def differences(self, origin: Origin) -> list[Difference]:
        """Return what is otherwise here than at the source, as it was last seen; of a price also its currency."""
        current = self.current(self.session.get_one(Event, origin.event_id))
        names = [name for name in current if name in origin.seen]
        return [
            Difference(name, current[name], origin.seen[name]) for name in names if current[name] != origin.seen[name]
        ]

    def current(self, event: Event) -> dict[str, Any]:
        """Return the fields of an event that a source may say, and the currency of its price, as they are kept."""
        return {name: kept(getattr(event, name)) for name in (*FIELDS, "currency")}

    def followed(self, origin: Origin) -> list[str]:
        """Return the fields that say what the source says, and will say what it says next."""
        event = self.session.get_one(Event, origin.event_id)
        return following(self.current(event), origin.applied, _to_be_followed(event, origin.seen))

    def take_back(self, origin: Origin, fields: Collection[str]) -> None:
        """Let fields say what the source said when it was last asked, with those that belong to them, and follow it again.

        Raises what `EventService.update` raises.
        """
        names = [name for group in TOGETHER if set(group) & set(fields) for name in group if name in origin.seen]
        said = {name: origin.seen[name] for name in names}
        self.events.update(origin.event_id, {name: _read(name, value) for name, value in said.items()}, actor=SYSTEM)
        origin.applied = {**origin.applied, **said}
        origin.is_price_known = origin.is_price_known or "price" in said
        origin.differs = bool(self.differences(origin))
        self.session.flush()

    def _take_fields(self, origin: Origin, event: Event, external: ExternalEvent) -> bool:
        # Whose event it is, theirs are the venues that it may be at.
        values = self.mapper.theirs(origin.provider, external, actor=Actor(event.organizer_id))
        theirs = {name: kept(value) for name, value in values.items()}
        if "starts_at" in origin.seen and "starts_at" not in theirs:
            origin.trouble = UNDATED
        names = to_follow(self.current(event), origin.applied, _to_be_followed(event, theirs))
        changed = self._write(origin, event, {name: values[name] for name in names}) if names else False
        self.session.refresh(event)
        current = self.current(event)
        agreed = {name: theirs[name] for name in FIELDS if name in theirs and current[name] == theirs[name]}
        if theirs.get("currency") != event.currency:
            agreed.pop("price", None)  # so much of something else
        origin.applied = {**origin.applied, **agreed}
        origin.seen = theirs
        origin.is_time_known = external.starts_at is not None
        origin.is_price_known = origin.is_price_known or "price" in agreed
        return changed

    def _write(self, origin: Origin, event: Event, changes: Mapping[str, Any]) -> bool:
        """Change the event; where not all can be as the source says it, what can be. Return whether anything changed."""
        if self._update(event, changes) is None:
            return True
        changed = False
        for group in TOGETHER:
            part = {name: changes[name] for name in group if name in changes}
            if not part:
                continue
            refusal = self._update(event, part)
            changed = changed or refusal is None
            if refusal is not None:
                origin.trouble = f"What the source says could not be taken over: {refusal}"
        return changed

    def _update(self, event: Event, changes: Mapping[str, Any]) -> str | None:
        """Change the event; return why that is not possible, or None."""
        # How many the new venue holds is as many as there are: nobody has said how many places are sold of what is not.
        held = {} if event.is_bookable or "venue_id" not in changes else {"capacity": None}
        try:
            with self.session.begin_nested():
                self.events.update(event.id, {**changes, **held}, actor=SYSTEM)
        except DomainError as error:
            return error.detail
        return None

    def _follow_status(self, origin: Origin, status: str) -> bool:
        """Do here what the source says happened, once, where that is nobody's decision: where nobody has booked."""
        before, origin.status = origin.status, status
        if before == status:
            return False
        event = self.session.get_one(Event, origin.event_id)
        if event.status in {DRAFT, ARCHIVED} and status != sources.CANCELLED:
            return False
        taken = self.session.scalar(select(Pool.taken).where(Pool.id == event.pool_id)) or 0
        if status in _TOLD and (taken or status == GONE):
            self._ask_staff(origin, event, status, is_urgent=bool(taken))
            return False
        if event.status == PUBLISHED and status not in _TOLD:
            origin.needs_look = False  # it is again as it is here
        return self._move(event, before, status, origin)

    def _move(self, event: Event, before: str, status: str, origin: Origin) -> bool:
        if status == sources.CANCELLED and event.status in {DRAFT, PUBLISHED, POSTPONED}:
            self.events.cancel(event.id, actor=SYSTEM)
        elif status == sources.POSTPONED and event.status == PUBLISHED:
            self.events.postpone(event.id, actor=SYSTEM)
        elif before == sources.POSTPONED and event.status == POSTPONED:
            self.events.publish(event.id, actor=SYSTEM)
        elif before == sources.CANCELLED and event.status == CANCELLED:
            self._ask_staff(origin, event, status, is_urgent=True)
            return False
        else:
            return False
        return True

    def _ask_staff(self, origin: Origin, event: Event, status: str, *, is_urgent: bool) -> None:
        """Let somebody decide; tell the organizer at once where it is urgent."""
        if event.status in {PUBLISHED, POSTPONED, CANCELLED} and event.ends_at > self.clock.now():
            origin.needs_look = True
            if is_urgent:
                self.announce(ChangedElsewhere(event.id, origin.provider, status))

    def _note(self, origin: Origin, *, is_heard_of: bool) -> None:
        """Note that the source was asked, and, if it said how the event is, that too."""
        event = self.session.get_one(Event, origin.event_id)
        origin.differs = bool(self.differences(origin))
        origin.asked_at = self.clock.now()
        if is_heard_of:
            origin.refreshed_at = origin.asked_at
        origin.refresh_at = self.next_look(origin.provider, origin.address, event)
        self.session.flush()

    def next_look(self, provider: str, address: str | None, event: Event) -> datetime | None:
        """Return when a source is asked again about an event; None: it is over, or came in a file."""
        source = self.sources.get(provider)
        if source is None or (source.by_address and address is None):
            return None
        return next_refresh(event.ends_at, self.clock.now(), self.settings)


def _to_be_followed(event: Event, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may follow the source: prices of what is sold here are the organizer's, and must be in one currency."""
    has_its_price = not event.is_bookable and said.get("currency") == event.currency
    return {name: value for name, value in said.items() if name != "price" or has_its_price}


def _read(name: str, value: Any) -> Any:
    """Return a field's value as services take it, of what `kept` made of it."""
    if value is None:
        return None
    if name in {"starts_at", "ends_at"}:
        return datetime.fromisoformat(value)
    return Decimal(value) if name == "price" else value


def looks(status: str) -> str:
    """Return in words why somebody has to look at an event whose source says `status`."""
    return _TOLD.get(status, "It is held again, says the source.")
