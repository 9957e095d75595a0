"""What fakes of sources share: a day on which their programme begins, limits, a key that is revoked, a command that runs one."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, ClassVar

import click
from turnout.testing.fakes import FAULTS, Fake

USUAL = 300
A_DAY = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Count:
    """How a call was counted: it is the `used`th of a day, which ends at `day_ends`.

    `wait`: in how many seconds there are more calls, where this was one too many; None: it is answered.
    """

    used: int
    day_ends: int
    wait: int | None


class Limits:
    """Counts calls: `per_second` and `per_day` are answered, 0: all of them. Days are those of UTC.

    Calls that are refused count for their day, too. `now` tells the time, as `time.time` does.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.per_second = 0
        self.per_day = 0
        self._now = now
        self._lock = threading.Lock()
        self._answered: deque[float] = deque()
        self._used = (0, 0)

    def take(self) -> Count:
        """Count a call."""
        with self._lock:
            now = self._now()
            day = int(now // A_DAY)
            used = self._used[1] + 1 if self._used[0] == day else 1
            self._used = day, used
            day_ends = (day + 1) * A_DAY
            if self.per_day and used > self.per_day:
                return Count(used, day_ends, math.ceil(day_ends - now))
            while self._answered and self._answered[0] <= now - 1:
                self._answered.popleft()
            if self.per_second and len(self._answered) >= self.per_second:
                return Count(used, day_ends, 1)
            self._answered.append(now)
            return Count(used, day_ends, None)


class FakeSource(Fake):
    """Pretends to be a source with `many` events from `today` (in UTC, if it is not said) on.

    `limits` says how often it may be called, `faults` how it goes wrong. `now` tells the time, as `time.time` does.
    """

    title: ClassVar[str]

    def __init__(
        self, port: int = 0, *, today: date | None = None, many: int = USUAL, now: Callable[[], float] = time.time
    ) -> None:
        super().__init__(port)
        self.today = today or datetime.fromtimestamp(now(), UTC).date()
        self.many = many
        self.limits = Limits(now)
        self.is_revoked = False

    def settings(self) -> dict[str, str]:
        """Return the settings of an application that is to speak with this one."""
        raise NotImplementedError

    def revoke_key(self) -> None:
        """Let the key be good no more."""
        self.is_revoked = True


def by_hand(fake: type[FakeSource], *options: click.Option) -> click.Command:
    """Return a command that runs a fake until Ctrl+C; further `options` are named as what they are to its constructor."""

    def run(
        *,
        today: datetime | None,
        per_second: int | None,
        per_day: int | None,
        fail_every: int,
        faults: tuple[str, ...],
        delay: float,
        **given: Any,
    ) -> None:
        with fake(today=today and today.date(), **given) as running:
            limits = running.limits
            limits.per_second = limits.per_second if per_second is None else per_second
            limits.per_day = limits.per_day if per_day is None else per_day
            running.faults.every, running.faults.kinds = fail_every, faults or running.faults.kinds
            running.faults.delay = delay
            for name, value in running.settings().items():
                click.echo(f"{name} = {value}")
            threading.Event().wait()

    said = f"Pretend to be {fake.title}, until Ctrl+C."
    return click.Command("fake", params=[*_options(), *options], callback=run, help=said)


def _options() -> list[click.Parameter]:
    day, fault = click.DateTime(["%Y-%m-%d"]), click.Choice(FAULTS)
    return [
        click.Option(["--port"], default=0, help="Port of 127.0.0.1; 0: a free one."),
        click.Option(["--events", "many"], default=USUAL, help="How many events there are.", show_default=True),
        click.Option(["--today"], type=day, help="On which day they begin; today, if it is not said."),
        click.Option(["--per-second"], type=int, help="How many calls of a second are answered; 0: all."),
        click.Option(["--per-day"], type=int, help="How many calls of a day are answered; 0: all."),
        click.Option(["--fail-every"], default=0, help="Let each so-many-th call go wrong; 0: none."),
        click.Option(["--fault", "faults"], multiple=True, type=fault, help="How calls go wrong, in turn."),
        click.Option(["--delay"], default=0.0, help="Seconds that each answer takes longer."),
    ]
