"""Whatever JSON stands in the place of anything: an event is read, with what it should have, or it is refused."""

import json
from datetime import date

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings
from turnout.testing.fakes import Answer
from turnout_external_events.sources import Criteria, Pace, SourceError
from turnout_external_events.sources.reading import each
from turnout_external_events.testing.mangling import ANYTHING, faults_of, mangled

from turnout_ticketmaster.fake import documents
from turnout_ticketmaster.fake.programme import ODD, Programme
from turnout_ticketmaster.mapping import name_of, read_event

LISTINGS = {listing.kind: listing for listing in Programme(date(2027, 3, 1), 300, 365).between(None, None)}
EVENTS = [documents.event(LISTINGS[kind], "https://img.example.com") for kind in ("plain", *ODD)]


@given(mangled(*EVENTS))
@settings(max_examples=300, deadline=None)
def test_an_event_is_read_or_refused(document):
    events, refused = each([document], read_event, name_of)
    assert len(events) + len(refused) == 1
    assert not any(map(faults_of, events))
    assert all(event.ends_at is None or event.starts_at for event in events)
    assert all(refusal.reason for refusal in refused)


page = st.fixed_dictionaries(
    {"_embedded": st.fixed_dictionaries({"events": st.lists(mangled(*EVENTS), max_size=3)}), "page": ANYTHING}
)


@given(
    st.one_of(
        page.map(json.dumps), ANYTHING.map(json.dumps), st.binary(max_size=50).map(lambda raw: raw.decode("latin-1"))
    )
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_a_search_answers_or_says_why_not(make_source, echo, said):
    echo.said = Answer(200, said.encode())
    source = make_source(echo)
    try:
        found = source.search(Criteria(), 1, 20, Pace.STEADY)
    except SourceError:
        return
    assert not any(map(faults_of, found.events))
    assert isinstance(found.total, int)
