"""Taxonomy: what events are about. Each has one category and any number of tags."""

from pyramid.config import Configurator

from turnout.security.actors import ANYONE, STAFF
from turnout.taxonomy import api
from turnout.taxonomy.admin import CategorySection, TagSection
from turnout.taxonomy.services import CategoryService, TagService


def includeme(config: Configurator) -> None:
    for plural in ("categories", "tags"):
        config.declare_permission(f"{plural}:read", f"Read {plural}", ANYONE)
        config.declare_permission(f"{plural}:create", f"Make {plural}", STAFF)
        config.declare_permission(f"{plural}:update", f"Change {plural}", STAFF)
        config.declare_permission(f"{plural}:delete", f"Delete {plural}", STAFF)
    config.add_service(CategoryService)
    config.add_service(TagService)
    for service in api.SERVICES:
        config.add_api_service(service)
    config.add_admin_section(CategorySection)
    config.add_admin_section(TagSection)
    config.add_capability("categories", "One category for each event")
    config.add_capability("tags", "Any number of tags for each event")
