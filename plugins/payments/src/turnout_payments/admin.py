"""Payments in the admin UI: what staff look after, what of it bookings and events show, the ledger, and takings."""

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any

from turnout.bookings.models import EXPIRED
from turnout.events.models import CANCELLED, POSTPONED
from turnout.plugin import (
    ATTENTION,
    DASHBOARD,
    WHOLE,
    Actor,
    AdminSection,
    Announce,
    Badge,
    Column,
    Facts,
    Invalid,
    Link,
    Money,
    Note,
    Paging,
    Share,
    Slice,
    Table,
    Versioned,
    action,
    panel,
)

from turnout_payments import schemas
from turnout_payments.hooks import LookWanted
from turnout_payments.models import CREATED, FAILED, OPEN, PENDING, PROBLEMS, REFUND_FAILED
from turnout_payments.money import as_text, to_minor
from turnout_payments.providers import Providers
from turnout_payments.services import PaymentCatalog, PaymentService, RefundRuns, RefundService, Settlement

LATEST = 10
"""How many lines a page of something else shows."""
GROUP = "Bookings"
COLOURS = {
    "paid": "green", "created": "blue", "open": "blue", "processing": "yellow", "expired": "secondary",
    "unpaid": "yellow", "partially_refunded": "blue", "refunded": "secondary",
}  # fmt: skip
"""Of states that the admin itself does not know."""

CLOSABLE = (CREATED, OPEN)
Row = Mapping[str, Any]
EVENT = Column("event", "Event", to="events", id="event_id")
BOOKING = Column("booking_code", "Booking", to="bookings", id="booking_id")


def _badge(state: str) -> Badge:
    return Badge(state, COLOURS.get(state, ""))


def _is_refundable(payment: Row) -> bool:
    return Decimal(payment["amount_refundable"]) > 0


def _to_try_again(payment: Row) -> list[int]:
    """Return refunds that wait for their provider, or failed while the money is here; the newest last."""
    has_failed = payment["problem"] == REFUND_FAILED and _is_refundable(payment)
    wanted = {CREATED, FAILED} if has_failed else {CREATED}
    return (
        [] if payment["is_settled_by_staff"] else [one["id"] for one in payment["refunds"] if one["status"] in wanted]
    )


def _may_be_paid(booking: Row) -> bool:
    state = booking["extensions"].get("payments")
    if state is None:
        return False
    is_late = booking["status"] == EXPIRED and state["status"] in {"unpaid", "failed"}
    return is_late or Decimal(state["amount_due"]) > 0


def _is_off(event: Row) -> bool:
    return event["status"] in {CANCELLED, POSTPONED}


