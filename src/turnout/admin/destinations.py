"""Where to go after signing in, and after whatever else may be done from any page."""

import re
from urllib.parse import unquote

from pyramid.request import Request

from turnout.security.csrf import ADMIN

_BELOW = re.compile(r"(/[\w.~!$&'()*+,;=:@%/-]*)?(\?[!-\"$-\[\]-~]*)?", re.ASCII)
_DOTS = frozenset({".", ".."})
_ONLY_DONE = frozenset({"sign-out", "theme"})
"""What buttons lead to: there is nothing to see."""


def destination(request: Request) -> str:
    """Return where to go afterwards: the path below ``/admin`` that the request names as `next`, or ``/admin``.

    It comes from an address that anybody can have made, so anything else is not followed: other hosts, other paths,
    whatever browsers read as these.
    """
    home = request.script_name + ADMIN
    wanted = request.params.get("next")
    if not isinstance(wanted, str) or not wanted.startswith(home):
        return home
    rest = wanted.removeprefix(home)
    path = unquote(rest.partition("?")[0]).strip("/").split("/")
    if not _BELOW.fullmatch(rest) or _DOTS & set(path) or path[0] in _ONLY_DONE:
        return home
    return wanted
