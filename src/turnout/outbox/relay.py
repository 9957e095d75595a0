"""The Celery engine's near end: a worker that does not run work, but hands it to a broker.

Work counts as handed when the broker has confirmed it: RabbitMQ by publisher confirms of persistent messages, Redis by
its answer. A relay that dies before it noted that loses its lease, and the work is handed over again; so is, after
``outbox.redeliver_seconds``, what nobody began. Only one of several messages for the same work can claim it.
"""

import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from pyramid.registry import Registry

from turnout.outbox.celery import TASK, make_celery, queue_name
from turnout.outbox.handlers import queues_of
from turnout.outbox.queue import Work
from turnout.outbox.runner import begin, open_queue

SECONDS = 5
"""How long the broker may take for anything."""
AGAIN_SECONDS = 2.0
"""How often a broker that cannot be reached is tried."""

ONCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0}
"""Left alone, kombu would try for as long as it takes."""

log = structlog.get_logger()


class Relay:
    """Hands work to the broker. Its threads share it; each has a connection of its own."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.celery = make_celery(registry.settings, queues_of(registry.handlers))
        self.redeliver_after = timedelta(seconds=registry.settings["outbox.redeliver_seconds"])
        self._own = threading.local()
        self._state = threading.Lock()
        self._is_down = False
        self._try_at = 0.0

    def is_ready(self) -> bool:
        """Tell whether the broker can be reached. Where it cannot, it is tried every now and then."""
        if not self._is_down:
            return True
        if time.monotonic() < self._try_at:
            return False
        try:
            self._disconnect()
            self._producer()
        except Exception as error:  # noqa: BLE001 - each broker's library has errors of its own, and the work waits
            self._note(error)
            return False
        self._note(None)
        return True

    def hand_over(self, taken: Sequence[Work]) -> int:
        """Hand work to the broker, and give back what it did not take; return how many jobs it took."""
        handed = self._publish_all(taken)
        with begin(self.registry) as session, session.begin():
            queue = open_queue(self.registry, session)
            for work in taken[:handed]:
                queue.hand_over(work, self.redeliver_after)
            for work in taken[handed:]:
                queue.give_back(work)
        return sum(len(work.jobs) for work in taken[:handed])

    def _publish_all(self, taken: Sequence[Work]) -> int:
        for place, work in enumerate(taken):
            try:
                self._publish(work)
            except Exception as error:  # noqa: BLE001 - each broker's library has errors of its own, and the work waits
                self._note(error)
                return place
        return len(taken)

    def _publish(self, work: Work) -> None:
        was_connected = getattr(self._own, "producer", None) is not None
        try:
            self._send(work)
        except Exception:
            if not was_connected:
                raise
            # A connection that was idle may be gone without a word.
            self._disconnect()
            self._send(work)

    def _send(self, work: Work) -> None:
        self.celery.send_task(
            TASK,
            (work.ids, work.lease),
            queue=queue_name(self.registry.handlers[work.handler].queue),
            producer=self._producer(),
            retry=False,
            confirm_timeout=SECONDS,
            # RabbitMQ drops what was handed over again meanwhile, so that it does not pile up while nobody works.
            expiration=self.redeliver_after.total_seconds(),
        )

    def _producer(self) -> Any:
        """Return this thread's connection to the broker, made now if there is none."""
        producer = getattr(self._own, "producer", None)
        if producer is None:
            options = {
                "confirm_publish": True,
                "read_timeout": SECONDS,
                "write_timeout": SECONDS,
                "socket_timeout": SECONDS,
                "socket_connect_timeout": SECONDS,
                **ONCE,
            }
            connection = self.celery.connection_for_write(connect_timeout=SECONDS, transport_options=options)
            try:
                connection.ensure_connection(**ONCE)
                producer = self.celery.amqp.Producer(connection.default_channel, auto_declare=False)
            except BaseException:
                connection.release()
                raise
            self._own.producer = producer
            self._own.connection = connection
        return producer

    def _disconnect(self) -> None:
        connection = getattr(self._own, "connection", None)
        self._own.producer = self._own.connection = None
        if connection is not None:
            connection.release()

    def _note(self, error: Exception | None) -> None:
        """Note whether the broker can be reached, and log it once."""
        with self._state:
            was_down, self._is_down = self._is_down, error is not None
            self._try_at = time.monotonic() + AGAIN_SECONDS
        broker = self.celery.connection_for_write().as_uri()
        if error is not None:
            self._disconnect()
            if not was_down:
                reason = f"{type(error).__name__}: {error}"
                log.warning("the broker cannot be reached; work waits", broker=broker, error=reason)
        elif was_down:
            log.warning("the broker is back", broker=broker)