class PaymentSection(AdminSection):
    """What is, or was, asked for bookings, and what became of it."""

    name, title, singular = "payments", "Payments", "payment"
    icon, group, order = "credit-card", GROUP, 40
    description = "Money for bookings: what was asked for, what came, and what was given back."
    permissions = {"read": "payments:read"}
    query, view = schemas.PaymentFilter, schemas.PaymentRow
    columns = (BOOKING, EVENT, "provider", "amount", "status", "problem", "created_at")
    facts = (
        "status",
        Column("said", "Problem"),
        "amount",
        "amount_paid",
        "amount_refunded",
        "amount_refunding",
        "amount_disputed",
        BOOKING,
        EVENT,
        Column("buyer", "Buyer", to="users", id="user_id"),
        "provider",
        "detail",
        "created_at",
        "expires_at",
        "paid_at",
    )
    pickers = {"event": "events"}
    empty = "Nobody has paid for anything yet"

    def __init__(
        self,
        catalog: PaymentCatalog,
        payments: PaymentService,
        refunds: RefundService,
        settlement: Settlement,
        providers: Providers,
        announce: Announce,
    ) -> None:
        self.catalog = catalog
        self.payments = payments
        self.refunds = refunds
        self.settlement = settlement
        self.providers = providers
        self.announce = announce

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        found = self.catalog.find(filters, paging, actor=actor, as_organizer=True)
        return found.shown(lambda row: {**row, "status": _badge(row["status"])})

    def get(self, row_id: int, *, actor: Actor) -> Versioned:
        found = self.catalog.get(row_id, actor=actor, as_organizer=True)
        provider = self.providers.get(found["provider"])
        more = {
            "said": PROBLEMS.get(found["problem"] or ""),
            "is_settled_by_staff": provider is not None and provider.is_settled_by_staff,
        }
        # Whoever knows where the buyer pays may pay, or call it off: it is for the buyer, and not for the audit log.
        return Versioned({**found, **more, "redirect_url": None}, found.version)

    def label(self, row: Row) -> str:
        return f"{row['booking_code']}, payment {row['id']}"

    @action("Refund", permission="payments:refund", icon="receipt-refund", form=schemas.RefundForm, when=_is_refundable)
    def refund(
        self, row_id: int, said: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> str:
        """Give money back in the way in which it came. What came by transfer or in cash you give back yourself."""
        payment = self.get(row_id, actor=actor)
        try:
            amount = None if said["give_back"] is None else to_minor(said["give_back"], payment["currency"])
            self.refunds.request(row_id, amount, said["reason"], actor=actor, keep_booking=said["keep_booking"])
        except Invalid as error:
            raise Invalid([("give_back" if name == "amount" else name, what) for name, what in error.errors]) from None
        if payment["is_settled_by_staff"]:
            return "It is noted. Give the money back, and say here that you have."
        return "It is on its way back."

    @action(
        "Mark as refunded",
        permission="payments:settle",
        icon="coin",
        bulk=True,
        when=lambda one: one["is_settled_by_staff"] and any(each["status"] == PENDING for each in one["refunds"]),
    )
    def mark_refunded(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        """Say that the buyer has the money of all refunds that are pending."""
        for refund in self.get(row_id, actor=actor)["refunds"]:
            if refund["status"] == PENDING:
                self.payments.mark_refunded(refund["id"], actor=actor)
        return "It is in the ledger."

    @action(
        "Try refunds again",
        permission="payments:refund",
        icon="refresh",
        bulk=True,
        when=lambda one: bool(_to_try_again(one)),
    )
    def retry(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        """Ask the provider again for what it refused, or could not be asked for."""
        self.refunds.retry(_to_try_again(self.get(row_id, actor=actor))[-1], actor=actor)
        return "It is tried again."

    @action(
        "Look again",
        permission="payments:settle",
        icon="eye",
        bulk=True,
        when=lambda one: not one["is_settled_by_staff"] and one["status"] != CREATED,
    )
    def look(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        self.announce(LookWanted(row_id))
        return "The provider is asked. Look at this page again in a moment."

    @action("Mark as solved", permission="payments:settle", icon="check", when=lambda one: one["problem"] is not None)
    def solve(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        self.settlement.solve(row_id, actor=actor)
        return "Nobody has to look after it any more."

    @action(
        "Close", permission="payments:settle", icon="x", destructive=True, when=lambda one: one["status"] in CLOSABLE
    )
    def close(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        self.payments.close(row_id, actor=actor)
        return "It cannot be paid any more."

    @close.consequences
    def foresee_close(self, payment: Row, *, actor: Actor) -> list[str]:
        return [
            "The buyer cannot pay it any more, but may begin another payment as long as the places are held.",
            "Money that is on its way already is not lost: it is entered when it arrives.",
        ]

    @panel("Refunds", width=WHOLE, order=10)
    def refunds_of(self, payment: Row, *, actor: Actor) -> Iterator[Table]:
        """Show what was given back, or is to be."""
        rows = [
            (
                Money(refund["amount"], payment["currency"]),
                _badge(refund["status"]),
                refund["reason"],
                refund["origin"],
                refund["detail"],
                refund["created_at"],
            )
            for refund in payment["refunds"]
        ]
        yield Table(
            ("Amount", "State", "Reason", "Wanted by", "What became of it", "When"), rows, empty="There is none."
        )

    @panel("Ledger", width=WHOLE, order=20)
    def entries_of(self, payment: Row, *, actor: Actor) -> Iterator[Table]:
        """Show the payment's lines of the ledger, which its sums come to."""
        found = self.catalog.entries({"payment": payment["id"]}, Paging(1, LATEST), actor=actor)
        rows = [(_badge(one["kind"]), Money(one["amount"], one["currency"]), one["created_at"]) for one in found.rows]
        more = Link("All of it", "ledger", filters={"payment": payment["id"]}) if found.has_next else None
        yield Table(("What", "Amount", "When"), rows, empty="No money has come.", more=more)

    @panel("Payments", on="bookings", permission="payments:read", width=WHOLE, order=15)
    def of_booking(self, booking: Row, *, actor: Actor) -> Iterator[Facts | Table]:
        """Show how far a booking is paid, and by what."""
        state = self.catalog.of_bookings([booking["id"]]).get(booking["id"])
        if not state:
            return
        currency = state["currency"]
        amounts = {"Due": "amount_due", "Received": "amount_paid", "Refunded": "amount_refunded"}
        yield Facts(
            {"Status": _badge(state["status"])} | {title: Money(state[one], currency) for title, one in amounts.items()}
        )
        rows = [
            (
                Link(f"Payment {one['id']}", self.name, one["id"]),
                one["provider"],
                Money(one["amount"], one["currency"]),
                _badge(one["status"]),
                PROBLEMS.get(one["problem"] or "", ""),
                one["created_at"],
            )
            for one in self.catalog.of_booking(booking["id"], actor=actor)
        ]
        yield Table(("Payment", "By", "Amount", "Status", "Problem", "Begun"), rows, empty="Nobody has begun to pay.")

    @action(
        "Mark as paid",
        permission="payments:settle",
        icon="coin",
        on="bookings",
        form=schemas.PaidForm,
        when=_may_be_paid,
    )
    def mark_paid(
        self, row_id: int, said: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> str:
        """Say that all that is due is there. The booking becomes good, and the tickets are sent."""
        self.payments.mark_paid(row_id, note=said["note"], actor=actor)
        return "It is paid."

    @panel("Payments", on=ATTENTION, permission="payments:read")
    def attention(self, *, actor: Actor) -> Iterator[Note]:
        """Tell of payments that staff have to look after."""
        troubled = self.catalog.find({"problem": "any"}, Paging(1, 1), actor=actor).count
        if troubled:
            what = "A payment needs" if troubled == 1 else f"{troubled} payments need"
            yield Note(
                f"{what} somebody to look after it.", "warning", Link("Look", self.name, filters={"problem": "any"})
            )


class LedgerSection(AdminSection):
    """Every line of money that came or went; nobody changes any."""

    name, title, singular, plural = "ledger", "Ledger", "line", "lines"
    icon, group, order = "list-details", GROUP, 50
    description = "All money that came, and all that went, line by line. No line is ever changed or taken away."
    permissions = {"read": "payments:read_ledger"}
    query, view = schemas.EntryQuery, schemas.EntryRow
    columns = (
        "created_at",
        Column("booking_code", "Payment of", to="payments", id="payment_id"),
        EVENT,
        "provider",
        "kind",
        "amount",
    )
    pickers = {"event": "events"}
    zone_by = None
    empty = "No money has come yet"

    def __init__(self, catalog: PaymentCatalog) -> None:
        self.catalog = catalog

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        return self.catalog.entries(filters, paging, actor=actor)


class TakingsSection(AdminSection):
    """What events have brought in, and giving all of it back."""

    name, title, singular = "takings", "Takings", "takings"

    def __init__(self, catalog: PaymentCatalog, runs: RefundRuns) -> None:
        self.catalog = catalog
        self.runs = runs

    @panel("Takings", on="events", permission="payments:read", order=25)
    def of_event(self, event: Row, *, actor: Actor) -> Iterator[Facts]:
        """Show what an event has brought in, by currency."""
        for taken in self.catalog.takings(event["id"], actor=actor):
            amounts = {"Received": "charged", "Refunded": "refunded", "Disputed": "disputed", "Net": "net"}
            yield Facts({title: Money(taken[one], taken["currency"]) for title, one in amounts.items()})

    @panel("Refunds", on="events", permission="payments:read", order=26)
    def progress(self, event: Row, *, actor: Actor) -> Iterator[Facts | Note]:
        """Show how far the event's payments are refunded."""
        run = self.runs.progress(event["id"], actor=actor)
        if run is None:
            return
        underway = run["waiting"] + run["created"] + run["pending"]
        state = _badge("running" if underway else run["status"])
        facts: dict[str, Any] = {"State": state, "Refunded": Share(run["done"], run["payments"])}
        numbers = {"On the way": underway, "Failed": run["failed"]}
        facts |= {title: number for title, number in numbers.items() if number}
        amounts = [Money(amount["done"], amount["currency"]) for amount in run["amounts"]]
        yield Facts(facts | {"Amount": amounts, "Reason": run["reason"], "Begun": run["created_at"]})
        if run["failed"]:
            link = Link("See which", "payments", filters={"event": event["id"], "problem": REFUND_FAILED})
            yield Note("Some refunds failed.", "warning", link)

    @action(
        "Refund all",
        permission="payments:refund",
        icon="receipt-refund",
        on="events",
        form=schemas.NewRun,
        destructive=True,
        when=_is_off,
    )
    def refund_all(
        self, row_id: int, said: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> str:
        """Give everything back that was paid for this event. It goes on by itself; this page shows how far it is."""
        self.runs.start(row_id, said["reason"], actor=actor)
        return "It has begun."

    @refund_all.consequences
    def foresee_refund_all(self, event: Row, said: Mapping[str, Any], *, actor: Actor) -> list[str]:
        return [
            f"{as_text(amount, currency)} {currency} of {number} {'payment' if number == 1 else 'payments'} is refunded."
            for currency, number, amount in self.runs.foresee(event["id"])
        ]

    @action(
        "Try failed refunds again",
        permission="payments:refund",
        icon="refresh",
        on="events",
        when=_is_off,
    )
    def retry_failed(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        tried = self.runs.retry_failed(row_id, actor=actor)
        if not tried:
            return "None has failed."
        return "One is tried again." if tried == 1 else f"{tried} are tried again."

    @panel("Takings by event", on=DASHBOARD, permission="payments:read", width=WHOLE, order=55)
    def takings(self, *, actor: Actor) -> Iterator[Table]:
        """Show what events have brought in, by currency."""
        found = self.catalog.takings(actor=actor, most=LATEST)
        if found:
            rows = [
                (
                    Link(one["event"], "events", one["event_id"]) if one["event"] else "An event that is gone",
                    *(Money(one[name], one["currency"]) for name in ("charged", "refunded", "net")),
                )
                for one in found
            ]
            yield Table(("Event", "Received", "Refunded", "Net"), rows)
