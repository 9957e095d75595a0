"""Countries over REST. They change with a release only, so that anybody may keep the answers for a day."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from turnout.api.answers import respond
from turnout.api.pages import page, paging_of
from turnout.api.service import Service
from turnout.countries import schemas
from turnout.countries.services import Country, CountryService
from turnout.errors import NotFound
from turnout.paging import part_of
from turnout.versions import Versioned

TAG = "Countries"
CACHE_CONTROL = "public, max-age=86400"

countries = Service("countries", "/countries", TAG)
country = Service("country", "/countries/{code}", TAG)
SERVICES = (countries, country)


def represent(found: Country) -> dict[str, Any]:
    """Return what everybody sees of a country."""
    return {"code": found.code, "name": found.name}


def _cacheable(request: Request, members: dict[str, Any]) -> Response:
    response = respond(request, Versioned(members, 1), 200, None)
    response.headers["Cache-Control"] = CACHE_CONTROL
    return response


@countries.get(permission="countries:read", query=schemas.CountryQuery, answer=schemas.CountryPage, versioned=True)
def list_countries(request: Request) -> Response:
    """List countries in the order of their names; all at once with an empty `cursor`."""
    found = part_of(request.find_service(CountryService).all(), paging_of(request))
    return _cacheable(request, page(request, found, represent))


@country.get(permission="countries:read", answer=schemas.CountryView, versioned=True, refuses=(NotFound,))
def read_country(request: Request) -> Response:
    """Read a country by its code, in upper or lower case."""
    return _cacheable(request, represent(request.find_service(CountryService).get(request.matchdict["code"])))
