"""Passwords that hold."""

import pytest

from turnout.security.passwords import hash_password, verify_password, weakness

WHO = {"username": "ada.lovelace", "email": "countess@example.com"}


@pytest.mark.parametrize("password", ["eight ch", "Ελληνικά γράμματα", "🎷🎷🎷🎷🎷🎷🎷🎷", "x" * 64 + " y" * 32])
def test_a_good_one(password):
    assert weakness(password, **WHO) is None


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("", "at least 8"),
        ("7 chars", "at least 8"),
        ("x" * 129, "at most 128"),
        ("ada.lovelace", "username"),
        ("Ada.Lovelace", "username"),
        ("COUNTESS@example.com", "email"),
        ("Countess", "email"),
        ("password", "commonest"),
        ("PassWord", "commonest"),
        ("iloveyou", "commonest"),
        ("12345678", "commonest"),
        ("qwertyuiop", "commonest"),
    ],
)
def test_a_weak_one_is_told_why(password, said):
    assert said in weakness(password, **WHO)


def test_only_the_password_itself_verifies():
    hashed = hash_password("correct horse")
    assert hashed.startswith("$argon2id$")
    assert hash_password("correct horse") != hashed
    assert verify_password("correct horse", hashed)
    assert not verify_password("correct horse ", hashed)
    assert not verify_password("correct horse", None)
    assert not verify_password("nobody has this password", None)
    assert not verify_password("x", "not a hash")
