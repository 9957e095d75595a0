"""What can be done with waiting lists."""

from turnout_waitlist.services.catalog import WaitlistCatalog
from turnout_waitlist.services.claims import HELD_OF_EVENTS, HELD_OF_TYPES, Claims
from turnout_waitlist.services.entries import WaitlistService
from turnout_waitlist.services.lists import MOST_LOOKED_AT, WaitlistRegister
from turnout_waitlist.services.notices import ACCEPTED, JOINED, KINDS, LAPSED, OFFER, OVER, WaitlistNotices
from turnout_waitlist.services.offers import OfferService

__all__ = [
    "ACCEPTED",
    "HELD_OF_EVENTS",
    "HELD_OF_TYPES",
    "JOINED",
    "KINDS",
    "LAPSED",
    "MOST_LOOKED_AT",
    "OFFER",
    "OVER",
    "Claims",
    "OfferService",
    "WaitlistCatalog",
    "WaitlistNotices",
    "WaitlistRegister",
    "WaitlistService",
]
