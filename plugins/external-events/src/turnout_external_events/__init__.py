"""Events from elsewhere: found at sources that plugins add, imported, and kept fresh."""

from datetime import timedelta

from turnout.events.hooks import EventChanged, EventPublished, EventsDeleting, OfferChanged
from turnout.plugin import API_VERSION, ORGANIZER, USER, Configurator, Plugin, Schema, fields

from turnout_external_events import admin, api, cli, extension, schemas, subscribers, tasks, uploads
from turnout_external_events.hooks import ChangedElsewhere, RunBegun
from turnout_external_events.services import SERVICES
from turnout_external_events.services.allowance import SearchAllowance
from turnout_external_events.services.telling import KINDS
from turnout_external_events.sources import Sources, add_event_source
from turnout_external_events.sources.feeds import FeedSource

QUEUE = "external_events"


class ExternalEventSettings(Schema):
    """How events are read from elsewhere, and kept fresh."""

    quick_seconds = fields.whole(1, 60, missing=8, description="For how long somebody who searches waits for a source")
    timeout_seconds = fields.whole(1, 120, missing=10, description="For how long one answer of a source is waited for")
    cache_minutes = fields.whole(
        0,
        1440,
        missing=10,
        description="For how many minutes what was found is found again without asking; 0: not at all",
    )
    storage = fields.matching(
        r"^(memory://|(redis|rediss|redis\+unix)://.+)$",
        "must be memory://, or the address of Redis, such as redis://localhost:6379/0",
        500,
        missing="memory://",
        secret=True,
        description="Where calls are counted and answers kept: in Redis all processes share both",
    )
    refresh_hours = fields.whole(1, 720, missing=12, description="How often sources are asked about imported events")
    searches_per_minute = fields.whole(
        1, 100_000, missing=30, description="How often in a minute each user may let sources be asked and wait for them"
    )
    event_hours = fields.whole(
        1, 240, missing=3, description="How long an event takes whose source does not say when it ends"
    )
    feed_days = fields.whole(1, 1095, missing=366, description="How far ahead calendars are read")
    keep_days = fields.whole(1, 3650, missing=90, description="For how many days runs and their reports are kept")
    allow_private = fields.flag(
        missing=False, description="Whether calendars may be at private addresses, and at plain http://"
    )


plugin = Plugin(
    name="external_events",
    title="External events",
    description="Events from elsewhere, found, imported and kept fresh",
    api_version=API_VERSION,
    settings=ExternalEventSettings,
)


def includeme(config: Configurator) -> None:
    """Register everything that events from elsewhere have."""
    config.registry.event_sources = {}
    config.add_directive("add_event_source", add_event_source)
    config.add_injectable(Sources, Sources)
    config.registry.search_allowance = SearchAllowance(config.get_settings())
    config.add_injectable(SearchAllowance, lambda request: request.registry.search_allowance)
    config.declare_permission("external_events:search", "Search for events elsewhere", USER)
    config.declare_permission(
        "external_events:read", "See what one imports, and where one's events came from", ORGANIZER
    )
    config.declare_permission("external_events:import", "Import events from elsewhere, and keep them fresh", ORGANIZER)
    for service in SERVICES:
        config.add_service(service)
    config.add_event_source("ical", FeedSource)
    config.add_event_extension("external_events", view=schemas.OriginSummary, read=extension.read)
    config.add_subscriber(subscribers.hear_of_price, OfferChanged)
    config.add_subscriber(subscribers.require_what_is_sold, EventChanged)
    config.add_subscriber(subscribers.look_again, EventPublished)
    config.add_subscriber(subscribers.keep_deleted, EventsDeleting)
    config.add_webhook_event("event.changed_elsewhere", ChangedElsewhere, subscribers.tell_of_change)
    for name, title in KINDS.items():
        config.add_message_kind(name, title, templates="turnout_external_events:templates")
    _add_work(config)
    # Before the others: its paths look as if `uploads` were a source.
    config.include(uploads)
    for view in api.SERVICES:
        config.add_api_service(view)
    config.add_command(cli.import_events)
    config.include(admin)


def _add_work(config: Configurator) -> None:
    """Register what workers do. Talk with sources has a queue of its own, so that no slow one holds up other work."""
    config.set_queue_threads(QUEUE, 2)
    config.add_listener(tasks.begin_run, RunBegun, queue=QUEUE, retry=tasks.STEPPING)
    config.add_task(tasks.go_on, queue=QUEUE, retry=tasks.STEPPING)
    config.add_task(tasks.refresh, queue=QUEUE, retry=tasks.ASKING)
    config.add_listener(tasks.tell, ChangedElsewhere)
    config.add_periodic_task(tasks.refresh_due, every=tasks.SLOT)
    config.add_periodic_task(tasks.begin_searches, every=tasks.SLOT)
    config.add_periodic_task(tasks.purge, every=timedelta(hours=1))
