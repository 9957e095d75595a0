"""Events from elsewhere over REST."""

from collections.abc import Mapping
from typing import Any

from turnout.events.errors import CapacityAboveVenue
from turnout.events.services import EventCatalog
from turnout.plugin import (
    Denied,
    Existing,
    Invalid,
    NotFound,
    PageQuery,
    Request,
    Service,
    Versioned,
    VersionMismatch,
    about_no_event,
    expected_versions,
    page,
    paging_of,
)

from turnout_external_events import schemas
from turnout_external_events.errors import (
    AlreadyImported,
    CannotImport,
    DateUnknown,
    SourceFailed,
    SourceNotSetUp,
    TooManySearches,
    UnknownEvent,
    UnknownProvider,
    WrongRunStatus,
)
from turnout_external_events.models import Run
from turnout_external_events.services import (
    ExternalSearch,
    Importer,
    OriginService,
    Refresher,
    RunService,
    SavedSearchService,
)
from turnout_external_events.services.hearing import Heard
from turnout_external_events.services.importing import MADE
from turnout_external_events.services.overriding import require_alike
from turnout_external_events.services.saved import represent as represent_search
from turnout_external_events.services.searching import from_now, last_page
from turnout_external_events.sources import Criteria, ExternalEvent, Sources
from turnout_external_events.sources.readiness import readiness_of

TAG = "External events"

sources = Service("external-sources", "/external-events/sources", TAG, event_of=about_no_event)
found = Service("external-events", "/external-events", TAG, event_of=about_no_event)
importing = Service("external-event-import", "/external-events/{provider}/{ref}/import", TAG, event_of=about_no_event)
runs = Service("external-runs", "/external-events/runs", TAG, event_of=about_no_event)
run = Service("external-run", "/external-events/runs/{id}", TAG, event_of=about_no_event)
reports = Service("external-run-reports", "/external-events/runs/{id}/reports", TAG, event_of=about_no_event)
stopping = Service("external-run-stop", "/external-events/runs/{id}/stop", TAG, event_of=about_no_event)
resuming = Service("external-run-resume", "/external-events/runs/{id}/resume", TAG, event_of=about_no_event)
searches = Service("external-searches", "/external-events/searches", TAG, event_of=about_no_event)
search = Service("external-search", "/external-events/searches/{id}", TAG, event_of=about_no_event)
searching = Service("external-search-run", "/external-events/searches/{id}/run", TAG, event_of=about_no_event)
origin = Service("event-origin", "/events/{id}/origin", TAG)
refreshing = Service("event-origin-refresh", "/events/{id}/origin/refresh", TAG)
following = Service("event-origin-follow", "/events/{id}/origin/follow", TAG)
SERVICES = (
    sources, found, importing, runs, run, reports, stopping, resuming, searches, search, searching, origin, refreshing,
    following,
)  # fmt: skip
IMPORT_REFUSES = (
    UnknownProvider, UnknownEvent, SourceNotSetUp, SourceFailed, TooManySearches, CannotImport, DateUnknown,
    AlreadyImported, Invalid, CapacityAboveVenue,
)  # fmt: skip


def _id(request: Request) -> int:
    return int(request.matchdict["id"])


@sources.get(permission="external_events:search", answer=schemas.SourceList)
def list_event_sources(request: Request) -> dict[str, Any]:
    """List the sources of events, and what those lack that cannot be asked; which setting it is, staff are told."""
    results = []
    for name, source in Sources(request).items():
        readiness = readiness_of(source)
        results.append(
            {
                "name": name,
                "title": source.title,
                "is_ready": readiness.is_ready,
                "state": readiness.state,
                "missing": readiness.told(request.actor),
                "by_address": source.by_address,
                "last_page": last_page(source),
            }
        )
    return {"results": results}


