"""Letting SQLAlchemy finish the models: a plugin's that do not fit together break nobody else's.

It does so at the first query otherwise, for all models at once, and one that fails makes every later query fail.
"""

from collections.abc import Sequence

from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapper
from sqlalchemy.orm.interfaces import EXT_SKIP

from turnout.db import Base
from turnout.plugin import errors
from turnout.plugin.discovery import Loaded, models_of
from turnout.plugin.errors import PluginError

_unfit: dict[str, Loaded] = {}
"""The plugins of this process, by name, whose models SQLAlchemy is to leave alone."""


@event.listens_for(Base, "before_mapper_configured", retval=True, propagate=True)
def _leave_unfit(_mapper: Mapper[Base], model: type[Base]) -> object:
    return EXT_SKIP if any(plugin.has(model.__module__) for plugin in _unfit.values()) else None


def check_models(plugins: Sequence[Loaded]) -> None:
    """Raise `PluginError` for a plugin whose models, their relationships say, need what is not there."""
    for plugin in plugins:
        _unfit.pop(plugin.name, None)
        _check_names(plugin)
    try:
        Base.registry.configure()
    except SQLAlchemyError:  # of one of them: each is tried after those before it
        _unfit.update((plugin.name, plugin) for plugin in plugins)
        Base.registry.configure()
        for plugin in plugins:
            _check(plugin)


def _check_names(plugin: Loaded) -> None:
    """Raise `PluginError` for a model named as one of the core's: others' relationships name it, and would find two."""
    models = list(models_of(Base))
    taken = {model.__name__ for model in models if model.__module__.startswith("turnout.")}
    for model in models:
        if model.__name__ in taken and plugin.has(model.__module__):
            _unfit[plugin.name] = plugin
            problem = f"it and Turnout both claim the model {model.__name__}"
            raise PluginError(plugin.name, errors.CLASH, problem, "Give the class another name.")


def _check(plugin: Loaded) -> None:
    del _unfit[plugin.name]
    try:
        Base.registry.configure()
    except SQLAlchemyError as error:
        _unfit[plugin.name] = plugin
        raise PluginError(plugin.name, errors.IMPORT, f"its models cannot be used: {errors.said(error)}") from error
