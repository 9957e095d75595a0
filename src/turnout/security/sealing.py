"""Keeping secrets: what has to be read again later is kept encrypted, each kind under a key of its own."""

import base64
from hashlib import sha256

from cryptography.fernet import Fernet


def sealer(secret: str, purpose: str) -> Fernet:
    """Return what encrypts and decrypts for one `purpose`, under a key derived from the installation's `secret`.

    What was sealed for one purpose cannot be opened as something else. ``decrypt`` raises
    `cryptography.fernet.InvalidToken` where the secret was another, or the text was changed.
    """
    return Fernet(base64.urlsafe_b64encode(sha256(f"{purpose}\n{secret}".encode()).digest()))
