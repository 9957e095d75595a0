"""What a plugin does when it is used: it answers everybody, costs little, and does its background work."""

import pkgutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import product

from turnout.outbox.handlers import name_of
from turnout.security.actors import ANYONE, ORGANIZER, STAFF, USER
from turnout.testing.clients import Api
from turnout.testing.conformance.calls import Call, calls, known_ids
from turnout.testing.conformance.subject import Checks, Subject, refuse
from turnout.testing.factories import Make
from turnout.testing.outbox import Steps

REFUSED, FAILED = 400, 500
MANY = 20
Statements = Callable[[], AbstractContextManager[list[str]]]


class BehaviourChecks(Checks):
    """What a plugin does when it is used: it answers everybody, costs little, and does its background work."""

    def test_everybody_is_answered_as_declared(self, subject: Subject, api: Api, make: Make, outbox: Steps) -> None:
        """Nobody meets an internal error, whoever they are and whatever they ask for; clients know what may be answered."""
        organizer = make.organizer()
        event = make.event(organizer=organizer, switches={subject.name: True})
        guest = api.as_role(USER)
        guest.send("POST", "/bookings", {"event_id": event.id})
        outbox.run()
        clients = {ANYONE: api, USER: guest, ORGANIZER: api.as_(organizer), STAFF: api.as_role(STAFF)}
        faults = [
            fault
            for call in calls(subject, known_ids(subject, api.session), event.id)
            for role, client in clients.items()
            for fault in _answered(call, role, client)
        ]
        refuse(dict.fromkeys(faults))

    def test_more_events_and_bookings_need_no_more_statements(
        self, subject: Subject, api: Api, make: Make, outbox: Steps, statements: Statements
    ) -> None:
        """What it shows of events is read for the whole list at once, however many have booked."""
        events = [make.event(switches={subject.name: True}) for _ in range(MANY)]
        guests = [api.as_role(USER) for _ in range(3)]
        for event, guest in [*product(events, guests[:1]), *product(events[:1], guests[1:])]:
            guest.send("POST", "/bookings", {"event_id": event.id})
        outbox.run()

        def needed(path: str) -> list[str]:
            with statements() as seen:
                api.get(path)
            return seen

        needed("/events")  # what the first request remembers, it pays for alone
        refuse(_surplus("A list of more events", needed("/events?page_size=1"), needed(f"/events?page_size={MANY}")))
        busy, quiet = (f"/events/{event.id}" for event in events[:2])
        refuse(_surplus("An event with more bookings", needed(quiet), needed(busy)))

    def test_bookings_are_made_and_its_listeners_hear_of_them(
        self, subject: Subject, api: Api, make: Make, outbox: Steps
    ) -> None:
        """Whatever becomes of an event and its bookings, nothing of the plugin fails because of it."""
        organizer = api.as_role(ORGANIZER)
        event = make.event(organizer=organizer.user, switches={subject.name: True})
        guest = api.as_role(USER)
        made = guest.send("POST", "/bookings", {"event_id": event.id, "quantity": 2})
        outbox.run()
        answers = [("booking", made)]
        steps = {"changing": ("PATCH", f"/events/{event.id}", {"title": "Another title"})}
        if made.status_int < REFUSED:
            steps["cancelling a booking of"] = ("POST", f"/bookings/{made.json['id']}/cancel", {})
        steps["cancelling"] = ("POST", f"/events/{event.id}/cancel", {})
        steps["archiving"] = ("POST", f"/events/{event.id}/archive", {})
        for step, request in steps.items():
            answers.append((step, organizer.send(*request)))
            outbox.run()
        refuse(
            f"With it, {step} an event ends in an internal error; the log below names the cause."
            for step, answer in answers
            if answer.status_int >= FAILED
        )
        refuse(_failed(subject, outbox))

    def test_its_background_work_can_be_found_by_name(self, subject: Subject) -> None:
        """Work waits by the name of its function, and may be done by another process, after the next start."""
        for name, handler in subject.handlers.items():
            try:
                found = pkgutil.resolve_name(name_of(handler.function))
            except (AttributeError, ImportError, ValueError):
                found = None
            if found is not handler.function:
                refuse([f"The function {name} cannot be found by its name; make it a plain function of a module."])

    def test_its_periodic_tasks_run_where_there_is_nothing(self, subject: Subject, outbox: Steps) -> None:
        """The first day of an installation is no special case."""
        outbox.run()
        refuse(_failed(subject, outbox))


def _surplus(what: str, few: list[str], many: list[str]) -> Iterator[str]:
    if len(many) > len(few):
        yield (
            f"{what} needs {len(many)} statements instead of {len(few)}: let read(event_ids, ...) ask once for all of them, "
            f"WHERE event_id IN (...). The last of those too many: {' '.join(many[-1].split())}"
        )


def _answered(call: Call, role: str, client: Api) -> Iterator[str]:
    status = call.by(client).status_int
    if status >= FAILED:
        yield f"{call} by {role} ends in an internal error ({status}); the log below names the cause."
    elif str(status) not in call.declared:
        yield (
            f"{call} by {role} is answered {status}, which OpenAPI does not say; declare the domain error in refuses=(...), "
            "or the status in further_answers."
        )


def _failed(subject: Subject, outbox: Steps) -> Iterator[str]:
    for job in [*outbox.waiting, *outbox.dead]:
        if job.handler in subject.handlers and job.error:
            yield f"{job.handler} fails: {job.error}. What it was called with: {job.payload}"
