"""What can go wrong with files that organizers upload."""

from turnout.plugin import Conflict, Invalid


class UnreadableFile(Invalid):
    """The file is no calendar or table, or too large; `message` says why, as it is said of a field."""

    code = "unreadable_file"
    title = "The file cannot be read"

    def __init__(self, message: str) -> None:
        super().__init__({"file": message})


class TooManyUploads(Conflict):
    """The user has uploaded as many files within a day as one may."""

    code = "too_many_uploads"
    title = "Too many files in one day"


class NothingToImport(Conflict):
    """No event of the file can be imported."""

    code = "nothing_to_import"
    title = "There is nothing to import in this file"
