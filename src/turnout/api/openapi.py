"""OpenAPI 3.1, made from the schemas that validate."""

from pyramid.config import Configurator


def includeme(config: Configurator) -> None:
    pass
