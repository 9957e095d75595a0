"""Finding plugins: what is installed, what is wanted, in which order, and what is wrong with each."""

import pytest

from turnout.plugin.discovery import Installed, installed, wanted


def enabled(registry):
    return list(registry.plugins.enabled)


class TestInstalled:
    def test_a_plugin_is_what_its_distribution_says(self, shelf):
        shelf.add("alpha", version="2.5")
        assert installed()["alpha"] == Installed("alpha", "turnout_alpha", "turnout-alpha", "2.5", "Of the tests")

    def test_nothing_of_it_is_imported(self, shelf, start):
        shelf.add("alpha", "raise RuntimeError('imported')")
        assert "alpha" in installed()
        assert enabled(start("")) == []

    def test_two_distributions_with_one_name_are_refused_when_it_is_wanted(self, shelf, start, refused):
        shelf.add("alpha")
        shelf.add("beta")
        shelf.distribution("someone-elses-alpha", {"alpha": "turnout_beta"})
        assert enabled(start("beta")) == ["beta"]
        error = refused("alpha")
        assert (error.plugin, error.reason) == ("alpha", "clash")
        assert "turnout-alpha" in str(error)
        assert "someone-elses-alpha" in str(error)
        assert str(error).endswith("Uninstall one of them.")

    def test_one_distribution_that_is_found_twice_is_one(self, shelf, start):
        shelf.add("alpha")
        shelf.distribution("Turnout_Alpha", {"alpha": "turnout_alpha"}, version="0.9")
        assert enabled(start("alpha")) == ["alpha"]

    def test_a_distribution_that_says_nothing_of_itself_does_no_harm(self, shelf, start):
        shelf.add("alpha")
        for path in shelf.folder.glob("*.dist-info/METADATA"):
            path.unlink()
        assert enabled(start("alpha")) == ["alpha"]


class TestWanted:
    @pytest.mark.parametrize(
        "setting",
        ["alpha beta", "alpha,beta", " alpha , beta,", "alpha\n\tbeta\n", "alpha beta alpha", "\r\nalpha\r\nbeta"],
    )
    def test_names_are_separated_by_spaces_commas_or_lines(self, setting):
        assert wanted(setting, []) == ["alpha", "beta"]

    def test_the_order_is_as_written(self):
        assert wanted("beta, alpha", []) == ["beta", "alpha"]

    @pytest.mark.parametrize("setting", ["", " ", "\n", ","])
    def test_none(self, setting):
        assert wanted(setting, ["alpha"]) == []

    @pytest.mark.parametrize("setting", ["*", " * ", "* alpha", "beta,*"])
    def test_a_star_is_everything_installed(self, setting):
        assert wanted(setting, ["alpha", "beta"]) == ["alpha", "beta"]

    def test_a_star_enables_everything_on_the_shelf(self, shelf, start):
        for name in ("beta", "alpha"):
            shelf.add(name)
        assert {"alpha", "beta"} <= set(enabled(start("*")))


class TestOrder:
    def test_what_is_required_comes_first_and_is_set_up_first(self, shelf, start):
        log = "def includeme(config):\n    config.registry.setdefault('set up', []).append({!r})"
        shelf.add("alpha", log.format("alpha"), manifest="requires=('gamma',)")
        shelf.add("beta", log.format("beta"))
        shelf.add("gamma", log.format("gamma"), manifest="requires=('delta',)")
        shelf.add("delta", log.format("delta"))
        registry = start("alpha beta gamma delta")
        assert enabled(registry) == registry["set up"] == ["beta", "delta", "gamma", "alpha"]

    def test_otherwise_it_is_as_written(self, shelf, start):
        for name in ("alpha", "gamma", "delta"):
            shelf.add(name)
        shelf.add("beta", manifest="requires=('gamma',)")
        assert enabled(start("delta alpha gamma")) == ["delta", "alpha", "gamma"]
        assert enabled(start("alpha beta gamma delta")) == ["alpha", "gamma", "beta", "delta"]

    def test_a_requirement_that_is_not_enabled_is_named(self, shelf, refused):
        shelf.add("alpha", manifest="requires=('beta',)")
        shelf.add("beta")
        error = refused("alpha")
        assert (error.plugin, error.reason) == ("alpha", "requires")
        assert "it requires the plugin beta, which is not enabled" in str(error)
        assert "Add beta to turnout.plugins, or take alpha out of it." in str(error)

    def test_a_circle_is_shown(self, shelf, refused):
        shelf.add("alpha", manifest="requires=('beta',)")
        shelf.add("beta", manifest="requires=('gamma',)")
        shelf.add("gamma", manifest="requires=('alpha',)")
        error = refused("alpha beta gamma")
        assert error.reason == "requires"
        circle = str(error).split("they require each other: ")[1].split(".")[0].split(" -> ")
        assert circle[0] == circle[-1]
        assert set(circle) == {"alpha", "beta", "gamma"}

    def test_a_plugin_that_requires_itself(self, shelf, refused):
        shelf.add("alpha", manifest="requires=('alpha',)")
        assert "they require each other: alpha -> alpha" in str(refused("alpha"))