@found.get(
    permission="external_events:search",
    query=schemas.ExternalQuery,
    answer=schemas.ExternalResults,
    refuses=(Invalid, UnknownProvider, SourceNotSetUp, SourceFailed, Denied, TooManySearches),
)
def search_external_events(request: Request) -> dict[str, Any]:
    """Search for events elsewhere.

    Without a `provider` all sources are asked at once, each for as long as the setting `external_events.quick_seconds` says;
    one that does not answer is named in `failures`, and the others' results are there. Answers may be some minutes old. The
    greatest `page` is the `last_page` of a source; a run imports what lies behind it, too.
    """
    asked = request.validated["query"]
    criteria = criteria_of(request, asked)
    result = request.find_service(ExternalSearch).find(asked["provider"], criteria, asked["page"], actor=request.actor)
    identities = [(provider, event.external_id) for provider, event in result.events]
    known = request.find_service(Importer).known(identities, actor=request.actor)
    return {
        "count": result.total,
        "page": asked["page"],
        "has_more": result.has_more,
        "results": [
            represent(provider, event) | {"imported_event_id": known.get((provider, event.external_id))}
            for provider, event in result.events
        ],
        "failures": [
            {"provider": each.provider, "title": each.title, "reason": each.reason} for each in result.failures
        ],
        "refused": [
            {"provider": name, "external_id": each.external_id, "title": each.title, "reason": each.reason}
            for name, each in result.refused
        ],
    }


def _fetch(request: Request) -> ExternalEvent:
    provider, external_id = request.matchdict["provider"], request.matchdict["ref"]
    return request.find_service(ExternalSearch).fetch(provider, external_id, actor=request.actor)


@importing.post(
    permission="external_events:import",
    beforehand=_fetch,
    body=schemas.NewImport,
    answer=schemas.ImportedEvent,
    status=201,
    location="/events/{id}",
    versioned=True,
    further_answers={200: "It was here already"},
    refuses=IMPORT_REFUSES,
)
def import_external_event(request: Request, external: ExternalEvent) -> Versioned:
    """Import an event.

    It is shown here, and leads to its source; it is for sale here only with a `capacity` among the `overrides`. What is
    imported already is not imported again: then the answer is that event, with the status 200, or 409 `already_imported`
    where it is not what the `overrides` say.
    """
    provider, overrides = request.matchdict["provider"], request.validated["body"]["overrides"]
    try:
        brought = request.find_service(Importer).bring(provider, external, overrides, actor=request.actor, is_new=False)
    except Invalid as error:
        raise Invalid([(f"overrides.{field}", message) for field, message in error.errors]) from None
    event = request.find_service(EventCatalog).get(brought.event_id, actor=request.actor)
    if brought.outcome == MADE:
        return event
    require_alike(event, overrides)
    return Existing(event, event.version)


def criteria_of(request: Request, asked: Mapping[str, Any]) -> Criteria:
    """Return what is searched for; what nobody says otherwise, from now on. Raises `Invalid`."""
    registry = request.registry
    begin, end = asked["date_from"] or from_now(registry.clock.now(), registry.settings), asked["date_to"]
    if end is not None and end < begin:
        raise Invalid({"date_to": "must not be before date_from"})
    return Criteria(asked["query"], asked["location"], begin, end, asked["category"])


def represent(provider: str, event: ExternalEvent) -> dict[str, Any]:
    """Return an event as it is shown."""
    venue, price = event.venue, event.price
    return {
        "provider": provider,
        "external_id": event.external_id,
        "title": event.title,
        "description": event.description,
        "starts_at": event.starts_at,
        "starts_on": event.starts_on,
        "is_estimate": event.is_estimate,
        "ends_at": event.ends_at,
        "ends_on": event.ends_on,
        "timezone": event.timezone,
        "status": event.status,
        "venue": None
        if venue is None
        else {
            "id": venue.id,
            "name": venue.name,
            "address": venue.address,
            "city": venue.city,
            "country": venue.country,
            "timezone": venue.timezone,
        },
        "location": event.location,
        "categories": list(event.categories),
        "price_range": None
        if price is None
        else {"min": str(price.least), "max": str(price.most), "currency": price.currency},
        "image_url": event.image_url,
        "url": event.url,
    }


