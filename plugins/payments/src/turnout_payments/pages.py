"""Pages for those who pay: on the way to the provider, back from it, and the page on which the `test` provider is played.

Whoever has a payment's address, which cannot be guessed, may see them; they write nothing when they are read.
"""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import wraps
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.renderers import render_to_response
from pyramid.response import Response
from turnout.outbox.services import Outbox
from turnout.plugin import Clock, Configurator, Request

from turnout_payments.models import CREATED, OPEN, PROCESSING, UNDECIDED
from turnout_payments.providers import EXPIRED, FAILED, PAID
from turnout_payments.providers.playing import DELAY, PlayingProvider, PlayService
from turnout_payments.services import PaymentCatalog
from turnout_payments.tasks import look_at

TEST = "test"
TOKEN = "{token:[A-Za-z0-9_-]{43}}"  # noqa: S105 - a part of paths
TEMPLATES = "turnout_payments:templates/pages"
PAUSES = (1, 1, 2, 2, 3, 5, 5, 10)
"""Seconds until a page that waits is read again, and again; the last of them for as long as `MOST` says."""
MOST = 60
SECONDS_APART = 5
"""How often a provider is asked about one payment because its buyer wants to know."""
ENDED = {
    PROCESSING: "The money is on its way.",
    PAID: "The money is there.",
    FAILED: "The bank said no.",
    EXPIRED: "It can be paid no more.",
}
"""What is said of a payment that the bank has decided about."""

Payment = Mapping[str, Any]
View = Callable[[Request, Payment], Response]


class Impatience:
    """Lets a provider be asked because somebody wants to know now; not more often than makes sense."""

    def __init__(self, clock: Clock, outbox: Outbox) -> None:
        self.clock = clock
        self.outbox = outbox

    def look(self, payment_id: int) -> None:
        """Let a payment be looked at."""
        moment = int(self.clock.now().timestamp()) // SECONDS_APART
        self.outbox.put(look_at, {"payment_id": payment_id}, key=f"payments:asked:{payment_id}:{moment}")


def _about(view: View) -> Callable[[Request], Response]:
    """Return a view of the payment that the address names; of none it says so."""

    @wraps(view)
    def found(request: Request) -> Response:
        payment = request.find_service(PaymentCatalog).by_token(request.matchdict["token"])
        return _unknown(request) if payment is None else view(request, payment)

    return found


def _about_played(view: View) -> Callable[[Request], Response]:
    """Return a view of a payment that is played, where the `test` provider is in use."""

    @wraps(view)
    def found(request: Request, payment: Payment) -> Response:
        is_in_use = request.find_service(PlayingProvider).check() is None
        is_played = payment["provider"] == TEST and payment["ref"] is not None
        return view(request, payment) if is_in_use and is_played else _unknown(request)

    return _about(found)


@_about
def go(request: Request, payment: Payment) -> Response:
    """Send the buyer on to where they pay, as soon as the provider has said where that is."""
    if payment["status"] == CREATED:
        return _shown(request, "opening", payment, **_again(request, "payments:go"))
    if payment["status"] != OPEN:
        return HTTPSeeOther(request.route_path("payments:back", token=payment["token"]))
    if payment["url"]:
        return HTTPSeeOther(payment["url"])
    instructions = request.registry.settings["payments.manual_instructions"]
    return _shown(request, "instructions", payment, instructions=instructions, onward=_onward(payment))


@_about
def back(request: Request, payment: Payment) -> Response:
    """Tell the buyer how the payment is; once that is decided, send them back to where they booked."""
    if payment["status"] == OPEN and not payment["url"]:  # nobody can be asked about it
        return HTTPSeeOther(request.route_path("payments:go", token=payment["token"]))
    asked = _asked(request)
    if payment["status"] in UNDECIDED:
        again = _again(request, "payments:back")
        return _shown(request, "checking", payment, is_new=not asked, onward=_onward(payment), **again)
    if payment["return_url"] and asked != 1:
        return HTTPSeeOther(_onward(payment))
    # One of our forms may have led here, and browsers follow no form to another site.
    return _shown(request, "decided", payment, next=_onward(payment), wait=1)


@_about
def ask(request: Request, payment: Payment) -> Response:
    """Let the provider be asked now: the buyer is back, and its notice may be late."""
    if payment["status"] in UNDECIDED and payment["ref"] is not None:
        request.find_service(Impatience).look(payment["id"])
    return _to_back(request, payment)


