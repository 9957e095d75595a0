"""Pyramid's configurator, with Turnout's directives: what an ``includeme(config)`` is given."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pyramid.config
from pyramid.config.actions import ActionInfo, action_method
from pyramid.request import Request

from turnout.errors import Clash, StartError
from turnout.plugin.boundary import guarded_subscriber, require_event_of
from turnout.plugin.discovery import Loaded, installed, owner_among
from turnout.plugin.plugins import CORE, Plugins

if TYPE_CHECKING:
    from turnout.admin.registry import add_admin_section
    from turnout.api import add_capability
    from turnout.api.service import add_api_service
    from turnout.bookings.extensions import add_booking_extension
    from turnout.commands import add_command
    from turnout.demo.servers import add_demo_server
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
_OF_REQUESTS = frozenset({"errors", "validated"})
"""What Cornice gives requests beside what their class has."""


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
        add_admin_section = add_admin_section
        add_capability = add_capability
        add_event_extension = add_event_extension
        add_booking_extension = add_booking_extension
        add_command = add_command
        add_demo_server = add_demo_server
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
        self._not_for_plugins("commit", "it would hide from others what they both claim")
        super().commit()

    @action_method
    def add_view_deriver(self, *args: Any, **options: Any) -> None:
        """Wrap all views, as Pyramid does; not for plugins."""
        self._not_for_plugins("add_view_deriver", "it would change everybody's views")
        super().add_view_deriver(*args, **options)

    @action_method
    def add_tween(self, *args: Any, **options: Any) -> None:
        """Wrap all requests, as Pyramid does; not for plugins."""
        self._not_for_plugins("add_tween", "it would change everybody's requests")
        super().add_tween(*args, **options)

    @action_method
    def set_view_mapper(self, mapper: Any) -> None:
        """Call all views in another way, as Pyramid does; not for plugins."""
        self._not_for_plugins("set_view_mapper", "it would change everybody's views")
        super().set_view_mapper(mapper)

    def _not_for_plugins(self, name: str, reason: str) -> None:
        if self.registry.plugins.setting_up is not None:
            raise StartError(f"config.{name}() is not for plugins: {reason}")

    @action_method
    def add_request_method(
        self,
        callable: Callable[..., Any] | None = None,  # noqa: A002 - Pyramid's name
        name: str | None = None,
        **options: Any,
    ) -> None:
        """Give requests a method or property, as Pyramid does; none that they have already."""
        name = name or str(getattr(callable, "__name__", ""))
        has_it = hasattr(Request, name) or name in _OF_REQUESTS
        if has_it and self.registry.plugins.setting_up is not None:
            raise Clash(f"it and {CORE} both claim the request's {name}")
        super().add_request_method(callable, name, **options)

    def include(self, callable: Any, route_prefix: str | None = None) -> None:  # noqa: A002 - Pyramid's name
        """Set up a module's ``includeme``, as Pyramid does; not that of another plugin, which is set up as itself."""
        included = self.maybe_dotted(callable)
        plugin = self.registry.plugins.setting_up
        if plugin is not None:
            module = getattr(included, "__module__", None) or included.__name__
            whose = owner_among(installed().values(), module)
            if whose is not None and whose.package != plugin.installed.package:
                raise StartError(
                    f"it includes {module} of the plugin {whose.name}; name {whose.name} in requires instead"
                )
        super().include(included, route_prefix)

    def add_directive(self, name: str, directive: Any, action_wrap: bool = True) -> None:  # noqa: FBT001, FBT002 - Pyramid's signature
        """Give the configurator a method `name` that calls ``directive(config, ...)``. Two of one name stop the start."""
        super().add_directive(name, directive, action_wrap)
        self.action(("directive", name))

    @action_method
    def add_route(self, name: str, pattern: str | None = None, **options: Any) -> None:
        """Add a route, as Pyramid does. Two with one path, whatever its parts are called, stop the start.

        A plugin's paths of the API are served by `add_api_service`.
        """
        whole = "/" + "/".join(part.strip("/") for part in (self.route_prefix, pattern) if part)
        if self.registry.plugins.setting_up and whole.startswith("/api/") and name not in self.registry.api_routes:
            raise StartError(f"the route {name} is a path of the API: serve it with config.add_api_service()")
        super().add_route(name, pattern, **options)
        self.action(("path", _NAMES.sub("{}", whole)))

    @action_method
    def add_subscriber(self, subscriber: Callable[..., Any] | str, iface: Any = None, **predicates: Any) -> Any:
        """Call ``subscriber(event)`` whenever a domain event of the class `iface`, or a subclass, is announced.

        It runs inside the transaction in which it happened: a domain error that it raises refuses the whole request,
        any other exception is an internal error that names the plugin in the log.
        """
        function = self.maybe_dotted(subscriber)
        plugin = self.registry.plugins.registrar(function)
        if plugin is not None:
            require_event_of(plugin, iface)
            function = guarded_subscriber(plugin, function)
        return super().add_subscriber(function, iface, **predicates)
