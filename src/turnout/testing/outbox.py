"""Background work in the test's hands."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from turnout.outbox.models import DEAD, WAITING, Job
from turnout.outbox.worker import Worker
from turnout.testing.applications import Application


class Steps:
    """The outbox of the application under test, worked off when the test says so.

    Jobs are what listeners, tasks and periodic tasks leave to be done: rows of `turnout.outbox.models.Job`, with their `handler`,
    when they are due (`due_at`), how often they were tried (`attempts`) and the last `error`.

        api.as_(make.user()).post("/bookings", {"event_id": event.id})
        outbox.run()
        assert not outbox.dead
    """

    def __init__(self, application: Application, session: Session) -> None:
        self.application = application
        self.session = session

    def run(self) -> int:
        """Do everything that is due by the test's clock, and what comes of it; return how many jobs there were.

        What fails waits for its next try, when the clock has been moved; `dead` and `waiting` show it.
        """
        self.session.commit()
        done = Worker(self.application.registry).drain()
        self.session.expire_all()
        return done

    @property
    def waiting(self) -> Sequence[Job]:
        """The jobs that wait to be done, oldest first."""
        return self._of(WAITING)

    @property
    def dead(self) -> Sequence[Job]:
        """The jobs that have failed for good, oldest first."""
        return self._of(DEAD)

    def _of(self, status: str) -> Sequence[Job]:
        self.session.commit()
        query = select(Job).where(Job.status == status).order_by(Job.id)
        return self.session.scalars(query.execution_options(populate_existing=True)).all()
