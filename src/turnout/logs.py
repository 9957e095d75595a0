"""Structured logs: JSON lines in production, readable in development; secrets never reach them."""

import logging
import sys

import colander
import structlog
from pyramid.config import Configurator


class LogSettings(colander.MappingSchema):
    """What is logged, and how."""

    format = colander.SchemaNode(colander.String(), missing="text", validator=colander.OneOf(["text", "json"]))
    level = colander.SchemaNode(
        colander.String(), missing="info", validator=colander.OneOf(["debug", "info", "warning", "error"])
    )
    requests = colander.SchemaNode(colander.Boolean(), missing=False, description="Log a line for each request")


def includeme(config: Configurator) -> None:
    config.declare_settings("log", LogSettings)
    settings = config.get_settings()
    as_json = settings["log.format"] == "json"
    level = logging.getLevelNamesMapping()[settings["log.level"].upper()]
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Plain tracebacks: the richer ones show local variables, and with them passwords and tokens.
    renderer: list[structlog.types.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if as_json
        else [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    )
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(level, logging.WARNING))
