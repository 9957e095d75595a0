"""What every plugin keeps to whose source is called with a key."""

from turnout_external_events.testing.conformance import SourceConformance


class TestConformance(SourceConformance):
    plugin = "ticketmaster"
    key = "api_key"
