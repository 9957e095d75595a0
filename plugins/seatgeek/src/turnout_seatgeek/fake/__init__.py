"""A SeatGeek for tests and demos: a real HTTP server on this machine, with events that nobody has planned.

    with FakeSeatGeek(today=date(2030, 5, 1)) as seatgeek:
        settings = seatgeek.settings()  # what the plugin needs to speak with it
        ...
        seatgeek.cancel(LANTERN_PARADE)

Events are the same for the same day, and their ids always: `LANTERN_PARADE`, and `ODD`, which has the id of an event for each
way in which SeatGeek's events are odd. `limits` says how often it may be called, `faults` how it goes wrong.
"""

import html
import re
from http import HTTPStatus
from typing import Any

from turnout.testing.fakes import BUSY, ERROR, FAULTS, GARBLED, LOST, SILENT, Answer, Call
from turnout_external_events.testing.fakes import FakeSource

from turnout_seatgeek.fake.cases import CASES, LANTERN_PARADE
from turnout_seatgeek.fake.catalog import Catalog
from turnout_seatgeek.fake.programme import FIRST_ID, Programme
from turnout_seatgeek.fake.searching import BadQuery, Search

__all__ = ["BUSY", "ERROR", "FAULTS", "GARBLED", "LANTERN_PARADE", "LOST", "ODD", "SILENT", "FakeSeatGeek"]

ODD = {name: FIRST_ID + number for number, name in enumerate(CASES)}
"""The ids of the events that are odd, by what is odd."""
_EVENT = re.compile(r"/2/events/([^/]+)")
_PICTURE = re.compile(r"/images/([a-z0-9-]{1,100})\.svg")
_PAGE = re.compile(r"/e/([0-9]{1,9})")


class FakeSeatGeek(FakeSource):
    """Pretends to be SeatGeek, from when it is entered (``with``) to when it is left. Its events are from the day after `today` on."""

    title = "SeatGeek"
    api_prefixes = ("/2/",)

    def __init__(
        self,
        port: int = 0,
        *,
        client_id: str = "fake-client",
        client_secret: str = "fake-secret",  # noqa: S107 - protects nothing
        **usual: Any,
    ) -> None:
        super().__init__(port, **usual)
        self.client_id = client_id
        self.client_secret = client_secret
        self.catalog = Catalog(Programme(self.today, self.many, self.url, tuple(CASES.values())))
        self._search = Search(self.catalog)

    def settings(self) -> dict[str, str]:
        """Return the settings of an application that is to speak with this one."""
        return {
            "seatgeek.base_url": f"{self.url}/2",
            "seatgeek.client_id": self.client_id,
            "seatgeek.client_secret": self.client_secret,
        }

    def change(self, event_id: int, **fields: Any) -> None:
        """Give an event other fields, as SeatGeek's JSON has them. Raises `KeyError`."""
        self.catalog.change(event_id, fields)

    def cancel(self, event_id: int) -> None:
        """Cancel an event. Raises `KeyError`."""
        self.change(event_id, status="cancelled")

    def remove(self, event_id: int) -> None:
        """Let there be no such event any more. Raises `KeyError`."""
        self.catalog.remove(event_id)

    def mangle(self, event_id: int, document: Any) -> None:
        """Let something else be answered as an event. Raises `KeyError`."""
        self.catalog.mangle(event_id, document)

    def answer(self, call: Call) -> Answer:
        """Answer a call of the API."""
        if self.is_revoked or call.query.get("client_id") != self.client_id:
            return self.problem(HTTPStatus.FORBIDDEN, "You must provide a valid client_id.")
        if call.query.get("client_secret", self.client_secret) != self.client_secret:
            return self.problem(HTTPStatus.FORBIDDEN, "The client_secret does not belong to the client_id.")
        wait = self.limits.take().wait
        if wait is not None:
            refusal = self.problem(HTTPStatus.TOO_MANY_REQUESTS, "You have made too many requests.")
            return Answer(refusal.status, refusal.body, {**refusal.headers, "Retry-After": str(wait)})
        asked = {name: value for name, value in call.query.items() if not name.startswith("client_")}
        try:
            if call.path == "/2/events":
                return Answer.json(self._search.page(asked))
            if one := _EVENT.fullmatch(call.path):
                return Answer.json(self.catalog.shown(int(one[1])))
        except BadQuery as error:
            return self.problem(HTTPStatus.BAD_REQUEST, str(error))
        except (KeyError, ValueError):
            pass
        return self.problem(HTTPStatus.NOT_FOUND, "Not found.")

    def problem(self, status: int, message: str) -> Answer:
        """Return an error in SeatGeek's shape."""
        return Answer.json({"status": int(status), "message": message, "meta": {"status": int(status)}}, status)

    def show(self, call: Call) -> Answer:
        """Show a browser an event's page, or the picture of who performs."""
        if picture := _PICTURE.fullmatch(call.path):
            return Answer(HTTPStatus.OK, _picture(picture[1]).encode(), {"Content-Type": "image/svg+xml"})
        page = _PAGE.fullmatch(call.path)
        if page is None or int(page[1]) not in self.catalog:
            return Answer.html("Not found", HTTPStatus.NOT_FOUND)
        event = self.catalog.event(int(page[1]))
        title = html.escape(event["title"] or event["short_title"] or "An event")
        return Answer.html(
            f"<!doctype html><title>{title}</title><h1>{title}</h1><p>Invented: there are no tickets.</p>"
        )


def _picture(slug: str) -> str:
    """Return a picture: a colour, and the name that it is of."""
    hue = sum(map(ord, slug)) % 360
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1280 720" role="img">'
        f'<rect width="1280" height="720" fill="hsl({hue} 45% 35%)"/>'
        '<text x="640" y="380" fill="#fff" font-family="sans-serif" font-size="72" text-anchor="middle">'
        f"{slug.replace('-', ' ').title()}</text></svg>"
    )
