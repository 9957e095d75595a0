"""The conformance suite: a sound plugin passes all of it, and each fault is found by the check that is there for it."""

from inspect import signature

import pytest
from tests.unit.testing import faulty

from turnout.testing.conformance import Conformance
from turnout.testing.conformance.tables import TableChecks
from turnout.testing.postgresql import programs

CHECKS = {name for name in dir(Conformance) if name.startswith("test_")}
SLOW = {"test_the_openapi_document_is_valid"}
QUICK = {name for name in CHECKS if set(signature(getattr(Conformance, name)).parameters) <= {"self", "subject"}} - SLOW
OF_TABLES = {name for name in dir(TableChecks) if name.startswith("test_")}


class Fault:
    """What is changed in the sound plugin, by which check it should be found, and what that should say."""

    def __init__(self, check: str, *changes: tuple[str, str], says: str, files: dict[str, str] | None = None) -> None:
        self.check = f"test_{check}"
        self.changes = changes
        self.says = says
        self.files = files


GET = '@badges.get(permission="badges:read", answer=Worn, refuses=(NotFound,))\n'
UP, DOWN = "def upgrade():\n", "def downgrade():\n"
NOT_SWITCHABLE = ("is_switchable=True,", "")
END = "def includeme(config):\n"
LABEL = 'mapped_column(Id, ForeignKey("events.id", ondelete="CASCADE"))\n    label'
OTHER_KEY = """        sa.ForeignKeyConstraint(["medal_id"], ["medals_medals.id"], name=op.f("fk_badges_badges_medal_id")),
        sa.PrimaryKeyConstraint("""
TRIGGER = """    op.execute("CREATE TRIGGER badges_keep BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'no'); END")
"""
FOR_EACH_BADGE = """\
    if len(event_ids) == 1:
        for badge in session.scalars(select(Badge.id).where(Badge.event_id == event_ids[0])).all():
            session.scalar(select(Badge.label).where(Badge.id == badge))
"""
BY_IMPORT = """
import importlib
config = importlib.import_module("turnout.config")
config.FEATURES += ("turnout_badges.extra",)
"""
EXTRA = """
from turnout.plugin import Service, about_no_event
from turnout_badges import Worn

service = Service("all-badges", "/badges", "Badges", event_of=about_no_event)

@service.get(permission="events:read", answer=Worn)
def count_all_badges(request):
    "Count all badges."
    return {"count": 0}

def includeme(config):
    config.add_api_service(service)
"""
PRINT = """\
    config.add_admin_section(BadgeSection)
    config.add_route("badges-print", "/admin/badges/print")
    config.add_view(
        lambda request: {}, route_name="badges-print", renderer="json", permission="badges:read", event_of=about_no_event
    )
"""
SETTINGS = """
import pytest

@pytest.fixture(scope="session")
def settings():
    return {"badges.ready": "yes"}
"""