@runs.get(permission="external_events:read", query=schemas.ImportRunQuery, answer=schemas.ImportRunPage)
def list_import_runs(request: Request) -> dict[str, Any]:
    """List the runs that import many events, the newest first: one's own, for staff all."""
    paging, filters = paging_of(request), request.validated["query"]
    found_runs = request.find_service(RunService).find(filters, paging, actor=request.actor)
    return page(request, found_runs, lambda row: represent_run(row.Run))


@runs.post(
    permission="external_events:import",
    body=schemas.NewImportRun,
    answer=schemas.ImportRunView,
    status=201,
    location="/external-events/runs/{id}",
    refuses=(Invalid, UnknownProvider, SourceNotSetUp),
)
def begin_import_run(request: Request) -> dict[str, Any]:
    """Import many events in the background: those that are `chosen`, or all that a search of one source finds."""
    new, service = request.validated["body"], request.find_service(RunService)
    if new["chosen"]:
        chosen = [(each["provider"], each["external_id"]) for each in new["chosen"]]
        return represent_run(service.selection(chosen, status=new["status"], actor=request.actor))
    if new["provider"] is None:
        raise Invalid({"provider": "say which source to search, or which events are chosen"})
    criteria = criteria_of(request, new)
    return represent_run(service.search(new["provider"], criteria, status=new["status"], actor=request.actor))


@run.get(permission="external_events:read", answer=schemas.ImportRunView, refuses=(NotFound,))
def read_import_run(request: Request) -> dict[str, Any]:
    """Read how far a run is."""
    return represent_run(request.find_service(RunService).get(_id(request), actor=request.actor))


@reports.get(permission="external_events:read", query=PageQuery, answer=schemas.ImportReportPage, refuses=(NotFound,))
def list_import_reports(request: Request) -> dict[str, Any]:
    """List what a run could not import, and why; the first thousand."""
    found_reports = request.find_service(RunService).reports(_id(request), paging_of(request), actor=request.actor)
    return page(request, found_reports, lambda row: represent_report(row.Report))


@stopping.post(permission="external_events:import", answer=schemas.ImportRunView, refuses=(NotFound, WrongRunStatus))
def stop_import_run(request: Request) -> dict[str, Any]:
    """Stop a run; what it has imported stays."""
    return represent_run(request.find_service(RunService).stop(_id(request), actor=request.actor))


@resuming.post(permission="external_events:import", answer=schemas.ImportRunView, refuses=(NotFound, WrongRunStatus))
def resume_import_run(request: Request) -> dict[str, Any]:
    """Let a run go on where it stopped."""
    return represent_run(request.find_service(RunService).resume(_id(request), actor=request.actor))


def represent_run(run: Run) -> dict[str, Any]:
    """Return a run as it is shown."""
    names = (
        "id", "user_id", "search_id", "kind", "provider", "title", "status", "error", "total", "seen", "made", "changed",
        "same", "refused", "goes_on_at", "created_at", "updated_at", "finished_at",
    )  # fmt: skip
    return {name: getattr(run, name) for name in names}


def represent_report(report: Any) -> dict[str, Any]:
    """Return what a run could not import."""
    names = ("id", "external_id", "title", "code", "reason", "created_at")
    return {name: getattr(report, name) for name in names}


@searches.get(permission="external_events:read", query=PageQuery, answer=schemas.SavedSearchPage)
def list_saved_searches(request: Request) -> dict[str, Any]:
    """List the searches that import by themselves: one's own, for staff all."""
    return page(request, request.find_service(SavedSearchService).find(paging_of(request), actor=request.actor))


