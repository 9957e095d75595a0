"""Background work: written in the transaction that causes it, done after the commit, at least once."""

from datetime import timedelta

import colander
from pyramid.config import Configurator

from turnout import schema as fields
from turnout.outbox import api
from turnout.outbox.admin import JobSection
from turnout.outbox.bell import Bell
from turnout.outbox.checks import check_worker
from turnout.outbox.engines import CELERY, LOCAL, engine_of
from turnout.outbox.handlers import CurrentJob, Handlers, add_listener, add_periodic_task, add_task, set_queue_threads
from turnout.outbox.services import JobService, Outbox
from turnout.outbox.tasks import adopt_jobs, purge_idempotency_keys, purge_jobs
from turnout.security.actors import STAFF


class OutboxSettings(colander.MappingSchema):
    """How background work is done."""

    engine = fields.choice((LOCAL, CELERY), missing=LOCAL, description="Who runs it: the workers, or Celery's")
    broker_url = colander.SchemaNode(colander.String(), missing="", description="Celery's broker: amqp:// or redis://")
    redeliver_seconds = fields.whole(
        1, 86_400, missing=600, description="After how long what Celery has not begun is handed to it again"
    )
    embedded = fields.flag(missing=True, description="Run a worker inside `turnout serve`")
    threads = fields.whole(1, 64, missing=2, description="Jobs of the default queue done at once by a worker")
    poll_milliseconds = fields.whole(10, 60_000, missing=500, description="How often an idle worker looks for work")
    lease_seconds = fields.whole(4, 3600, missing=60, description="After how long a dead worker's work is another's")
    attempts = fields.whole(1, 1000, missing=20, description="How often work is tried before it is dead")
    keep_days = fields.whole(1, 3650, missing=7, description="How long done work, and with it its key, is kept")


def includeme(config: Configurator) -> None:
    config.declare_settings("outbox", OutboxSettings)
    registry = config.registry
    registry.handlers = {}
    registry.periodic_tasks = {}
    registry.queue_threads = {}
    registry.bell = Bell()
    registry.outbox_engine = engine_of(registry.settings)
    config.add_directive("add_listener", add_listener)
    config.add_directive("add_task", add_task)
    config.add_directive("add_periodic_task", add_periodic_task)
    config.add_directive("set_queue_threads", set_queue_threads)
    config.add_injectable(Handlers, lambda request: request.registry.handlers)
    config.add_injectable(Bell, lambda request: request.registry.bell)
    config.add_injectable(CurrentJob, lambda request: request.job)
    config.declare_permission("jobs:read", "See background work", STAFF)
    config.declare_permission("jobs:retry", "Try again background work that has failed for good", STAFF)
    config.add_service(Outbox)
    config.add_service(JobService)
    config.add_periodic_task(adopt_jobs, every=timedelta(hours=1))
    config.add_periodic_task(purge_jobs, every=timedelta(hours=1))
    config.add_periodic_task(purge_idempotency_keys, every=timedelta(hours=1))
    config.add_health_check("worker", check_worker, critical=False)
    for service in api.SERVICES:
        config.add_api_service(service)
    config.add_admin_section(JobSection)
    config.add_capability("background-work", "Work that is done after the commit, at least once, and retried")
