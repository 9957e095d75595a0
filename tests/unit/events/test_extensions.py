"""What plugins add to events: fields, both ways, and orderings."""

import pytest
from openapi_spec_validator import validate
from sqlalchemy import func, select

from turnout.events.models import Event

NEW = {
    "title": "Harbour lights",
    "starts_at": "2027-05-01T19:30:00+01:00",
    "ends_at": "2027-05-01T22:00:00+01:00",
}
STATEMENTS_OF_A_LIST = 4


@pytest.fixture
def plugins(probes):
    return probes


@pytest.fixture
def event(make, organizer):
    return make.event(organizer=organizer)


@pytest.fixture
def numbered(make, organizer, probe, session):
    """Make events with these numbers; None is an event without a row. Return their ids."""

    def numbered(*numbers):
        found = [make.event(organizer=organizer).id for _ in numbers]
        rows = [
            probe.Row(event_id=event_id, number=number)
            for event_id, number in zip(found, numbers, strict=True)
            if number is not None
        ]
        session.add_all(rows)
        session.flush()
        return found

    return numbered


def errors(answer):
    return {error["field"]: error["message"] for error in answer.json["errors"]}


def walked(api, **query):
    """Return the ids of a whole walk by cursors, in order."""
    found, page = [], api.get("/events", cursor="", page_size=3, **query).json
    while True:
        found += [event["id"] for event in page["results"]]
        if page["next"] is None:
            return found
        page = api.get(page["next"]).json


class TestReading:
    def test_details_and_lists_show_it(self, api, numbered):
        with_number, without = numbered(5, None)
        assert api.get(f"/events/{with_number}").json["extensions"] == {"probe": {"number": 5}}
        assert api.get(f"/events/{without}").json["extensions"] == {}
        shown = {event["id"]: event["extensions"] for event in api.get("/events").json["results"]}
        assert shown == {with_number: {"probe": {"number": 5}}, without: {}}

    @pytest.mark.parametrize("many", [1, 20, 100])
    def test_a_list_reads_it_once_however_long_it_is(self, api, numbered, probe, statements, many):
        numbered(*range(many))
        api.get("/events")
        probe.calls.clear()
        with statements() as sent:
            found = api.get("/events", page_size=100).json["results"]
        assert len(found) == many
        assert [name for name, *_ in probe.calls] == ["read"]
        assert len(probe.calls[0][1]) == many
        assert len(sent) == STATEMENTS_OF_A_LIST + 1, sent

    def test_an_empty_list_does_not_read_it(self, api, probe):
        api.get("/events")
        assert probe.calls == []

    def test_events_for_which_it_is_off_are_left_out(self, api, client, numbered, probe):
        on, off, loud = numbered(1, 2, 3)
        client.patch(f"/events/{off}", {"plugins": {"probe": False}})
        client.patch(f"/events/{loud}", {"plugins": {"quiet": True}})
        probe.calls.clear()
        shown = {event["id"]: event["extensions"] for event in api.get("/events").json["results"]}
        assert shown == {
            on: {"probe": {"number": 1}},
            off: {},
            loud: {"probe": {"number": 3}, "quiet": {"loud": False}},
        }
        assert [sorted(given) for _name, given in probe.calls] == [[on, loud]]

    def test_where_it_is_off_for_all_it_is_not_read(self, api, client, numbered, probe):
        (only,) = numbered(1)
        client.patch(f"/events/{only}", {"plugins": {"probe": False}})
        probe.calls.clear()
        api.get("/events")
        assert probe.calls == []

    def test_whoever_has_the_old_value_is_given_the_new_one(self, api, numbered, session, probe):
        (only,) = numbered(1)
        before = api.get(f"/events/{only}").headers["ETag"]
        session.get(probe.Row, only).number = 2
        session.flush()
        assert api.get(f"/events/{only}", headers={"If-None-Match": before}, status=200).headers["ETag"] != before


