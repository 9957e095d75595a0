"""What every plugin keeps to: Turnout's own suite, which also ``turnout plugin check`` runs."""

from turnout.testing.conformance import Conformance


class TestConformance(Conformance):
    """The suite, for this plugin."""

    plugin = "my_plugin"
