"""The way to one source: how often and how patiently it is asked, and what its refusals mean."""

import hashlib
import json
import math
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, ClassVar, NoReturn
from urllib.parse import quote, quote_plus

import orjson
import stamina
from turnout.plugin import Settings

from turnout_external_events.sources.calling.http import Answer, Http, Parameters
from turnout_external_events.sources.calling.share import Share
from turnout_external_events.sources.calling.standing import LONGEST, Standing
from turnout_external_events.sources.calling.storage import Counts, make_memory
from turnout_external_events.sources.contract import (
    BadAnswer,
    KeyRefused,
    NotThere,
    Pace,
    QuotaSpent,
    Refused,
    SourceError,
    Unavailable,
)

MOST_REMEMBERED = 32 * 1024 * 1024
"""Bytes of answers that a process keeps of one source."""
MOST_STANDING = 64 * 1024
LONGEST_PAUSE = 60.0
"""Seconds; whoever wants to be left alone for longer is asked nothing by anybody until then."""
LONGEST_MESSAGE = 200
"""Letters of what a source says of a refusal."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often something is asked at most, within how many `seconds` in all, and how long the pauses between are.

    Pauses begin with `first_pause` and double up to `longest_pause`; a chance of up to `spread` is added to each.
    """

    attempts: int
    seconds: float
    first_pause: float
    longest_pause: float = 16
    spread: float = 1


class Caller:
    """The way to one source; one for the whole application, in all its threads.

    `base_url` is where the paths begin. `secrets` are query parameters of each call. `per_second` and `per_day` are our own
    share: not more calls are made, by all processes together where ``external_events.storage`` is a Redis. Of a day's calls,
    those for whom somebody waits have half at most.
    """

    title: ClassVar[str]
    steady: ClassVar[Patience] = Patience(attempts=5, seconds=60, first_pause=1)

    def __init__(
        self, settings: Settings, *, base_url: str, secrets: Mapping[str, str], per_second: int, per_day: int
    ) -> None:
        storage: str = settings["external_events.storage"]
        self._secrets = {name: value for name, value in secrets.items() if value}
        self._secret = _secret_words(self._secrets.values())
        self._account = _digest(self.title, base_url, *sorted(self._secrets.items()))
        name = f"{self.title.casefold()}:{self._account}"
        self._quick = Patience(2, settings["external_events.quick_seconds"], first_pause=0.2, spread=0.2)
        self._http = Http(self.title, base_url, self._secrets, settings["external_events.timeout_seconds"])
        self._share = Share(self.title, name, Counts(storage), per_second, per_day)
        self._standing = Standing(make_memory(storage, LONGEST, MOST_STANDING), name)
        self._seconds = int(settings["external_events.cache_minutes"] * 60)
        self._answers = make_memory(storage, self._seconds, MOST_REMEMBERED) if self._seconds else None

    def get(self, path: str, parameters: Parameters, pace: Pace) -> dict[str, Any]:
        """Return a document. Raises `SourceError`."""
        patience = self.steady if pace is Pace.STEADY else self._quick
        deadline = time.monotonic() + patience.seconds

        def ask() -> bytes:
            return self._asked(path, parameters, pace, patience, deadline)

        if self._answers is None:
            return self._document(ask())
        key = _digest(self._account, path, *sorted(parameters.items()))
        if pace is Pace.QUICK:
            return self._document(self._answers.get_or_create(key, ask))
        body = ask()
        self._answers.set(key, body)
        return self._document(body)

    def problem(self, status: int, document: Any) -> SourceError:  # noqa: ARG002 - for those who know it
        """Return what a refusal (4xx) means; `document` is None where it was no JSON.

        Its text should be whole: secrets are struck out of it, and then it is cut. Of what is cut before, half a secret may stay.
        A subclass says more of what it knows: `QuotaSpent` for a 429 that is not over soon, which then is not asked again.
        What the answer's headers say of how long that is comes before what the error says.
        """
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return KeyRefused(f"{self.title} does not accept the key.")
        if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            return NotThere(f"{self.title} does not have it, or not any more.")
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return Unavailable(f"{self.title} is asked too often just now.")
        return Refused(f"{self.title} refused with the status {status}.")

    def remaining(self, headers: Mapping[str, str]) -> tuple[int, float] | None:  # noqa: ARG002 - likewise
        """Return how many calls the source says are left, and in how many seconds there are more; None: it does not say."""
        return None

    def refused_key(self) -> str | None:
        """Return what was said when the key was refused, None if it was not, or something was answered since. It asks nobody."""
        return self._standing.refused_key()

    def _asked(self, path: str, parameters: Parameters, pace: Pace, patience: Patience, deadline: float) -> bytes:
        """Ask as often as patience lasts; return what was answered, which is a JSON object."""
        again = stamina.RetryingCaller(
            attempts=patience.attempts,
            timeout=patience.seconds,
            wait_initial=patience.first_pause,
            wait_max=patience.longest_pause,
            wait_jitter=patience.spread,
        )
        return again(_while_it_may_help(deadline), self._once, path, parameters, pace, deadline)

    def _once(self, path: str, parameters: Parameters, pace: Pace, deadline: float) -> bytes:
        self._standing.check()
        self._share.take(deadline, pace)
        answer = self._http.get(path, parameters, deadline - time.monotonic())
        more_in = self._spent(answer.headers)
        if more_in is not None:
            self._standing.note(QuotaSpent(f"{self.title} allows no more calls for now.", more_in))
        if answer.status < HTTPStatus.BAD_REQUEST:
            self._document(answer.body)
            self._standing.answered()
            return answer.body
        raise self._refusal(answer, more_in)

    def _spent(self, headers: Mapping[str, str]) -> float | None:
        """Return in how many seconds there are more calls where the source says that none is left."""
        left = self.remaining(headers)
        return _bounded(left[1]) if left is not None and left[0] <= 0 else None

    def _refusal(self, answer: Answer, more_in: float | None) -> SourceError:
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            said = f"{self.title} is out of order: it answered with the status {answer.status}."
            return Unavailable(said, _retry_after(answer.headers))
        error = self.problem(answer.status, _json(answer.body))
        error.args = tuple(map(self._masked, error.args))
        if isinstance(error, Unavailable):
            asked = more_in if more_in is not None else _retry_after(answer.headers)
            if isinstance(error, QuotaSpent):
                error.seconds = _bounded(error.seconds) if asked is None else asked
            elif asked is not None and asked > LONGEST_PAUSE:
                error = QuotaSpent(str(error), asked)
            elif asked is not None:
                error.seconds = asked
        if isinstance(error, KeyRefused | QuotaSpent):
            self._standing.note(error)
        return error

    def _document(self, body: bytes) -> dict[str, Any]:
        document = _json(body)
        if not isinstance(document, dict):
            raise BadAnswer(f"{self.title} answered what cannot be understood.")
        return document

    def _masked(self, said: Any) -> Any:
        """Return what is said without our secrets, which sources like to quote, and not at length."""
        return self._secret.sub("***", said)[:LONGEST_MESSAGE] if isinstance(said, str) else said


