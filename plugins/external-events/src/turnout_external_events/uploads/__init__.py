"""Files with events, calendars and sheets: uploaded, looked at, and imported."""

from datetime import timedelta

from turnout.plugin import Configurator

from turnout_external_events.uploads import api, tasks
from turnout_external_events.uploads.admin import FileSection
from turnout_external_events.uploads.services import UploadService


def includeme(config: Configurator) -> None:
    """Register everything that files with events have."""
    config.add_service(UploadService)
    for view in api.SERVICES:
        config.add_api_service(view)
    config.add_periodic_task(tasks.purge_uploads, every=timedelta(hours=1))
    config.add_admin_section(FileSection)
