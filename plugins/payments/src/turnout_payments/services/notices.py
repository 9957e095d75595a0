"""What providers tell by themselves: kept as it comes, worked off later."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from turnout.plugin import Announce, Clock, NotFound, Settings, delete_some

from turnout_payments.hooks import LookWanted, NoticeKept
from turnout_payments.models import DONE, FORGED, UNKNOWN, WAITING, Payment, Received
from turnout_payments.providers import Forged, Providers

_INSERTS = {
    dialect.__name__.rsplit(".", 1)[-1]: dialect.insert(Received)
    .on_conflict_do_nothing(index_elements=[Received.provider, Received.id_there])
    .returning(Received.id)
    for dialect in (postgresql, sqlite)
}
LONGEST_ID, LONGEST_KIND = 255, 100
NOTHING: Mapping[str, Any] = {"headers": {}, "body": b"", "key": None, "refs": []}
"""What is left of the words of somebody who is not the provider."""


class NoticeService:
    """Keeps notices (webhooks) of providers, each once, and finds out which payments they are about."""

    def __init__(
        self, session: Session, clock: Clock, announce: Announce, settings: Settings, providers: Providers
    ) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.settings = settings
        self.providers = providers

    def keep(self, provider: str, headers: Mapping[str, str], body: bytes) -> None:
        """Keep a notice, and let it be worked off. One that came before is dropped.

        Raises `NotFound` for an unknown provider, `Forged`, `Invalid`.
        """
        known = self.providers.get(provider)
        if known is None:
            raise NotFound("There is no such payment provider.")
        given = {name.lower(): value for name, value in headers.items()}
        notice = known.receive(given, body)
        if not 0 < len(notice.id) <= LONGEST_ID:
            raise Forged("has no id that could be its")
        row = {
            "provider": provider,
            "id_there": notice.id,
            "kind": notice.kind[:LONGEST_KIND],
            "key": notice.key,
            "refs": list(notice.refs),
            "headers": {name: given[name] for name in known.signature_headers if name in given},
            "body": body,
            "status": WAITING,
            "received_at": self.clock.now(),
        }
        connection = self.session.connection()
        notice_id = connection.execute(_INSERTS[connection.dialect.name], row).scalar()
        if notice_id is not None:
            self.announce(NoticeKept(notice_id))

    def work_off(self, notice_id: int, *, is_genuine: bool) -> None:
        """Find out which payment a notice that waits is about, and let that be looked at. Of a forged one little is kept."""
        notice = self.session.get(Received, notice_id, populate_existing=True)
        if notice is None:
            return
        payment_id = self._payment_of(notice) if is_genuine else None
        status = FORGED if not is_genuine else UNKNOWN if payment_id is None else DONE
        moved: Any = self.session.execute(
            update(Received)
            .where(Received.id == notice_id, Received.status == WAITING)
            .values(status=status, payment_id=payment_id, **({} if is_genuine else NOTHING))
            .execution_options(synchronize_session=False)
        )
        if moved.rowcount and payment_id is not None:
            self.announce(LookWanted(payment_id))

    def _payment_of(self, notice: Received) -> int | None:
        named: list[ColumnElement[bool]] = []
        if notice.refs:
            named += [Payment.ref.in_(notice.refs), Payment.charge_ref.in_(notice.refs)]
        if notice.key is not None:
            named.append(Payment.key == notice.key)
        if not named:
            return None
        query = select(Payment.id).where(Payment.provider == notice.provider, or_(*named))
        return self.session.scalar(query.order_by(Payment.id).limit(1))

    def purge(self) -> bool:
        """Delete old notices, some at a time; tell whether there may be more."""
        until = self.clock.now() - timedelta(days=self.settings["payments.notice_days"])
        return delete_some(self.session, Received, Received.received_at < until)
