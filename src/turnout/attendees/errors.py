"""What can go wrong with attendees."""

from turnout.errors import Conflict


class AttendeeExists(Conflict):
    """There is an attendee for this user, or one without an account who has this email address."""

    code = "attendee_exists"
    title = "There is such an attendee already"
