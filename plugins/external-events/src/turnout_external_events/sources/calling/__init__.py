"""How sources are called over HTTP: by a `Caller`, which keeps to limits, asks again, remembers answers, and tells no secrets.

class AcmeCaller(Caller):
    title = "Acme"

    def problem(self, status, document): ...

caller = AcmeCaller(settings, base_url=settings["acme.base_url"], secrets={"key": settings["acme.api_key"]},
                    per_second=5, per_day=5000)
document = caller.get("/events.json", {"keyword": "jazz"}, Pace.QUICK)

What goes wrong is a `SourceError`, and nothing else.
"""

from turnout_external_events.sources.calling.caller import Caller, Patience
from turnout_external_events.sources.calling.http import Parameters

__all__ = ["Caller", "Parameters", "Patience"]
