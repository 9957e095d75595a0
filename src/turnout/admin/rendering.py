"""Templates: Jinja2 with autoescape, and how values are written for people to read."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import format_currency, format_decimal
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from pyramid.config import Configurator
from pyramid.request import Request

from turnout.admin.forms.words import in_words, said
from turnout.admin.panels import Block, Chart, Panel
from turnout.assets import fingerprint

STATIC = "/admin/static"
ICONS = "vendor/tabler-icons-3.51.0/icons.svg"
BADGES = {
    "published": "green", "confirmed": "green", "valid": "green", "enabled": "green", "succeeded": "green", "done": "green",
    "sent": "green", "delivered": "green", "visible": "green", "active": "green", "on_sale": "green", "ok": "green",
    "paid": "green", "accepted": "green", "offered": "blue", "open": "blue", "created": "blue",
    "unpaid": "yellow", "refunded": "yellow", "partially_refunded": "yellow", "expired": "red",
    "pending": "yellow", "processing": "yellow", "postponed": "yellow", "waiting": "yellow", "degraded": "yellow",
    "reported": "yellow", "not_yet": "blue", "running": "blue", "draft": "blue", "queued": "blue", "elsewhere": "blue", "stopped": "yellow",
    "cancelled": "red", "failed": "red", "dead": "red", "quarantined": "red", "hidden": "red", "sold_out": "red",
}  # fmt: skip
"""The colour of a state, beside its name."""


def money(amount: Any, currency: str | None) -> str:
    """Write an amount with its currency, "€12.50"; without one as a number."""
    if amount is None:
        return ""
    return format_currency(Decimal(amount), currency, locale="en") if currency else str(amount)


def number(value: Any) -> str:
    """Write a number with its thousands set apart."""
    return "" if value is None else format_decimal(value, locale="en")


def moment(value: datetime | None, zone: str | None = None) -> Markup:
    """Write a moment in a time zone, which is named: "Sat 1 May 2027, 19:30 WEST"."""
    if value is None:
        return Markup("")
    local = value.astimezone(ZoneInfo(zone) if zone else UTC)
    parts = f"{local:%a} {local.day} {local:%b %Y},", f"{local:%H:%M} {local.tzname()}"
    return Markup('<time datetime="{}"><span>{}</span> <span>{}</span></time>').format(value.isoformat(), *parts)


def day(value: date | None) -> str:
    """Write a day: "1 May 2027"."""
    return "" if value is None else f"{value.day} {value:%b %Y}"


def badge_colour(state: str) -> str:
    """Return the colour of a state."""
    return BADGES.get(state, "secondary")


def has_chart(panels: Iterable[tuple[Panel, Iterable[Block]]]) -> bool:
    """Tell whether there is a chart to draw."""
    return any(isinstance(block, Chart) for _, blocks in panels for block in blocks)


def asset(request: Request, name: str) -> str:
    """Return the address of a static file, which changes when the file does."""
    return f"{request.script_name}{STATIC}/{name}?v={fingerprint('turnout.admin', name)}"


def render_widget(request: Request, template: str, given: Mapping[str, Any]) -> Markup:
    """Render a template of a Deform widget."""
    environment: Environment = request.registry.admin_templates()
    found = environment.get_template(f"turnout.admin:templates/widgets/{template}.jinja2")
    return Markup(found.render(request=request, **given))  # noqa: S704 - the template escapes


def _set_up(config: Configurator) -> None:
    environment: Environment = config.get_jinja2_environment(".jinja2")
    environment.undefined = StrictUndefined
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters |= {
        "money": money,
        "number": number,
        "moment": moment,
        "day": day,
        "badge_colour": badge_colour,
        "in_words": in_words,
        "said": said,
        "has_chart": has_chart,
    }


def includeme(config: Configurator) -> None:
    config.include("pyramid_jinja2")
    config.add_jinja2_renderer(".jinja2")
    config.registry.admin_templates = lambda: config.get_jinja2_environment(".jinja2")
    config.action(None, _set_up, args=(config,), order=1_000_000)
    config.add_request_method(asset, "admin_asset")
