"""What can go wrong with events from elsewhere."""

from turnout.plugin import Conflict, NotFound, Unreachable


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


class CannotImport(Conflict):
    """What the source says of the event is not enough, or not possible, for one here."""

    code = "cannot_import"
    title = "This event cannot be imported"


class DateUnknown(CannotImport):
    """The source does not say yet on which day it will be."""

    code = "date_unknown"
    title = "The day of this event is not known yet"


class WrongRunStatus(Conflict):
    """The run is over, or goes on already."""

    code = "wrong_run_status"
    title = "The run's status does not allow this"
