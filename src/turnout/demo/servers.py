"""What the demo runs beside itself: servers that pretend to be outside services, so that nobody needs an account there."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import structlog
from pyramid.config import Configurator
from pyramid.registry import Registry

Start = Callable[[Mapping[str, Any]], AbstractContextManager[Any] | None]

log = structlog.get_logger()


def add_demo_server(config: Configurator, name: str, start: Start) -> None:
    """Directive: let ``turnout serve --demo`` run something beside it, such as the fake of an outside service.

    ``start(settings)`` returns a context manager, which is entered before anything is served and left at the end, or None
    where there is nothing to run, as when the settings name the real service. Where it raises `OSError`, its port is taken:
    whatever is there, such as another demo's, is used.
    """

    def register() -> None:
        config.registry.demo_servers[name] = start

    introspectable = config.introspectable("turnout demo servers", name, name, "demo server")
    config.action(("turnout demo server", name), register, introspectables=(introspectable,))


@contextmanager
def demo_servers(registry: Registry) -> Iterator[None]:
    """Run all of them, for as long as the demo is served."""
    with ExitStack() as running:
        for name, start in registry.demo_servers.items():
            try:
                server = start(registry.settings)
            except (OSError, ValueError) as error:  # a port above all ports is no OSError
                log.warning("a server of the demo could not be started", name=name, reason=str(error))
            else:
                if server is not None:
                    running.enter_context(server)
        yield


def includeme(config: Configurator) -> None:
    config.registry.demo_servers = {}
    config.add_directive("add_demo_server", add_demo_server)
