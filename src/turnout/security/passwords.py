"""Passwords: hashed with argon2, and none that everybody tries first."""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn.frequency_lists import FREQUENCY_LISTS

SHORTEST = 8
LONGEST = 128
COMMONEST = 10_000
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: none that is taken for another."""

_hasher = PasswordHasher()


@cache
def _common() -> frozenset[str]:
    """Return the commonest passwords, from the list that zxcvbn ranks by how often each was found in leaks."""
    return frozenset(FREQUENCY_LISTS["passwords"][:COMMONEST])


@cache
def _decoy() -> str:
    """Return a hash that is checked when there is no user, so that both cases take the same time."""
    return _hasher.hash("nobody has this password")


def weakness(password: str, *, username: str, email: str = "") -> str | None:
    """Say why `password` is not good enough, or return None."""
    folded = password.casefold()
    if len(password) < SHORTEST:
        return f"must have at least {SHORTEST} characters"
    if len(password) > LONGEST:
        return f"must have at most {LONGEST} characters"
    if folded in {username.casefold(), email.casefold(), email.casefold().partition("@")[0]}:
        return "must not be the username or the email address"
    if folded in _common():
        return "is among the commonest passwords; choose another"
    return None


def new_password() -> str:
    """Return a new random password of 80 bits, in letters that are easily read aloud."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(16))
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def hash_password(password: str) -> str:
    """Return the argon2id hash to keep."""
    return _hasher.hash(password)


def verify_password(password: str, hashed: str | None) -> bool:
    """Tell whether `password` is the one that was hashed; takes as long when there is no hash to check."""
    try:
        _hasher.verify(hashed or _decoy(), password)
    except (VerificationError, InvalidHashError):
        return False
    return hashed is not None
