"""A worker's sign of life: its row says that it lives, and the leases of what it does last as long as it does."""

import contextlib
import os
import secrets
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import structlog
from pyramid.registry import Registry
from sqlalchemy import delete, update

from turnout.outbox.models import WORKER, WorkerSeen
from turnout.outbox.runner import begin, open_queue

log = structlog.get_logger()


def new_lease() -> str:
    """Return a new lease, which nobody else has."""
    return secrets.token_hex(16)


class Heartbeat:
    """Beats in a thread of its own, four times within a lease, from `start` to `stop`."""

    def __init__(self, registry: Registry, kind: str = WORKER) -> None:
        self.registry = registry
        self.kind = kind
        self.id = secrets.token_hex(16)
        self._leases: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name="turnout-heartbeat", daemon=True)

    def start(self) -> None:
        """Tell that the worker lives, and go on telling."""
        self.beat()
        self._thread.start()

    def stop(self) -> None:
        """Tell that the worker has ended."""
        self._stopping.set()
        self._thread.join()
        with self._tolerant(), begin(self.registry) as session, session.begin():
            session.execute(delete(WorkerSeen).where(WorkerSeen.id == self.id))

    def keep(self, lease: str) -> None:
        """Let a lease last until it has been ended as often as it was kept: several jobs may share one."""
        with self._lock:
            self._leases[lease] += 1

    def end(self, lease: str) -> None:
        """Let a lease end in its time."""
        with self._lock:
            self._leases[lease] -= 1
            if self._leases[lease] <= 0:
                del self._leases[lease]

    def beat(self) -> None:
        """Tell that the worker lives, and let its leases last."""
        with self._lock:
            leases = list(self._leases)
        now = self.registry.clock.now()
        with begin(self.registry) as session, session.begin():
            seen = session.execute(update(WorkerSeen).where(WorkerSeen.id == self.id).values(seen_at=now))
            if not seen.rowcount:  # type: ignore[attr-defined]
                session.add(self._row(now))
            if leases:
                open_queue(self.registry, session).renew(leases)

    def _row(self, now: datetime) -> WorkerSeen:
        plugins = " ".join(self.registry.plugins.enabled)
        host, pid = socket.gethostname(), os.getpid()
        return WorkerSeen(id=self.id, kind=self.kind, host=host, pid=pid, started_at=now, seen_at=now, plugins=plugins)

    def _beat_on(self) -> None:
        pause = self.registry.settings["outbox.lease_seconds"] / 4
        while not self._stopping.wait(pause):
            with self._tolerant():
                self.beat()

    @staticmethod
    @contextlib.contextmanager
    def _tolerant() -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - while the worker lives, it goes on to tell
            log.warning("the worker cannot tell that it lives", error=repr(error))