@_about_played
def show_play(request: Request, payment: Payment) -> Response:
    """Show what can be played of a payment of the `test` provider."""
    return _play_page(request, payment)


@_about_played
def play(request: Request, payment: Payment) -> Response:
    """Play what the bank says, and let it be known as a bank would."""
    service = request.find_service(PlayService)
    plays: Mapping[Any, Callable[[str], None]] = {
        "pay": service.pay,
        "delay": service.delay,
        "fail": service.fail,
        "dispute": service.dispute,
        "withdraw": service.withdraw,
    }
    what = request.POST.get("what")
    if what not in plays:
        return _play_page(request, payment, status=400)
    plays[what](payment["ref"])
    outbox = request.find_service(Outbox)
    outbox.put(look_at, {"payment_id": payment["id"]})
    if what == "delay":
        outbox.put(look_at, {"payment_id": payment["id"]}, delay=DELAY + timedelta(seconds=1))
    if what in {"dispute", "withdraw"}:
        return HTTPSeeOther(request.route_path("payments:play", token=payment["token"]))
    return _to_back(request, payment)


def _play_page(request: Request, payment: Payment, status: int = 200) -> Response:
    play = request.find_service(PlayService).get(payment["ref"])
    offered = _offered(play["status"], play["left"], play["disputed"])
    state = "The payment is disputed." if play["disputed"] else ENDED.get(play["status"], "")
    response = _shown(request, "play", payment, about=play["description"], offered=offered, state=state)
    response.status_int = status
    return response


def _offered(status: str, left: int, disputed: int) -> list[tuple[str, str]]:
    """Return what can be played next: its name, and what the button says."""
    if status == OPEN:
        return [
            ("pay", "Pay"),
            ("delay", f"Pay, but the money takes {int(DELAY.total_seconds())} seconds"),
            ("fail", "Let the payment fail"),
        ]
    if disputed:
        return [("withdraw", "Withdraw the dispute")]
    return [("dispute", "Dispute the payment")] if left else []


def _onward(payment: Payment) -> str:
    """Return where the buyer booked, told which payment it is about and how that is; "" where there is no such place."""
    if not payment["return_url"]:
        return ""
    parts = urlsplit(payment["return_url"])
    told = [("payment_id", str(payment["id"])), ("status", payment["status"])]
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *told])
    return urlunsplit(parts._replace(query=query))


def _asked(request: Request) -> int:
    """Return how often the page was read before, by itself or because a form led to it."""
    said = request.GET.get("asked", "")
    return min(int(said), MOST) if re.fullmatch("[0-9]{1,3}", said) else 0


def _again(request: Request, route: str) -> dict[str, Any]:
    """Return where, and in how many seconds, a page that waits is read again; after a while it is not."""
    asked = _asked(request)
    here = request.route_path(route, token=request.matchdict["token"], _query={"asked": asked + 1})
    return {"next": here if asked < MOST else "", "wait": PAUSES[min(asked, len(PAUSES) - 1)]}


def _to_back(request: Request, payment: Payment) -> Response:
    return HTTPSeeOther(request.route_path("payments:back", token=payment["token"], _query={"asked": 1}))


def _unknown(request: Request) -> Response:
    response = _shown(request, "unknown", {})
    response.status_int = 404
    return response


def _shown(request: Request, page: str, payment: Payment, **values: Any) -> Response:
    """Return a page, which nobody keeps: its address is a secret."""
    response = render_to_response(f"{TEMPLATES}/{page}.jinja2", {"payment": payment, **values}, request=request)
    response.headers["Cache-Control"] = "no-store"
    return response


def includeme(config: Configurator) -> None:
    """Add the pages; they are for anyone who has a payment's address."""
    config.add_service(Impatience)
    config.add_static_view(
        "payments/static", "turnout_payments:static", cache_max_age=3600, permission="payments:visit"
    )
    for route, views in {
        "go": (("GET", go),),
        "back": (("GET", back), ("POST", ask)),
        "play": (("GET", show_play), ("POST", play)),
    }.items():
        config.add_route(f"payments:{route}", f"/payments/{TOKEN}/{route}")
        for method, view in views:
            config.add_view(view, route_name=f"payments:{route}", request_method=method, permission="payments:visit")
