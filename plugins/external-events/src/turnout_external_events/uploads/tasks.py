"""Background work: files are not kept for long."""

from turnout_external_events.uploads.services import UploadService


def purge_uploads(uploads: UploadService) -> None:
    """Delete files that nobody needs any more."""
    uploads.purge()
