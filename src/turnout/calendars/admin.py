"""Calendars in the admin UI: the file of an event, and users' links on their pages."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from turnout.admin.actions import action
from turnout.admin.panels import Block, Table, panel
from turnout.admin.sections import AdminSection, PageLink
from turnout.calendars.services import CalendarLinks
from turnout.errors import NotFound
from turnout.security.actors import Actor


class CalendarSection(AdminSection):
    """What calendars read."""

    name, title, singular = "calendars", "Calendars", "calendar"
    links = (PageLink("Calendar file", "api:event-calendar", "events:read", "calendar-event", on="events"),)

    def __init__(self, calendar_links: CalendarLinks) -> None:
        self.calendar_links = calendar_links

    @panel("Calendar link", on="users", permission="users:list", order=50)
    def of_user(self, user: Mapping[str, Any], *, actor: Actor) -> Iterator[Block]:
        """Show since when a calendar can read the user's bookings."""
        since = self.calendar_links.since(user["id"])
        yield Table(("Since",), [] if since is None else [(since,)], empty="No calendar reads this user's bookings.")

    @action("End calendar link", permission="users:manage", icon="calendar-off", on="users")
    def end_link(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """End the secret link by which a user's calendar reads their bookings, such as when it is in wrong hands."""
        if not self.calendar_links.end(row_id):
            raise NotFound("This user has no calendar link.")

    @end_link.consequences
    def foresee_end_link(self, user: Mapping[str, Any], *, actor: Actor) -> list[str]:
        return ["Calendars that subscribe by it see nothing new any more. The user can make another link."]
