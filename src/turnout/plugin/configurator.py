"""Pyramid's configurator, with Turnout's directives: what an ``includeme(config)`` is given."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyramid.config
from pyramid.config.actions import action_method

from turnout.plugin.boundary import guarded_subscriber

if TYPE_CHECKING:
    from turnout.api import add_capability
    from turnout.api.service import add_api_service
    from turnout.events.extensions import add_event_extension
    from turnout.health import add_health_check
    from turnout.injection import add_injectable, add_service
    from turnout.messages.channels import add_message_channel
    from turnout.messages.kinds import add_message_kind
    from turnout.outbox.handlers import add_listener, add_periodic_task, add_task, set_queue_threads
    from turnout.pools import add_claim_source
    from turnout.security.permissions import declare_permission
    from turnout.settings import declare_settings
    from turnout.webhooks.event_types import add_webhook_event


class Configurator(pyramid.config.Configurator):
    """Pyramid's configurator, with Turnout's directives.

    Everything that a feature or a plugin has, it registers here. Two that claim the same thing are told so at the start.
    """

    if TYPE_CHECKING:  # for type checkers and the reference; each feature adds its directives with add_directive()
        declare_settings = declare_settings
        declare_permission = declare_permission
        add_service = add_service
        add_injectable = add_injectable
        add_api_service = add_api_service
        add_capability = add_capability
        add_event_extension = add_event_extension
        add_listener = add_listener
        add_task = add_task
        add_periodic_task = add_periodic_task
        set_queue_threads = set_queue_threads
        add_health_check = add_health_check
        add_message_kind = add_message_kind
        add_message_channel = add_message_channel
        add_webhook_event = add_webhook_event
        add_claim_source = add_claim_source

    @action_method
    def add_subscriber(self, subscriber: Callable[..., Any] | str, iface: Any = None, **predicates: Any) -> Any:
        """Call ``subscriber(event)`` whenever a domain event of the class `iface`, or a subclass, is announced.

        It runs inside the transaction in which it happened: a domain error that it raises refuses the whole request,
        any other exception is an internal error that names the plugin in the log.
        """
        function = self.maybe_dotted(subscriber)
        plugin = self.registry.plugins.owner(function)
        if plugin is not None:
            function = guarded_subscriber(plugin, function)
        return super().add_subscriber(function, iface, **predicates)
