"""What can be done with events from elsewhere."""

from turnout_external_events.services.deletions import Deletions
from turnout_external_events.services.importing import Importer
from turnout_external_events.services.mapping import Mapper
from turnout_external_events.services.merging import Merger
from turnout_external_events.services.origins import OriginService
from turnout_external_events.services.places import VenueMatcher
from turnout_external_events.services.refreshing import Refresher
from turnout_external_events.services.running import Runner
from turnout_external_events.services.runs import RunService
from turnout_external_events.services.saved import SavedSearchService
from turnout_external_events.services.searching import ExternalSearch
from turnout_external_events.services.telling import Telling

SERVICES = (
    Deletions,
    ExternalSearch,
    Importer,
    Mapper,
    Merger,
    OriginService,
    Refresher,
    RunService,
    Runner,
    SavedSearchService,
    Telling,
    VenueMatcher,
)

__all__ = [
    "SERVICES",
    "Deletions",
    "ExternalSearch",
    "Importer",
    "Mapper",
    "Merger",
    "OriginService",
    "Refresher",
    "RunService",
    "Runner",
    "SavedSearchService",
    "Telling",
    "VenueMatcher",
]
