"""A plugin that is not there: disabled for the installation, or switched off for an event."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from turnout.api.openapi.document import document
from turnout.events.models import PUBLISHED, Event
from turnout.security.actors import ORGANIZER, SUPERUSER, USER
from turnout.testing.applications import Application
from turnout.testing.clients import Api
from turnout.testing.conformance.calls import calls, known_ids
from turnout.testing.conformance.subject import Checks, Subject, admin_sections, refuse
from turnout.testing.factories import Make
from turnout.testing.fixtures import Workshop
from turnout.testing.outbox import Steps

NOT_FOUND = 404
FAILED = 400
SWITCHED_OFF = "switched_off"


class AbsenceChecks(Checks):
    """A plugin that is not there: disabled for the installation, or switched off for an event."""

    def test_disabled_means_gone(self, subject: Subject, workshop: Workshop, settings: Mapping[str, str]) -> None:
        """Installed and not enabled, it changes nothing."""
        others = {name: value for name, value in settings.items() if not name.startswith(f"{subject.name}.")}
        without = workshop.application("sqlite", None, subject.required, others)
        refuse(_remains(subject, without))

    def test_its_tables_hurt_nobody_when_it_is_disabled(
        self, subject: Subject, fresh_database: str, tmp_path: Path, settings: Mapping[str, str]
    ) -> None:
        """What it leaves in the database does not keep events from being made, booked and deleted."""
        with_it = {"turnout.plugins": subject.enabled} | dict(settings)
        others = {name: value for name, value in settings.items() if not name.startswith(f"{subject.name}.")}
        booked, free = _leave_traces(subject, Application(fresh_database, tmp_path, None, **with_it))
        without = Application(fresh_database, tmp_path, None, **{"turnout.plugins": subject.required} | others)
        refuse(_troubles(without, booked, free))

    @pytest.fixture
    def off(self, subject: Subject, api: Api, make: Make, outbox: Steps) -> Event:
        """Give an event for which the plugin was used, and then switched off."""
        if not subject.plugin.manifest.is_switchable:
            pytest.skip("It is not switched by event.")
        organizer = api.as_role(ORGANIZER)
        event = make.event(organizer=organizer.user, switches={subject.name: True})
        _use(subject, organizer, api.as_role(USER), event)
        outbox.run()
        organizer.patch(f"/events/{event.id}", {"plugins": {subject.name: False}})
        return event

    def test_switched_off_its_paths_about_the_event_are_not_there(self, subject: Subject, api: Api, off: Event) -> None:
        """An organizer who switches it off for an event need not ask whether that went everywhere."""
        staff = api.as_role(SUPERUSER)
        faults = []
        for call in calls(subject, [off.id], off.id):
            if not call.path.startswith(f"/events/{off.id}/"):
                continue
            answer = call.by(staff)
            if answer.status_int != NOT_FOUND or answer.json.get("code") != SWITCHED_OFF:
                faults.append(
                    f"{call} is answered {answer.status} for an event for which it is switched off, not 404 {SWITCHED_OFF}; "
                    "let event_of of its Service return the event's id (a path below /events/{id} needs no event_of)."
                )
        refuse(faults)

    def test_switched_off_it_shows_nothing_at_the_event(self, subject: Subject, api: Api, off: Event) -> None:
        """Its extension is neither in the event nor in lists."""
        event = api.get(f"/events/{off.id}").json
        (listed,) = api.get("/events").json["results"]
        refuse(
            f"The event still shows extensions.{name} where it is switched off; let read=... be a function of the "
            "plugin's own package, so that Turnout knows whose it is."
            for name in subject.extensions
            if name in event["extensions"] or name in listed["extensions"]
        )


def _remains(subject: Subject, without: Application) -> Iterator[str]:
    """Give what of the plugin is there without it."""
    registry, described = without.registry, document(without.registry)
    parts = {
        "path": ({endpoint.path for endpoint in subject.endpoints}, set(described["paths"])),
        "permission": (set(subject.permissions), set(registry.permissions)),
        "capability": ({subject.name}, set(registry.capabilities)),
        "extension of events": (set(subject.extensions), set(registry.event_extensions)),
        "admin section": (set(subject.sections), set(admin_sections(registry))),
        "background work": (set(subject.handlers), set(registry.handlers)),
        "setting": ({f"{subject.name}."}, {name[: len(subject.name) + 1] for name in registry.settings}),
    }
    for kind, (own, there) in parts.items():
        for name in sorted(own & there):
            yield (
                f"The {kind} {name} is there though the plugin is not enabled; register everything in includeme(config) "
                "through its directives, and change nothing of Turnout's when the package is imported."
            )


@contextmanager
def _client(application: Application) -> Iterator[Api]:
    """Give a client of an application that really commits, and is closed afterwards."""
    try:
        with Session(application.engine, expire_on_commit=False) as session:
            yield Api(application, session)
    finally:
        application.close()


def _use(subject: Subject, organizer: Api, guest: Api, event: Event, *, is_booked: bool = True) -> None:
    """Use the plugin for an event as far as that can be done blindly."""
    if is_booked:
        guest.send("POST", "/bookings", {"event_id": event.id})
    for call in calls(subject, known_ids(subject, guest.session), event.id):
        if call.method != "DELETE":
            call.by(organizer)
            call.by(guest)


def _leave_traces(subject: Subject, application: Application) -> tuple[int, int]:
    """Use the plugin for an event that is booked and for one that is not; return their ids."""
    with _client(application) as api:
        make = Make(api.session, application.registry.clock)
        organizer, guest = api.as_role(ORGANIZER), api.as_role(USER)
        booked, free = (make.event(organizer=organizer.user, switches={subject.name: True}) for _ in range(2))
        _use(subject, organizer, guest, booked)
        _use(subject, organizer, guest, free, is_booked=False)
        return booked.id, free.id


def _troubles(application: Application, booked: int, free: int) -> Iterator[str]:
    """Give what can no longer be done with old events and with new ones."""
    with _client(application) as api:
        organizer, guest, staff = api.as_role(ORGANIZER), api.as_role(USER), api.as_role(SUPERUSER)
        starts_at = application.registry.clock.now() + timedelta(days=7)
        event = {
            "title": "An evening without it",
            "location": "Town square, Lisbon",
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=3),
            "status": PUBLISHED,
        }
        made = [organizer.send("POST", "/events", event) for _ in range(2)]
        new = [answer.json["id"] for answer in made if answer.status_int < FAILED]
        answers = {
            "making an event": made,
            "booking an event": [guest.send("POST", "/bookings", {"event_id": each}) for each in [booked, *new[:1]]],
            "deleting an event": [staff.send("DELETE", f"/events/{each}") for each in [free, *new[1:]]],
        }
    for what, given in answers.items():
        for answer in given:
            if answer.status_int >= FAILED:
                yield f"While it is disabled, {what} is answered {answer.status}: {answer.text}"
