"""Permissions: nothing without one, and none that was not declared."""

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationConflictError, ConfigurationExecutionError
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from turnout.errors import StartError
from turnout.security.actors import ANYONE, NOBODY, ORGANIZER, STAFF, SUPERUSER, USER, Actor
from turnout.security.permissions import Permission


def started(**view):
    with Configurator(settings={"turnout.environment": "testing"}) as config:
        config.include("turnout.security")
        config.declare_permission("things:read", "Read things", ANYONE)
        config.add_route("things", "/things")
        config.add_view(lambda _request: Response(), route_name="things", **view)
        config.make_wsgi_app()


@pytest.mark.parametrize("permission", ["things:read", NO_PERMISSION_REQUIRED])
def test_a_view_with_a_permission_starts(permission):
    started(permission=permission)


@pytest.mark.parametrize(
    ("view", "said"),
    [({}, "no permission"), ({"permission": "things:write"}, "things:write"), ({"request_method": "POST"}, "POST")],
)
def test_a_view_without_one_does_not_start(view, said):
    with pytest.raises(ConfigurationExecutionError) as caught:
        started(**view)
    assert isinstance(caught.value.evalue, StartError)
    assert said in str(caught.value.evalue)
    assert "things" in str(caught.value.evalue)


def test_two_features_cannot_declare_one_permission():
    def one(config):
        config.declare_permission("things:read", "Read things", ANYONE)

    def two(config):
        config.declare_permission("things:read", "Read all things", STAFF)

    config = Configurator(settings={"turnout.environment": "testing"})
    config.include("turnout.security")
    config.include(one)
    config.include(two)
    with pytest.raises(ConfigurationConflictError, match="things:read"):
        config.commit()


def test_a_role_that_there_is_not_stops_the_start():
    config = Configurator(settings={"turnout.environment": "testing"})
    config.include("turnout.security")
    with pytest.raises(StartError, match="wizard"):
        config.declare_permission("things:read", "Read things", "wizard")


ACTORS = {
    ANYONE: NOBODY,
    USER: Actor.of(1),
    ORGANIZER: Actor.of(1, is_organizer=True),
    STAFF: Actor.of(1, is_staff=True),
    SUPERUSER: Actor.of(1, is_superuser=True),
}


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (ANYONE, {ANYONE, USER, ORGANIZER, STAFF, SUPERUSER}),
        (USER, {USER, ORGANIZER, STAFF, SUPERUSER}),
        (ORGANIZER, {ORGANIZER, STAFF, SUPERUSER}),
        (STAFF, {STAFF, SUPERUSER}),
        (SUPERUSER, {SUPERUSER}),
    ],
)
def test_each_role_may_what_those_below_may(role, allowed):
    permission = Permission("things:read", "", frozenset({role}), tokens=True)
    assert {name for name, actor in ACTORS.items() if permission.allows(actor)} == allowed


def test_a_token_may_what_its_scopes_and_its_user_may():
    read = Permission("things:read", "", frozenset({USER}), tokens=True)
    write = Permission("things:write", "", frozenset({USER}), tokens=False)
    manage = Permission("things:manage", "", frozenset({STAFF}), tokens=True)
    token = Actor.of(1, scopes=frozenset({"things:read", "things:write", "things:manage"}))
    assert read.allows(token)
    assert not write.allows(token)
    assert not manage.allows(token)
    assert not read.allows(Actor.of(1, scopes=frozenset()))


@pytest.mark.parametrize("tokens", [True, False])
def test_what_anyone_may_needs_no_scope_but_is_done_as_nobody_without_it(tokens):
    read = Permission("things:read", "", frozenset({ANYONE}), tokens=tokens)
    without, with_scope = Actor.of(1, scopes=frozenset()), Actor.of(1, scopes=frozenset({"things:read"}))
    assert read.allows(without)
    assert read.limited(without) is NOBODY
    assert read.limited(with_scope) is (with_scope if tokens else NOBODY)
    assert read.limited(ACTORS[USER]) is ACTORS[USER]


def test_what_is_somebodys_is_theirs_and_staffs():
    ada, staff = Actor.of(1), Actor.of(2, is_staff=True)
    assert ada.owns(1)
    assert not ada.owns(2)
    assert staff.owns(1)
    assert not NOBODY.owns(None)
    assert not ada.owns(None)
