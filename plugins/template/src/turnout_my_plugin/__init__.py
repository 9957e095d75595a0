"""The plugin: what it says of itself, and everything that it adds to Turnout."""

from datetime import timedelta

from turnout.bookings.hooks import BookingConfirmed
from turnout.plugin import ANYONE, API_VERSION, Configurator, Plugin, Schema, fields

from turnout_my_plugin import api, extension, schemas, tasks
from turnout_my_plugin.admin import MyPluginSection
from turnout_my_plugin.services import TallyService


class MyPluginSettings(Schema):
    """What whoever runs Turnout can set: ``my_plugin.keep_days`` in the ini file, or TURNOUT_MY_PLUGIN_KEEP_DAYS."""

    keep_days = fields.whole(1, 3650, missing=365, description="How many days after its end an event's tally is kept")


# Turnout reads this before it sets anything up.
plugin = Plugin(
    name="my_plugin",
    title="My plugin",
    description="Counts the places that were confirmed for each event",
    api_version=API_VERSION,
    settings=MyPluginSettings,
)


def includeme(config: Configurator) -> None:
    """Register all that the plugin has; Turnout calls this at the start if the plugin is enabled."""
    config.declare_permission("my_plugin:read", "See how many places were confirmed", ANYONE)
    config.add_service(TallyService)
    config.add_listener(tasks.count_places, BookingConfirmed)
    config.add_periodic_task(tasks.forget_old_tallies, every=timedelta(hours=1))
    config.add_event_extension("my_plugin", view=schemas.TallyExtension, read=extension.read)
    config.add_api_service(api.tally)
    config.add_admin_section(MyPluginSection)
