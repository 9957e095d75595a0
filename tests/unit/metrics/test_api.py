"""GET /metrics, and what is counted."""

from contextlib import contextmanager

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pyramid_retry import RetryableException
from sqlalchemy.orm import Session
from webtest import TestApp

from turnout.bookings.hooks import BookingConfirmed
from turnout.errors import Conflict, StartError
from turnout.settings import SettingsError
from turnout.testing.applications import Application
from turnout.testing.clients import Api
from turnout.testing.factories import Make


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


class Counted:
    """How far the metrics went up since this was made."""

    def __init__(self, api):
        self.api = api
        self.before = self.read()

    def read(self):
        return samples(self.api.get("/metrics").text)

    def __call__(self, name, **labels):
        key = (name, frozenset(labels.items()))
        return self.read().get(key, 0) - self.before.get(key, 0)

    def bookings(self, outcome, code=""):
        return self("turnout_bookings_total", outcome=outcome, code=code)

    def places(self, change):
        return self("turnout_places_total", change=change)

    def requests(self, method, route, status):
        return self("turnout_requests_total", method=method, route=route, status=str(status))


@pytest.fixture
def counted(api):
    return Counted(api)


def test_it_is_what_prometheus_reads(api):
    accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"
    answer = api.get("/metrics", headers={"Accept": accept})
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "# TYPE turnout_request_seconds histogram" in answer.text
    assert samples(api.browser.get("/metrics").text)


def test_requests_are_counted_and_timed_by_route(api, make, counted):
    event = make.event()
    api.get(f"/events/{event.id}")
    api.get(f"/events/{event.id}")
    api.get("/events/999999", status=404)
    route = "/api/v1/events/{id}"
    assert counted.requests("GET", route, 200) == 2
    assert counted.requests("GET", route, 404) == 1
    assert counted("turnout_request_seconds_count", method="GET", route=route) == 3
    assert counted("turnout_request_seconds_bucket", method="GET", route=route, le="+Inf") == 3
    assert 0 < counted("turnout_request_seconds_sum", method="GET", route=route) < 60


def test_addresses_and_methods_that_anybody_may_invent_make_no_new_series(api, counted):
    api.get("/nothing/of/the/kind", status=404)
    api.request("TRACE", "/events", status=405)
    assert counted.requests("GET", "none", 404) == 1
    assert counted("turnout_request_seconds_count", method="TRACE", route="/api/v1/events") == 0
    assert (
        counted("turnout_request_seconds_count", method="other", route="/api/v1/events")
        + counted("turnout_request_seconds_count", method="other", route="none")
        == 1
    )


def book(api, event, **fields):
    status = fields.pop("expected", 201)
    return api.post("/bookings", {"event_id": event.id} | fields, status=status).json


def test_bookings_are_counted_by_outcome_and_places_by_change(api, make, counted):
    event = make.event(capacity=5)
    ada, ben = api.as_(make.user()), api.as_(make.user())
    booking = book(ada, event, quantity=3)
    book(ben, event, quantity=3, expected=409)
    book(ada, event, quantity=1, expected=409)
    ada.post(f"/bookings/{booking['id']}/cancel")
    ada.post(f"/bookings/{booking['id']}/cancel")
    assert counted.bookings("confirmed") == 1
    assert counted.bookings("cancelled") == 1
    assert counted.bookings("refused", "sold_out") == 1
    assert counted.bookings("refused", "duplicate_booking") == 1
    assert counted.places("claimed") == 3
    assert counted.places("released") == 3


def test_holds_are_counted_when_they_begin_when_they_are_confirmed_and_when_they_expire(api, make, clock, counted):
    event = make.event(capacity=2)
    ada, ben, eve = (api.as_(make.user()) for _ in range(3))
    first = book(ada, event, status="pending")
    book(ben, event, status="pending")
    ada.post(f"/bookings/{first['id']}/confirm")
    clock.move(minutes=20)
    book(eve, event)
    assert counted.bookings("held") == 2
    assert counted.bookings("confirmed") == 2
    assert counted.bookings("expired") == 1
    assert (counted.places("claimed"), counted.places("released")) == (3, 1)


@contextmanager
def subscribed(api, event, handler):
    registry = api.application.registry
    registry.registerHandler(handler, (event,))
    try:
        yield
    finally:
        registry.unregisterHandler(handler, (event,))


def test_what_was_rolled_back_is_not_counted(api, make, counted):
    def refuse(event):
        raise Conflict("Not today.")

    with subscribed(api, BookingConfirmed, refuse):
        book(api.as_(make.user()), make.event(), expected=409)
    assert counted.bookings("confirmed") == 0
    assert counted.places("claimed") == 0


class Unwilling:
    """Something else in the transaction, which at the very end cannot commit."""

    transaction_manager = None

    def sortKey(self):  # noqa: N802 - the transaction package's protocol
        return "~~"

    def tpc_vote(self, _transaction):
        raise Conflict("Not today.")

    def __getattr__(self, name):
        if name in {"abort", "tpc_begin", "commit", "tpc_finish", "tpc_abort"}:
            return lambda _transaction: None
        raise AttributeError(name)


def test_what_could_not_be_committed_is_not_counted(api, make, counted):
    def join(event):
        event.request.tm.get().join(Unwilling())

    with subscribed(api, BookingConfirmed, join):
        book(api.as_(make.user()), make.event(), expected=409)
    assert counted.bookings("confirmed") == 0
    assert counted.places("claimed") == 0


def test_what_was_tried_again_is_counted_once(api, make, counted):
    tries = []

    def fail_once(event):
        tries.append(event)
        if len(tries) == 1:
            raise RetryableException

    with subscribed(api, BookingConfirmed, fail_once):
        book(api.as_(make.user()), make.event())
    assert len(tries) == 2
    assert counted.bookings("confirmed") == 1
    assert counted.places("claimed") == 1
    assert counted.requests("POST", "/api/v1/bookings", 201) == 1
    assert counted("turnout_request_seconds_count", method="POST", route="/api/v1/bookings") == 1


@pytest.fixture
def with_access(fresh_database, tmp_path):
    made = []

    def make(access):
        made.append(Application(fresh_database, tmp_path, **{"metrics.access": access}))
        return made[-1]

    yield make
    for application in made:
        application.close()


def test_staff_alone_read_them_when_the_setting_says_so(with_access):
    application = with_access("staff")
    with (
        application.rolled_back() as connection,
        Session(connection, join_transaction_mode="create_savepoint") as session,
    ):
        make, api = Make(session, application.registry.clock), Api(application, session)
        api.get("/metrics", status=401)
        api.as_(make.user()).get("/metrics", status=403)
        api.as_(make.organizer()).get("/metrics", status=403)
        assert "turnout_requests_total" in api.as_(make.staff()).get("/metrics").text


def test_off_is_off(with_access):
    browser = TestApp(with_access("off").router)
    browser.get("/metrics", status=404)
    assert "metrics" not in browser.get("/api/v1").json["capabilities"]


def test_another_setting_is_refused(with_access):
    with pytest.raises(SettingsError, match=r"metrics\.access"):
        with_access("everybody")
    assert issubclass(SettingsError, StartError)


def test_each_application_counts_for_itself(with_access, api):
    counted = Counted(api)
    TestApp(with_access("anyone").router).get("/api/v1")
    assert counted.requests("GET", "/api/v1", 200) == 0
