"""Selling here what came from elsewhere: how many places there are somebody has said, and what one costs, whatever the way."""

from decimal import Decimal

import pytest

from turnout_external_events.sources import PriceRange

EUROS = PriceRange(Decimal(83), Decimal(120), "EUR")
ON_SALE = {"is_bookable": True, "capacity": 5}
SHEET = "title,date,time,price,capacity\nFado,2027-04-10,21:00,{},10\n"


@pytest.fixture
def dropped(bring, external):
    """An event whose price is so much of something else: 0.00 here, and nobody's word."""
    event = bring(external(price=EUROS), currency="USD")
    assert (event["price"], is_price_known(event)) == ("0.00", False)
    return event


def is_price_known(event):
    return event["extensions"]["external_events"]["is_price_known"]


def fields_of(refused):
    return [error["field"] for error in refused.json["errors"]]


def test_a_price_that_was_dropped_is_nobodys_word(dropped, ines, api):
    path = f"/events/{dropped['id']}"

    assert fields_of(ines.patch(path, ON_SALE, status=400)) == ["price"]
    assert fields_of(ines.patch(path, {"is_bookable": True}, status=400)) == ["capacity", "price"]
    api.as_role("user").post("/bookings", {"event_id": dropped["id"]}, status=409)


@pytest.mark.parametrize("price", ["0", "12.00"])
def test_a_price_in_the_same_request_is_somebodys_word(dropped, ines, api, price):
    event = ines.patch(f"/events/{dropped['id']}", ON_SALE | {"price": price}).json

    assert (event["sales_state"], is_price_known(event)) == ("on_sale", True)
    api.as_role("user").post("/bookings", {"event_id": dropped["id"]}, status=201)


@pytest.mark.parametrize("price", ["0", "12.00"])
def test_a_price_that_was_said_before_is_somebodys_word(dropped, ines, price):
    path = f"/events/{dropped['id']}"
    ines.patch(path, {"price": price})

    assert ines.patch(path, ON_SALE).json["sales_state"] == "on_sale"


def test_a_price_of_a_ticket_type_is_somebodys_word(dropped, ines):
    path = f"/events/{dropped['id']}"
    [general] = dropped["ticket_types"]
    ines.post(f"{path}/ticket-types", {"name": "Balcony", "price": "20"}, status=201)
    ines.post(f"{path}/ticket-types", {"name": "Standing"}, status=201)
    assert fields_of(ines.patch(path, ON_SALE, status=400)) == ["price"]  # nobody has said what the first one costs

    ines.patch(f"{path}/ticket-types/{general['id']}", {"price": "0"})

    assert ines.patch(path, ON_SALE).json["sales_state"] == "on_sale"


def test_other_changes_say_no_price(dropped, ines):
    path = f"/events/{dropped['id']}"
    ines.patch(path, {"capacity": 7, "title": "Otherwise"})

    assert fields_of(ines.patch(path, {"is_bookable": True}, status=400)) == ["price"]


def test_what_its_source_sells_for_nothing_is_free(bring, external, ines):
    event = bring(external(price=PriceRange(Decimal(0), Decimal(0), "EUR")))

    assert ines.patch(f"/events/{event['id']}", ON_SALE).json["sales_state"] == "on_sale"


def test_a_price_that_was_said_to_be_nothing_stays(bring, external, ines, almanac):
    event = bring(external())
    ines.patch(f"/events/{event['id']}", {"price": "0"})
    almanac.put(external(price=EUROS))

    origin = ines.post(f"/events/{event['id']}/origin/refresh").json

    assert ines.get(f"/events/{event['id']}").json["price"] == "0.00"
    assert origin["differences"] == [{"field": "price", "here": "0.0000", "there": "83.0000"}]
    assert origin["fields"]["price"] == "here"


class TestWhatTheSourceSaysLater:
    @pytest.mark.parametrize(
        ("before", "after", "known"),
        [
            (None, EUROS, True),
            (None, PriceRange(Decimal(0), Decimal(0), "EUR"), True),
            (None, PriceRange(Decimal(83), Decimal(83), "USD"), False),
            (None, PriceRange(Decimal(0), Decimal(0), "USD"), False),
            (EUROS, None, True),
        ],
        ids=[
            "it says one",
            "it says nothing",
            "of something else",
            "nothing of something else",
            "it says none any more",
        ],
    )
    def test_a_price_is_known_once_it_was_taken_over(self, bring, external, ines, almanac, before, after, known):
        event = bring(external(price=before))
        almanac.put(external(price=after))

        origin = ines.post(f"/events/{event['id']}/origin/refresh").json

        assert origin["is_price_known"] is known
        assert is_price_known(ines.get(f"/events/{event['id']}").json) is known


class TestAdmin:
    @pytest.fixture
    def desk(self, browser, organizer):
        return browser.as_(organizer)

    @pytest.fixture
    def put_on_sale(self, desk, dropped):
        """Return what fills in the form of the event, and sends it."""

        def put_on_sale(status, price=None):
            form = desk.get(f"/admin/events/{dropped['id']}/edit").forms["form"]
            form["is_bookable"], form.fields["capacity"][0].value = True, "5"
            if price is not None:
                form["price"] = price
            return form.submit(status=status)

        return put_on_sale

    def test_a_form_that_says_no_price_is_refused(self, put_on_sale, dropped, ines):
        put_on_sale(400).mustcontain("say first what a place costs here", "It costs nothing here")
        assert ines.get(f"/events/{dropped['id']}").json["is_bookable"] is False

    def test_a_form_says_a_price(self, put_on_sale, dropped, ines):
        put_on_sale(303, "12.00")
        assert ines.get(f"/events/{dropped['id']}").json["sales_state"] == "on_sale"

    def test_that_it_costs_nothing_is_said_by_a_button(self, desk, put_on_sale, dropped, ines, browser):
        path = f"/admin/imported-events/{dropped['id']}"
        browser.as_role("organizer").post(f"{path}/say-free", status=403)
        page = desk.get(path)
        form = next(form for form in page.forms.values() if form.action.endswith("/say-free"))
        form.submit(status=303).follow().mustcontain("It costs nothing here, and can be put on sale.", no="say-free")
        put_on_sale(303)
        assert ines.get(f"/events/{dropped['id']}").json["sales_state"] == "on_sale"


class TestSheets:
    @pytest.fixture
    def upload(self, ines):
        """Return what uploads a sheet of one event, and gives what importing it would bring."""

        def upload(price):
            content = SHEET.format(price).encode()
            said = ines.post("/external-events/uploads", content, headers={"Content-Type": "text/csv"}, status=201).json
            return ines.get(f"/external-events/uploads/{said['id']}", timezone="Europe/Lisbon").json

        return upload

    def test_places_without_a_price_are_refused_before_anything_is_imported(self, upload):
        shown = upload("")

        assert (shown["count"], shown["refused"]) == (0, 1)
        assert "no price; write 0 where it costs nothing" in shown["refusals"][0]["reason"]

    def test_what_costs_nothing_says_so(self, upload, ines, outbox):
        shown = upload("0")
        ines.post(f"/external-events/uploads/{shown['id']}/import", {"timezone": "Europe/Lisbon"}, status=202)
        outbox.run()

        [event] = ines.get("/events").json["results"]
        assert (event["sales_state"], event["price"], is_price_known(event)) == ("on_sale", "0.00", True)
