"""What can be done with messages."""

from turnout.messages.channels import Recipient
from turnout.messages.services.guests import GuestService, Occasion
from turnout.messages.services.messages import Letter, MessageService
from turnout.messages.services.notices import NoticeService
from turnout.messages.services.preferences import PreferenceService
from turnout.messages.services.register import MessageRegister

__all__ = [
    "GuestService",
    "Letter",
    "MessageRegister",
    "MessageService",
    "NoticeService",
    "Occasion",
    "PreferenceService",
    "Recipient",
]
