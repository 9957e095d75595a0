"""For tests of sources, and of what is done with their events. All of it speaks real HTTP: no test needs another's network.

- `Almanac` is a source that knows what a test puts there; `add_almanac` adds it to an application.
- `fakes` has what fakes of real sources share: `FakeSource`, and `by_hand`, which runs one from the command line.
- `asking` lets a source be asked without an application; `walk` reads all pages of a search.
- `mangling` has strategies of Hypothesis that put anything in the place of anything, and says what is left of an event.
- `conformance` is the suite that plugins with a source pass: `SourceConformance`.

The first three need nothing that is only there for tests: demos use them, too.
"""

from turnout_external_events.testing.almanac import Almanac, AlmanacCaller, AlmanacSource, AlmanacUrl, add_almanac

__all__ = ["Almanac", "AlmanacCaller", "AlmanacSource", "AlmanacUrl", "add_almanac"]
