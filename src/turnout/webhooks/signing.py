"""Secrets and signatures by the Standard Webhooks scheme.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

SECRET_PREFIX = "whsec_"  # noqa: S105 - the beginning of every one
SECRET_BYTES = 32
"""The scheme wants 24 to 64."""


def new_secret() -> str:
    """Return a new secret as its receiver keeps it: ``whsec_<base64>``."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def new_message_id() -> str:
    """Return an id for a message. It has no full stop, which separates the parts of what is signed."""
    return f"msg_{secrets.token_hex(14)}"


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature ``v1,<base64>`` of a message that is sent at `timestamp` (seconds since 1970)."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, sha256)).decode()


def headers(message_id: str, now: datetime, body: bytes, keys: Iterable[str]) -> dict[str, str]:
    """Return the headers of a message, with a signature for each of the secrets `keys`."""
    timestamp = int(now.timestamp())
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(key, message_id, timestamp, body) for key in keys),
    }
