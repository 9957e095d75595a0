"""The conformance suite: what every plugin keeps to, as tests that its author runs beside their own.

    from turnout.testing.conformance import Conformance

    class TestConformance(Conformance):
        plugin = "reviews"

It stands on `turnout.testing.fixtures`, runs on SQLite and on PostgreSQL, and says of whatever it finds what is wrong and
what to do. A plugin that cannot start without some settings gives them in the fixture `settings`.

A check that a plugin has a good reason not to pass is overridden in the class, with the reason. ``turnout plugin check``
runs the same suite for whatever is installed.
"""

from turnout.testing.conformance.absence import AbsenceChecks
from turnout.testing.conformance.admin import AdminChecks
from turnout.testing.conformance.behaviour import BehaviourChecks
from turnout.testing.conformance.manifest import ManifestChecks
from turnout.testing.conformance.operations import OperationChecks
from turnout.testing.conformance.permissions import PermissionChecks
from turnout.testing.conformance.settings import SettingsChecks
from turnout.testing.conformance.starting import StartChecks
from turnout.testing.conformance.tables import TableChecks

__all__ = ["Conformance"]


class Conformance(
    ManifestChecks,
    StartChecks,
    SettingsChecks,
    TableChecks,
    PermissionChecks,
    OperationChecks,
    BehaviourChecks,
    AdminChecks,
    AbsenceChecks,
):
    """The suite; a subclass names the `plugin`."""
