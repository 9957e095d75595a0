"""``Idempotency-Key``: a write that is sent twice happens once (IETF draft-ietf-httpapi-idempotency-key-header).

The answer is kept in the transaction that made the change, so it is there exactly when the change is. Only answers that
changed something are kept: a refusal changed nothing, and may be tried again. While the first request runs, a second one
is told so: on PostgreSQL by an advisory lock that ends with the transaction, on SQLite by a note in this process (between
processes SQLite lets one writer in at a time, so the second waits and then gets the first one's answer).
"""

import re
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from cryptography.fernet import Fernet
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import LargeBinary, bindparam, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from turnout.api.answers import JSON, tell_accepted
from turnout.api.errors import KeyInUse, KeyReused
from turnout.api.models import IdempotencyKey
from turnout.db import AnyRow, UTCDateTime, delete_some, open_read_session
from turnout.errors import DomainError, Invalid, TryAgain
from turnout.security.sealing import sealer

KEPT = timedelta(days=1)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")

_FIND = """
    SELECT {lock} AS mine, k.fingerprint, k.status, k.etag, k.location, k.body
    FROM (SELECT 1 AS one) AS request
    LEFT JOIN idempotency_keys AS k ON k.caller = :caller AND k.key = :key AND k.created_at > :since
"""
_FINDERS = {
    dialect: text(_FIND.format(lock=lock)).bindparams(bindparam("since", type_=UTCDateTime))
    for dialect, lock in (("postgresql", "pg_try_advisory_xact_lock(:lock)"), ("sqlite", ":lock IS NOT NULL"))
}
_LOOK = text("""
    SELECT 1 FROM idempotency_keys WHERE caller = :caller AND key = :key AND created_at > :since
""").bindparams(bindparam("since", type_=UTCDateTime))
_KEEP = text("""
    INSERT INTO idempotency_keys (caller, key, fingerprint, status, etag, location, body, created_at)
    VALUES (:caller, :key, :fingerprint, :status, :etag, :location, :body, :now)
    ON CONFLICT (caller, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, status = excluded.status, etag = excluded.etag,
        location = excluded.location, body = excluded.body, created_at = excluded.created_at
    WHERE idempotency_keys.created_at <= :since
""").bindparams(
    bindparam("fingerprint", type_=LargeBinary),
    bindparam("body", type_=LargeBinary),
    bindparam("now", type_=UTCDateTime),
    bindparam("since", type_=UTCDateTime),
)

_running: set[tuple[str, str]] = set()
_running_lock = threading.Lock()


def purge(session: Session, now: datetime) -> bool:
    """Delete answers that are older than a day; tell whether there may be more."""
    return delete_some(session, IdempotencyKey, IdempotencyKey.created_at <= now - KEPT)


def once(request: Request, answer: Callable[[], Response], *, secret: bool) -> Response:
    """Return the kept answer of the request's ``Idempotency-Key``, or what `answer()` returns, keeping it.

    `secret` answers (tokens) are kept encrypted. Raises `KeyReused`, `KeyInUse`, or `Invalid` for a key that is none.
    """
    key = _key(request)
    if key is None:
        return answer()
    caller = _caller(request)
    parts = (request.method, request.path_qs, request.headers.get("If-Match", ""))
    fingerprint = sha256("\n".join(parts).encode() + b"\n" + request.body).digest()
    now = request.registry.clock.now()
    lock = int.from_bytes(sha256(f"{caller}\n{key}".encode()).digest()[:8], signed=True)
    parameters = {"caller": caller, "key": key, "since": now - KEPT, "lock": lock}
    found = _find(request, parameters)
    if found.fingerprint is not None:
        return _replay(request, found, fingerprint, secret=secret)
    if not found.mine:
        raise KeyInUse
    try:
        response = answer()
    except DomainError:
        # The first request may have ended between our look and our lock, and be the very reason of this refusal.
        if _was_answered(request, parameters):
            raise TryAgain from None
        raise
    if response.status_int < 400:  # noqa: PLR2004
        body = _seal(request).encrypt(response.body) if secret else response.body
        kept = request.db.connection().execute(
            _KEEP,
            {
                "caller": caller,
                "key": key,
                "fingerprint": fingerprint,
                "status": response.status_int,
                "etag": response.headers.get("ETag"),
                "location": response.headers.get("Location"),
                "body": body,
                "now": now,
                "since": now - KEPT,
            },
        )
        if kept.rowcount != 1:
            # The first request ended between our look and our lock; tried again, we find its answer.
            raise TryAgain
    return response


def is_answered(request: Request) -> bool:
    """Tell, without a lock, whether the answer of the request's ``Idempotency-Key`` is kept. Raises `Invalid` for one that is none."""
    key = _key(request)
    if key is None:
        return False
    parameters = {"caller": _caller(request), "key": key, "since": request.registry.clock.now() - KEPT}
    with open_read_session(request.registry) as session:
        return session.connection().execute(_LOOK, parameters).first() is not None


def _key(request: Request) -> str | None:
    key: str | None = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise Invalid({"Idempotency-Key": "must be 1 to 255 visible ASCII characters"})
    return key


def _caller(request: Request) -> str:
    return f"user:{request.actor.user_id}" if request.actor.is_signed_in else f"anonymous:{request.client_addr}"


def _was_answered(request: Request, parameters: dict[str, Any]) -> bool:
    try:
        return _find(request, parameters).fingerprint is not None
    except SQLAlchemyError:
        return False  # a constraint refused, and with it the transaction answers nothing more


def _find(request: Request, parameters: dict[str, Any]) -> AnyRow:
    """Look for a kept answer, and lock the key; on SQLite without beginning to write, which would keep others waiting."""
    registry = request.registry
    if registry.engine.dialect.name == "sqlite":
        _note_running(request, parameters["caller"], parameters["key"])
        with open_read_session(registry) as session:
            return session.connection().execute(_FINDERS["sqlite"], parameters).one()
    return request.db.connection().execute(_FINDERS["postgresql"], parameters).one()


def _note_running(request: Request, caller: str, key: str) -> None:
    """Note once for each request that a key is in use. Raises `KeyInUse` if another request noted it."""
    if request.environ.get("turnout.idempotency_key") == (caller, key):
        return
    with _running_lock:
        if (caller, key) in _running:
            raise KeyInUse
        _running.add((caller, key))
    request.environ["turnout.idempotency_key"] = (caller, key)

    def done(_request: Request) -> None:
        with _running_lock:
            _running.discard((caller, key))
        request.environ.pop("turnout.idempotency_key", None)

    request.add_finished_callback(done)


def _replay(request: Request, found: Any, fingerprint: bytes, *, secret: bool) -> Response:
    if bytes(found.fingerprint) != fingerprint:
        raise KeyReused
    body = _seal(request).decrypt(bytes(found.body)) if secret else bytes(found.body)
    response = Response(body, found.status, content_type=JSON) if body else Response(status=found.status)
    for name, value in (("ETag", found.etag), ("Location", found.location)):
        if value is not None:
            response.headers[name] = value
    tell_accepted(response)
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _seal(request: Request) -> Fernet:
    return sealer(request.registry.settings["turnout.secret"], "idempotency")
