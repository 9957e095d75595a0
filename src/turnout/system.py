"""Requests that the installation itself makes: the command line, the demo, background work."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.router import Router
from pyramid.scripting import prepare

from turnout.errors import TryAgain
from turnout.security.actors import SYSTEM

ATTEMPTS = 3
T = TypeVar("T")


@contextmanager
def _prepared(registry: Registry) -> Iterator[Request]:
    request = Request.blank("/", method="POST")  # a method that writes, so that the database is opened for writing
    with prepare(request, registry):
        request.actor = SYSTEM
        yield request


@contextmanager
def system_request(application: Router) -> Iterator[Request]:
    """Give a request whose actor may do everything, in one transaction that commits at the end, or not at all."""
    with _prepared(application.registry) as request:
        request.tm.begin()
        try:
            yield request
            request.tm.commit()
        except BaseException:
            request.tm.abort()  # the manager does so after an error of ours, and not after one of the commit
            raise


def transact(registry: Registry, function: Callable[[Request], T]) -> T:
    """Return what `function` returns for such a request; where somebody else was quicker, it is called again."""
    for attempt in range(1, ATTEMPTS + 1):
        with _prepared(registry) as request:
            request.tm.begin()
            try:
                result = function(request)
                request.tm.commit()
            except BaseException as error:
                again = isinstance(error, TryAgain) or request.tm.get().isRetryableError(error)
                request.tm.abort()
                if attempt == ATTEMPTS or not again:
                    raise
            else:
                return result
    raise AssertionError  # the last attempt returned or raised
