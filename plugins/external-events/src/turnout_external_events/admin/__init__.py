"""Events from elsewhere in the admin UI: finding and importing them, what came of it, and where events here came from."""

from turnout.plugin import Configurator

from turnout_external_events.admin.finding import FindSection
from turnout_external_events.admin.lookups import Lookups
from turnout_external_events.admin.origins import OriginSection
from turnout_external_events.admin.runs import ReportSection, RunSection
from turnout_external_events.admin.searches import SavedSearchSection

SECTIONS = (FindSection, RunSection, ReportSection, OriginSection, SavedSearchSection)


def includeme(config: Configurator) -> None:
    """Add the sections."""
    config.add_service(Lookups)
    for section in SECTIONS:
        config.add_admin_section(section)
