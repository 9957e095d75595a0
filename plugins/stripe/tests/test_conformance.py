"""What every plugin keeps to, and what every provider of payments does."""

from turnout.testing.conformance import Conformance
from turnout_payments.testing.conformance import ProviderConformance


class TestConformance(Conformance):
    plugin = "stripe"


class TestStripe(ProviderConformance):
    """Stripe does all of it."""
