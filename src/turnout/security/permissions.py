"""Permissions: declared once by the feature that they guard, granted to roles, and to tokens where declared.

``config.declare_permission("events:create", "Make events", ORGANIZER)``. A view names its permission; one that names none,
or one that nobody declared, stops the start.
"""

from dataclasses import dataclass

from pyramid.config import PHASE1_CONFIG, Configurator
from pyramid.config.views import isexception
from pyramid.security import NO_PERMISSION_REQUIRED

from turnout.errors import StartError
from turnout.security.actors import ANYONE, NOBODY, ROLES, Actor

LAST = 1_000_000


@dataclass(frozen=True, slots=True)
class Permission:
    """What a role may do, named ``<feature>:<verb>``."""

    name: str
    description: str
    roles: frozenset[str]
    tokens: bool

    def allows(self, actor: Actor) -> bool:
        """Tell whether `actor` has this permission, by a role and, for a personal token, by its scopes.

        What anyone may do without a token needs no scope either.
        """
        return ANYONE in self.roles or (bool(self.roles & actor.roles) and self._is_in_scope(actor))

    def limited(self, actor: Actor) -> Actor:
        """Return as whom `actor` acts by this permission: as nobody where the scopes of a token do not include it."""
        return actor if self._is_in_scope(actor) else NOBODY

    def _is_in_scope(self, actor: Actor) -> bool:
        return actor.scopes is None or (self.tokens and self.name in actor.scopes)


def declare_permission(config: Configurator, name: str, description: str, *roles: str, tokens: bool = True) -> None:
    """Directive: declare a permission, which `roles` have, and those above them.

    The `name` is like ``reviews:create``; one permission guards reading or writing, never both. Every view needs one; what
    depends on the thing itself (is it one's own?) is the service's to decide. `tokens` says whether a personal API token
    can carry it.

        config.declare_permission("reviews:create", "Review what one has attended", USER)
    """
    unknown = set(roles) - set(ROLES)
    if unknown:
        raise StartError(f"Permission {name} is granted to roles that do not exist: {', '.join(sorted(unknown))}")
    permission = Permission(name, description, frozenset(roles), tokens)

    def register() -> None:
        config.registry.permissions[name] = permission

    introspectable = config.introspectable("turnout permissions", name, name, "permission")
    introspectable["permission"] = permission
    config.action(("turnout permission", name), register, introspectables=(introspectable,), order=PHASE1_CONFIG)


def check_views(config: Configurator) -> None:
    """Stop the start if a view has no permission, or one that was never declared."""
    for entry in config.introspector.get_category("views") or ():
        view = entry["introspectable"]
        declared = [related["value"] for related in entry["related"] if related.category_name == "permissions"]
        name = declared[0] if declared else None
        if isexception(view["context"]):
            continue  # an exception view: it shows what another view's permission already decided
        if name == NO_PERMISSION_REQUIRED or name in config.registry.permissions:
            continue
        where = f"{view['request_methods'] or 'any method'} {view['route_name'] or view['name']}"
        raise StartError(
            f"The view for {where} declares {'permission ' + name if name else 'no permission'}; declare one with config.declare_permission().",
            registered=view.action_info,
        )


def includeme(config: Configurator) -> None:
    config.registry.permissions = {}
    config.add_directive("declare_permission", declare_permission)
    config.action("turnout permission check", check_views, args=(config,), order=LAST)
