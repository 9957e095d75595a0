"""Rules of accounts that no endpoint reaches."""

import pytest

from turnout.errors import Denied, NotFound
from turnout.images.services import ImageAddresses, MediaRoot
from turnout.security.actors import NOBODY, SYSTEM, Actor
from turnout.users.errors import UserTaken
from turnout.users.hooks import UserRegistered
from turnout.users.services import UserService

NEW = {"username": "ada", "email": "ada@example.com", "password": "four invented words"}


@pytest.fixture
def heard():
    return []


@pytest.fixture
def users(session, clock, application, heard):
    images = ImageAddresses(session, MediaRoot("/media"))
    return UserService(session, clock, heard.append, application.registry.settings, images)


def test_a_registration_is_announced(users, heard):
    user = users.register(NEW)
    assert [(type(event), event.user_id) for event in heard] == [(UserRegistered, user.id)]


@pytest.mark.parametrize("actor", [NOBODY, Actor.of(1), Actor.of(1, is_staff=True)])
def test_only_superusers_make_staff(users, actor):
    with pytest.raises(Denied):
        users.create_staff(NEW, actor=actor)


@pytest.mark.parametrize("actor", [NOBODY, Actor.of(1, is_superuser=True)])
def test_only_the_installation_makes_any_role(users, actor):
    with pytest.raises(Denied):
        users.create(NEW, actor=actor, roles={"is_superuser": True})


def test_the_installation_makes_any_role(users):
    assert users.create(NEW, actor=SYSTEM, roles={"is_superuser": True}).is_superuser


def test_nobody_is_nobodys_to_see(users, make):
    ada = make.user()
    with pytest.raises(NotFound):
        users.get(ada.id, actor=NOBODY)
    assert users.get(ada.id, actor=SYSTEM) is ada


def test_two_who_register_at_one_moment(users, make, monkeypatch):
    """Both looked before either wrote; the unique index decides."""
    make.user(username="ada")
    monkeypatch.setattr(users, "_refuse_taken", lambda *_args: None)
    with pytest.raises(UserTaken):
        users.register(NEW)


def test_passwords_are_reset_by_staff_alone_and_not_each_others(users, make, heard):
    ada, member, boss = make.user(), make.staff(), make.superuser()
    staff = Actor.of(member.id, is_staff=True)
    for actor, user, refusal in (
        (Actor.of(ada.id), ada, Denied),
        (NOBODY, ada, Denied),
        (staff, make.staff(), Denied),
        (staff, boss, Denied),
        (staff, member, Denied),
    ):
        before = user.password_hash
        with pytest.raises(refusal):
            users.reset_password(user.id, actor=actor)
        assert user.password_hash == before
    assert heard == []
    first, second = (users.reset_password(ada.id, actor=staff) for _ in range(2))
    assert first != second
    assert [event.user_id for event in heard] == [ada.id, ada.id]
