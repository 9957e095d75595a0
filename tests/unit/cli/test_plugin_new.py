"""``turnout plugin new``."""

import pytest


def files(folder):
    return [path.name for path in folder.iterdir()]


def test_it_writes_a_plugin_beside_and_says_what_comes_next(turnout, here):
    said = turnout("plugin", "new", "seat_map").stdout.splitlines()
    assert said[0] == "Wrote Seat map into turnout-seat-map:"
    assert "  src/turnout_seat_map/__init__.py" in said
    assert said[said.index("Next:") + 1 :] == [
        "  cd turnout-seat-map",
        "  pip install -e '.[test]'",
        "  pytest",
        "  export TURNOUT_PLUGINS=seat_map",
        "  turnout migrate",
        "  turnout serve",
    ]
    assert files(here) == ["turnout-seat-map"]


def test_title_and_folder_can_be_chosen(turnout, here):
    said = turnout("plugin", "new", "seat_map", "--title", "Where people sit", "--into", "plugins/seats").stdout
    assert "Wrote Where people sit into plugins/seats:" in said
    assert "  cd plugins/seats\n" in said
    assert (here / "plugins" / "seats" / "README.md").read_text().startswith("# Where people sit\n")


def refused(turnout, *arguments):
    said = turnout("plugin", "new", *arguments, code=1).stderr
    assert len(said.splitlines()) == 1
    return said


@pytest.mark.parametrize("name", ["Seat-Map", "seat map", "../seats", "", "s" * 31])
def test_a_bad_name_is_refused_in_one_line(turnout, here, name):
    assert "lower-case letters" in refused(turnout, name)
    assert files(here) == []


def test_a_bad_title_is_refused(turnout, here):
    assert "title: " in refused(turnout, "seat_map", "--title", 'The "map"')
    assert files(here) == []


def test_a_folder_that_is_there_is_refused(turnout, here):
    (here / "turnout-seat-map").mkdir()
    assert "turnout-seat-map is there already" in refused(turnout, "seat_map")
    assert files(here / "turnout-seat-map") == []


def test_a_folder_that_cannot_be_made_is_refused(turnout, here):
    (here / "file").touch()
    assert "Not a directory" in refused(turnout, "seat_map", "--into", "file/seats")
    assert "File name too long" in refused(turnout, "seat_map", "--into", "s" * 300)


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("bookings", "settings bookings.*"),
        ("ticket", "tables"),
        ("pg", "tables that begin with pg_"),
        ("user", "route"),
        ("rsvp", "path"),
    ],
)
def test_a_name_that_turnout_itself_has_is_refused(turnout, here, name, claim):
    assert claim in refused(turnout, name)
    assert files(here) == []


def test_the_name_of_an_installed_plugin_is_refused(turnout, here, monkeypatch, tmp_path_factory):
    site = tmp_path_factory.mktemp("site")
    about = site / "turnout_seat_map-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-seats\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[turnout.plugins]\nseat_map = acme_seats\n")
    monkeypatch.syspath_prepend(str(site))
    assert "is installed already, by acme-seats" in refused(turnout, "seat_map")
    assert files(here) == []


def test_the_settings_of_an_installation_play_no_part(turnout, here):
    (here / "development.ini").write_text("nothing that can be read")
    turnout("plugin", "new", "seat_map")
