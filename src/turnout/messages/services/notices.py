"""What organizers have to say to their guests."""

from sqlalchemy import and_, distinct, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from turnout.attendees.models import Attendee
from turnout.bookings.models import ACTIVE, Booking
from turnout.clock import Clock
from turnout.events.services import EventService
from turnout.injection import Announce
from turnout.messages.channels import Channels
from turnout.messages.hooks import NoticeGiven
from turnout.messages.kinds import Kinds
from turnout.messages.models import MessagePreference, Notice
from turnout.security.actors import Actor

ORGANIZER_NOTICE = "organizer_notice"


class NoticeService:
    """Lets organizers, and staff, say something to everybody who booked an event."""

    def __init__(
        self,
        session: Session,
        clock: Clock,
        announce: Announce,
        events: EventService,
        channels: Channels,
        kinds: Kinds,
    ) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.events = events
        self.channels = channels
        self.kinds = kinds

    def give(self, event_id: int, body: str, subject: str | None, *, actor: Actor) -> int:
        """Tell all guests of an event something; return how many want to be told. Raises `NotFound`, `Denied`."""
        event = self.events.for_change(event_id, actor=actor)
        notice = Notice(
            event_id=event.id,
            author_id=actor.user_id,
            subject=subject or event.title,
            body=body,
            created_at=self.clock.now(),
        )
        self.session.add(notice)
        self.session.flush()
        self.announce(NoticeGiven(notice.id, event.id))
        return self.audience(event.id)

    def audience(self, event_id: int, name: str = ORGANIZER_NOTICE) -> int:
        """Count the guests who want messages of a kind, by default what organizers say, over one channel at least."""
        kind = self.kinds[name]
        by_default = [name for name, channel in self.channels.items() if kind.wanted and channel.wanted]
        others = [name for name in self.channels if name not in by_default]
        chosen = aliased(MessagePreference)
        of_guest = and_(chosen.user_id == Attendee.user_id, chosen.kind == name)
        refused = select(func.count()).where(of_guest, chosen.channel.in_(by_default), chosen.wanted.is_(False))
        opted_in = exists().where(of_guest, chosen.channel.in_(others), chosen.wanted.is_(True))
        query = (
            select(func.count(distinct(Attendee.id)))
            .join(Booking, Booking.attendee_id == Attendee.id)
            .where(Booking.event_id == event_id, Booking.status.in_(ACTIVE))
            .where(or_(refused.scalar_subquery() < len(by_default), opted_in))
        )
        return self.session.scalar(query) or 0
