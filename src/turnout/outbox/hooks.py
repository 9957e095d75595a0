"""What happens to background work."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JobsRun:
    """Work was run in this process, and how that ended. No domain event: it is announced outside any transaction."""

    handler: str
    jobs: int
    outcome: str
    seconds: float
