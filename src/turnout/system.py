"""Requests that the installation itself makes: the command line, the demo, background work."""

from collections.abc import Iterator
from contextlib import contextmanager

from pyramid.request import Request
from pyramid.router import Router
from pyramid.scripting import prepare

from turnout.security.actors import SYSTEM


@contextmanager
def system_request(application: Router) -> Iterator[Request]:
    """Give a request whose actor may do everything, in one transaction that commits at the end, or not at all."""
    request = Request.blank("/", method="POST")  # a method that writes, so that the database is opened for writing
    with prepare(request, application.registry):
        request.actor = SYSTEM
        with request.tm:
            yield request
