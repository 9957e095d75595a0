"""What every plugin keeps to."""

from turnout.testing.conformance import Conformance


class TestConformance(Conformance):
    plugin = "external_events"
    nouns = ("origin",)
