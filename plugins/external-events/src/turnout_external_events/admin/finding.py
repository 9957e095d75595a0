"""Finding events elsewhere: a search of all sources, or of one, whose events are ticked, or imported as a whole."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pyramid.httpexceptions import HTTPSeeOther
from turnout.events.models import DRAFT, PUBLISHED
from turnout.plugin import (
    ATTENTION,
    Actor,
    AdminSection,
    Clock,
    DomainError,
    Invalid,
    Link,
    Note,
    Request,
    Settings,
    filters_of,
    flash,
    own_page,
    panel,
    record,
)

from turnout_external_events.admin import schemas
from turnout_external_events.admin.lookups import Lookups
from turnout_external_events.admin.runs import RunSection
from turnout_external_events.admin.words import FIND, GROUP, IMPORT, READ, RUNS, offered, states, title_of
from turnout_external_events.errors import SourceNotSetUp
from turnout_external_events.models import LONGEST_ID, Run
from turnout_external_events.schemas import MOST_CHOSEN
from turnout_external_events.services import ExternalSearch, Importer, RunService
from turnout_external_events.services.searching import Result, from_now
from turnout_external_events.sources import Criteria, ExternalEvent, Sources
from turnout_external_events.sources.readiness import KEY_REFUSED

SENT = "find"
"""The parameter that the form's button sends: nothing is searched for before."""
A_DAY = timedelta(days=1)
NEW_STATUSES = ((PUBLISHED, "published"), (DRAFT, "drafts"))
TEMPLATES = "turnout_external_events:templates/admin"


