"""Setting up plugins: whatever goes wrong stops the start, with one line that names the plugin, the cause and the mend."""

import pytest

from turnout.plugin.configurator import Configurator
from turnout.settings import SettingsError

READS = '''
things = Service("alpha-things", "{path}", "Things")
@things.get(permission={permission!r})
def read_alpha_things(request):
    """Read them."""
'''


class TestIncludeme:
    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ("raise RuntimeError('no\\nway')", "RuntimeError: no way"),
            ("config.no_such_directive()", "AttributeError: no_such_directive"),
            ("raise StartError('The printer is not there.')", "The printer is not there"),
            ("import sys; sys.exit(3)", "SystemExit: 3"),
            ("config.include('not.there')", "ModuleNotFoundError: No module named 'not'"),
            ("config.add_task()", "TypeError: add_task() missing 1 required positional argument"),
            ("config.action(None, fail)", "ZeroDivisionError: division by zero"),
            ("config.action(None, fail, order=10 ** 9)", "ZeroDivisionError: division by zero"),
            ("config.action(None, leave)", "SystemExit: 0"),
            ("config.add_subscriber(leave, 'pyramid.events.ApplicationCreated')", "SystemExit: 0"),
            ("config.add_subscriber(fail, 'pyramid.events.ApplicationCreated')", "ZeroDivisionError: division by zero"),
            ("config.include(library)", "ZeroDivisionError: division by zero"),
            ("config.include('broken_library')", "KeyError: 'nothing'"),
            ("config.include('broken_library.later')", "KeyError: 'nothing'"),
        ],
    )
    def test_whatever_it_raises(self, shelf, refused, body, said):
        library = """
            def includeme(config):
                raise KeyError("nothing")
        """
        later = """
            def includeme(config):
                config.action("later", {}.__getitem__, args=("nothing",))
        """
        shelf.package("broken_library", library, later=later)
        source = f"""
            def fail(*_args): 1 / 0
            def leave(*_args): import sys; sys.exit(0)
            def library(config): config.action("library", fail)
            def includeme(config): {body}
        """
        shelf.add("alpha", source)
        error = refused("alpha")
        assert (error.plugin, error.reason) == ("alpha", "setup")
        assert str(error).startswith(f"The plugin alpha cannot be used: {said}")
        assert str(error).endswith(". Mend it, or take alpha out of turnout.plugins.")

    def test_the_one_that_is_being_set_up_is_named_not_the_one_whose_directive_it_calls(self, shelf, refused):
        provide = """
            def add_provider(config, name):
                config.action(("provider", name), lambda: {}[name])
            def includeme(config):
                config.add_directive("add_provider", add_provider)
        """
        shelf.add("alpha", provide)
        shelf.add("beta", "def includeme(config): config.add_provider('x')", manifest="requires=('alpha',)")
        assert refused("beta alpha").plugin == "beta"

    def test_one_without_a_plugins_fault_is_raised_as_it_is(self, shelf, start):
        shelf.add("alpha")

        def include(config):
            config.action(None, lambda: 1 / 0)

        with pytest.raises(Exception, match="division by zero") as caught:
            start("alpha", include=include)
        assert type(caught.value).__name__ == "ConfigurationExecutionError"

    def test_sys_exit_in_turnout_itself_is_obeyed(self, start):
        def include(_config):
            raise SystemExit(7)

        with pytest.raises(SystemExit):
            start("", include=include, **{"turnout.plugins.on_error": "quarantine"})


