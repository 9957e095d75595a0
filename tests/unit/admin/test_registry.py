"""What a section has to say of itself, and what stops the start."""

import gzip
from pathlib import Path

import pytest

import turnout.admin
from turnout.admin.actions import ALL, action
from turnout.admin.sections import AdminSection
from turnout.errors import StartError
from turnout.plugin.assembly import assemble
from turnout.testing.applications import SETTINGS

STATIC = Path(turnout.admin.__file__).parent / "static"


def start(tmp_path, *sections):
    def include(config):
        for section in sections:
            config.add_admin_section(section)

    given = SETTINGS | {"turnout.data": str(tmp_path), "database.url": f"sqlite:///{tmp_path}/nowhere.sqlite"}
    return assemble(given, include=include)


def section(**members):
    given = {"name": "odd", "title": "Odd", "singular": "odd", "permissions": {"read": "venues:read"}} | members
    return type("OddSection", (AdminSection,), given)


def test_a_section_needs_a_permission_for_what_it_can(tmp_path):
    found = section(permissions={}, find=lambda *_args: None)
    with pytest.raises((StartError, KeyError), match="read"):
        start(tmp_path, found)


def test_a_name_is_an_address(tmp_path):
    with pytest.raises(StartError, match="Odd One must have a name of lower-case letters"):
        start(tmp_path, section(name="Odd One"))


def test_two_sections_of_one_name(tmp_path):
    with pytest.raises(Exception, match="odd"):
        start(tmp_path, section(), section())


def test_an_action_for_many_has_no_form(tmp_path):
    from turnout.venues.schemas import NewVenue

    @action("Do", permission="venues:read", bulk=True, form=NewVenue)
    def do(self, row_id, values, *, actor, expected=None): ...

    with pytest.raises(StartError, match="cannot be bulk"):
        start(tmp_path, section(do=do, find=lambda *_args: None))


@pytest.mark.parametrize("place", [{"on": "venues"}, {"scope": ALL}])
def test_an_action_for_many_is_of_a_list_of_its_own(tmp_path, place):
    @action("Do", permission="venues:read", bulk=True, **place)
    def do(self, row_id, *, actor, expected=None): ...

    with pytest.raises(StartError, match="no list of its own"):
        start(tmp_path, section(do=do, find=lambda *_args: None))


def test_a_section_that_only_adds_to_others_is_not_in_the_menu(tmp_path):
    router = start(tmp_path, section())
    assert "odd" not in router.registry.admin_sections.by_name


def test_what_is_sent_compressed_is_what_lies_beside_it():
    found = list(STATIC.rglob("*.gz"))
    assert found
    for path in found:
        assert gzip.decompress(path.read_bytes()) == path.with_suffix("").read_bytes()


def test_every_icon_of_a_section_is_drawn(application):
    drawn = (STATIC / "vendor" / "tabler-icons-3.51.0" / "icons.svg").read_text()
    sections = application.registry.admin_sections
    used = {section.icon for section in sections.by_name.values()}
    used |= {action.icon for found in sections.actions.values() for _, action in found}
    used |= {link.icon for found in sections.links.values() for _, link in found}
    assert [icon for icon in used if f'id="{icon}"' not in drawn] == []


def test_vendored_files_keep_their_licences():
    for folder in (STATIC / "vendor").iterdir():
        assert (folder / "LICENSE").is_file(), folder
        assert "npm pack" in (folder / "README.md").read_text(), folder
