"""What is told of plugins: to whoever subscribes, within the process."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PluginRan:
    """A plugin's code ran for `seconds`; `part` is which of it: view, subscriber, job, extension."""

    plugin: str
    part: str
    seconds: float
