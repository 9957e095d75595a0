"""Paths that one request could mean both of: nobody would know whose view answers it."""

import re
from itertools import combinations

from pyramid.config import Configurator

from turnout.plugin.errors import CLASH, PluginError
from turnout.plugin.plugins import CORE

_VARIABLE = re.compile(r"{(\w+)}")


def overlap(path: str, other: str) -> bool:
    """Tell whether a request could be for both of two paths. ``{id}`` and ``{..._id}`` stand for whole numbers."""
    parts, others = path.split("/"), other.split("/")
    return len(parts) == len(others) and all(map(_may_be_same, parts, others))


def _may_be_same(part: str, other: str) -> bool:
    names = [found[1] for found in (_VARIABLE.fullmatch(part), _VARIABLE.fullmatch(other)) if found]
    literals = [each for each in (part, other) if not _VARIABLE.fullmatch(each)]
    if len(literals) == 1 and any(name == "id" or name.endswith("_id") for name in names):
        return literals[0].isdigit()
    return len(set(literals)) < 2  # noqa: PLR2004 - two different words


def check_paths(config: Configurator) -> None:
    """Raise `PluginError` for a plugin with a path that overlaps another's."""
    registry = config.registry
    order = [CORE, *registry.plugins.enabled]

    def owner(name: str) -> str:
        route = registry.introspector.get("routes", name)
        return str(registry.plugins.named(getattr(route.action_info, "plugin", None)))

    owned = [(owner(name), service.template) for name, service in registry.api_services.items()]
    for one, another in combinations(owned, 2):
        (first, path), (second, other) = sorted((one, another), key=lambda each: order.index(each[0]))
        if first != second and overlap(path, other):
            problem = f"its path {other} and {path} of {first} could be meant by one request"
            raise PluginError(second, CLASH, problem)
