"""What browsers send that no page of ours would: files for text, far too much, what is there twice."""

import time

import pytest

from turnout.admin.forms.form import MARKERS, MOST_CONTROLS

EVERYWHERE = ("__start__", "__end__", "add", "remove", "confirmation", "version", "csrf_token", "next", "ids")


@pytest.mark.parametrize(
    "path",
    [
        "/admin/events/new", "/admin/events/{event}/edit", "/admin/events/{event}/copy", "/admin/events/{event}/cancel",
        "/admin/bookings/new", "/admin/sign-in", "/admin/theme", "/admin/things/new",
    ],
)  # fmt: skip
def test_a_file_in_any_control_s_place_breaks_nothing(browser, staff, make, path):
    path = path.format(event=make.event().id)
    visitor = browser if path == "/admin/sign-in" else staff
    fields = []
    if path != "/admin/theme":  # no page of its own
        fields = next(form for form in visitor.get(path).forms.values() if form.action == path).submit_fields()
    names = dict.fromkeys([*EVERYWHERE, "theme", "login", "password", *(name for name, _ in fields)])
    for name in names:
        sent = [
            (other, value) for other, value in fields if isinstance(value, str) and (other != name or name in MARKERS)
        ]
        answer = visitor.post(path, sent, files=[(name, "a.txt", b"abc")], status="*")
        assert answer.status_int < 500, (name, answer.text)


@pytest.mark.parametrize("typed", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00", "0001-01-01 00:00"])
def test_a_moment_beyond_all_calendars_is_shown_as_it_was_typed(staff, things, typed):
    page = staff.post("/admin/things/new", {"timezone": "Europe/Berlin", "starts_at": typed}, status=400)
    assert page.forms["form"]["starts_at"].value == typed.replace(" ", "T")
    assert things == {}


def test_a_list_that_is_far_too_long_is_refused_quickly(staff, things):
    part = [("__start__", "part:mapping"), ("name", "x"), ("__end__", "part:mapping")]
    sent = [("__start__", "parts:sequence"), *part * 3_000, ("__end__", "parts:sequence")]
    began = time.monotonic()
    page = staff.post("/admin/things/new", sent, status=400)
    assert "Parts must have at most 3 entries" in page.html.find(attrs={"data-focus": True}).get_text(" ")
    assert len(page.html.select("[data-item]")) == 4
    assert len(staff.post("/admin/things/new", [*sent, ("add", "parts")]).html.select("[data-item]")) == 5
    page = staff.post("/admin/things/new", {"labels": "x\n" * 200_000}, status=400)
    assert "Labels must have at most 3 entries" in page.html.find(attrs={"data-focus": True}).get_text(" ")
    assert time.monotonic() - began < 3
    assert things == {}


@pytest.mark.parametrize("more", [(), (("add", "parts"),)])
def test_more_fields_than_any_form_has_are_refused(staff, things, more):
    page = staff.post("/admin/things/new", [*[("name", "x")] * MOST_CONTROLS, *more], status=400)
    assert "More than 10,000 fields were sent." in page.html.find(attrs={"data-focus": True}).get_text()
    assert things == {}
