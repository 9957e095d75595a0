"""Schemas of events from elsewhere."""

import colander
from turnout.events.models import DRAFT, PUBLISHED
from turnout.events.schemas import EventInput, EventView
from turnout.plugin import PageQuery, Schema, fields, page_of

from turnout_external_events.models import RUN_KINDS, RUN_STATUSES
from turnout_external_events.services.merging import GONE
from turnout_external_events.sources import STATUSES
from turnout_external_events.sources.readiness import STATES

ORIGIN_STATUSES = (*STATUSES, GONE)
MOST_CHOSEN = 500
NOT_OVERRIDDEN = frozenset({"is_bookable", "plugins", "extensions"})


class SourceView(Schema):
    """A source of events."""

    name = fields.text(30)
    title = fields.text(100)
    is_ready = fields.flag(description="Whether it can be asked, as far as is known")
    state = fields.choice(
        STATES, description="It lacks something, `not_set_up`, or took our key for no good when it was asked last"
    )
    missing = fields.text(
        500, 0, description="What it lacks, or says of the key, if it cannot be asked; whole for staff"
    )
    by_address = fields.flag(description="Whether its `query` is the web address of a calendar rather than words")
    last_page = fields.whole(
        1, nullable=True, description="The greatest `page` of a search that it shows; null: all of them"
    )


class SourceList(Schema):
    """All sources."""

    results = fields.many(SourceView(name="source"), 100)


class ExternalQuery(Schema):
    """What is searched for elsewhere."""

    provider = fields.text(30, missing=None, description="One source; without it all are asked at once")
    query = fields.text(2000, 0, missing="", description="Words; for a calendar its web address")
    location = fields.text(200, 0, missing="", description="A city")
    date_from = fields.moment(missing=None, description="Starts then or later; without it, from now on")
    date_to = fields.moment(missing=None, description="Starts then or earlier")
    category = fields.text(100, 0, missing="", description="A word such as music or sports")
    page = fields.whole(1, 1000, missing=1, description="Of each source 20 events; see a source's `last_page`")


class ExternalVenueView(Schema):
    """A place, as a source says it."""

    id = fields.text(255, nullable=True)
    name = fields.text(200)
    address = fields.text(300, 0)
    city = fields.text(100, 0)
    country = fields.country(nullable=True)
    timezone = fields.timezone(nullable=True)


class PriceRangeView(Schema):
    """What tickets cost there."""

    min = fields.money()
    max = fields.money()
    currency = fields.currency()


class ExternalEventView(Schema):
    """An event, as a source says it."""

    provider = fields.text(30)
    external_id = fields.text(255)
    title = fields.text(200)
    description = fields.text(20_000, 0)
    starts_at = fields.moment(nullable=True, description="Null where only the day is known, or not even that")
    starts_on = fields.day(nullable=True, description="The day at the place, where no time is known")
    is_estimate = fields.flag(description="Whether the day is only expected")
    ends_at = fields.moment(nullable=True)
    ends_on = fields.day(nullable=True, description="The last day there, included, where only that is known")
    timezone = fields.timezone(nullable=True)
    status = fields.choice(STATUSES)
    venue = ExternalVenueView(nullable=True)
    location = fields.text(300, 0)
    categories = fields.many(fields.text(100, name="category"), 20)
    price_range = PriceRangeView(nullable=True)
    image_url = fields.url(nullable=True)
    url = fields.url(nullable=True)
    imported_event_id = fields.identifier(nullable=True, description="The event here that it is, if it was imported")


class SourceFailure(Schema):
    """A source that did not answer."""

    provider = fields.text(30)
    title = fields.text(100)
    reason = fields.text(1000)


class UnreadEvent(Schema):
    """An event that could not be read."""

    provider = fields.text(30)
    external_id = fields.text(255, 0)
    title = fields.text(300, 0)
    reason = fields.text(1000)


class ExternalResults(Schema):
    """What was found elsewhere: a page of each source."""

    count = fields.whole(description="How many there are, as far as the sources say")
    page = fields.whole(1)
    has_more = fields.flag()
    results = fields.many(ExternalEventView(name="event"), 1000)
    failures = fields.many(SourceFailure(name="failure"), 100, description="Sources that did not answer")
    refused = fields.many(UnreadEvent(name="refusal"), 1000, description="Events that could not be read")


class _Overridden(EventInput):
    """What an organizer may say otherwise of an imported event."""

    price = fields.money()
    status = fields.choice((DRAFT, PUBLISHED))


def _overrides() -> type[Schema]:
    """Return the schema of events in which nothing has to be said."""
    members = {}
    for node in _Overridden().children:
        if node.name not in NOT_OVERRIDDEN:
            copy = node.clone()
            copy.missing, copy.default = colander.drop, colander.null
            members[node.name] = copy
    doc = "What an organizer says otherwise of an imported event. With a `capacity` it is for sale here."
    return type("ImportOverrides", (Schema,), {"__doc__": doc, **members})


ImportOverrides = _overrides()


class ImportedEvent(EventView):
    """An event that was imported."""


class NewImport(Schema):
    """An event to be imported."""

    overrides = ImportOverrides(missing=dict)


