"""Payments: a booking that costs something is held until it is paid, by whatever provider is installed."""

from datetime import timedelta

from turnout.bookings.hooks import BookingCancelled, BookingExpired, BookingPriced, BookingResized, ConfirmationSought
from turnout.demo.hooks import DemoLoaded
from turnout.events.hooks import EventCancelled, EventPostponed, TransitionForeseen
from turnout.plugin import ANYONE, API_VERSION, ORGANIZER, USER, Configurator, Plugin, Schema, StartError, fields
from turnout.users.hooks import UsersDeleting, UsersDeletionForeseen

from turnout_payments import api, cli, extension, pages, schemas, subscribers, tasks
from turnout_payments.admin import LedgerSection, PaymentSection, TakingsSection
from turnout_payments.demo import DemoService, pay_for_demo
from turnout_payments.hooks import (
    LookWanted,
    NoticeKept,
    PaymentBegun,
    PaymentClosed,
    PaymentReceived,
    PaymentRefunded,
    PaymentTroubled,
    RefundRequested,
    RefundRunBegun,
)
from turnout_payments.providers import Providers, add_payment_provider
from turnout_payments.providers.manual import ManualProvider
from turnout_payments.providers.playing import PlayingProvider, PlayService
from turnout_payments.services import KINDS, SERVICES, Home

QUEUE = "payments"
NOTICES = "payments_notices"


class PaymentSettings(Schema):
    """How bookings are paid, and what is given back by itself."""

    hold_minutes = fields.whole(
        1, 1440, missing=15, description="How long places are held until a booking is paid, and for a payment begun"
    )
    longest_hold_minutes = fields.whole(
        1,
        10_080,
        missing=120,
        description="For how long a booking may be held in all, however often its payment is begun",
    )
    refund_unplaced = fields.flag(
        missing=True, description="Whether money that came too late, when the places were gone, is given back by itself"
    )
    refund_cancelled = fields.flag(
        missing=False, description="Whether money of bookings that are cancelled is given back by itself"
    )
    return_hosts = fields.text(
        2000, 0, missing="", description="Hosts to which buyers may be sent back, separated by spaces; empty: any"
    )
    notice_days = fields.whole(1, 3650, missing=30, description="For how many days what providers told us is kept")
    public_url = fields.matching(
        r"^https?://[^\s/?#@]+(/[^\s?#]*[^\s?#/])?$",
        "must be a web address without a slash at its end",
        255,
        may_be_empty=True,
        missing="",
        description="Where buyers reach this installation; empty: at the address of the request in which they begin to pay",
    )
    allow_test = fields.flag(
        missing=False,
        description="Whether bookings can be paid without money, by the provider `test`; not in production",
    )
    manual_instructions = fields.text(
        4000, 0, missing="", description="What buyers do to pay by transfer or in cash; empty: they are not offered it"
    )
    manual_hold_days = fields.whole(
        1, 90, missing=7, description="For how many days places are held that are paid by transfer or in cash"
    )


plugin = Plugin(
    name="payments",
    title="Payments",
    description="Bookings that are paid before they are good, and refunds",
    api_version=API_VERSION,
    settings=PaymentSettings,
)


def includeme(config: Configurator) -> None:
    """Register everything that payments have."""
    settings = config.get_settings()
    if settings["payments.allow_test"] and settings["turnout.environment"] == "production":
        raise StartError(
            "payments.allow_test lets bookings be paid without money: not where turnout.environment is production"
        )
    config.registry.payment_providers = {}
    config.add_directive("add_payment_provider", add_payment_provider)
    config.add_injectable(Providers, Providers)
    config.add_injectable(
        Home, lambda request: request.registry.settings["payments.public_url"] or request.application_url
    )
    _declare_permissions(config)
    for service in SERVICES:
        config.add_service(service)
    config.add_subscriber(subscribers.hold, BookingPriced)
    config.add_subscriber(subscribers.require_payment, ConfirmationSought)
    config.add_subscriber(subscribers.follow_size, BookingResized)
    config.add_subscriber(subscribers.foresee_transition, TransitionForeseen)
    config.add_subscriber(subscribers.note_by_hand, RefundRequested)
    config.add_subscriber(subscribers.part_from_users, UsersDeleting)
    config.add_subscriber(subscribers.foresee_deletion, UsersDeletionForeseen)
    config.add_booking_extension("payments", view=schemas.BookingPayments, read=extension.read)
    _add_work(config)
    for name, title in KINDS.items():
        config.add_message_kind(name, title, templates="turnout_payments:templates")
    config.add_webhook_event("payment.paid", PaymentReceived, tasks.tell_of_payment)
    config.add_webhook_event("payment.refunded", PaymentRefunded, tasks.tell_of_refund)
    config.add_webhook_event("payment.problem", PaymentTroubled, tasks.tell_of_problem)
    for view in api.SERVICES:
        config.add_api_service(view)
    config.add_command(cli.payments)
    config.declare_permission("payments:visit", "Open the page of a payment whose secret address one has", ANYONE)
    config.add_service(PlayService)
    config.add_payment_provider("manual", ManualProvider)
    config.add_payment_provider("test", PlayingProvider)
    config.include(pages)
    config.add_service(DemoService)
    config.add_subscriber(pay_for_demo, DemoLoaded)
    for section in (PaymentSection, LedgerSection, TakingsSection):
        config.add_admin_section(section)


def _declare_permissions(config: Configurator) -> None:
    config.declare_permission("payments:choose", "See in which ways bookings can be paid", ANYONE)
    config.declare_permission("payments:notify", "Tell what became of a payment, signed by its provider", ANYONE)
    config.declare_permission("payments:read", "See payments of one's own bookings, and of one's own events", USER)
    config.declare_permission("payments:create", "Pay for one's own bookings, and those of one's own events", USER)
    config.declare_permission("payments:read_ledger", "See the ledger of one's own events", ORGANIZER)
    config.declare_permission("payments:settle", "Say that money for one's own events is there", ORGANIZER)
    config.declare_permission("payments:refund", "Refund payments for one's own events", ORGANIZER)


def _add_work(config: Configurator) -> None:
    """Register what workers do. Talk with providers has a queue of its own, so that no slow one holds up other work.

    So has asking whose a notice is: where only the provider can say, anybody can send some, and refunds do not wait for them.
    """
    config.set_queue_threads(QUEUE, 4)
    config.add_listener(tasks.open_payment, PaymentBegun, queue=QUEUE, retry=tasks.OPENING)
    config.add_listener(tasks.close_payment, PaymentClosed, queue=QUEUE, retry=tasks.LOOKING)
    config.add_listener(tasks.send_refund, RefundRequested, queue=QUEUE, retry=tasks.REFUNDING)
    config.add_listener(tasks.work_off_notice, NoticeKept, queue=NOTICES, retry=tasks.NOTICING)
    config.add_listener(tasks.look_now, LookWanted)
    config.add_listener(tasks.begin_run, RefundRunBegun)
    config.add_listener(tasks.end_payments, BookingCancelled, BookingExpired)
    config.add_listener(tasks.close_payments, EventCancelled, EventPostponed)
    config.add_listener(tasks.tell_people_of_problem, PaymentTroubled)
    config.add_listener(tasks.tell_buyer_of_refund, PaymentRefunded)
    config.add_task(tasks.look_at, queue=QUEUE, retry=tasks.LOOKING)
    config.add_task(tasks.ask_again)
    config.add_task(tasks.run_refunds)
    config.add_periodic_task(tasks.purge, every=timedelta(hours=1))
