"""What no plugin may do to the others and the core, on purpose or not: each is refused at the start, by name."""

from textwrap import dedent

import pytest

from turnout.plugin.paths import overlap

QUARANTINE = {"turnout.plugins.on_error": "quarantine"}
SWITCHABLE = "is_switchable=True"
SERVES = """
works = Service("{name}-works", "{path}", "Things")

@works.get(permission="{name}:read")
def read_{name}(request):
    '''Read it.'''

def includeme(config):
    config.declare_permission("{name}:read", "Read", ANYONE)
    config.add_api_service(works)
"""


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("config.add_view_deriver(print, 'x')", "config.add_view_deriver() is not for plugins"),
        ("config.add_tween('turnout_alpha.nested')", "config.add_tween() is not for plugins"),
        ("config.set_view_mapper(print)", "config.set_view_mapper() is not for plugins"),
        ("config.commit()", "config.commit() is not for plugins"),
        ("config.add_request_method(print, 'validated', reify=True)", "both claim the request's validated"),
        ("config.add_request_method(print, 'matchdict')", "both claim the request's matchdict"),
        ("config.add_route('all', '/api/v1/*rest')", "serve it with config.add_api_service()"),
        ("config.add_route('old', '/api/v1/events/:id')", "serve it with config.add_api_service()"),
        ("config.include(nested, route_prefix='/api')", "serve it with config.add_api_service()"),
        ("config.add_view(view, name='api', permission='alpha:read')", "its view api has no route"),
        ("config.include('turnout_beta')", "it includes turnout_beta of the plugin beta; name beta in requires"),
        ("config.include('turnout_beta.more')", "it includes turnout_beta.more of the plugin beta"),
        ("raise PluginError('beta', 'setup', 'it is to blame')", "The plugin beta cannot be used: it is to blame"),
        ("config.action(None, accuse)", "The plugin beta cannot be used: it is to blame"),
    ],
)
def test_what_would_change_others(shelf, refused, start, body, words):
    shelf.add("beta", more="def includeme(config): pass")
    shelf.add(
        "alpha",
        f"""
        def view(request): return {{}}
        def nested(config): config.add_route("inner", "/v1/inner")
        def accuse(): raise PluginError('beta', 'setup', 'it is to blame')
        def includeme(config):
            config.declare_permission("alpha:read", "Read", ANYONE)
            {body}
        """,
    )
    for order in ("alpha beta", "beta alpha"):
        error = refused(order)
        assert error.plugin == "alpha"
        assert words in str(error)
        assert list(start(order, **QUARANTINE).plugins.enabled) == ["beta"]


def test_what_is_ones_own_is_allowed(shelf, start):
    shelf.add(
        "alpha",
        """
        def view(request): return {}
        def includeme(config):
            config.declare_permission("alpha:read", "Read", ANYONE)
            config.add_request_method(view, "alphas_own", reify=True)
            config.add_route("alpha", "/alpha/{id}")
            config.add_view(view, route_name="alpha", permission="alpha:read")
            config.include("turnout_alpha.more")
        """,
        more="def includeme(config): config.add_capability('more', 'More')",
    )
    assert "more" in start("alpha").capabilities


class TestPaths:
    @pytest.mark.parametrize(
        ("path", "other", "do"),
        [
            ("/events/{id}/{what}", "/events/{id}/reviews", True),
            ("/events/{id}/{what}", "/events/{event_id}/{which}", True),
            ("/{what}/5", "/events/{id}", True),
            ("/things/{id}", "/things/mine", False),
            ("/things/{id}", "/things/5", True),
            ("/things/{code}", "/things/mine", True),
            ("/things/{id}", "/things/{id}/more", False),
            ("/things", "/others", False),
        ],
    )
    def test_what_overlaps(self, path, other, do):
        assert overlap(path, other) is do
        assert overlap(other, path) is do

    @pytest.mark.parametrize(
        ("path", "other", "owner"),
        [("/events/{id}/{what}", "/events/{id}/ticket-types", "Turnout"), ("/a/{b}", "/a/c", "beta")],
    )
    def test_who_overlaps_is_told_with_whom(self, shelf, refused, path, other, owner):
        shelf.add("beta", SERVES.format(name="beta", path="/a/c"))
        shelf.add("alpha", SERVES.format(name="alpha", path=path))
        error = refused("beta alpha")
        assert (error.plugin, error.reason) == ("alpha", "clash")
        assert f"its path /api/v1{path} and /api/v1{other} of {owner} could be meant by one request" in str(error)