@searches.post(
    permission="external_events:import",
    body=schemas.NewSavedSearch,
    answer=schemas.SavedSearchView,
    status=201,
    location="/external-events/searches/{id}",
    versioned=True,
    refuses=(Invalid,),
)
def create_saved_search(request: Request) -> Any:
    """Save a search that imports by itself what it finds, from now on."""
    new = request.validated["body"]
    return represent_search(request.find_service(SavedSearchService).create(new, actor=request.actor))


@search.get(permission="external_events:read", answer=schemas.SavedSearchView, versioned=True, refuses=(NotFound,))
def read_saved_search(request: Request) -> Any:
    """Read a saved search."""
    return request.find_service(SavedSearchService).get(_id(request), actor=request.actor)


@search.put(
    permission="external_events:import",
    body=schemas.NewSavedSearch,
    answer=schemas.SavedSearchView,
    versioned=True,
    refuses=(NotFound, Invalid, VersionMismatch),
)
def replace_saved_search(request: Request) -> Any:
    """Replace a saved search."""
    return _change(request)


@search.patch(
    permission="external_events:import",
    body=schemas.NewSavedSearch,
    partial=True,
    answer=schemas.SavedSearchView,
    versioned=True,
    refuses=(NotFound, Invalid, VersionMismatch),
)
def change_saved_search(request: Request) -> Any:
    """Change what is named of a saved search."""
    return _change(request)


def _change(request: Request) -> Any:
    service, changes = request.find_service(SavedSearchService), request.validated["body"]
    expected = expected_versions(request)
    return represent_search(service.update(_id(request), changes, actor=request.actor, expected=expected))


@search.delete(permission="external_events:import", versioned=True, refuses=(NotFound, VersionMismatch))
def delete_saved_search(request: Request) -> None:
    """Forget a saved search; what it imported stays."""
    service = request.find_service(SavedSearchService)
    service.delete(_id(request), actor=request.actor, expected=expected_versions(request))


@searching.post(
    permission="external_events:import",
    answer=schemas.ImportRunView,
    status=201,
    location="/external-events/runs/{id}",
    refuses=(NotFound, Invalid, UnknownProvider, SourceNotSetUp, Denied),
)
def run_saved_search(request: Request) -> dict[str, Any]:
    """Let a saved search import now what it finds."""
    return represent_run(request.find_service(SavedSearchService).run_now(_id(request), actor=request.actor))


@origin.get(permission="external_events:read", answer=schemas.OriginView, refuses=(NotFound, Denied))
def read_event_origin(request: Request) -> dict[str, Any]:
    """Read where an event came from, which of its fields follow the source, and where the two differ."""
    service = request.find_service(OriginService)
    return service.shown(service.of(_id(request), actor=request.actor))


def _ask(request: Request) -> Heard:
    return request.find_service(Refresher).ask_of(_id(request), actor=request.actor)


@refreshing.post(
    permission="external_events:import",
    beforehand=_ask,
    answer=schemas.OriginView,
    refuses=(NotFound, Denied, UnknownProvider, SourceNotSetUp, SourceFailed, TooManySearches),
)
def refresh_event_origin(request: Request, heard: Heard) -> dict[str, Any]:
    """Ask the source of an event how it is now, and let the event follow; a calendar is read anew as a whole for that."""
    service = request.find_service(OriginService)
    request.find_service(Refresher).take(heard)
    return service.shown(service.of(_id(request), actor=request.actor))


@following.post(
    permission="external_events:import",
    body=schemas.FollowFields,
    answer=schemas.OriginView,
    refuses=(NotFound, Denied, Invalid, CapacityAboveVenue),
)
def follow_event_origin(request: Request) -> dict[str, Any]:
    """Let fields that were changed by hand say what the source says, and follow it again."""
    service = request.find_service(OriginService)
    wanted = request.validated["body"]["fields"]
    return service.shown(service.follow(_id(request), wanted, actor=request.actor))
