"""What can be wrong with a plugin, and what it means that one is switched off."""

from turnout.errors import Clash, NotFound, StartError

MISSING, IMPORT, MANIFEST, API_VERSION, REQUIRES = "missing", "import", "manifest", "api_version", "requires"
SETTINGS, SETUP, CLASH, MIGRATION = "settings", "setup", "clash", "migration"
REASONS = (MISSING, IMPORT, MANIFEST, API_VERSION, REQUIRES, SETTINGS, SETUP, CLASH, MIGRATION)


class PluginError(StartError):
    """A plugin cannot be used. `plugin` is its name, `reason` one of `REASONS`; the message says how to mend it."""

    def __init__(self, plugin: str, reason: str, problem: str, mend: str = "") -> None:
        mend = mend or f"Mend it, or take {plugin} out of turnout.plugins."
        super().__init__(f"The plugin {plugin} cannot be used: {problem.rstrip('.')}. {mend}")
        self.plugin = plugin
        self.reason = reason


def said(error: BaseException) -> str:
    """Return what an error says, in one line."""
    words = str(error) if isinstance(error, StartError) else f"{type(error).__name__}: {error}"
    return " ".join(words.split())


def reason_of(error: BaseException) -> str:
    """Return which of `REASONS` it is that a plugin cannot be set up."""
    return CLASH if isinstance(error, Clash) else SETUP


class SwitchedOff(NotFound):
    """A plugin is switched off for an event, so that nothing of it is there."""

    code = "switched_off"
    title = "It is switched off for this event"
