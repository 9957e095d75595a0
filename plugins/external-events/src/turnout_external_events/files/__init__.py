"""Events from files that organizers have: iCalendar (`calendars`) and CSV (`sheets`). All of it is pure: bytes in, events out."""