class TestWhatIsChecked:
    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ("config.add_service(Wants)", "turnout_alpha.Wants"),
            ("config.add_listener(wants, BookingConfirmed)", "turnout_alpha.wants wants 'unknown'"),
            ("config.add_task(wants, batch=5)", "turnout_alpha.wants wants 'unknown'"),
            (
                "config.add_periodic_task(wants_one, every=timedelta(hours=1))",
                "turnout_alpha.wants_one wants 'unknown'",
            ),
            ("config.add_event_extension('x', view=View, read=wants)", "turnout_alpha.wants wants 'unknown'"),
            ("config.add_webhook_event('x.y', BookingConfirmed, wants)", "turnout_alpha.wants wants 'unknown'"),
        ],
    )
    def test_what_wants_something_that_is_no_service(self, shelf, refused, body, said):
        source = f"""
            from datetime import timedelta
            from turnout.bookings.hooks import BookingConfirmed
            class Unknown: ...
            class Wants:
                def __init__(self, unknown: Unknown) -> None: ...
            class View(Schema): ...
            def wants(first, unknown: Unknown) -> None: ...
            def wants_one(unknown: Unknown) -> None: ...
            def includeme(config): {body}
        """
        shelf.add("alpha", source)
        error = refused("alpha")
        assert (error.plugin, error.reason) == ("alpha", "setup")
        assert said in str(error)
        assert "turnout_alpha.Unknown" in str(error)
        assert "is no service" in str(error)

    def test_services_may_need_each_other_in_any_order(self, shelf, start):
        source = """
            class First:
                def __init__(self, second: "Second") -> None: ...
            class Second:
                def __init__(self, session: Session) -> None: ...
            def includeme(config):
                config.add_service(First)
                config.add_service(Second)
        """
        shelf.add("alpha", source)
        start("alpha")

    @pytest.mark.parametrize(
        "body",
        [
            "config.add_route('alpha', '/alpha'); config.add_view(view, route_name='alpha')",
            "config.add_route('alpha', '/alpha'); config.add_view(view, route_name='alpha', permission='alpha:unknown')",
            "config.add_route('alpha', '/alpha'); config.add_view(partial(view, 1), route_name='alpha')",
            "config.add_route('alpha', '/alpha'); config.add_view(route_name='alpha', renderer='json')",
            "config.add_route('alpha', '/alpha'); config.add_view(view, route_name='alpha', context=object)",
            "config.include('library')",
            "config.add_api_service(things)",
        ],
    )
    def test_a_view_without_a_declared_permission(self, shelf, refused, body):
        shelf.package(
            "library",
            """
            def view(request): return {}
            def includeme(config):
                config.add_route("alpha", "/alpha")
                config.add_view(view, route_name="alpha")
            """,
        )
        source = READS.format(path="/alpha", permission="alpha:unknown")
        source += f"""
from functools import partial
def view(*_args): return {{}}
def includeme(config): {body}
"""
        shelf.add("alpha", source)
        error = refused("alpha")
        assert (error.plugin, error.reason) == ("alpha", "setup")
        assert "declare one with config.declare_permission()" in str(error)

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            ("body=View", "the extension x of events needs both, a body and a function to write it, or neither"),
            ("write=read", "the extension x of events needs both"),
            (
                "orderings={'maybe': EventOrdering(Row.maybe, Row.event_id)}",
                "needs a column of alpha_rows that is never null",
            ),
            ("orderings={'other': EventOrdering(Other.number, Row.event_id)}", "needs a column of alpha_rows"),
            ("orderings={'number': EventOrdering(Row.number, Row.other_id)}", "let alpha_rows.other_id be unique"),
            (
                "orderings={'-number': EventOrdering(Row.number, Row.event_id)}",
                "the name of the event ordering '-number'",
            ),
        ],
    )
    def test_an_extension_that_would_not_work(self, shelf, refused, more, said):
        source = f"""
            from sqlalchemy.orm import Mapped, mapped_column
            from turnout.events.extensions import EventOrdering
            class Row(Base):
                __tablename__ = "alpha_rows"
                event_id: Mapped[int] = mapped_column(primary_key=True)
                other_id: Mapped[int]
                number: Mapped[int]
                maybe: Mapped[int | None]
            class Other(Base):
                __tablename__ = "alpha_others"
                event_id: Mapped[int] = mapped_column(primary_key=True)
                number: Mapped[int]
            class View(Schema): ...
            def read(event_ids): return {{}}
            def includeme(config):
                config.add_event_extension("x", view=View, read=read, {more})
        """
        shelf.add("alpha", source)
        error = refused("alpha")
        assert (error.plugin, error.reason) == ("alpha", "setup")
        assert said in str(error)

    def test_a_unique_column_orders_events_too(self, shelf, start):
        source = """
            from sqlalchemy.orm import Mapped, mapped_column
            from turnout.events.extensions import EventOrdering
            class Row(Base):
                __tablename__ = "alpha_rows"
                id: Mapped[int] = mapped_column(primary_key=True)
                event_id: Mapped[int] = mapped_column(unique=True)
                number: Mapped[int]
            class View(Schema): ...
            def read(event_ids): return {}
            def includeme(config):
                orderings = {"number": EventOrdering(Row.number, Row.event_id)}
                config.add_event_extension("x", view=View, read=read, orderings=orderings)
        """
        shelf.add("alpha", source)
        assert list(start("alpha").event_extensions["x"].orderings) == ["number"]

    def test_a_handler_that_is_registered_in_two_ways(self, shelf, refused):
        source = """
            from turnout.bookings.hooks import BookingConfirmed
            def work(event: BookingConfirmed) -> None: ...
            def includeme(config):
                config.add_listener(work, BookingConfirmed)
                config.add_task(work, queue="other")
        """
        shelf.add("alpha", source)
        error = refused("alpha")
        assert (error.plugin, error.reason) == ("alpha", "clash")
        assert "turnout_alpha.work is registered twice, and not in the same way" in str(error)


