"""What sources say, made such that it can be kept."""

import time
from datetime import UTC, date, datetime

import pytest

from turnout_external_events.sources import ExternalEvent, Malformed
from turnout_external_events.sources.checking import DESCRIPTION, LONGEST_READ, MOST_TAGS, check, plain


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("<p>One</p><p>Two<br/>Three</p>", "One\nTwo\nThree"),
        ("<ul><li>One</li><li class='a'>Two</li></ul>", "- One\n\n- Two"),
        ("<b title='a > b'>Fado</b> <script>alert(1)</script>night", "Fado night"),
        ("<BR class=a>Fado< br >night", "Fado\nnight"),
        ("Tom &amp; Jerry &hellip; &#128512;", "Tom & Jerry … \U0001f600"),
        ("a < b & c > d", "a < b & c > d"),
        ("a < b &amp; 5 <3", "a < b & 5 <3"),
        ("&lt;b&gt;bold&lt;/b&gt;", "<b>bold</b>"),
        ("one\r\n\r\n\r\n\r\ntwo\x00", "one\n\ntwo"),
    ],
)
def test_html_is_read_as_text(written, text):
    assert plain(written) == text


HOSTILE = {
    "breaks": "<br" * 300_000,
    "breaks with spaces": "<br " * 300_000,
    "comments": "<!--" * 300_000,
    "divisions": "<div>" * 300_000,
    "ends": "</p>" * 300_000,
    "entities": "&#" * 300_000,
    "items": "<li" * 300_000,
    "letters in letters": "".join(f"<b x={number}><p>" for number in range(60_000)),
    "lines": "<br>" * 300_000,
    "long entity": "&#" + "1" * 1_000_000 + ";",
    "spaces": "<" + " " * 1_000_000,
    "tags": "<" * 1_000_000,
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_no_text_takes_long(name):
    began = time.monotonic()
    plain(HOSTILE[name])
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("tag", ["<br", "<li"])
def test_tags_without_an_end_are_not_looked_for_to_the_end(tag):
    written = tag * (MOST_TAGS - 10) + "x" * LONGEST_READ
    began = time.monotonic()
    for _ in range(20):
        plain(written)
    assert time.monotonic() - began < 0.8


def test_texts_are_read_so_far():
    assert plain("a" * (LONGEST_READ + 1)) == "a" * LONGEST_READ
    assert plain("<b>a</b>" * MOST_TAGS) == "a" * (MOST_TAGS // 2)
    long = "<p>" + "Fado &amp; more. " * DESCRIPTION
    assert len(check(ExternalEvent("1", "Fado", description=long)).description) in {DESCRIPTION, DESCRIPTION - 1}


@pytest.mark.parametrize(
    "when",
    [
        {"ends_at": datetime(9999, 12, 31, tzinfo=UTC)},
        {"ends_on": date(9999, 12, 31)},
        {"starts_at": datetime(1, 1, 1, tzinfo=UTC)},
        {"starts_on": date(2200, 1, 1)},
        {"starts_at": datetime(2027, 1, 1)},  # noqa: DTZ001 - that is what is wrong with it
    ],
    ids=["end", "last day", "begin", "day", "no zone"],
)
def test_times_that_are_none(when):
    with pytest.raises(Malformed):
        check(ExternalEvent("1", "Fado", **when))


def test_the_last_day_is_kept_where_the_first_is_known():
    days = {"starts_on": date(2027, 4, 10), "ends_on": date(2027, 4, 12)}
    assert check(ExternalEvent("1", "Fado", **days)).ends_on == date(2027, 4, 12)
    assert check(ExternalEvent("1", "Fado", **days, is_estimate=True)).ends_on is None
