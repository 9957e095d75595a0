"""Endpoints that exist for the tests of the REST toolkit: one field of each kind, and every way to fail."""

import threading

from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from turnout import schema as fields
from turnout.api.etags import expected_versions
from turnout.api.pages import PageQuery
from turnout.api.service import Service
from turnout.errors import Conflict, Invalid
from turnout.schema import Schema
from turnout.security.actors import ANYONE
from turnout.versions import Versioned, require_version

SECRET_OF_THE_INSIDE = "/srv/turnout/inside.py SELECT password_hash"


class Inner(Schema):
    """An object in the object."""

    word = fields.text(10)
    number = fields.whole(optional=True)


class Everything(Schema):
    """One of each kind."""

    name = fields.text(50)
    note = fields.text(50, 0, missing="")
    number = fields.whole(1, 100, missing=1)
    price = fields.money(missing=None)
    at = fields.moment(missing=None)
    born = fields.day(missing=None)
    yes = fields.flag(missing=False)
    word = fields.choice(["red", "green"], missing="red")
    email = fields.email(missing=None)
    slug = fields.slug(missing=None)
    url = fields.url(optional=True)
    currency = fields.currency(missing=None)
    country = fields.country(missing=None)
    zone = fields.timezone(missing=None)
    words = fields.many(fields.text(5, name="entry"), 3, missing=list)
    inner = Inner(missing=lambda: {"word": "in"})


class ProbeQuery(PageQuery):
    """A parameter of each kind."""

    number = fields.whole(1, 100, missing=None)
    at = fields.moment(missing=None)
    yes = fields.flag(missing=None)
    word = fields.choice(["red", "green"], missing=None)


class Numbered(Schema):
    """What was written."""

    id = fields.identifier()


class Failure(Schema):
    """How to fail."""

    how = fields.text(20)


probes = Service("probes", "/probes", "Probes")
probe = Service("probe", "/probes/{id}", "Probes")
pools = Service("probe-pools", "/probe-pools", "Probes")
failures = Service("probe-failures", "/probe-failures", "Probes")
kept = Service("probe-kept", "/probe-kept", "Probes")
held = Service("probe-held", "/probe-held", "Probes")

began = threading.Event()
go_on = threading.Event()


@probes.post(permission="probes:use", body=Everything, answer=Everything)
def echo(request):
    """Say what was understood."""
    return request.validated["body"]


@probes.patch(permission="probes:use", body=Everything, partial=True, answer=Everything)
def echo_changes(request):
    """Say what would change."""
    return request.validated["body"]


@probes.get(permission="probes:use", query=ProbeQuery, answer=Everything)
def echo_query(request):
    """Say what was asked."""
    return request.validated["query"]


@probe.get(permission="probes:use", answer=Numbered, versioned=True)
def read(request):
    """Read a thing of version 7."""
    return Versioned({"id": int(request.matchdict["id"])}, 7)


@probe.put(permission="probes:use", answer=Numbered, versioned=True)
def replace(request):
    """Replace a thing of version 7."""
    require_version(7, expected_versions(request))
    return Versioned({"id": int(request.matchdict["id"])}, 8)


def _write(request):
    statement = text("INSERT INTO pools (capacity, taken, revision) VALUES (:n, 0, 1) RETURNING id")
    return {"id": request.db.execute(statement, {"n": 1}).scalar_one()}


@pools.post(permission="probes:use", body=Failure, answer=Numbered, status=201, location="/probes/{id}", secret=True)
def write(request):
    """Write a row."""
    return _write(request)


@pools.delete(permission="probes:use")
def write_in_silence(request):
    """Write a row and say nothing."""
    _write(request)


@kept.get(permission="probes:use", query=ProbeQuery, answer=Numbered, max_age=3)
def read_what_may_be_kept(request):
    """Say something of no version."""
    return {"id": request.validated["query"]["number"] or 1}


@held.post(permission="probes:use", answer=Numbered, status=201)
def write_when_told(request):
    """Write a row, but only when the test says so."""
    began.set()
    assert go_on.wait(30)
    return _write(request)


class _FailsAtTheEnd:
    """Refuses to commit, as a database does whose disk is full."""

    def __init__(self, manager):
        self.transaction_manager = manager

    def tpc_begin(self, _transaction):
        """Agree so far."""

    commit = tpc_finish = tpc_abort = abort = tpc_begin

    def tpc_vote(self, _transaction):
        """Refuse."""
        raise RuntimeError(SECRET_OF_THE_INSIDE)

    def sortKey(self):  # noqa: N802 - the transaction package's protocol
        """Come before the database, which does not commit then."""
        return "a"


@failures.post(permission="probes:use", body=Failure)
def fail(request):
    """Write a row, then fail."""
    _write(request)
    match request.validated["body"]["how"]:
        case "error":
            raise RuntimeError(SECRET_OF_THE_INSIDE)
        case "sql":
            request.db.execute(text("SELECT password_hash FROM nowhere"))
        case "commit":
            request.tm.get().join(_FailsAtTheEnd(request.tm))
        case "pool":
            raise PoolTimeoutError(SECRET_OF_THE_INSIDE)
        case "conflict":
            raise Conflict("Not now.", seats_available=0)
        case "invalid":
            raise Invalid({"how": "is never right"})


def includeme(config):
    config.declare_permission("probes:use", "Use the probes", ANYONE)
    for service in (probes, probe, pools, failures, kept, held):
        config.add_api_service(service)