class FindSection(AdminSection):
    """Events of elsewhere, asked for while somebody waits; here the sources stand, too."""

    name, title, singular = FIND, "Find elsewhere", "event"
    icon, group, order = "search", GROUP, 10
    description = "Events that others sell or tell about. Choose some, and they are shown here, and lead there."
    query = schemas.FindQuery

    def __init__(
        self,
        search: ExternalSearch,
        importer: Importer,
        runs: RunService,
        run_section: RunSection,
        sources: Sources,
        lookups: Lookups,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self.search = search
        self.importer = importer
        self.runs = runs
        self.run_section = run_section
        self.sources = sources
        self.lookups = lookups
        self.settings = settings
        self.clock = clock

    def offered(self, values: Mapping[str, Any], *, actor: Actor) -> Mapping[str, Any]:
        return {"provider": offered(self.sources, actor)}

    @own_page("", permission=READ, template=f"{TEMPLATES}/find.jinja2")
    def show(self, request: Request) -> dict[str, Any]:
        """Show the form and, once it was sent, what was found. Sources are asked before the database is."""
        filters = filters_of(request, self)
        result, problems = None, []
        if SENT in request.GET and not filters.wrong:
            try:
                result = self.search.find(
                    filters.values["provider"],
                    self.criteria(filters.values),
                    filters.paging.page,
                    actor=request.actor,
                )
            except Invalid as error:
                problems = [message for _, message in error.errors]
            except DomainError as error:
                problems = [error.detail]
        return {
            "filters": filters,
            "result": result,
            "rows": [] if result is None else list(self._rows(result, request.actor)),
            "problems": problems,
            "states": states(self.sources, request.actor),
            "asked": [] if result is None else self._asked(filters.values["provider"], result),
            "title_of": lambda provider: title_of(self.sources, provider),
            "again": lambda **changed: filters.query(**{SENT: "1", **changed}),
            "new_statuses": NEW_STATUSES,
        }

    @own_page("import", permission=IMPORT, method="POST")
    def import_chosen(self, request: Request) -> HTTPSeeOther:
        """Begin to import what was ticked, or all that the page shows."""
        sent = request.POST.getall("shown" if "all" in request.POST else "chosen")
        chosen = list(dict.fromkeys(filter(None, map(_identity, sent))))
        if not chosen:
            flash(request, "Choose at least one event first.", level="danger")
            return HTTPSeeOther(self._back(request))
        if len(chosen) > MOST_CHOSEN:
            raise Invalid({"chosen": f"at most {MOST_CHOSEN} events are imported at once"})
        try:
            run = self.runs.selection(chosen, status=status_of(request), actor=request.actor)
        except SourceNotSetUp as error:
            flash(request, error.detail, level="danger")
            return HTTPSeeOther(self._back(request))
        return self._to(request, run)

    @own_page("import-all", permission=IMPORT, method="POST")
    def import_all(self, request: Request) -> HTTPSeeOther:
        """Begin to import everything that the search finds at one source."""
        filters = filters_of(request, self)
        provider = request.POST.get("provider")
        if filters.wrong or not isinstance(provider, str):
            raise Invalid(filters.wrong or {"provider": "must be a source"})
        criteria = self.criteria(filters.values)
        try:
            run = self.runs.search(provider, criteria, status=status_of(request), actor=request.actor)
        except DomainError as error:
            flash(request, error.detail, level="danger")
            return HTTPSeeOther(self._back(request))
        return self._to(request, run)

    @panel("Sources", on=ATTENTION, permission=READ, order=4)
    def attention(self, *, actor: Actor) -> Iterator[Note]:
        """Tell of sources that refuse their key."""
        for state in states(self.sources, actor):
            if state.state == KEY_REFUSED:
                said = f"Nothing is found at {state.title}, imported from there or refreshed: {state.missing}"
                yield Note(said, "danger", Link("See the sources", self.name))

    def criteria(self, said: Mapping[str, Any]) -> Criteria:
        """Return what is searched for: from the beginning of a day, and not what is over, to the end of a day. Raises `Invalid`."""
        begin, end = self._midnight(said["date_from"]), self._midnight(said["date_to"], A_DAY)
        now = from_now(self.clock.now(), self.settings)
        begin = now if begin is None else max(begin, now)
        if end is not None and end < begin:
            raise Invalid({"date_to": "“To” is before “From”, or over."})
        return Criteria(said["query"] or "", said["location"] or "", begin, end, said["category"] or "")

    def _midnight(self, day: date | None, later: timedelta = timedelta()) -> datetime | None:
        if day is None:
            return None
        zone = ZoneInfo(self.settings["admin.timezone"])
        return datetime.combine(day + later, time(), zone) - (timedelta(seconds=1) if later else timedelta())

    def _rows(self, result: Result, actor: Actor) -> Iterator[dict[str, Any]]:
        """Give what was found, each with the page of the event here that it is, if it was imported."""
        known = self.importer.known([(provider, event.external_id) for provider, event in result.events], actor=actor)
        visible = self.lookups.visible(set(known.values()), actor=actor)
        for provider, event in result.events:
            event_id = known.get((provider, event.external_id))
            yield {
                "provider": provider,
                "event": event,
                "where": where(event),
                "imported": event_id is not None,
                "event_id": event_id if event_id in visible else None,
                "can_be_chosen": event_id is None and not self.sources[provider].by_address,
            }

    def _asked(self, provider: str | None, result: Result) -> list[str]:
        """Return the sources that answered: everything of one of them can be imported."""
        if provider is not None:
            return [provider]
        failed = {failure.provider for failure in result.failures}
        return [name for name, source in self.sources.items() if not source.by_address and name not in failed]

    def _back(self, request: Request) -> str:
        return str(request.route_path(f"admin:{self.name}")) + filters_of(request, self).query(**{SENT: "1"})

    def _to(self, request: Request, run: Run) -> HTTPSeeOther:
        """Go to the page of a run that has begun."""
        record(request, self.run_section, "create", run.id, None, self.run_section.get(run.id, actor=request.actor))
        flash(request, "It has begun; this page shows how far it is.")
        return HTTPSeeOther(request.route_path(f"admin:{RUNS}:one", id=run.id))


def _identity(sent: Any) -> tuple[str, str] | None:
    """Return the source and the id of an event that was ticked; None for what no page has sent."""
    if not isinstance(sent, str) or "\x00" in sent:
        return None
    provider, _, external_id = sent.partition(":")
    return (provider, external_id) if provider and 0 < len(external_id) <= LONGEST_ID else None


def status_of(request: Request) -> str:
    """Return what new events are to be, as the form says."""
    return DRAFT if request.POST.get("status") == DRAFT else PUBLISHED


def where(event: ExternalEvent) -> str:
    """Return in a line where an event is, as its source says it."""
    venue = event.venue
    if venue is None:
        return event.location
    return ", ".join(part for part in (venue.name, venue.city, venue.country or "") if part)