FAULTS = {
    "not installed": Fault(
        "its_manifest_is_sound", ('plugin = "badges"', 'plugin = "brooches"'), says="pip install -e ."
    ),
    "title": Fault("its_manifest_is_sound", ('title="Badges"', 'title="badges."'), says="without a full stop"),
    "title missing": Fault("its_manifest_is_sound", ('title="Badges"', 'title=""'), says="needs a title"),
    "description": Fault(
        "its_manifest_is_sound", ("What guests wear at an event", "badges"), says="only repeats the title"
    ),
    "api version": Fault(
        "its_manifest_is_sound", ("=API_VERSION", "=API_VERSION + 1"), says="version 2 of the plugin interface"
    ),
    "no version": Fault("its_manifest_is_sound", ("Version: 1.2\n", "Version: 0.0.0\n"), says="has no version"),
    "odd version": Fault(
        "its_manifest_is_sound", ("Version: 1.2\n", "Version: newest\n"), says="pip does not understand"
    ),
    "broken import": Fault("its_manifest_is_sound", ("import Event\n", "import Evnt\n"), says="cannot be imported"),
    "unpublished": Fault(
        "it_imports_only_what_is_published",
        ("import timedelta\n", "import timedelta\nfrom turnout.events import api\n"),
        says="api from turnout.events",
    ),
    "missing requirement": Fault(
        "it_starts_with_only_what_it_requires",
        ("is_switchable=True,", 'is_switchable=True, requires=("ribbons",),'),
        says="The plugin ribbons cannot be used: it is not installed",
    ),
    "broken set-up": Fault(
        "it_starts_with_only_what_it_requires", (END, END + "    1 / 0\n"), says="ZeroDivisionError"
    ),
    "broken migration": Fault(
        "it_starts_with_only_what_it_requires", (UP, UP + "    1 / 0\n"), says="its migration failed"
    ),
    "no permission": Fault(
        "it_starts_with_only_what_it_requires", (GET, GET.replace("badges:read", "badges:see")), says="badges:see"
    ),
    "clash": Fault(
        "it_starts_together_with_every_other_plugin",
        ("includeme(config):", "includeme(config):\n    config.add_capability('pins', 'Pins')"),
        files=faulty.MEDALS_FILES
        | {
            "turnout_medals/__init__.py": faulty.MEDALS.replace(
                "includeme(config):", "includeme(config):\n    config.add_capability('pins', 'Pins')"
            )
        },
        says="another plugin cannot be used that can be used without it",
    ),
    "setting undescribed": Fault(
        "its_settings_are_described",
        (', description="What colour badges are"', ""),
        says="badges.colour has no description",
    ),
    "setting unnamed": Fault(
        "it_starts_without_settings_or_names_the_one_it_needs",
        (
            "class BadgeSettings(Schema):\n",
            "class BadgeSettings(Schema):\n    ready = fields.text(5, missing='', description='Any')\n",
        ),
        (
            END,
            END
            + "    if not config.registry.settings['badges.ready']:\n        raise PluginError('badges', 'settings', 'not ready')\n",
        ),
        files={"conftest.py": faulty.CONFTEST + SETTINGS},
        says="does not say which one it needs",
    ),
    "secret": Fault("its_secrets_are_masked", ("printer_key", "key_of_printer"), says="badges.key_of_printer"),
    "downgrade": Fault(
        "its_migrations_go_down_and_up_again", (DOWN, DOWN + "    return\n"), says="leaves the table badges_badges"
    ),
    "failing downgrade": Fault(
        "its_migrations_go_down_and_up_again", (DOWN, DOWN + "    1 / 0\n"), says="ZeroDivisionError"
    ),
    "core changed": Fault(
        "its_migrations_go_down_and_up_again",
        (UP, UP + '    op.add_column("events", sa.Column("badges", sa.Integer()))\n'),
        (DOWN, DOWN + '    op.drop_column("events", "badges")\n'),
        says="changes or drops the table events",
    ),
    "no migrations": Fault(
        "its_models_equal_its_migrations",
        ("label: Mapped[str]", "label: Mapped[str]\n    size: Mapped[int | None]"),
        says="add column badges_badges size",
    ),
    "prefix": Fault(
        "its_tables_have_its_prefix",
        (UP, UP + '    op.create_table("pins", sa.Column("id", ID, primary_key=True))\n'),
        (DOWN, DOWN + '    op.drop_table("pins")\n'),
        says="The table pins must have a name that begins with badges_",
    ),
    "key to a plugin": Fault(
        "its_foreign_keys_lead_to_its_own_and_to_core_tables",
        ("is_switchable=True,", 'is_switchable=True, requires=("medals",),'),
        (
            "    label: Mapped[str]\n",
            '    label: Mapped[str]\n    medal_id: Mapped[int | None] = mapped_column(Id, ForeignKey("medals_medals.id"))\n',
        ),
        ("        sa.PrimaryKeyConstraint(", '        sa.Column("medal_id", ID),\n' + OTHER_KEY),
        files=faulty.MEDALS_FILES,
        says="badges_badges.medal_id -> medals_medals",
    ),
    "key without ON DELETE": Fault(
        "its_foreign_keys_to_the_core_say_what_a_deletion_does",
        (', ondelete="CASCADE"', ""),
        says="badges_badges.event_id -> events",
    ),
    "open view": Fault(
        "every_view_asks_for_a_declared_permission",
        NOT_SWITCHABLE,
        (
            END,
            END + "    from pyramid.security import NO_PERMISSION_REQUIRED\n    config.add_route('pins', '/pins')\n"
            "    config.add_view(read_badges, route_name='pins', permission=NO_PERMISSION_REQUIRED)\n",
        ),
        says="The view of pins asks for no permission",
    ),
    "unused permission": Fault(
        "every_permission_is_used",
        (END, END + "    config.declare_permission('badges:burn', 'Burn badges', STAFF)\n"),
        says="badges:burn",
    ),
    "permission's name": Fault(
        "every_permission_is_described_and_named_well", ("badges:read", "see-badges"), says="named like badges:read"
    ),
    "permission's description": Fault(
        "every_permission_is_described_and_named_well",
        ("See how many badges there are", "read."),
        says="described as 'read.'",
    ),
    "one permission": Fault(
        "no_permission_guards_both_reading_and_writing",
        ('@badges.post(permission="badges:create"', '@badges.post(permission="badges:read"'),
        ('    config.declare_permission("badges:create", "Make badges", ORGANIZER)\n', ""),
        says="badges:read guards reading",
    ),
    "undescribed": Fault(
        "every_operation_is_described",
        ('    """Make a badge."""\n', ""),
        says="POST /events/{id}/badges has no description",
    ),
    "path": Fault(
        "every_path_names_the_plugin", ("/events/{id}/badges", "/events/{id}/pins"), says="such as /events/{id}/badges"
    ),
    "no answer": Fault(
        "every_operation_reaches_the_openapi_document",
        (GET, GET.replace("answer=Worn, ", "")),
        says="does not say what it answers",
    ),
    "invalid document": Fault(
        "the_openapi_document_is_valid",
        (GET, GET.replace("refuses", "further_answers={'later': 'Not yet'}, refuses")),
        says="is not valid at",
    ),
    "internal error": Fault(
        "everybody_is_answered_as_declared",
        ('    """Make a badge."""\n', '    """Make a badge."""\n    1 / 0\n'),
        says="by organizer ends in an internal error",
    ),
    "undeclared": Fault(
        "everybody_is_answered_as_declared",
        (
            '    """Count the badges of an event."""\n',
            '    """Count the badges of an event."""\n    raise Conflict("Not today.")\n',
        ),
        says="by anyone is answered 409, which OpenAPI does not say",
    ),
    "statement for each event": Fault(
        "more_events_and_bookings_need_no_more_statements",
        (
            '    return {event_id: {"count": count} for event_id, count in session.execute(query)}\n',
            "    return {each: {'count': len(session.scalars(select(Badge).where(Badge.event_id == each)).all())} for each in event_ids}\n",
        ),
        says="A list of more events needs",
    ),
    "statement for each booking": Fault(
        "more_events_and_bookings_need_no_more_statements",
        ("    return {event_id: {", FOR_EACH_BADGE + "    return {event_id: {"),
        says="An event with more bookings needs",
    ),
    "listener": Fault(
        "bookings_are_made_and_its_listeners_hear_of_them",
        ('    session.add(Badge(event_id=event.event_id, label="guest"))\n', "    1 / 0\n"),
        says="turnout_badges.on_confirmed fails: ZeroDivisionError",
    ),
    "subscriber": Fault(
        "bookings_are_made_and_its_listeners_hear_of_them",
        (END, "def refuse(event):\n    1 / 0\n\n\n" + END + "    config.add_subscriber(refuse, BookingConfirmed)\n"),
        says="booking an event ends in an internal error",
    ),
    "local function": Fault(
        "its_background_work_can_be_found_by_name",
        (
            END,
            END
            + "    def thank(event: BookingConfirmed, session: Session) -> None: ...\n    config.add_listener(thank, BookingConfirmed)\n",
        ),
        says="cannot be found by its name",
    ),
    "periodic task": Fault(
        "its_periodic_tasks_run_where_there_is_nothing",
        ("one_or_none()", "one()"),
        says="turnout_badges.count_badges fails: NoResultFound",
    ),
    "a panel that fails": Fault(
        "its_admin_pages_are_shown",
        ('{"count": 0})["count"]})', '{"count": 0})["number"]})'),
        says="A panel of badges on /admin/events/",
    ),
    "a page of its own for everybody": Fault(
        "its_admin_pages_are_not_for_everybody",
        ("    config.add_admin_section(BadgeSection)\n", PRINT),
        says="/admin/badges/print is answered 200 to anyone",
    ),
    "always there": Fault(
        "disabled_means_gone",
        ('"""Badges: what guests wear."""\n', '"""Badges: what guests wear."""\n' + BY_IMPORT),
        files={"turnout_badges/extra.py": EXTRA},
        says="The path /badges is there though the plugin is not enabled",
    ),
    "in the way": Fault(
        "its_tables_hurt_nobody_when_it_is_disabled",
        (DOWN, TRIGGER + "\n\n" + DOWN + '    op.execute("DROP TRIGGER badges_keep")\n'),
        says="deleting an event is answered",
    ),
    "never switched off": Fault(
        "switched_off_its_paths_about_the_event_are_not_there",
        ('badges", "Badges")', 'badges", "Badges", event_of=about_no_event)'),
        says="is answered 200 OK for an event for which it is switched off",
    ),
    "shown when switched off": Fault(
        "switched_off_it_shows_nothing_at_the_event",
        (END, 'read.__module__ = "turnout.events.services"\n\n\n' + END),
        says="still shows extensions.badges",
    ),
}


