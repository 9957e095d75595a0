"""The tokens themselves."""

from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from turnout.auth.errors import InvalidToken
from turnout.auth.tokens import ACCESS, REFRESH, Claims, TokenSigner, hash_token, new_api_token
from turnout.testing.clocks import START

CLAIMS = Claims(1, 2, 3, (START + timedelta(hours=1)).timestamp())


@pytest.fixture
def signer():
    return TokenSigner("a secret")


def test_what_was_signed_is_read(signer):
    assert signer.read(ACCESS, signer.sign(ACCESS, CLAIMS), START) == CLAIMS


def test_each_kind_is_good_for_one_thing(signer):
    with pytest.raises(InvalidToken):
        signer.read(ACCESS, signer.sign(REFRESH, CLAIMS), START)


def test_another_secret_signs_nothing_for_us(signer):
    with pytest.raises(InvalidToken):
        signer.read(ACCESS, TokenSigner("another secret").sign(ACCESS, CLAIMS), START)


def test_it_ends_at_its_moment(signer):
    token = signer.sign(ACCESS, CLAIMS)
    with pytest.raises(InvalidToken, match="expired"):
        signer.read(ACCESS, token, START + timedelta(hours=1))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_is_refused(signer, algorithm):
    payload = {"sub": "1", "sid": 2, "gen": 3, "exp": 2**40, "typ": ACCESS}
    forged = jwt.encode(
        {"alg": algorithm}, payload, OctKey.import_key(signer._key.raw_value * 2), algorithms=[algorithm]
    )
    with pytest.raises(InvalidToken):
        signer.read(ACCESS, forged, START)


@pytest.mark.parametrize("missing", ["sub", "sid", "gen", "exp", "typ"])
def test_a_claim_that_is_missing_is_refused(signer, missing):
    payload = {"sub": "1", "sid": 2, "gen": 3, "exp": 2**40, "typ": ACCESS}
    del payload[missing]
    token = jwt.encode({"alg": "HS256"}, payload, signer._key)
    with pytest.raises(InvalidToken):
        signer.read(ACCESS, token, START)


@pytest.mark.parametrize("token", ["", ".", "..", "a.b", "a.b.c", "é.è.ê", "\ud800.a.b", "x" * 100_000])
def test_what_is_no_token_is_refused(signer, token):
    with pytest.raises(InvalidToken):
        signer.read(ACCESS, token, START)


def test_tokens_for_programs_are_random_and_long():
    tokens = {new_api_token() for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {47}
    assert len(hash_token(tokens.pop())) == 32
