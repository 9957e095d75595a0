"""A source that answers what it is told to, and callers of it."""

import time
from collections import deque
from datetime import UTC, datetime

import pytest
import time_machine
from turnout.testing.fakes import Answer, Fake

from turnout_external_events.sources import Caller, KeyRefused, Pace, QuotaSpent
from turnout_external_events.sources.calling import Patience

SECRET = "kept-to-ourselves-4711"


class Source(Fake):
    """Answers what is in `replies`, in turn, and then always the same; `times` has when it was asked."""

    api_prefixes = ("/api/",)

    def __init__(self):
        super().__init__()
        self.replies = deque()
        self.times = []

    def answer(self, call):
        self.times.append(time.monotonic())
        return self.replies.popleft() if self.replies else Answer.json({"asked": len(self.calls), "path": call.path})

    def show(self, call):
        return Answer(404)

    def problem(self, status, message):
        return Answer.json({"message": message}, status)

    def reply(self, status, document=None, **headers):
        """Let the next call be answered with this."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        made = Answer.json({} if document is None else document, status)
        self.replies.append(Answer(status, made.body, named))


class AcmeCaller(Caller):
    """Says that a quota is spent where it is told so, and how many calls are left where a header has it."""

    title = "Acme"
    steady = Patience(attempts=5, seconds=5, first_pause=0.01, longest_pause=0.05, spread=0.01)

    def problem(self, status, document):
        if status == 429 and document == {"quota": "spent"}:
            return QuotaSpent("The day's calls to Acme are made.", 7200)
        if status == 401 and document:
            return KeyRefused(f"Acme says: {document['said']}")
        return super().problem(status, document)

    def remaining(self, headers):
        return (int(headers["X-Left"]), float(headers["X-More-In"])) if "X-Left" in headers else None


@pytest.fixture
def source():
    with Source() as fake:
        yield fake


@pytest.fixture
def make_caller(source):
    """Return what makes a caller, with other settings if need be."""

    def make_caller(*, base_url=None, secret=SECRET, per_second=1000, per_day=100_000, **settings):
        known = {"storage": "memory://", "cache_minutes": 10, "quick_seconds": 8, "timeout_seconds": 5} | settings
        return AcmeCaller(
            {f"external_events.{name}": value for name, value in known.items()},
            base_url=base_url or f"{source.url}/api/v2",
            secrets={"key": secret, "unused": ""},
            per_second=per_second,
            per_day=per_day,
        )

    return make_caller


@pytest.fixture
def caller(make_caller):
    return make_caller()


@pytest.fixture
def ask(caller):
    """Return what asks for something: a new one each time, so that nothing is remembered."""
    numbers = iter(range(10_000))

    def ask(pace=Pace.STEADY, by=caller):
        return by.get("/events.json", {"number": next(numbers)}, pace)

    return ask


@pytest.fixture
def travel():
    """Return what moves the clock on by so many seconds; that by which pauses are measured does not move."""
    with time_machine.travel(datetime.now(UTC), tick=True) as traveller:
        yield traveller.shift
