"""Relays and Celery workers with the tests' chores, as processes of their own: ``python -m tests.concurrency.processes``.

The first argument says which; settings come from the environment. A relay dies of SIGKILL at the stage that a second
argument names ("taken", "published", "handed"), or publishes everything twice ("twice").
"""

import os
import signal
import sys
import threading
import warnings

from tests.concurrency import chores

from turnout.outbox.celery import worker_of
from turnout.outbox.relay import Relay
from turnout.outbox.worker import Worker


def make_registry():
    """Make the application; the settings come from the environment."""
    from turnout.plugin.assembly import assemble

    return assemble({}, include=chores.includeme).registry


class Falling(Relay):
    """Dies at a stage."""

    def __init__(self, registry, stage):
        super().__init__(registry)
        self.stage = stage

    def _reached(self, stage, taken):
        # Not for a periodic task: another thread would die with it, at whatever stage that is.
        if self.stage == stage and any(work.handler.startswith(chores.__name__) for work in taken):
            os.kill(os.getpid(), signal.SIGKILL)

    def hand_over(self, taken):
        self._reached("taken", taken)
        handed = super().hand_over(taken)
        if handed:
            self._reached("handed", taken)
        return handed

    def _publish_all(self, taken):
        published = super()._publish_all(taken)
        if published:
            self._reached("published", taken)
        return published


class Doubling(Relay):
    """Publishes everything twice."""

    def _publish(self, work):
        super()._publish(work)
        super()._publish(work)


def relay(registry, stage=None):
    if stage == "twice":
        registry.outbox_engine = Doubling
    elif stage is not None:
        registry.outbox_engine = lambda registry: Falling(registry, stage)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    with Worker(registry):
        stopping.wait()


def celery(registry, *arguments):
    registry.engine.dispose()
    worker_of(registry, make_registry).start(["worker", *arguments])


def end_with_the_tests():
    """Wait for the pipe from whoever started this to close, which it does however they end."""
    os.read(0, 1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=end_with_the_tests, daemon=True).start()
    warnings.simplefilter("ignore")
    {"relay": relay, "celery": celery}[sys.argv[1]](make_registry(), *sys.argv[2:])
