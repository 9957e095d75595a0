"""What stands around what plugins add to pages: the switch of the event, a clock, and that their trouble is their own."""

from collections.abc import Mapping
from typing import Any

import structlog
from pyramid.request import Request

from turnout.admin.panels import Block, Note, Panel
from turnout.admin.registry import Section
from turnout.db import savepoint
from turnout.errors import DomainError
from turnout.plugin.boundary import is_on, taking_part

EVENTS = "events"
BROKEN = "This could not be shown. The log says why."
log = structlog.get_logger()


def is_on_page(request: Request, of: Section, name: str, *row: Mapping[str, Any]) -> bool:
    """Tell whether the section `of` may add something to the page of a thing of the section `name`.

    A plugin's may not, if the thing is, or is about, an event for which the plugin is switched off. On its own pages
    staff look after what there is, whatever is switched.
    """
    plugin = request.registry.admin_sections.plugins.get(of.name)
    if plugin is None or of.name == name:
        return True
    return all(is_on(request, plugin, one.get("id" if name == EVENTS else "event_id")) for one in row)


def blocks_of(request: Request, of: Section, panel: Panel, *given: Any) -> list[Block]:
    """Return what is in a panel; nothing, where it is not for whoever asks.

    What goes wrong in a plugin's panel is logged and undone, and the panel says so: the page is for the rest.
    """

    def fill() -> list[Block]:
        return list(panel.function(request.find_service(of), *given, actor=request.actor))

    plugin = request.registry.admin_sections.plugins.get(of.name)
    try:
        if plugin is None:
            return fill()
        with savepoint(request.db), taking_part(request, plugin, "panel"):
            return _checked(fill())
    except DomainError:
        return []
    except Exception as error:
        if plugin is None or request.tm.get().isRetryableError(error):
            raise
        log.exception("panel failed", plugin=plugin.name, panel=panel.title)
        return [Note(BROKEN, "warning")]


def _checked(blocks: list[Any]) -> list[Block]:
    for block in blocks:
        if not isinstance(block, Block):
            raise TypeError(f"{block!r} is no Facts, Table, Note or Chart")
    return blocks
