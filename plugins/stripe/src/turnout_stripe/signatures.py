"""The signature of Stripe's notices: ``Stripe-Signature: t=<unix time>,v1=<hex>[,v1=<hex>]``.

Stripe's own package checks it, too, but by the time of the machine, and not against notices from the future.
"""

import hmac
import re
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from turnout_payments.providers import Forged

TOLERANCE = 300
"""By how many seconds the clocks may differ; what is older may have been overheard, and sent again by somebody else."""


def signature(secret: str, moment: int, body: bytes) -> str:
    """Return the v1 signature of `body` at `moment`, in hexadecimal digits."""
    return hmac.new(secret.encode(), b"%d." % moment + body, sha256).hexdigest()


def require_signed(header: str, body: bytes, secrets: Iterable[str], now: datetime) -> None:
    """Raise `Forged` unless one of the header's signatures was made with one of the `secrets`, a short while ago."""
    parts = [part.strip().partition("=")[::2] for part in header.split(",")]
    moments = [value for name, value in parts if name == "t" and re.fullmatch("[0-9]{1,12}", value, re.ASCII)]
    given = [value.encode() for name, value in parts if name == "v1"]
    if len(moments) != 1:
        raise Forged("The header Stripe-Signature is missing, or does not say when it was signed.")
    moment = int(moments[0])
    expected = [signature(secret, moment, body).encode() for secret in secrets]
    if not any([hmac.compare_digest(one, other) for one in expected for other in given]):  # noqa: C419 - always all of them
        raise Forged("The signature is not Stripe's.")
    if abs(now.timestamp() - moment) > TOLERANCE:
        raise Forged(f"It was signed more than {TOLERANCE} seconds ago, or the clocks differ.")
