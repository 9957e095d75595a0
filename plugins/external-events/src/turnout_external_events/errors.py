"""What can go wrong with events from elsewhere."""

from turnout.plugin import Conflict, NotFound, TooManyAttempts, Unreachable


class UnknownProvider(NotFound):
    """No such source is enabled here."""

    code = "unknown_provider"
    title = "There is no such source of events"


class UnknownEvent(NotFound):
    """The source has no such event, or not any more."""

    code = "unknown_event"
    title = "The source has no such event"


class SourceFailed(Unreachable):
    """The source did not answer, or not so that it could be used."""

    code = "source_failed"
    title = "The source did not answer"


class SourceNotSetUp(Conflict):
    """Nobody can ask the source: it has no key here, or none that it takes."""

    code = "source_not_set_up"
    title = "The source is not set up here"


class TooManySearches(TooManyAttempts):
    """The user has let sources be asked as often within a minute as one may; in `seconds` they may be asked again."""

    code = "too_many_searches"
    title = "Too many searches in one minute"


class CannotImport(Conflict):
    """What the source says of the event is not enough, or not possible, for one here."""

    code = "cannot_import"
    title = "This event cannot be imported"


class DateUnknown(CannotImport):
    """The source does not say yet on which day it will be."""

    code = "date_unknown"
    title = "The day of this event is not known yet"


class AlreadyImported(Conflict):
    """The event is here already, and is not what the `overrides` say; `event_id` is the event here."""

    code = "already_imported"
    title = "This event is here already, and otherwise"


class WrongRunStatus(Conflict):
    """The run is over, or goes on already."""

    code = "wrong_run_status"
    title = "The run's status does not allow this"
