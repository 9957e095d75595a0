"""Pools: places that are counted together, claimed and released, never counted up."""

from typing import Any

from pyramid.config import Configurator
from sqlalchemy import Select

from turnout.pools.services import ClaimSources, PoolService


def add_claim_source(config: Configurator, name: str, statement: Select[Any]) -> None:
    """Directive: declare rows that hold places, as a statement that returns (pool id, places)."""

    def register() -> None:
        config.registry.claim_sources[name] = statement

    config.action(("turnout claim source", name), register)


def includeme(config: Configurator) -> None:
    config.registry.claim_sources = {}
    config.add_injectable(ClaimSources, lambda request: request.registry.claim_sources)
    config.add_directive("add_claim_source", add_claim_source)
    config.add_service(PoolService)