class TestModels:
    BROKEN = """
        from sqlalchemy.orm import Mapped, mapped_column, relationship
        class Broken(Base):
            __tablename__ = "{name}_rows"
            id: Mapped[int] = mapped_column(Id, primary_key=True)
            others = relationship("NoSuchModel")
    """
    INNOCENT = """
        from sqlalchemy.orm import Mapped, aliased, mapped_column
        class Row(Base):
            __tablename__ = "beta_rows"
            id: Mapped[int] = mapped_column(Id, primary_key=True)
        aliased(Row).id
        from sqlalchemy import select
        from turnout.users.models import User
        select(aliased(User).id)
    """

    @pytest.mark.parametrize("order", ["alpha beta", "beta alpha"])
    def test_broken_ones_are_blamed_on_nobody_else(self, shelf, start, order):
        shelf.add("alpha", self.BROKEN.format(name="alpha"))
        shelf.add("beta", self.INNOCENT)
        plugins = start(order, **QUARANTINE).plugins
        assert list(plugins.enabled) == ["beta"]
        assert {name: error.reason for name, error in plugins.left_out.items()} == {"alpha": "import"}

    def test_those_imported_while_it_is_set_up_are_looked_at_too(self, shelf, refused, start):
        shelf.add(
            "alpha",
            "def includeme(config): import turnout_alpha.late",
            late=MODULE + dedent(self.BROKEN.format(name="alpha")),
        )
        assert "NoSuchModel" in str(refused("alpha"))
        shelf.add("gamma", "def includeme(config): import turnout_gamma.late", late=MODULE + STOLEN)
        assert "its table alpha_stolen must have a name that begins with gamma_" in str(refused("gamma"))
        assert list(start("alpha gamma", **QUARANTINE).plugins.enabled) == []

    def test_none_is_called_like_one_of_turnouts(self, shelf, refused):
        shelf.add(
            "alpha",
            self.BROKEN.format(name="alpha").replace("Broken", "Event").replace('relationship("NoSuchModel")', "5"),
        )
        error = refused("alpha")
        assert error.reason == "clash"
        assert "it and Turnout both claim the model Event" in str(error)


MODULE = "from turnout.plugin import *\n"
STOLEN = """
from sqlalchemy.orm import Mapped, mapped_column
class Stolen(Base):
    __tablename__ = "alpha_stolen"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
"""


class TestEventsOfSwitchablePlugins:
    EVENTS = """
        from dataclasses import dataclass
        @dataclass(frozen=True, slots=True)
        class Happened(DomainEvent):
            {field}: int | None = None
        def hear(event: Happened) -> None: ...
        def includeme(config):
            config.{directive}(hear, Happened)
    """

    @pytest.mark.parametrize("directive", ["add_listener", "add_subscriber"])
    def test_they_say_which_event_they_are_about(self, shelf, refused, directive):
        shelf.add("alpha", self.EVENTS.format(field="number", directive=directive), manifest=SWITCHABLE)
        assert "Happened does not say which event it is about: give it event_id" in str(refused("alpha"))

    @pytest.mark.parametrize(("field", "manifest"), [("event_id", SWITCHABLE), ("number", "")])
    def test_those_who_do_and_those_who_need_not(self, shelf, start, field, manifest):
        shelf.add("alpha", self.EVENTS.format(field=field, directive="add_listener"), manifest=manifest)
        assert "alpha" in start("alpha").plugins.enabled
