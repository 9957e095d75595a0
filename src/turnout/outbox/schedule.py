"""Periodic tasks: put into the outbox by whichever worker comes first, once in each period."""

from typing import Any

from pyramid.registry import Registry
from pyramid.request import Request
from sqlalchemy import or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from turnout.outbox.models import OPEN, Job, Schedule
from turnout.outbox.services import Outbox
from turnout.system import transact

_INSERTS = {
    dialect.__name__.rsplit(".", 1)[-1]: dialect.insert(Schedule).on_conflict_do_nothing()
    for dialect in (postgresql, sqlite)
}


def put_due(registry: Registry) -> int:
    """Put every periodic task that is due into the outbox; return how many there were."""
    return transact(registry, _put_due)


def _put_due(request: Request) -> int:
    registry = request.registry
    connection = request.db.connection()
    now = registry.clock.now()
    known = {row.handler: row.next_at for row in connection.execute(select(Schedule.handler, Schedule.next_at))}
    new = [{"handler": name, "next_at": now} for name in registry.periodic_tasks if name not in known]
    if new:
        connection.execute(_INSERTS[connection.dialect.name], new)
    put = 0
    for name, every in registry.periodic_tasks.items():
        # What is due later than the next but one period was scheduled when the period was longer.
        latest = now + 2 * every
        if now < known.get(name, now) <= latest:
            continue
        is_due = or_(Schedule.next_at <= now, Schedule.next_at > latest)
        moved: Any = connection.execute(
            update(Schedule).where(Schedule.handler == name, is_due).values(next_at=now + every)
        )
        # What has not ended is not put again: after a pause it runs once, not once for each period missed.
        is_open = select(Job.id).where(Job.handler == name, Job.status.in_(OPEN)).limit(1)
        if moved.rowcount and connection.execute(is_open).first() is None:
            request.find_service(Outbox).put(registry.handlers[name].function, stream=name)
            put += 1
    return put
