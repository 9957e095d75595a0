import pytest

from turnout.countries.services import Country, CountryService
from turnout.errors import NotFound
from turnout.schema import countries


def test_every_code_that_schemas_take_has_a_name():
    found = CountryService().all()

    assert {country.code for country in found} == countries()
    assert all(country.name for country in found)


def test_countries_are_in_the_order_of_their_names_whatever_their_accents():
    names = [country.name for country in CountryService().all()]

    assert names[0] == "Afghanistan"
    assert names.index("Åland Islands") < names.index("Belgium")
    assert names[-1] == "Zimbabwe"


@pytest.mark.parametrize("code", ["PT", "pt", "Pt"])
def test_a_country_is_found_by_its_code_in_any_case(code):
    assert CountryService().get(code) == Country("PT", "Portugal")


@pytest.mark.parametrize("code", ["", "XX", "EU", "PRT", "ß", "ZZ", "😀"])
def test_what_is_no_code_is_not_found(code):
    with pytest.raises(NotFound):
        CountryService().get(code)
