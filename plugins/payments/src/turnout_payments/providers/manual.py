"""The `manual` provider: bank transfer, cash at the door, or whatever else staff take and then say that it is there."""

from datetime import timedelta

from turnout.plugin import Settings

from turnout_payments.providers.contract import PENDING, Charge, Opened, PaymentProvider, SeenRefund, WantedRefund


class ManualProvider(PaymentProvider):
    """Money that reaches the organizer in some way of their own. Nobody can be asked about it: staff say what is so."""

    title = "Bank transfer or cash"
    is_settled_by_staff = True

    def __init__(self, settings: Settings) -> None:
        self.instructions: str = settings["payments.manual_instructions"]
        self.hold_for = timedelta(days=settings["payments.manual_hold_days"])

    def check(self) -> str | None:
        """Ask for instructions: without them nobody knows how to pay. Staff can take money all the same."""
        return None if self.instructions else "Set payments.manual_instructions: what buyers do to pay."

    def open(self, charge: Charge) -> Opened:
        """Begin a payment. It has no page of a provider: ours shows the instructions."""
        return Opened(charge.key)

    def refund(self, ref: str, wanted: WantedRefund) -> SeenRefund:  # noqa: ARG002 - of money, not of this payment
        """Take note that money is to be given back. It is pending until staff say that they have done so."""
        return SeenRefund(wanted.key, wanted.amount, PENDING, wanted.key)
