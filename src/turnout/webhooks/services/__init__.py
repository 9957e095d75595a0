"""What can be done with webhooks and their deliveries."""

from turnout.webhooks.services.deliveries import PAUSES, DeliveryService, Message, Parcel, read_parcel
from turnout.webhooks.services.webhooks import WebhookService

__all__ = ["PAUSES", "DeliveryService", "Message", "Parcel", "WebhookService", "read_parcel"]
