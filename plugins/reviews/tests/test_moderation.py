"""Reports, and what staff decide."""

import pytest
from sqlalchemy import func, select

from turnout_reviews.models import Report

REASON = {"reason": "It insults the band."}


def test_a_reported_review_is_hidden_at_once(api, reported, attend, event):
    path = f"/reviews/{reported['id']}"

    for client in (api, attend()):
        assert client.get(path, status=404).json["code"] == "not_found"
        assert client.get(f"/events/{event.id}/reviews").json["count"] == 0


def test_its_author_and_staff_still_see_it(reported, ada, staff, event):
    for client in (ada, staff):
        assert client.get(f"/reviews/{reported['id']}").json == reported | {"status": "reported"}
        assert client.get(f"/events/{event.id}/reviews").json["results"] == [reported | {"status": "reported"}]


def test_the_organizer_does_not(api, reported, organizer, event):
    assert api.as_(organizer).get(f"/events/{event.id}/reviews").json["count"] == 0
    api.as_(organizer).get(f"/reviews/{reported['id']}", status=404)
    api.as_(organizer).delete(f"/reviews/{reported['id']}", status=404)
    api.as_(organizer).patch(f"/reviews/{reported['id']}", {"rating": 5}, status=404)


def test_any_user_reports_but_the_author(api, ada, organizer, make, review):
    path = f"/reviews/{review(ada)['id']}/report"

    assert ada.post(path, REASON, status=403).json["code"] == "forbidden"
    assert api.post(path, REASON, status=401).json["code"] == "unauthenticated"
    assert api.as_(organizer).post(path, REASON, status=204).body == b""


def test_reporting_again_is_nothing_new(api, ada, make, review, staff, session):
    made = review(ada)
    user = api.as_(make.user())
    for reason in ("It insults the band.", "It really does."):
        user.post(f"/reviews/{made['id']}/report", {"reason": reason}, status=204)

    (entry,) = staff.get("/reviews").json["results"]
    assert [report["reason"] for report in entry["reports"]] == ["It insults the band."]
    assert session.scalar(select(func.count()).select_from(Report)) == 1


def test_what_one_cannot_see_one_cannot_report(api, reported, make, staff):
    assert (
        api.as_(make.user()).post(f"/reviews/{reported['id']}/report", REASON, status=404).json["code"] == "not_found"
    )
    assert api.as_(make.user()).post("/reviews/999999/report", REASON, status=404).json["code"] == "not_found"
    staff.post(f"/reviews/{reported['id']}/report", REASON, status=204)


def test_staff_find_what_was_reported_and_why(reported, staff, review, attend, clock):
    review(attend())

    found = staff.get("/reviews", status="reported").json

    report = {"reason": "It insults the band.", "created_at": reported["created_at"]}
    assert found["results"] == [reported | {"status": "reported", "reports": [report]}]
    assert staff.get("/reviews").json == found
    assert staff.get("/reviews", status="published", ordering="created_at").json["count"] == 1


def test_only_staff_do(api, reported, ada, organizer):
    assert api.request("GET", "/reviews", status=401).json["code"] == "unauthenticated"
    for client in (ada, api.as_(organizer)):
        assert client.request("GET", "/reviews", status=403).json["code"] == "forbidden"
        assert client.post(f"/reviews/{reported['id']}/restore", status=403).json["code"] == "forbidden"


def test_what_staff_restore_is_shown_again(api, reported, staff, event):
    for _ in range(2):
        assert staff.post(f"/reviews/{reported['id']}/restore").json == reported

    assert api.get(f"/reviews/{reported['id']}").json == reported
    assert api.get(f"/events/{event.id}/reviews").json["results"] == [reported]
    assert staff.get("/reviews").json["count"] == 0
    staff.post("/reviews/999999/restore", status=404)


def test_of_what_staff_have_restored_the_same_person_hides_nothing_and_another_does(api, ada, review, make, staff):
    path = f"/reviews/{review(ada)['id']}"
    first, second = api.as_(make.user()), api.as_(make.user())
    first.post(f"{path}/report", REASON)
    staff.post(f"{path}/restore")

    first.post(f"{path}/report", REASON, status=204)
    assert api.get(path).json["status"] == "published"
    second.post(f"{path}/report", REASON, status=204)
    api.get(path, status=404)


@pytest.fixture
def reported_again(api, ada, make, review, staff, clock):
    """Return what lets somebody report a review, staff restore it and the same person report it again.

    Ada changes it after the step that is `changed`; a minute is between all steps. The path of the review is returned.
    """

    def reported_again(*, changed):
        path, user = f"/reviews/{review(ada)['id']}", api.as_(make.user())
        for step in ("written", "reported", "restored", "reported again"):
            if step == "restored":
                staff.post(f"{path}/restore")
            elif step != "written":
                user.post(f"{path}/report", {"reason": f"It insults the band, {step}."}, status=204)
            clock.move(minutes=1)
            if step == changed:
                ada.patch(path, {"comment": "Something worse."})
                clock.move(minutes=1)
        return path

    return reported_again


@pytest.mark.parametrize("changed", ["reported", "restored"])
def test_what_was_changed_since_the_same_person_hides_again(api, reported_again, changed, staff, rating, clock):
    path = reported_again(changed=changed)
    at = clock.move(minutes=-1)

    api.get(path, status=404)
    assert rating() == (None, 0)
    (entry,) = staff.get("/reviews").json["results"]
    assert entry["reports"] == [
        {"reason": "It insults the band, reported again.", "created_at": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
    ]


@pytest.mark.parametrize("changed", [None, "written"])
def test_what_was_changed_before_or_never_they_do_not(api, reported_again, changed, staff, rating):
    path = reported_again(changed=changed)

    assert api.get(path).json["status"] == "published"
    assert rating() == ("5.00", 1)
    (entry,) = staff.get("/reviews", status="published").json["results"]
    assert [report["reason"] for report in entry["reports"]] == ["It insults the band, reported."]


def test_what_is_hidden_when_it_is_changed_is_reported_already(api, ada, make, review, staff, clock):
    path, user = f"/reviews/{review(ada)['id']}", api.as_(make.user())
    user.post(f"{path}/report", REASON, status=204)
    clock.move(minutes=1)
    ada.patch(path, {"comment": "Something worse."})

    user.post(f"{path}/report", {"reason": "Now it does."}, status=204)

    (entry,) = staff.get("/reviews").json["results"]
    assert [report["reason"] for report in entry["reports"]] == [REASON["reason"]]


def test_staff_restore_what_they_have_seen(staff, reported, ada):
    path = f"/reviews/{reported['id']}"
    tag = staff.get(path).headers["ETag"]
    ada.patch(path, {"comment": "Something else entirely."})

    assert staff.post(f"{path}/restore", headers={"If-Match": tag}, status=412).json["code"] == "version_mismatch"


@pytest.mark.parametrize("query", ["status=hidden", "ordering=rating", "event=1"])
def test_bad_parameters(staff, query):
    assert staff.request("GET", f"/reviews?{query}", status=400).json["code"] == "validation_failed"
