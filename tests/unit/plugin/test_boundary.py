"""The switch of an event: while a plugin is off for it, nothing of the plugin is there for it."""

import pytest

SUBSCRIBERS = {"join", "join_dotted", "join_object", "join_method", "join_partly"}


@pytest.fixture
def plugins(probes):
    return probes


@pytest.fixture
def outbox(outbox, probe):
    """Background work, with what is periodic done."""
    outbox.run()
    probe.calls.clear()
    return outbox


def names(probe):
    return [name for name, *_ in probe.calls]


@pytest.mark.parametrize("path", ["/events/{}/probe", "/probe/by-event/{}", "/probe/rows/{}"])
def test_paths(api, event, switch, path):
    api.get(path.format(event.id))
    switch(probe=False)
    problem = api.get(path.format(event.id), status=404).json
    assert (problem["code"], problem["title"]) == ("switched_off", "It is switched off for this event")
    assert problem["detail"] == "Probe: switched off for this event."
    switch(probe=True)
    api.get(path.format(event.id))


def test_every_method_of_a_path_and_for_everybody(api, make, event, switch, probe):
    switch(probe=False)
    for client in (api.as_(make.user()), api.as_(make.staff())):
        client.get(f"/events/{event.id}/probe", status=404)
        client.put(f"/events/{event.id}/probe", {"number": 5}, status=404)
    assert probe.calls == []


def test_who_may_not_is_told_that_first(api, event, switch):
    switch(probe=False)
    api.put(f"/events/{event.id}/probe", {"number": 5}, status=401)


def test_what_is_about_no_event_or_another_is_there(api, make, switch):
    switch(probe=False)
    assert api.get("/probe").json == {"number": 4}
    api.get(f"/events/{make.event().id}/probe")


def test_an_event_that_is_not_there_is_for_the_plugin_to_miss(api, probe):
    api.get("/events/999999/probe")
    api.get("/events/999999/quiet")
    assert names(probe) == ["view"]


def test_off_by_default(api, event, switch, book, outbox, quiet):
    api.get(f"/events/{event.id}/quiet", status=404)
    book()
    outbox.run()
    assert quiet.calls == []
    switch(quiet=True)
    api.get(f"/events/{event.id}/quiet")
    book()
    outbox.run()
    assert quiet.calls == ["hear"]


def test_subscribers_however_they_are_given(probe, switch, book):
    book()
    assert set(names(probe)) == SUBSCRIBERS
    assert len(probe.calls) == len(SUBSCRIBERS)
    probe.calls.clear()
    switch(probe=False)
    book(quantity=3)
    assert probe.calls == []


def test_subscribers_with_predicates(probe, book):
    book(quantity=3)
    assert set(names(probe)) == {*SUBSCRIBERS, "join_many"}


def test_listeners_by_how_it_is_when_they_are_run(probe, switch, book, outbox):
    book()
    switch(probe=False)
    probe.calls.clear()
    outbox.run()
    assert (probe.calls, outbox.waiting, outbox.dead) == ([], [], [])
    book()
    switch(probe=True)
    outbox.run()
    assert names(probe) == ["hear"]


def test_tasks(probe, event, make, switch, put, outbox):
    switch(probe=False)
    other = make.event().id
    for event_id in (event.id, other, None, 999_999):
        put(probe.work, {"event_id": event_id})
    outbox.run()
    assert [given[0] for _name, *given in probe.calls] == [other, None, 999_999]
    assert (outbox.waiting, outbox.dead) == ([], [])


def test_of_a_batch_those_that_are_on(probe, event, make, switch, put, outbox):
    switch(probe=False)
    other = make.event().id
    for event_id in (other, event.id, other, None):
        put(probe.work_many, {"event_id": event_id}, stream="one")
    outbox.run()
    assert probe.calls == [("work_many", [other, other, None])]


def test_a_batch_of_none_is_done_without_a_call(probe, event, switch, put, outbox):
    switch(probe=False)
    for _ in range(2):
        put(probe.work_many, {"event_id": event.id}, stream="one")
    outbox.run()
    assert (probe.calls, outbox.waiting, outbox.dead) == ([], [], [])


def test_work_in_batches_must_say_which_event_it_is_about(probe, put):
    with pytest.raises(ValueError, match=r"probe is switched by event: give turnout_probe.work_many an event_id"):
        put(probe.work_many, {"number": 5})


def test_one_question_to_the_database_for_each_event_of_a_request(book, statements):
    book()
    with statements() as sent:
        book()
    assert len([text for text in sent if "events.switches" in text]) == 1


def test_what_webhooks_are_told(probe, event, switch, tell):
    assert tell("probe.confirmed").data == {"event_id": event.id}
    switch(probe=False)
    assert tell("probe.confirmed") is None
    assert names(probe) == ["represent"]


def test_of_a_plugin_that_is_gone_webhooks_are_told_nothing(tell):
    assert tell("gone.confirmed") is None