class TestSwitchable:
    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ("config.add_api_service(things)", "/api/v1/things/{id} does not say which event it is about"),
            ("config.add_task(work)", "its task turnout_alpha.work does not say which event it is about"),
            (
                "config.add_route('x', '/x'); config.add_view(work, route_name='x', permission='events:read')",
                "its view x does not say which event it is about",
            ),
        ],
    )
    def test_what_does_not_say_which_event_it_is_about(self, shelf, refused, start, body, said):
        source = READS.format(path="/things/{id}", permission="events:read")
        source += f"\ndef work(number: int) -> None: ...\ndef includeme(config): {body}\n"
        shelf.add("alpha", source, manifest="is_switchable=True")
        shelf.add("beta", source.replace("alpha", "beta"))
        start("beta")
        error = refused("alpha")
        assert (error.plugin, error.reason) == ("alpha", "setup")
        assert "alpha is switched by event" in str(error)
        assert said in str(error)

    @pytest.mark.parametrize(
        "path", ["/events/{id}", "/events/{id}/things", "/things/{event_id}", "/events/{event_id}/x"]
    )
    def test_paths_that_do(self, shelf, start, path):
        source = READS.format(path=f"{path}/alpha", permission="events:read")
        shelf.add(
            "alpha", source + "def includeme(config): config.add_api_service(things)", manifest="is_switchable=True"
        )
        start("alpha")

    @pytest.mark.parametrize("path", ["/events", "/events/things", "/eventsalike/{id}", "/past/events/{id}"])
    def test_paths_that_do_not(self, shelf, refused, path):
        source = READS.format(path=f"{path}/alpha", permission="events:read")
        shelf.add(
            "alpha", source + "def includeme(config): config.add_api_service(things)", manifest="is_switchable=True"
        )
        assert "does not say which event it is about" in str(refused("alpha"))


