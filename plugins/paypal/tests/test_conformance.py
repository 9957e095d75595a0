"""What every plugin keeps to, and what every provider of payments does."""

from turnout.testing.conformance import Conformance
from turnout_payments.testing.conformance import ProviderConformance


class TestConformance(Conformance):
    plugin = "paypal"


class TestPayPal(ProviderConformance):
    # PayPal's API for disputes wants a permission of its own: they are not read.
    test_a_dispute = None
    test_a_dispute_holds_money_back_until_it_is_won = None
