"""The worker: takes what is due, and has it done. Threads of this process; as many processes as wanted."""

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Self

import structlog
from pyramid.registry import Registry
from sqlalchemy.exc import SQLAlchemyError

from turnout.outbox import schedule
from turnout.outbox.hand import Hand
from turnout.outbox.handlers import DEFAULT, queues_of
from turnout.outbox.heartbeat import Heartbeat, new_lease
from turnout.outbox.queue import Work
from turnout.outbox.runner import begin, open_queue, run

if TYPE_CHECKING:
    from turnout.outbox.bell import Bell
    from turnout.outbox.relay import Relay

AT_ONCE = 10
"""How many jobs are taken in one transaction: 1.7 times as fast as one by one (docs/adr/0011-the-outbox.md)."""
LATE_SECONDS = 1.0
"""What was taken and not begun for so long is given back, for other workers to take."""
SCHEDULE_SECONDS = 1.0
GRACE_SECONDS = 10.0
"""How long what is running at the stop may take to end; its lease outlives it, if it does not."""

log = structlog.get_logger()


class Worker:
    """Works off the outbox until it is stopped: ``with Worker(registry): ...``.

    The default queue gets ``outbox.threads`` threads, every other one a thread of its own, or as many as it was set. With
    `queues`, only these are worked off.
    """

    def __init__(self, registry: Registry, queues: Sequence[str] = ()) -> None:
        self.registry = registry
        self.bell: Bell = registry.bell
        self.relay: Relay | None = registry.outbox_engine and registry.outbox_engine(registry)
        self.queues = queues or queues_of(registry.handlers)
        self.heartbeat = Heartbeat(registry)
        self.hands = {queue: Hand(partial(self._take, queue), self._give_back) for queue in self.queues}
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self.heartbeat.start()
        for queue in self.queues:
            for number in range(self._threads_of(queue)):
                self._start(f"turnout-{queue}-{number}", partial(self._work_on, queue))
        self._start("turnout-schedule", self._schedule_on)
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopping.set()
        self.bell.ring(self.queues)
        deadline = time.monotonic() + GRACE_SECONDS
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))
        for hand in self.hands.values():
            self._tolerantly(hand.give_back)
        self.heartbeat.stop()

    def _start(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def drain(self) -> int:
        """Do everything that is due now, and what comes of it, in this thread; return how many jobs there were."""
        schedule.put_due(self.registry)
        total = 0
        while done := sum(self.step(queue) for queue in self.queues):
            total += done
        return total

    def step(self, queue: str) -> int:
        """Do what is due, or hand it over, until nothing is left of what was taken; return how many jobs there were."""
        if self.relay is not None:
            return self._hand_over(self.relay, queue)
        hand, done = self.hands[queue], 0
        while not self._stopping.is_set() and (work := hand.next()) is not None:
            try:
                run(self.registry, work)
            finally:
                self.heartbeat.end(work.lease)
            done += len(work.jobs)
            if hand.is_empty():
                break
        return done

    def _hand_over(self, relay: "Relay", queue: str) -> int:
        if not relay.is_ready():
            return 0
        taken = self._take(queue)
        try:
            return relay.hand_over(taken)
        finally:
            for work in taken:
                self.heartbeat.end(work.lease)

    def _take(self, queue: str) -> list[Work]:
        with begin(self.registry) as session, session.begin():
            taken = open_queue(self.registry, session).take(queue, self._at_once(queue), self._batch_of, new_lease)
        # Not before: a taking that failed, or only seemed to, must not be kept for as long as this worker lives.
        for work in taken:
            self.heartbeat.keep(work.lease)
        if len(taken) > 1:
            self.bell.ring([queue])  # for the threads that wait, to share it
        return taken

    def _give_back(self, taken: Sequence[Work]) -> None:
        try:
            with begin(self.registry) as session, session.begin():
                queue = open_queue(self.registry, session)
                for work in taken:
                    queue.give_back(work)
        finally:
            for work in taken:
                self.heartbeat.end(work.lease)

    def _batch_of(self, name: str) -> int:
        handler = self.registry.handlers.get(name)
        return handler.batch if handler else 1

    def _at_once(self, queue: str) -> int:
        # Threads were set for what is slow: of that, nothing waits behind another while there is a thread to do it.
        return 1 if self.relay is None and queue in self.registry.queue_threads else AT_ONCE

    def _threads_of(self, queue: str) -> int:
        own: int = self.registry.queue_threads.get(queue, 1)
        return int(self.registry.settings["outbox.threads"]) if queue == DEFAULT else own

    def _work_on(self, queue: str) -> None:
        poll = self.registry.settings["outbox.poll_milliseconds"] / 1000
        while not self._stopping.is_set():
            heard = self.bell.rings(queue)
            if not self._tolerantly(partial(self.step, queue)):
                self.bell.wait(queue, heard, poll)

    def _schedule_on(self) -> None:
        while not self._stopping.is_set():
            self._tolerantly(lambda: schedule.put_due(self.registry))
            for hand in self.hands.values():
                self._tolerantly(partial(hand.give_back, LATE_SECONDS))
            self._stopping.wait(SCHEDULE_SECONDS)

    def _tolerantly(self, function: Callable[[], int | None]) -> int | None:
        """Call `function`; a database that is away for a while ends no worker."""
        try:
            return function()
        except SQLAlchemyError as error:
            log.warning("the worker cannot reach the database", error=str(error).splitlines()[0])
            self._stopping.wait(SCHEDULE_SECONDS)
            return None
        except Exception:
            log.exception("the worker stumbled")
            self._stopping.wait(SCHEDULE_SECONDS)
            return None