class TestWhatCannotBeUsed:
    def test_a_plugin_that_is_missing(self, shelf, refused):
        shelf.add("alpha")
        error = refused("alpha not_there")
        assert (error.plugin, error.reason) == ("not_there", "missing")
        assert "it is not installed" in str(error)
        assert "alpha" in str(error)
        assert "pip install turnout-not-there" in str(error)
        assert "take it out of turnout.plugins" in str(error)

    @pytest.mark.parametrize(
        ("source", "said"),
        [
            ("def broken(:\n", "SyntaxError: "),
            ("import nothing_of_the_kind", "ModuleNotFoundError: No module named 'nothing_of_the_kind'"),
            ("from turnout.plugin import nothing", "ImportError: cannot import name 'nothing'"),
            ("raise ValueError('so\\nthere')", "ValueError: so there"),
            ("1 / 0", "ZeroDivisionError: division by zero"),
            ("import sys; sys.exit(0)", "SystemExit: 0"),
            ("raise GeneratorExit('gone')", "GeneratorExit: gone"),
        ],
    )
    def test_one_that_cannot_be_imported(self, shelf, refused, source, said):
        shelf.add("alpha", source)
        error = refused("alpha")
        assert (error.plugin, error.reason) == ("alpha", "import")
        assert f"its package turnout_alpha cannot be imported: {said}" in str(error)
        assert "take alpha out of turnout.plugins" in str(error)

    def test_one_whose_package_is_not_there(self, shelf, refused):
        shelf.add("alpha")
        shelf.distribution("turnout-beta", {"beta": "turnout_beta"})
        error = refused("alpha beta")
        assert (error.plugin, error.reason) == ("beta", "import")
        assert "No module named 'turnout_beta'" in str(error)

    def test_a_module_instead_of_a_package(self, shelf, refused):
        shelf.add("beta")
        (shelf.folder / "turnout_alpha.py").write_text("plugin = None", "utf-8")
        shelf.distribution("turnout-alpha", {"alpha": "turnout_alpha"})
        error = refused("alpha")
        assert error.reason == "import"
        assert "turnout_alpha is a module; a plugin is a package (a folder with __init__.py)" in str(error)

    def test_the_user_who_interrupts_it_is_obeyed(self, shelf, start):
        shelf.add("alpha", "raise KeyboardInterrupt")
        with pytest.raises(KeyboardInterrupt):
            start("alpha", **{"turnout.plugins.on_error": "quarantine"})

    @pytest.mark.parametrize(
        ("source", "said"),
        [
            ("del plugin", "turnout_alpha has no `plugin`, a turnout.plugin.Plugin"),
            ("plugin = {'name': 'alpha'}", "turnout_alpha has no `plugin`, a turnout.plugin.Plugin"),
            ("del includeme", "turnout_alpha has no includeme(config)"),
            ("includeme = 'turnout_alpha.setup'", "turnout_alpha has no includeme(config)"),
        ],
    )
    def test_one_without_a_manifest_or_includeme(self, shelf, refused, source, said):
        shelf.add("alpha", source)
        error = refused("alpha")
        assert (error.plugin, error.reason) == ("alpha", "manifest")
        assert said in str(error)

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"name": "beta"}, "its manifest calls it beta, its entry point alpha"),
            ({"name": "Alpha"}, "has the name 'Alpha': use lower-case letters"),
            ({"name": "al__pha"}, "has the name 'al__pha'"),
            ({"name": "1alpha"}, "has the name '1alpha'"),
            ({"name": "alpha_"}, "has the name 'alpha_'"),
            ({"name": "a" * 31}, "30 at most"),
            ({"name": None}, "has a name that is no str: None"),
            ({"title": " "}, "needs a title and a description"),
            ({"title": None}, "has a title that is no str: None"),
            ({"description": ""}, "needs a title and a description"),
            ({"table_prefix": "alpha"}, "has the table prefix 'alpha': it must be like 'reviews_'"),
            ({"table_prefix": "Alpha_"}, "has the table prefix 'Alpha_'"),
            ({"table_prefix": "_"}, "has the table prefix '_'"),
            ({"table_prefix": "pg_"}, "has the table prefix 'pg_': the database and Turnout have such tables"),
            ({"table_prefix": "sqlite_alpha_"}, "'sqlite_alpha_': the database"),
            ({"table_prefix": "alembic_"}, "'alembic_': the database"),
            ({"table_prefix": "alembic_version_"}, "'alembic_version_': the database"),
            ({"table_prefix": "events_"}, "'events_': the database"),
            ({"table_prefix": "events_search_"}, "'events_search_': the database"),
            ({"requires": "beta"}, "has a requires that is no tuple: 'beta'"),
            ({"requires": (1,)}, "requires what is no name: (1,)"),
            (
                {"settings": "AlphaSettings"},
                "has settings that are no class of colander.MappingSchema: 'AlphaSettings'",
            ),
            ({"is_switchable": "no"}, "has a is_switchable that is no bool: 'no'"),
            ({"api_version": "1"}, "has a api_version that is no int: '1'"),
        ],
        ids=str,
    )
    def test_one_whose_manifest_is_wrong(self, shelf, refused, changed, said):
        about = {"name": "alpha", "title": "Alpha", "description": "Of the tests", "api_version": 1} | changed
        shelf.add("alpha", f"plugin = Plugin(**{about!r})")
        error = refused("alpha")
        assert (error.plugin, error.reason) == ("alpha", "manifest")
        assert said in str(error)

    @pytest.mark.parametrize("version", [0, 2])
    def test_one_made_for_an_older_or_newer_turnout(self, shelf, refused, version):
        about = f"name='alpha', title='Alpha', description='Of the tests', api_version={version}"
        shelf.add("alpha", f"plugin = Plugin({about})")
        error = refused("alpha")
        assert (error.plugin, error.reason) == ("alpha", "api_version")
        assert f"it was made for version {version} of the plugin interface, and this Turnout has 1" in str(error)
        assert "Install another version of turnout-alpha" in str(error)
