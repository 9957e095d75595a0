"""What is known of countries. It comes from the Unicode CLDR and changes with a release, never at run time."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from babel import Locale

from turnout.errors import NotFound
from turnout.schema import countries


@dataclass(frozen=True, slots=True)
class Country:
    """A country: its ISO 3166-1 alpha-2 code and its English name."""

    code: str
    name: str


@cache
def _all() -> dict[str, Country]:
    names = Locale("en").territories
    found = [Country(code, names[code]) for code in countries()]
    # Decomposed, so that Åland stands with the As.
    found.sort(key=lambda country: unicodedata.normalize("NFKD", country.name))
    return {country.code: country for country in found}


class CountryService:
    """Lists countries and finds them by code."""

    def all(self) -> Sequence[Country]:
        """Return every country, in the order of the names."""
        return list(_all().values())

    def get(self, code: str) -> Country:
        """Return the country with this code, in upper or lower case. Raises `NotFound`."""
        country = _all().get(code.upper()) if code.isascii() else None
        if country is None:
            raise NotFound("There is no such country.")
        return country