class ChosenEvent(Schema):
    """An event at its source."""

    provider = fields.text(30)
    external_id = fields.text(255)


class NewImportRun(Schema):
    """Many events to be imported: those that are `chosen`, or else everything that a search of one source finds."""

    chosen = fields.many(ChosenEvent(name="event"), MOST_CHOSEN, missing=list)
    provider = fields.text(30, missing=None)
    query = fields.text(2000, 0, missing="")
    location = fields.text(200, 0, missing="")
    category = fields.text(100, 0, missing="")
    date_from = fields.moment(missing=None)
    date_to = fields.moment(missing=None)
    status = fields.choice((PUBLISHED, DRAFT), missing=PUBLISHED, description="Of events that are new here")


class ImportRunView(Schema):
    """Many events being imported."""

    id = fields.identifier()
    user_id = fields.identifier(nullable=True)
    search_id = fields.identifier(nullable=True, description="The saved search that began it")
    kind = fields.choice(RUN_KINDS)
    provider = fields.text(30, 0)
    title = fields.text(300)
    status = fields.choice(RUN_STATUSES)
    error = fields.text(2000, 0)
    total = fields.whole(nullable=True, description="How many there are, as far as is known")
    seen = fields.whole()
    made = fields.whole()
    changed = fields.whole(description="Here already, and otherwise now")
    same = fields.whole(description="Here already, or deleted here by whose search it is")
    refused = fields.whole()
    goes_on_at = fields.moment(nullable=True, description="When a run that waits asks its source again")
    created_at = fields.moment()
    updated_at = fields.moment()
    finished_at = fields.moment(nullable=True)


ImportRunPage = page_of(ImportRunView(name="run"))


class ImportRunQuery(PageQuery):
    """Filters of the list of runs."""

    status = fields.choice(RUN_STATUSES, missing=None)


class ImportReportView(Schema):
    """What a run could not import, or of what it could not follow the source."""

    id = fields.identifier()
    external_id = fields.text(255, 0)
    title = fields.text(300, 0)
    code = fields.text(
        60,
        description="Its source: does not have it, `not_there`; describes it so that it cannot be read, `malformed`; does not "
        "answer that, `refused`; is not understood, `bad_answer`; says nothing of it, time and again, `unavailable`, or "
        "otherwise fails, `source_failed`. What goes for all that was read, and no event in particular, is a `remark`. All "
        "others are the codes of errors that importing it alone has",
    )
    reason = fields.text(2000)
    created_at = fields.moment()


ImportReportPage = page_of(ImportReportView(name="report"))


class NewSavedSearch(Schema):
    """A search that imports by itself what it finds."""

    name = fields.text(200, example="All concerts in Sacramento")
    provider = fields.text(30, example="ticketmaster")
    query = fields.text(2000, 0, missing="", description="Words; for a calendar its web address")
    location = fields.text(200, 0, missing="", description="A city")
    category = fields.text(100, 0, missing="", description="A word such as music or sports")
    days_ahead = fields.whole(1, 730, missing=90, description="How far ahead it looks")
    status = fields.choice((PUBLISHED, DRAFT), missing=PUBLISHED, description="Of events that are new here")
    every_hours = fields.whole(1, 24 * 31, missing=24)
    is_active = fields.flag(missing=True)


class SavedSearchView(NewSavedSearch):
    """A saved search."""

    id = fields.identifier(insert_before="name")
    user_id = fields.identifier()
    run_at = fields.moment(nullable=True, description="When it begins next")
    created_at = fields.moment()
    updated_at = fields.moment()


SavedSearchPage = page_of(SavedSearchView(name="search"))


class OriginSummary(Schema):
    """Where an event came from."""

    provider = fields.text(30)
    external_id = fields.text(255)
    url = fields.url(nullable=True)
    status = fields.choice(ORIGIN_STATUSES, description="What its source says of it")
    is_time_known = fields.flag(description="Whether its source says a time, and not only a day")
    is_price_known = fields.flag(
        description="Whether its price is its source's word, or its organizer's; otherwise 0.00 is nobody's"
    )
    refreshed_at = fields.moment(description="When its source last said how it is")


class DifferenceView(Schema):
    """A field that says one thing here and another at the source."""

    field = fields.text(60)
    here = fields.anything(nullable=True)
    there = fields.anything(nullable=True)


class OriginView(OriginSummary):
    """Where an event came from, for whoever manages it."""

    event_id = fields.identifier(insert_before="provider")
    differs = fields.flag(description="Whether it says something else here than at its source")
    needs_look = fields.flag(description="Whether something happened at the source that staff have to decide about")
    trouble = fields.text(2000, 0, description="Why the source could not be asked, or not be followed")
    created_at = fields.moment()
    asked_at = fields.moment(description="When the source was asked last, whatever it answered")
    refresh_at = fields.moment(nullable=True, description="When the source is asked again")
    whose = fields.anything(name="fields", description="Of each field, whose it is: the source's name, or `here`")
    differences = fields.many(DifferenceView(name="difference"), 50)


class FollowFields(Schema):
    """Fields that are to follow their source again."""

    named = fields.many(fields.text(60, name="field"), 50, 1, name="fields")
