"""The suite that every provider of payments passes: what it must do, whatever it is called and however its API looks.

    from turnout_payments.testing.conformance import ProviderConformance

    class TestProvider(ProviderConformance):
        pass

It stands on `turnout_payments.testing.fixtures`, speaks real HTTP with the provider's fake, and has bookings paid on SQLite
and on PostgreSQL. How things happen at the fake is said by the plugin's `Stage`.

A check that a provider has a good reason not to pass is set to None in the class, with the reason.
"""

from turnout_payments.testing.conformance.asking import AskingChecks
from turnout_payments.testing.conformance.faults import FaultChecks
from turnout_payments.testing.conformance.journeys import JourneyChecks
from turnout_payments.testing.conformance.notices import NoticeChecks
from turnout_payments.testing.conformance.refunds import RefundChecks
from turnout_payments.testing.conformance.settings import SettingsChecks

__all__ = ["ProviderConformance"]


class ProviderConformance(AskingChecks, RefundChecks, FaultChecks, NoticeChecks, SettingsChecks, JourneyChecks):
    """The suite; `stage_type`, a fixture, says whose provider it is about."""
