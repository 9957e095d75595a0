"""Two that claim the same thing: the start stops with both names and what they share, whatever it is."""

import pytest
from tests.unit.plugin.claims import AGAINST_TURNOUT, BETWEEN_PLUGINS, HEAD, SHARED


@pytest.fixture
def claiming(shelf):
    """Put plugins on the shelf that claim something."""
    shelf.package("turnout_shared", SHARED)

    def claiming(claim, *names):
        for name in names:
            shelf.add(name, HEAD.format(name=name, claim=claim.format(name=name)))

    return claiming


@pytest.mark.parametrize("what", BETWEEN_PLUGINS)
def test_what_two_plugins_claim(claiming, refused, what):
    claim, words = BETWEEN_PLUGINS[what]
    claiming(claim, "alpha", "beta")
    error = refused("alpha beta")
    assert (error.plugin, error.reason) == ("beta", "clash")
    assert str(error) == (
        f"The plugin beta cannot be used: it and alpha both claim {words}. Mend it, or take beta out of turnout.plugins."
    )


@pytest.mark.parametrize("what", AGAINST_TURNOUT)
def test_what_is_turnouts(claiming, refused, what):
    claim, words = AGAINST_TURNOUT[what]
    claiming(claim, "alpha")
    error = refused("alpha")
    assert (error.plugin, error.reason) == ("alpha", "clash")
    assert f"it and Turnout both claim {words}" in str(error)


@pytest.mark.parametrize("what", ["path", "permission", "view", "ordering"])
def test_without_the_plugin_that_claims_it_all_is_turnouts_again(claiming, start, what):
    claiming(AGAINST_TURNOUT[what][0], "alpha")
    without = start("")
    registry = start("alpha", **{"turnout.plugins.on_error": "quarantine"})
    assert list(registry.plugins.enabled) == []
    assert registry.permissions == without.permissions
    assert registry.event_extensions == {}
    assert registry.api_services.keys() == without.api_services.keys()


@pytest.mark.parametrize("what", BETWEEN_PLUGINS)
def test_in_quarantine_the_first_one_has_it(claiming, start, what):
    claiming(BETWEEN_PLUGINS[what][0], "alpha", "beta")
    registry = start("beta alpha", **{"turnout.plugins.on_error": "quarantine"})
    assert list(registry.plugins.enabled) == ["beta"]
    assert {name: error.reason for name, error in registry.plugins.left_out.items()} == {"alpha": "clash"}


class TestSettings:
    DECLARES = """
        import colander
        class Settings(colander.MappingSchema):
            {node} = colander.SchemaNode(colander.String(), missing="")
        plugin = Plugin(
            name={name!r}, title="T", description="D", api_version=API_VERSION, settings=Settings, table_prefix="{name}x_"
        )
        def includeme(config):
            {more}
    """

    def declaring(self, shelf, name, node="word", more="pass"):
        shelf.add(name, self.DECLARES.format(name=name, node=node, more=more))

    @pytest.mark.parametrize("name", ["events", "turnout", "database"])
    def test_a_plugin_called_like_turnouts_own_settings(self, shelf, refused, name):
        self.declaring(shelf, name)
        error = refused(name)
        assert (error.plugin, error.reason) == (name, "clash")
        assert f"it and Turnout both claim the settings {name}.*" in str(error)

    def test_one_that_declares_anothers(self, shelf, refused):
        self.declaring(shelf, "alpha", more="config.declare_settings('beta', Settings)")
        self.declaring(shelf, "beta")
        error = refused("alpha beta")
        assert (error.plugin, error.reason) == ("beta", "clash")
        assert "it and alpha both claim the settings beta.*" in str(error)
        error = refused("beta alpha")
        assert (error.plugin, error.reason) == ("alpha", "clash")
        assert "The settings beta.* are declared twice: by turnout_beta and by turnout_alpha" in str(error)

    def test_one_that_declares_turnouts(self, shelf, refused):
        self.declaring(shelf, "alpha", more="config.declare_settings('bookings', Settings)")
        error = refused("alpha")
        assert (error.plugin, error.reason) == ("alpha", "clash")
        assert "The settings bookings.* are declared twice: by turnout.bookings and by turnout_alpha" in str(error)

    def test_two_settings_with_one_environment_variable(self, shelf, refused):
        self.declaring(shelf, "alpha", node="beta_word")
        self.declaring(shelf, "alpha_beta")
        error = refused("alpha alpha_beta")
        assert (error.plugin, error.reason) == ("alpha_beta", "clash")
        assert "alpha.beta_word and alpha_beta.word would both be read from TURNOUT_ALPHA_BETA_WORD" in str(error)

    def test_one_with_a_variable_of_turnouts(self, shelf, refused):
        self.declaring(shelf, "plugins", node="on_error")
        error = refused("plugins")
        assert (error.plugin, error.reason) == ("plugins", "clash")
        assert "turnout.plugins.on_error and plugins.on_error would both be read from TURNOUT_PLUGINS_ON_ERROR" in str(
            error
        )


def test_a_plugin_that_claims_something_twice_is_told_so(claiming, refused):
    claiming("config.add_health_check('things', check); config.add_health_check('things', check)", "alpha")
    error = refused("alpha")
    assert (error.plugin, error.reason) == ("alpha", "clash")
    assert "it claims the health check things twice" in str(error)


def test_three_that_claim_the_same_are_all_named(claiming, refused):
    claiming(BETWEEN_PLUGINS["capability"][0], "alpha", "beta", "gamma")
    assert "it and alpha and beta both claim the capability things" in str(refused("alpha beta gamma"))


def test_a_commit_cannot_hide_a_clash(claiming, refused):
    claiming("config.commit(); config.add_health_check('database', check)", "alpha")
    error = refused("alpha")
    assert (error.plugin, error.reason) == ("alpha", "setup")
    assert "config.commit() is not for plugins" in str(error)


def test_what_a_library_registers_for_a_plugin_is_the_plugins(shelf, refused):
    shelf.package("turnout_shared", SHARED)
    shelf.package("library", "def includeme(config):\n    config.add_health_check('things', lambda request: {})")
    shelf.add("alpha", "def includeme(config):\n    config.include('library')")
    shelf.add("beta", "def includeme(config):\n    config.add_health_check('things', print)")
    error = refused("alpha beta")
    assert (error.plugin, error.reason) == ("beta", "clash")
    assert "it and alpha both claim the health check things" in str(error)
