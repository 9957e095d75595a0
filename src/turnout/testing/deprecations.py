"""What libraries of ours still import though it is deprecated; where warnings are errors, tests would end before they begin."""

import warnings
from importlib import import_module

# Pyramid and Cornice still import pkg_resources, WebOb still imports cgi; both work on the pinned versions.
KNOWN: tuple[tuple[str, type[Warning]], ...] = (
    ("pkg_resources is deprecated", UserWarning),
    ("Deprecated call to `pkg_resources", DeprecationWarning),
    ("'cgi' is deprecated", DeprecationWarning),
)


def import_quietly() -> None:
    """Import these libraries without what they would have Python say."""
    with warnings.catch_warnings():
        for message, category in KNOWN:
            warnings.filterwarnings("ignore", message, category)
        import_module("pyramid.config")