class TestWriting:
    def test_post_put_and_patch_write_it(self, client, probe):
        made = client.post("/events", NEW | {"extensions": {"probe": {"number": 5}}}, status=201).json
        assert made["extensions"] == {"probe": {"number": 5}}
        path = f"/events/{made['id']}"
        assert client.patch(path, {"extensions": {"probe": {"number": 6}}}).json["extensions"] == {
            "probe": {"number": 6}
        }
        put = client.put(path, NEW | {"extensions": {"probe": {"number": 7, "word": "x"}}})
        assert put.json["extensions"] == {"probe": {"number": 7}}
        written = [given for name, *given in probe.calls if name == "write"]
        assert written == [
            [made["id"], {"number": 5, "word": ""}],
            [made["id"], {"number": 6, "word": ""}],
            [made["id"], {"number": 7, "word": "x"}],
        ]

    def test_who_does_not_name_it_leaves_it(self, client, event):
        path = f"/events/{event.id}"
        client.patch(path, {"extensions": {"probe": {"number": 5}}})
        assert client.patch(path, {"title": "Else"}).json["extensions"] == {"probe": {"number": 5}}
        assert client.put(path, NEW).json["extensions"] == {"probe": {"number": 5}}
        assert client.patch(path, {"extensions": {}}).json["extensions"] == {"probe": {"number": 5}}

    def test_it_is_a_change_with_a_version_of_its_own(self, client, event, clock):
        path = f"/events/{event.id}"
        before = client.get(path).headers["ETag"]
        clock.move(seconds=1)
        client.patch(path, {"extensions": {"probe": {"number": 5}}}, headers={"If-Match": before})
        client.patch(path, {"extensions": {"probe": {"number": 6}}}, headers={"If-Match": before}, status=412)

    @pytest.mark.parametrize(
        ("given", "wrong"),
        [
            ({"probe": {"number": "5"}}, {"extensions.probe.number": "must be a whole number"}),
            ({"probe": {"number": -1}}, {"extensions.probe.number": "must be at least 0"}),
            ({"probe": {"number": None}}, {"extensions.probe.number": "must not be null"}),
            ({"probe": {}}, {"extensions.probe.number": "is required"}),
            ({"probe": {"number": 5, "more": 1}}, {"extensions.probe.more": "is not known here"}),
            ({"probe": []}, {"extensions.probe": "must be an object"}),
            ({"probe": None}, {"extensions.probe": "must not be null"}),
            ({"quiet": {"loud": True}}, {"extensions.quiet": "is not known here"}),
            ({"nothing": {}}, {"extensions.nothing": "is not known here"}),
            (
                {"nothing": {}, "probe": {"number": 5000, "more": 1}},
                {
                    "extensions.nothing": "is not known here",
                    "extensions.probe.number": "must be at most 1000",
                    "extensions.probe.more": "is not known here",
                },
            ),
            ([], {"extensions": "must be an object"}),
            (None, {"extensions": "must not be null"}),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("method", ["post", "put", "patch"])
    def test_what_is_wrong_is_refused_at_its_field_and_changes_nothing(
        self, client, event, session, probe, method, given, wrong
    ):
        path, more = ("/events", NEW) if method == "post" else (f"/events/{event.id}", NEW if method == "put" else {})
        version = event.version
        answer = getattr(client, method)(path, more | {"extensions": given}, status=400)
        assert errors(answer) == wrong
        assert "write" not in [name for name, *_ in probe.calls]
        assert session.scalars(select(Event.version)).all() == [version]

    @pytest.mark.parametrize("body", [{"extensions": {"nothing": {}}}, {"plugins": {"nothing": True}}])
    def test_what_is_wrong_is_said_before_that_it_has_changed_meanwhile(self, client, event, body):
        client.patch(f"/events/{event.id}", body, headers={"If-Match": '"999-00000000"'}, status=400)

    def test_where_it_is_off_nothing_is_written(self, client, event, probe):
        path = f"/events/{event.id}"
        client.patch(path, {"plugins": {"probe": False}})
        answer = client.patch(path, {"extensions": {"probe": {"number": 5}}}, status=400)
        assert errors(answer) == {"extensions.probe": "is switched off for this event"}
        both = {"plugins": {"probe": False}, "extensions": {"probe": {"number": 5}}}
        assert errors(client.post("/events", NEW | both, status=400)) == errors(answer)
        assert "write" not in [name for name, *_ in probe.calls]
        on = client.patch(path, {"plugins": {"probe": True}, "extensions": {"probe": {"number": 5}}}).json
        assert on["extensions"] == {"probe": {"number": 5}}

    @pytest.mark.parametrize("method", ["post", "patch"])
    def test_a_write_that_fails_undoes_the_event(self, client, event, session, probe, method):
        def fail(*_given):
            raise RuntimeError("the probe broke")

        probe.doing["write"] = fail
        path, more = ("/events", NEW) if method == "post" else (f"/events/{event.id}", {"title": "Else"})
        getattr(client, method)(path, more | {"extensions": {"probe": {"number": 5}}}, status=500)
        assert session.scalar(select(func.count()).select_from(probe.Row)) == 0
        assert session.scalars(select(Event.title)).all() == [event.title]

    def test_one_that_refuses_says_why(self, client, event, session, probe):
        from turnout.errors import Invalid

        def refuse(*_given):
            raise Invalid({"extensions.probe.number": "is taken"})

        probe.doing["write"] = refuse
        answer = client.patch(
            f"/events/{event.id}", {"title": "Else", "extensions": {"probe": {"number": 5}}}, status=400
        )
        assert errors(answer) == {"extensions.probe.number": "is taken"}
        assert session.get(Event, event.id).title != "Else"

    def test_others_may_not(self, api, make, event, probe):
        body = {"extensions": {"probe": {"number": 5}}}
        api.patch(f"/events/{event.id}", body, status=401)
        api.as_(make.organizer()).patch(f"/events/{event.id}", body, status=403)
        assert "write" not in [name for name, *_ in probe.calls]


class TestOrdering:
    NUMBERS = (5, 1, 5, None, 9, 5, 0, 1, 5, None, 3)

    def expected(self, ids, *, descending):
        rows = [(number, event_id) for number, event_id in zip(self.NUMBERS, ids, strict=True) if number is not None]
        return [event_id for _, event_id in sorted(rows, reverse=descending)]

    @pytest.mark.parametrize("sign", ["", "-"])
    def test_both_ways_by_pages(self, api, numbered, sign):
        ids = numbered(*self.NUMBERS)
        found = []
        for page in (1, 2, 3, 4):
            answer = api.get("/events", ordering=f"{sign}number", page_size=3, page=page).json
            found += [event["id"] for event in answer["results"]]
            assert answer["count"] == 9
        assert found == self.expected(ids, descending=sign == "-")

    @pytest.mark.parametrize("sign", ["", "-"])
    def test_a_walk_by_cursors_meets_each_once(self, api, numbered, sign):
        ids = numbered(*self.NUMBERS)
        assert walked(api, ordering=f"{sign}number") == self.expected(ids, descending=sign == "-")

    def test_a_long_walk_is_complete(self, api, numbered):
        ids = numbered(*[number % 4 for number in range(60)])
        found = walked(api, ordering="-number")
        assert len(found) == 60
        assert set(found) == set(ids)

    def test_events_for_which_the_plugin_is_off_are_not_in_the_list(self, api, numbered, session):
        first, second, third = numbered(1, 2, 3)
        session.get(Event, second).switches = {"probe": False, "quiet": True}
        session.get(Event, third).switches = {"probe": True}
        session.flush()
        found = api.get("/events", ordering="-number").json
        assert [event["id"] for event in found["results"]] == [third, first]
        assert found["count"] == 2

    def test_a_cursor_of_another_ordering_is_refused(self, api, numbered):
        numbered(*self.NUMBERS)
        cursor = api.get("/events", cursor="", page_size=3, ordering="number").json["next"]
        api.get(cursor.replace("ordering=number", "ordering=-number"), status=400)
        api.get(cursor.replace("ordering=number", "ordering=starts_at"), status=400)

    def test_it_goes_with_filters(self, api, client, numbered):
        _first, second, _third = numbered(1, 2, 3)
        client.patch(f"/events/{second}", {"title": "Xylophones"})
        found = api.get("/events", ordering="-number", search="xylophones").json["results"]
        assert [event["id"] for event in found] == [second]

    @pytest.mark.parametrize("ordering", ["numbers", "--number", "number-", "probe", "probe.number", "-", "loud"])
    def test_others_are_refused_with_all_that_there_are(self, api, ordering):
        answer = api.get("/events", ordering=ordering, status=400)
        known = "starts_at, -starts_at, created_at, -created_at, title, -title, price, -price, number, -number"
        assert errors(answer) == {"ordering": f"must be one of: {known}"}

    def test_it_reads_as_few_statements_as_any_other(self, api, numbered, statements):
        numbered(*self.NUMBERS)
        with statements() as sent:
            api.get("/events", ordering="number")
        assert len(sent) == STATEMENTS_OF_A_LIST + 1, sent


class TestOpenAPI:
    @pytest.fixture
    def document(self, api):
        return api.get("/openapi.json").json

    def test_it_is_valid(self, document):
        validate(document)

    def test_extensions_are_described_as_they_are_shown(self, document):
        schemas = document["components"]["schemas"]
        shown = schemas["EventView"]["properties"]["extensions"]
        assert shown["properties"] == {
            "probe": {"$ref": "#/components/schemas/NumberView"},
            "quiet": {"$ref": "#/components/schemas/LoudView"},
        }
        assert schemas["NumberView"]["properties"]["number"]["type"] == "integer"

    def test_and_as_they_are_written(self, document):
        schemas = document["components"]["schemas"]
        for name in ("NewEvent", "EventUpdate", "EventUpdatePatch"):
            taken = schemas[name]["properties"]["extensions"]
            assert taken["properties"] == {"probe": {"$ref": "#/components/schemas/NumberInput"}}
            assert taken["additionalProperties"] is False

    def test_orderings_are_all_there(self, document):
        parameters = {entry.get("name"): entry for entry in document["paths"]["/events"]["get"]["parameters"]}
        assert parameters["ordering"]["schema"] == {
            "type": "string",
            "enum": [
                *("starts_at", "-starts_at", "created_at", "-created_at"),
                *("title", "-title", "price", "-price", "number", "-number"),
            ],
            "default": "starts_at",
        }


class TestWithoutPlugins:
    @pytest.fixture
    def plugins(self):
        return ""

    def test_nothing_is_shown_or_taken(self, client, event):
        shown = client.get(f"/events/{event.id}").json
        assert (shown["plugins"], shown["extensions"]) == ({}, {})
        path = f"/events/{event.id}"
        assert client.patch(path, {"plugins": {}, "extensions": {}}).json["extensions"] == {}
        answer = client.patch(path, {"plugins": {"probe": True}}, status=400)
        assert errors(answer) == {"plugins.probe": "cannot be switched by event; these can: none"}
        answer = client.patch(path, {"extensions": {"probe": {}}}, status=400)
        assert errors(answer) == {"extensions.probe": "is not known here"}
        client.get("/events", ordering="number", status=400)

    @pytest.mark.parametrize("many", [1, 20])
    def test_lists_read_as_much_as_ever(self, api, make, organizer, statements, many):
        for _ in range(many):
            make.event(organizer=organizer)
        with statements() as sent:
            api.get("/events", page_size=100)
        assert len(sent) == STATEMENTS_OF_A_LIST, sent

    def test_the_document_is_valid(self, api):
        document = api.get("/openapi.json").json
        validate(document)
        assert "number" not in str(document["paths"]["/events"]["get"]["parameters"])
