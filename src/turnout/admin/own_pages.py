"""Pages that a section draws itself, for what is neither a list, nor a thing, nor a form.

    @own_page("", permission="lost:read", template="turnout_lost:templates/map.jinja2")
    def map(self, request: Request) -> Mapping[str, Any]:
        return {"filters": filters_of(request, self)}

The template extends ``turnout.admin:templates/layout.jinja2``, fills its blocks ``title``, ``heading``, ``crumbs``, ``buttons`` and
``content``, and finds in ``ui`` what all pages are made of: ``ui.csrf()``, ``ui.icon(name)``, ``ui.value(request, it, zone)``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class OwnPage:
    """A page of a section's own, and the method that answers it."""

    path: str
    permission: str
    function: Callable[..., Any]
    template: str | None
    method: str = "GET"

    @property
    def is_home(self) -> bool:
        """Tell whether it is what the section's place in the menu leads to."""
        return not self.path and self.method == "GET"

    @property
    def route(self) -> str:
        """Return what the route's name has after the section's: "" at the section's own address, ":import", ":one:preview"."""
        return "".join(f":{part}" for part in self.path.replace("{id}", "one").split("/") if part)

    def view(self, request: Any, section: Any) -> Any:
        """Answer a request: with a response, or with what the template is given, `section` beside it."""
        answer = self.function(section, request)
        return {"section": section, **answer} if isinstance(answer, dict) else answer


def own_page(
    path: str, *, permission: str, template: str | None = None, method: str = "GET"
) -> Callable[[Callable[..., Any]], OwnPage]:
    """Make a method of a section a page that its own template draws.

    `path` comes after the section's address: "" (which puts the section into the menu), "import", "{id}", "{id}/preview". Its
    route is called ``admin:<section>``, ``admin:<section>:import``, ``admin:<section>:one``, ``admin:<section>:one:preview``.
    The method gets the request, and returns a dict for the `template`, or a response, such as Pyramid's ``HTTPSeeOther``. It is
    called for those who may enter the admin and have the `permission`; what is theirs it asks ``request.actor``. One that
    answers POST is protected against forgery by ``ui.csrf()`` in its form, and writes into the audit log by `record`.
    """

    def decorate(function: Callable[..., Any]) -> OwnPage:
        return OwnPage(path, permission, function, template, method)

    return decorate
