"""What plugins can claim: the body of an ``includeme(config)`` that claims it, and how a clash names it.

``{name}`` stands for the plugin's name. Everything that `HEAD` defines is there.
"""

HEAD = '''
import turnout_shared as shared
from datetime import timedelta
from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column
from turnout.bookings.hooks import BookingConfirmed
from turnout.events.extensions import EventOrdering
from turnout.pools.models import Pool

class Row(Base):
    __tablename__ = "{name}_rows"
    event_id: Mapped[int] = mapped_column(Id, primary_key=True)
    number: Mapped[int]

class View(Schema):
    """What is shown."""
    number = fields.whole()

def service(config, name, path, operation):
    found = Service(name, path, "Things")
    def view(request):
        """Read it."""
    view.__name__ = operation
    found.get(permission="{name}:read")(view)
    config.declare_permission("{name}:read", "Read", ANYONE)
    config.add_api_service(found)

def extension(config, name, **more):
    config.add_event_extension(name, view=View, read=read, **more)

def read(event_ids): return {{}}
def represent(event: BookingConfirmed): return None
def view(request): return {{}}
def check(request): return {{"status": "ok"}}

class Channel:
    title = "Pigeon"

def includeme(config):
    {claim}
'''
SHARED = """
class Thing:
    def __init__(self) -> None: ...
def work() -> None: ...
"""
GREETINGS = "tests.unit.messages:greetings"

BETWEEN_PLUGINS = {
    "path": ("service(config, '{name}', '/things/{{id}}', 'read_{name}')", "the api path /api/v1/things/{}"),
    "path, its parts named otherwise": (
        "service(config, '{name}', '/things/{{{name}_id}}', 'read_{name}')",
        "the api path /api/v1/things/{}",
    ),
    "path of Pyramid's": ("config.add_route('{name}', '/feed/{{{name}}}')", "the path /feed/{}"),
    "service's name": ("service(config, 'things', '/{name}', 'read_{name}')", "the route api:things"),
    "route's name": ("config.add_route('things', '/{name}')", "the route things"),
    "operation's name": ("service(config, '{name}', '/{name}', 'read_things')", "the operation read_things"),
    "permission": ("config.declare_permission('things:read', 'Read {name}', ANYONE)", "the permission things:read"),
    "capability": ("config.add_capability('things', '{name}')", "the capability things"),
    "extension": ("extension(config, 'things')", "the extension things"),
    "ordering": (
        "extension(config, '{name}', orderings={{'number': EventOrdering(Row.number, Row.event_id)}})",
        "the event ordering number",
    ),
    "kind of message": (
        f"config.add_message_kind('greeting', '{{name}}', templates={GREETINGS!r})",
        "the message kind greeting",
    ),
    "channel of messages": ("config.add_message_channel('pigeon', Channel())", "the message channel pigeon"),
    "type of webhook events": (
        "config.add_webhook_event('thing.made', BookingConfirmed, represent)",
        "the webhook event thing.made",
    ),
    "health check": ("config.add_health_check('things', check)", "the health check things"),
    "task": ("config.add_task(shared.work)", "the handler turnout_shared.work"),
    "periodic task": (
        "config.add_periodic_task(shared.work, every=timedelta(hours=1))",
        "the periodic task turnout_shared.work",
    ),
    "service": ("config.add_service(shared.Thing)", "the service Thing"),
    "injectable": ("config.add_injectable(shared.Thing, view)", "the service Thing"),
    "source of claims": ("config.add_claim_source('things', select(Pool.id))", "the claim source things"),
    "threads of a queue": ("config.set_queue_threads('things', 2)", "the queue threads things"),
    "directive": ("config.add_directive('add_thing', view)", "the directive add_thing"),
    "method of requests": ("config.add_request_method(view, 'things')", "the request extensions things"),
}
"""Both claim the same; what is claimed is said in these words."""

AGAINST_TURNOUT = {
    "path": ("service(config, 'alpha', '/events/{{event}}', 'read_alpha')", "the api path /api/v1/events/{}"),
    "path of Pyramid's": ("config.add_route('alpha', '/')", "the path /"),
    "service's name": ("service(config, 'events', '/alpha', 'read_alpha')", "the route api:events"),
    "operation's name": ("service(config, 'alpha', '/alpha', 'list_events')", "the operation list_events"),
    "permission": (
        "config.declare_permission('events:create', 'Make events', ANYONE)",
        "the permission events:create",
    ),
    "capability": ("config.add_capability('events', 'Other events')", "the capability events"),
    "ordering": (
        "extension(config, 'alpha', orderings={{'title': EventOrdering(Row.number, Row.event_id)}})",
        "the event ordering title",
    ),
    "channel of messages": ("config.add_message_channel('email', Channel())", "the message channel email"),
    "type of webhook events": (
        "config.add_webhook_event('booking.confirmed', BookingConfirmed, represent)",
        "the webhook event booking.confirmed",
    ),
    "health check": ("config.add_health_check('database', check)", "the health check database"),
    "service": (
        "from turnout.events.services import EventCatalog; config.add_service(EventCatalog)",
        "the service EventCatalog",
    ),
    "injectable in a service's place": (
        "from turnout.events.services import EventCatalog; config.add_injectable(EventCatalog, view)",
        "the service EventCatalog",
    ),
    "injectable": ("config.add_injectable(Session, view)", "the service Session"),
    "directive": ("config.add_directive('add_task', view)", "the directive add_task"),
    "directive that is not there any more": ("config.add_directive('add_service', view)", "the directive add_service"),
    "method of requests": ("config.add_request_method(view, 'actor')", "the request extensions actor"),
    "policy": ("config.set_security_policy(view)", "the ISecurityPolicy"),
    "view": (
        "config.add_view(view, route_name='api:events', request_method='GET', permission='events:read')",
        "the views of the route api:events",
    ),
    "more specific view": (
        "config.add_view(view, route_name='api:events', request_method='GET', xhr=True, permission='events:read')",
        "the views of the route api:events",
    ),
    "answer to an error": (
        "config.add_exception_view(view, context=NotFound)",
        "what is answered to NotFound",
    ),
    "answer where there is nothing": (
        "config.add_notfound_view(view)",
        "what is answered to HTTPNotFound",
    ),
}
"""The plugin alpha claims what is Turnout's."""
