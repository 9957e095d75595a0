"""What tests of payments stand on: a bank that speaks real HTTP, and what it takes to prove a provider.

`Bank` is for plugins that have to do with payments, whoever takes them. Those that bring a provider say in a `Stage` how
things happen at it, and get the fixtures of `turnout_payments.testing.fixtures` and the suite that every provider passes:

    from turnout_payments.testing.conformance import ProviderConformance

    class TestProvider(ProviderConformance):
        pass
"""

from turnout_payments.testing.bank import SECRET, TOLERANCE, Account, Bank, BankProvider, BankUrl, bank_provider
from turnout_payments.testing.by_hand import by_hand
from turnout_payments.testing.stage import CannotBePaid, Stage

__all__ = [
    "SECRET",
    "TOLERANCE",
    "Account",
    "Bank",
    "BankProvider",
    "BankUrl",
    "CannotBePaid",
    "Stage",
    "bank_provider",
    "by_hand",
]
