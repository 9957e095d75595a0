"""A plugin's part of the admin UI: its pages work, are not for everybody, and what it adds to others' pages is shown."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from turnout.admin.guarding import BROKEN
from turnout.security.actors import ANYONE, SUPERUSER, USER
from turnout.testing.browsers import Browser
from turnout.testing.clients import Api
from turnout.testing.conformance.calls import known_ids
from turnout.testing.conformance.subject import Checks, Subject, refuse
from turnout.testing.factories import Make
from turnout.testing.outbox import Steps

OK, FOUND, REFUSED, FORBIDDEN, FAILED = 200, 302, 400, 403, 500
BELOW = "/admin/"
_PART = re.compile(r"{(\w+)(?::((?:[^{}]|{[^{}]*})*))?}")


class AdminChecks(Checks):
    """A plugin's part of the admin UI: its pages work, are not for everybody, and what it adds to others' pages is shown."""

    def test_its_admin_pages_are_shown(
        self, subject: Subject, browser: Browser, api: Api, make: Make, outbox: Steps
    ) -> None:
        """Staff meet no error, and what is missing is missing with a word about it."""
        event = make.event(switches={subject.name: True})
        api.as_role(USER).send("POST", "/bookings", {"event_id": event.id})
        outbox.run()
        staff = browser.as_role(SUPERUSER)
        faults = [
            f"A panel of {subject.name} on {page} fails; the log below names the cause."
            for page in ("/admin", f"/admin/events/{event.id}")
            if BROKEN in staff.get(page).text
        ]
        for path, is_one_of_many in _paths(subject, known_ids(subject, api.session)):
            status = staff.pages.get(path, expect_errors=True).status_int
            if status >= FAILED or (status >= REFUSED and not is_one_of_many):
                faults.append(f"{path} is answered {status} to a superuser; the log below may name the cause.")
        refuse(faults)

    def test_its_admin_pages_are_not_for_everybody(self, subject: Subject, browser: Browser, api: Api) -> None:
        """Who may not enter the admin is sent away, from pages that the plugin adds beside its sections, too."""
        refuse(
            f"{path} is answered {status} to {who}; show it by a section (config.add_admin_section), or let its view ask "
            "for a permission that they have not."
            for path, _ in _paths(subject, known_ids(subject, api.session))
            for who, wanted in ((ANYONE, FOUND), (USER, FORBIDDEN))
            if (status := browser.as_role(who).pages.get(path, expect_errors=True).status_int) != wanted
        )


def _paths(subject: Subject, ids: list[int]) -> Iterator[tuple[str, bool]]:
    """Give the addresses of the plugin's pages below ``/admin``, and whether each is about one of many things."""
    routes = {entry["introspectable"]["name"]: entry["introspectable"] for entry in _entries(subject, "routes")}
    seen = set()
    for entry in _entries(subject, "views"):
        view = entry["introspectable"]
        route = routes.get(view["route_name"])
        methods = view["request_methods"]
        if route is None or not subject.owns_file(view.action_info.file) or (methods and "GET" not in methods):
            continue
        pattern = "/" + route["pattern"].lstrip("/")
        if not pattern.startswith(BELOW):
            continue
        is_one_of_many = any(name == "id" for name, _ in _PART.findall(pattern))
        for each in ids if is_one_of_many else ids[:1]:
            path = _PART.sub(partial(_filled, each), pattern)
            if path not in seen:
                seen.add(path)
                yield path, is_one_of_many


def _entries(subject: Subject, category: str) -> list[Any]:
    return list(subject.registry.introspector.get_category(category) or ())


def _filled(row_id: int, part: re.Match[str]) -> str:
    """Return what stands for a part of a path: an id, or the first of the words that it may be."""
    words = (part[2] or "").split("|")
    return words[0] if len(words) > 1 else str(row_id)