def test_a_sound_plugin_passes_every_check(tmp_path):
    faulty.write(tmp_path, files=faulty.MEDALS_FILES)
    found = faulty.run(tmp_path, "-m", "not postgresql")
    assert {name.partition("[")[0] for name in found} == CHECKS
    assert {name: said for name, said in found.items() if said} == {}


def test_every_check_has_a_fault_that_it_finds():
    assert {fault.check for fault in FAULTS.values()} == CHECKS


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found_by_one_check(fault, tmp_path):
    """Beside the check that should find it, those run that take no time."""
    faulty.write(tmp_path, *fault.changes, files=fault.files)
    looking = QUICK | {fault.check} | (OF_TABLES if fault.check in OF_TABLES else set())
    found = faulty.run(tmp_path, "-m", "not postgresql", "-k", " or ".join(sorted(looking)))
    failed = {name.partition("[")[0]: said for name, said in found.items() if said and not said.startswith("skipped")}
    assert set(failed) == {fault.check}, failed
    assert fault.says in failed[fault.check]


@pytest.mark.postgresql
@pytest.mark.skipif(programs() is None, reason="no PostgreSQL to find it with")
def test_on_postgresql_a_type_is_not_left_behind(tmp_path):
    made = "op.execute(\"CREATE TYPE badges_size AS ENUM ('small', 'large')\")\n"
    made = f"    if op.get_bind().dialect.name == 'postgresql':\n        {made}"
    faulty.write(tmp_path, (UP, UP + made))
    found = faulty.run(tmp_path, "-m", "not sqlite", "-k", "go_down or prefix")
    assert "leaves the type badges_size behind" in found["test_its_migrations_go_down_and_up_again[postgresql]"]
    assert found["test_its_tables_have_its_prefix[postgresql]"] == ""
