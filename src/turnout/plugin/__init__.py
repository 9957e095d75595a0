"""Plugins: what anyone can add to Turnout. This is what their authors import.

A plugin is a Python package with an entry point in the group ``turnout.plugins``, a manifest called ``plugin``, and an
``includeme(config)`` that registers all it has:

    from turnout.plugin import API_VERSION, Configurator, Plugin

    plugin = Plugin(name="reviews", title="Reviews", description="What guests thought", api_version=API_VERSION)

    def includeme(config: Configurator) -> None:
        config.add_api_service(api.reviews)

Beside this module, a plugin may import `turnout.testing` and, of the features, the modules ``services``, ``models``,
``hooks`` and ``errors``. Everything else may change without notice (docs/plugins/versions.md).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pyramid.request import Request
from sqlalchemy.orm import Session

from turnout import schema as fields
from turnout.api.answers import Existing
from turnout.api.etags import expected_versions
from turnout.api.pages import PageQuery, page, page_of, paging_of
from turnout.api.service import Service, about_no_event
from turnout.clock import Clock
from turnout.db import NEVER_REUSED, Amount, Base, Id, UTCDateTime, delete_some
from turnout.errors import (
    Conflict,
    Denied,
    DomainError,
    InUse,
    Invalid,
    NotFound,
    StartError,
    TooManyAttempts,
    TryAgain,
    Unauthenticated,
    Unreachable,
    VersionMismatch,
)
from turnout.hooks import DomainEvent
from turnout.injection import Announce, ReadSession, Settings
from turnout.paging import Ordering, Paging, Slice, fetch
from turnout.plugin.configurator import Configurator
from turnout.plugin.errors import PluginError, SwitchedOff
from turnout.plugin.manifest import API_VERSION, Plugin
from turnout.schema import Schema
from turnout.security.actors import ANYONE, ORGANIZER, STAFF, SUPERUSER, SYSTEM, USER, Actor
from turnout.versions import Versioned, require_version

if TYPE_CHECKING:
    from turnout.admin.actions import ALL, Done, Made, action
    from turnout.admin.context import filters_of
    from turnout.admin.flashes import flash
    from turnout.admin.own_pages import own_page
    from turnout.admin.panels import (
        ATTENTION,
        DASHBOARD,
        WHOLE,
        Badge,
        Chart,
        Facts,
        Link,
        Money,
        Note,
        Share,
        Table,
        panel,
    )
    from turnout.admin.recording import record
    from turnout.admin.sections import AdminSection, Column, PageLink
    from turnout.commands import application
    from turnout.events.extensions import EventOrdering
    from turnout.messages.channels import Attachment
    from turnout.messages.kinds import Draft, Enclosed
    from turnout.outbox.handlers import CurrentJob
    from turnout.outbox.retries import Retry
    from turnout.outgoing import Fetched, Fetcher, Unfetchable
    from turnout.system import system_request, transact
    from turnout.webhooks.event_types import Told

_OF_FEATURES = {
    "ALL": "turnout.admin.actions",
    "ATTENTION": "turnout.admin.panels",
    "AdminSection": "turnout.admin.sections",
    "Attachment": "turnout.messages.channels",
    "Badge": "turnout.admin.panels",
    "Chart": "turnout.admin.panels",
    "Column": "turnout.admin.sections",
    "CurrentJob": "turnout.outbox.handlers",
    "DASHBOARD": "turnout.admin.panels",
    "Done": "turnout.admin.actions",
    "Draft": "turnout.messages.kinds",
    "Enclosed": "turnout.messages.kinds",
    "EventOrdering": "turnout.events.extensions",
    "Facts": "turnout.admin.panels",
    "Fetched": "turnout.outgoing",
    "Fetcher": "turnout.outgoing",
    "Link": "turnout.admin.panels",
    "Made": "turnout.admin.actions",
    "Money": "turnout.admin.panels",
    "Note": "turnout.admin.panels",
    "PageLink": "turnout.admin.sections",
    "Retry": "turnout.outbox.retries",
    "Share": "turnout.admin.panels",
    "Table": "turnout.admin.panels",
    "Told": "turnout.webhooks.event_types",
    "Unfetchable": "turnout.outgoing",
    "WHOLE": "turnout.admin.panels",
    "action": "turnout.admin.actions",
    "application": "turnout.commands",
    "filters_of": "turnout.admin.context",
    "flash": "turnout.admin.flashes",
    "own_page": "turnout.admin.own_pages",
    "panel": "turnout.admin.panels",
    "record": "turnout.admin.recording",
    "system_request": "turnout.system",
    "transact": "turnout.system",
}
"""Where features have what their directives take; imported when it is asked for, because features import this package."""

__all__ = [
    "ALL",
    "ANYONE",
    "API_VERSION",
    "ATTENTION",
    "DASHBOARD",
    "NEVER_REUSED",
    "ORGANIZER",
    "STAFF",
    "SUPERUSER",
    "SYSTEM",
    "USER",
    "WHOLE",
    "Actor",
    "AdminSection",
    "Amount",
    "Announce",
    "Attachment",
    "Badge",
    "Base",
    "Chart",
    "Clock",
    "Column",
    "Configurator",
    "Conflict",
    "CurrentJob",
    "Denied",
    "DomainError",
    "DomainEvent",
    "Done",
    "Draft",
    "Enclosed",
    "EventOrdering",
    "Existing",
    "Facts",
    "Fetched",
    "Fetcher",
    "Id",
    "InUse",
    "Invalid",
    "Link",
    "Made",
    "Money",
    "NotFound",
    "Note",
    "Ordering",
    "PageLink",
    "PageQuery",
    "Paging",
    "Plugin",
    "PluginError",
    "ReadSession",
    "Request",
    "Retry",
    "Schema",
    "Service",
    "Session",
    "Settings",
    "Share",
    "Slice",
    "StartError",
    "SwitchedOff",
    "Table",
    "Told",
    "TooManyAttempts",
    "TryAgain",
    "UTCDateTime",
    "Unauthenticated",
    "Unfetchable",
    "Unreachable",
    "VersionMismatch",
    "Versioned",
    "about_no_event",
    "action",
    "application",
    "delete_some",
    "expected_versions",
    "fetch",
    "fields",
    "filters_of",
    "flash",
    "own_page",
    "page",
    "page_of",
    "paging_of",
    "panel",
    "record",
    "require_version",
    "system_request",
    "transact",
]


def __getattr__(name: str) -> Any:
    if name not in _OF_FEATURES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_OF_FEATURES[name]), name)


def includeme(config: Configurator) -> None:
    from turnout.plugin import api
    from turnout.plugin.admin import PluginSection
    from turnout.plugin.checks import check_plugins
    from turnout.plugin.services import PluginCatalog

    config.declare_permission("plugins:read", "See which plugins there are, and their settings", STAFF)
    config.add_service(PluginCatalog)
    config.add_health_check("plugins", check_plugins, critical=False)
    for service in api.SERVICES:
        config.add_api_service(service)
    config.add_admin_section(PluginSection)
