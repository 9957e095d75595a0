"""What is told of plugins: to whoever subscribes, within the process."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PluginRan:
    """A plugin's code ran for `seconds`; `part` is which of it.

    A view, subscriber, job, extension, channel (what it sends), message (what it encloses), webhook (what it says of an
    event), or check (of health).
    """

    plugin: str
    part: str
    seconds: float
