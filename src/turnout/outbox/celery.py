"""The Celery engine's other end: the processes that run what relays (`turnout.outbox.relay`) handed over.

A message names jobs and the lease under which they were taken, nothing else: whoever can write to the broker can run
nothing that the outbox does not hold. Of all messages for a job only one can claim it; what becomes of it then is kept
in the outbox, as with any worker: Celery neither retries nor keeps results.
"""

import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import structlog
from celery import Celery, signals
from celery.concurrency.prefork import TaskPool as Processes
from celery.exceptions import Reject
from kombu.entity import Queue
from pyramid.registry import Registry
from sqlalchemy.exc import SQLAlchemyError

from turnout.outbox.handlers import queues_of
from turnout.outbox.heartbeat import Heartbeat, new_lease
from turnout.outbox.models import CELERY_WORKER
from turnout.outbox.runner import begin, open_queue, run

TASK = "turnout.run"
AGAIN_SECONDS = 1.0
"""How long a process waits when the database is away, before somebody may try again."""

log = structlog.get_logger()


def queue_name(queue: str) -> str:
    """Return what a handler's queue is called at the broker."""
    return f"turnout.{queue}"


def make_celery(settings: Mapping[str, Any], queues: Sequence[str]) -> Celery:
    """Return a Celery application that speaks to the broker of `settings`, and knows the outbox's queues."""
    names = [queue_name(queue) for queue in queues]
    celery = Celery("turnout", set_as_current=False)
    celery.conf.update(
        broker_url=settings["outbox.broker_url"],
        broker_use_ssl=_tls(settings["outbox.broker_url"]),
        broker_transport_options=_options(settings["outbox.broker_url"]),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        task_queues=[Queue(name, routing_key=name) for name in names],  # type: ignore[no-untyped-call]
        task_default_queue=names[0],
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        # A process takes one message at a time, so that none waits behind long work while another process idles.
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
    )
    return celery


def _tls(broker_url: str) -> dict[str, Any] | None:
    """Return how the broker proves who it is; left alone, py-amqp would believe anybody."""
    address = urlsplit(broker_url)
    if address.scheme == "amqps":
        return {"context": {"purpose": ssl.Purpose.SERVER_AUTH}, "server_hostname": address.hostname}
    if address.scheme == "rediss":
        return {"ssl_cert_reqs": ssl.CERT_REQUIRED}
    return None


def _options(broker_url: str) -> dict[str, Any]:
    """Return how the broker is used.

    On Redis, kombu can keep a second list of what a process has and has not done. The outbox knows that already, and a
    Celery worker would end, of an error in kombu 5.7, where Redis goes away while it has something in that list.
    """
    return {"ack_emulation": False} if urlsplit(broker_url).scheme.startswith("redis") else {}


class Runtime:
    """What a Celery process needs to run jobs: the application, made when first wanted, and its sign of life."""

    def __init__(self, make_registry: Callable[[], Registry]) -> None:
        self._make_registry = make_registry
        self._lock = threading.Lock()
        self._heartbeat: Heartbeat | None = None

    def start(self) -> None:
        """Make the application beside whatever else this process does: Celery waits four seconds for it, not longer."""
        threading.Thread(target=self._tolerantly_open, name="turnout-start", daemon=True).start()

    def close(self) -> None:
        """Tell that this process has ended, and close its connections to the database."""
        with self._lock:
            heartbeat, self._heartbeat = self._heartbeat, None
        if heartbeat is not None:
            heartbeat.stop()
            heartbeat.registry.engine.dispose()

    def run(self, ids: Sequence[int], lease: str) -> None:
        """Run jobs that were taken under `lease`, unless somebody else has them or they are done."""
        heartbeat = self._open()
        registry = heartbeat.registry
        with begin(registry) as session, session.begin():
            work = open_queue(registry, session).claim(ids, lease, new_lease())
        if work is None:
            log.info("jobs came through the broker that are done, or another's", jobs=ids)
            return
        heartbeat.keep(work.lease)
        try:
            run(registry, work)
        finally:
            heartbeat.end(work.lease)

    def _open(self) -> Heartbeat:
        with self._lock:
            if self._heartbeat is None:
                heartbeat = Heartbeat(self._make_registry(), CELERY_WORKER)
                heartbeat.start()
                self._heartbeat = heartbeat
            return self._heartbeat

    def _tolerantly_open(self) -> None:
        try:
            self._open()
        except Exception as error:  # noqa: BLE001 - the first work tries again, and says what is wrong
            log.warning("the application cannot start yet", error=repr(error))


def make_worker(settings: Mapping[str, Any], queues: Sequence[str], make_registry: Callable[[], Registry]) -> Celery:
    """Return the Celery application whose processes run jobs, each in an application that `make_registry` makes."""
    celery = make_celery(settings, queues)
    runtime = Runtime(make_registry)

    @celery.task(name=TASK, shared=False)
    def run_jobs(ids: list[int], lease: str) -> None:
        try:
            runtime.run(ids, lease)
        except SQLAlchemyError as error:
            log.warning("a job cannot reach the database", jobs=ids, error=str(error).splitlines()[0])
            time.sleep(AGAIN_SECONDS)
            raise Reject(requeue=True) from None

    def begin_process(**_facts: Any) -> None:
        runtime.start()

    def begin_threads(sender: Any, **_facts: Any) -> None:
        # Never before the processes are forked: they would inherit its connections.
        if not isinstance(sender.pool, Processes):
            runtime.start()

    def end(**_facts: Any) -> None:
        runtime.close()

    def leave_logs_alone(**_facts: Any) -> None:
        """Do nothing: with a receiver of this signal, Celery leaves the logs as `turnout.logs` set them up."""

    signals.worker_process_init.connect(begin_process, weak=False)
    signals.worker_ready.connect(begin_threads, weak=False)
    signals.worker_process_shutdown.connect(end, weak=False)
    signals.worker_shutdown.connect(end, weak=False)
    signals.setup_logging.connect(leave_logs_alone, weak=False)
    return celery


def worker_of(registry: Registry, make_registry: Callable[[], Registry]) -> Celery:
    """Return `make_worker` for the settings and queues of an application that was made already."""
    return make_worker(registry.settings, queues_of(registry.handlers), make_registry)
