"""Pyramid's configurator, with Turnout's directives: what an ``includeme(config)`` is given."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pyramid.config
from pyramid.config.actions import ActionInfo, action_method

from turnout.errors import StartError
from turnout.plugin.boundary import guarded_subscriber
from turnout.plugin.discovery import Loaded
from turnout.plugin.plugins import Plugins

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

_NAMES = re.compile(r"{\w+(?::(?:[^{}]|{[^{}]*})*)?}")
"""What stands for a part of a path, with the regular expression that it may have."""


class PluginActionInfo(ActionInfo):
    """Where something was registered, and by which plugin."""

    def __init__(self, info: ActionInfo, plugin: Loaded) -> None:
        super().__init__(info.file, info.line, info.function, info.src)
        self.plugin = plugin


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

    def setup_registry(self, *args: Any, **options: Any) -> None:
        """Begin without plugins (Pyramid's protocol)."""
        self.registry.plugins = Plugins()
        super().setup_registry(*args, **options)

    @property
    def action_info(self) -> ActionInfo:
        """Say where something is registered, and by which plugin: whoever claims the same is told of both."""
        plugin = self.registry.plugins.setting_up
        return super().action_info if plugin is None else PluginActionInfo(super().action_info, plugin)

    def action(
        self,
        discriminator: Any,
        callable: Callable[..., Any] | None = None,  # noqa: A002 - Pyramid's name
        args: tuple[Any, ...] = (),
        kw: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        """Register what is carried out later, then as the same plugin's as now."""
        plugins, plugin = self.registry.plugins, self.registry.plugins.setting_up

        if plugin is not None and callable is not None:
            callable = plugins.as_of(plugin, callable)  # noqa: A001 - Pyramid's name
        super().action(discriminator, callable, args, kw, **options)

    def commit(self) -> None:
        """Carry out what is registered; not for plugins, whose claims would then collide with nobody's."""
        if self.registry.plugins.setting_up is not None:
            raise StartError("config.commit() is not for plugins: it would hide from others what they both claim")
        super().commit()

    def add_directive(self, name: str, directive: Any, action_wrap: bool = True) -> None:  # noqa: FBT001, FBT002 - Pyramid's signature
        """Give the configurator a method `name` that calls ``directive(config, ...)``. Two of one name stop the start."""
        super().add_directive(name, directive, action_wrap)
        self.action(("directive", name))

    @action_method
    def add_route(self, name: str, pattern: str | None = None, **options: Any) -> None:
        """Add a route, as Pyramid does. Two with one path, whatever its parts are called, stop the start."""
        super().add_route(name, pattern, **options)
        path = _NAMES.sub("{}", "/".join(part.strip("/") for part in (self.route_prefix, pattern) if part))
        self.action(("path", f"/{path}"))

    @action_method
    def add_subscriber(self, subscriber: Callable[..., Any] | str, iface: Any = None, **predicates: Any) -> Any:
        """Call ``subscriber(event)`` whenever a domain event of the class `iface`, or a subclass, is announced.

        It runs inside the transaction in which it happened: a domain error that it raises refuses the whole request,
        any other exception is an internal error that names the plugin in the log.
        """
        function = self.maybe_dotted(subscriber)
        plugin = self.registry.plugins.registrar(function)
        if plugin is not None:
            function = guarded_subscriber(plugin, function)
        return super().add_subscriber(function, iface, **predicates)
