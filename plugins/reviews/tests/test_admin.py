"""Reviews in the admin UI."""

import re

import pytest
from turnout.audit.services import AuditLog, Origin
from turnout.plugin import Paging


@pytest.fixture
def moderator(browser):
    return browser.as_role("staff")


def path_of(review):
    return f"/admin/reviews/{review['id']}"


def test_staff_find_all_reviews(moderator, review, ada, attend, event):
    review(ada, 5, "The best <b>evening</b> of the year.")
    review(attend(), 2, "x" * 300)
    page = moderator.get("/admin/reviews")
    page.mustcontain("Ada L.", "&lt;b&gt;evening", "Fado night", "x" * 200 + "…", no="x" * 201)
    for query, found in {
        f"event={event.id}": 2, "event=999999": 0, "status=published": 2, "status=reported": 0, "rating=2": 1, "rating=4": 0,
        "rating=9": 2,
    }.items():  # fmt: skip
        assert len(re.findall(r'href="/admin/reviews/\d+"', moderator.get(f"/admin/reviews?{query}").text)) == found, (
            query
        )


def test_it_is_for_staff(browser, organizer, reported):
    for who, status in ((browser, 302), (browser.as_role("user"), 403), (browser.as_(organizer), 403)):
        for path in ("/admin/reviews", path_of(reported), f"{path_of(reported)}/hide"):
            who.get(path, status=status)
        for name in ("restore", "hide", "delete"):
            who.post(f"{path_of(reported)}/{name}", {"reason": "No."}, status=status)


def test_what_was_reported_is_restored(moderator, reported, rating, session, clock):
    page = moderator.get(path_of(reported))
    page.mustcontain("What a fraud!", "It insults the band.", "reported")
    form = next(form for form in page.forms.values() if form.action.endswith("/restore"))
    assert rating() == (None, 0)
    form.submit(status=303).follow().mustcontain("Everybody sees it again.", no="/restore")
    assert rating() == ("1.00", 1)
    [entry] = AuditLog(session, clock, Origin("")).find({"subject": "reviews"}, Paging()).rows
    assert (entry.AuditEntry.action, entry.AuditEntry.before, entry.AuditEntry.after) == (
        "restore", {"status": "reported"}, {"status": "published"},
    )  # fmt: skip
    moderator.post(f"{path_of(reported)}/restore", status=409)


def test_what_somebody_else_has_changed_is_not_decided_about(moderator, reported, ada):
    form = next(form for form in moderator.get(path_of(reported)).forms.values() if form.action.endswith("/restore"))
    ada.patch(f"/reviews/{reported['id']}", {"comment": "What a fraud, all of them!"})
    form.submit(status=412)
    moderator.get(path_of(reported)).mustcontain("all of them!", "/restore")


def test_staff_hide_a_review_also_again(moderator, review, ada, rating):
    made = review(ada, 4)
    for reason in ("It names a guest.", "It still does."):
        form = moderator.get(f"{path_of(made)}/hide").forms["form"]
        form["reason"] = reason
        form.submit(status=303).follow().mustcontain("Only its author and staff see it now.", reason)
        assert rating() == (None, 0)
        moderator.post(f"{path_of(made)}/hide", {"reason": "Twice"}, status=409)
        moderator.post(f"{path_of(made)}/restore", status=303)
        assert rating() == ("4.00", 1)


def test_hiding_needs_a_reason(moderator, review, ada, rating):
    made = review(ada, 4)
    page = moderator.get(f"{path_of(made)}/hide").forms["form"].submit(status=400)
    page.mustcontain("is required", "aria-describedby")
    assert rating() == ("4.00", 1)


def test_deleting_needs_a_word(moderator, reported, api):
    path = f"{path_of(reported)}/delete"
    form = moderator.get(path).forms["form"]
    form["confirmation"] = "yes"
    form.submit(status=400).mustcontain("type exactly")
    form["confirmation"] = "Ada L. on Fado night"
    form.submit(status=303)
    moderator.get(path_of(reported), status=404)
    moderator.post(path, {"csrf_token": ""}, status=400)


def test_an_event_shows_how_it_is_rated(browser, moderator, organizer, event, review, ada, attend):
    page = f"/admin/events/{event.id}"
    moderator.get(page).mustcontain("Guests can review it after its end.")
    reviews = [review(ada, 5, "Grand"), *(review(attend(), 4) for _ in range(3))]
    moderator.get(page).mustcontain(
        "4.25 of 5", "All reviews", f"/admin/reviews?event={event.id}", no=path_of(reviews[0])
    )
    own = browser.as_(organizer).get(page)
    own.mustcontain("4.25 of 5", no="/admin/reviews")


def test_an_event_for_which_reviews_are_off_does_not(moderator, event, session):
    event.switches = {"reviews": False}
    session.commit()
    moderator.get(f"/admin/events/{event.id}").mustcontain("Fado night", no="Guests can review it")


def test_the_dashboard_tells_what_to_decide(moderator, review, ada, api, make):
    made = review(ada)
    moderator.get("/admin").mustcontain("Dashboard", no="reported")
    api.as_(make.user()).post(f"/reviews/{made['id']}/report", {"reason": "It insults the band."})
    moderator.get("/admin").mustcontain("A review was reported, and is hidden", "/admin/reviews?status=reported")


def test_statements_do_not_grow(moderator, review, attend, event, statements, ada):
    def sent():
        with statements() as seen:
            moderator.get("/admin/reviews")
        return len(seen)

    review(ada)
    few = sent()
    for _ in range(5):
        review(attend())
    assert sent() == few