def _secret_words(secrets: Iterable[str]) -> re.Pattern[str]:
    """Return what finds secrets, also as addresses spell them; nothing where there are none."""
    spelled = {spelling for secret in secrets for spelling in (secret, quote(secret, safe=""), quote_plus(secret))}
    return re.compile("|".join(map(re.escape, sorted(spelled, key=len, reverse=True))) or "(?!)", re.IGNORECASE)


def _while_it_may_help(deadline: float) -> Callable[[Exception], bool | float]:
    """Return what says of an error whether to ask again, and after how many seconds where the source has said that."""

    def again(error: Exception) -> bool | float:
        if not isinstance(error, Unavailable) or isinstance(error, QuotaSpent):
            return False
        pause = error.seconds or 0
        return (error.seconds or True) if time.monotonic() + pause < deadline else False

    return again


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except ValueError:
        pass
    try:
        # One text that is no Unicode (half a surrogate pair) must not cost a whole page; what else is odd stays refused.
        return json.loads(body, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _finite(number: str) -> float:
    found = float(number)
    return found if math.isfinite(found) else _refuse(number)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return how long ``Retry-After`` (RFC 9110, section 10.2.3: seconds, or a date) wants us to wait."""
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch("[0-9]{1,9}", text):
        return _bounded(float(text))
    try:
        return _bounded(parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _bounded(seconds: float) -> float:
    """Return a pause that is not negative, and not longer than a day, whatever was said."""
    return min(max(seconds, 0.0), LONGEST) if math.isfinite(seconds) else LONGEST


def _digest(*parts: Any) -> str:
    """Return a name for what may be long, and secret."""
    return hashlib.sha256(repr(parts).encode(errors="surrogatepass")).hexdigest()[:32]