class TestSettings:
    SOURCE = """
        import colander
        class Settings(colander.MappingSchema):
            keep_days = fields.whole(1, 10, missing=3)
            api_key = colander.SchemaNode(colander.Integer(), missing=0)
        plugin = Plugin(name="alpha", title="A", description="D", api_version=API_VERSION, settings=Settings)
    """

    def test_their_defaults(self, shelf, start):
        shelf.add("alpha", self.SOURCE)
        assert start("alpha").settings["alpha.keep_days"] == 3

    def test_from_the_ini_file_and_over_it_from_the_environment(self, shelf, start, monkeypatch):
        shelf.add("alpha", self.SOURCE)
        assert start("alpha", **{"alpha.keep_days": "5"}).settings["alpha.keep_days"] == 5
        monkeypatch.setenv("TURNOUT_ALPHA_KEEP_DAYS", "7")
        assert start("alpha", **{"alpha.keep_days": "5"}).settings["alpha.keep_days"] == 7

    def test_a_wrong_value_in_the_ini_file(self, shelf, refused):
        shelf.add("alpha", self.SOURCE)
        error = refused("alpha", **{"alpha.keep_days": "99"})
        assert (error.plugin, error.reason) == ("alpha", "settings")
        assert "Setting alpha.keep_days (or TURNOUT_ALPHA_KEEP_DAYS) cannot be used: " in str(error)
        assert "10 (it is '99')" in str(error)

    def test_one_in_the_environment(self, shelf, refused, monkeypatch):
        shelf.add("alpha", self.SOURCE)
        monkeypatch.setenv("TURNOUT_ALPHA_KEEP_DAYS", "many")
        error = refused("alpha")
        assert (error.plugin, error.reason) == ("alpha", "settings")
        assert "TURNOUT_ALPHA_KEEP_DAYS" in str(error)
        assert "'many'" in str(error)

    def test_a_secret_is_not_repeated(self, shelf, refused):
        shelf.add("alpha", self.SOURCE)
        error = refused("alpha", **{"alpha.api_key": "open-sesame"})
        assert 'TURNOUT_ALPHA_API_KEY) cannot be used: "********" is not a number.' in str(error)
        assert "sesame" not in str(error)

    def test_what_colander_says_is_said_whole(self, shelf, refused):
        shelf.add("alpha", self.SOURCE.replace("api_key", "number"))
        assert "\"many\" is not a number (it is 'many')" in str(refused("alpha", **{"alpha.number": "many"}))

    def test_one_that_nobody_declared(self, shelf, refused, start):
        shelf.add("alpha", self.SOURCE)
        shelf.add("beta")
        error = refused("alpha", **{"alpha.keep_day": "5"})
        assert (error.plugin, error.reason) == ("alpha", "settings")
        assert "Setting alpha.keep_day is not known. Known: alpha.api_key, alpha.keep_days" in str(error)
        assert "Setting beta.word is not known" in str(refused("beta", **{"beta.word": "5"}))
        start("", **{"alpha.keep_day": "5"})

    def test_a_schema_that_breaks(self, shelf, refused):
        source = """
            import colander
            def check(node, value): raise RuntimeError("broken")
            class Settings(colander.MappingSchema):
                word = colander.SchemaNode(colander.String(), validator=check)
            plugin = Plugin(name="alpha", title="A", description="D", api_version=API_VERSION, settings=Settings)
        """
        shelf.add("alpha", source)
        error = refused("alpha", **{"alpha.word": "x"})
        assert (error.plugin, error.reason) == ("alpha", "setup")
        assert "RuntimeError: broken" in str(error)

    def test_turnouts_own_are_nobodys_fault(self, shelf, start):
        shelf.add("alpha")
        with pytest.raises(SettingsError):
            start("alpha", **{"turnout.plugins.on_error": "hope"})


def test_what_an_ordinary_include_registers_is_turnouts(start):
    def include(config):
        assert isinstance(config, Configurator)
        config.add_health_check("things", print)

    assert "things" in start("", include=include).health_checks


def test_applications_in_one_process_know_nothing_of_each_other(shelf, start):
    shelf.add("alpha", "def includeme(config): config.declare_permission('alpha:read', 'Read', ANYONE)")
    shelf.add("beta", manifest="is_switchable=True")
    without, first, both = start(""), start("alpha"), start("beta alpha")
    assert [list(registry.plugins.enabled) for registry in (without, first, both)] == [[], ["alpha"], ["beta", "alpha"]]
    assert ["alpha:read" in registry.permissions for registry in (without, first, both)] == [False, True, True]
    assert [registry.plugins.switchable for registry in (without, first, both)] == [{}, {}, {"beta": True}]
    assert [{"alpha", "beta"} & registry.capabilities.keys() for registry in (without, first, both)] == [
        set(),
        {"alpha"},
        {"alpha", "beta"},
    ]
