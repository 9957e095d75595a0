"""Reading pages of the admin UI."""


def error_at(page, title):
    """Return what is said at the field with this title, where it is tied to its control and announced."""
    label = next(label for label in page.html.find_all("label") if label.get_text(strip=True) == title)
    control = page.html.find(id=label["for"])
    message = page.html.find(id=f"{label['for']}-error")
    assert control["aria-invalid"] == "true"
    assert message["role"] == "alert"
    assert message["id"] in control["aria-describedby"].split()
    return message.get_text(strip=True)


def rows_of(page):
    """Return the words of the first cell of each row of a list."""
    body = page.html.find(id="results").find("tbody")
    return [] if body is None else [row.find("a").get_text(strip=True) for row in body.find_all("tr")]


def panel(page, title):
    """Return the words of a panel; None if it is not there."""
    headings = page.html.select("section h2.card-title")
    heading = next((found for found in headings if found.get_text(strip=True) == title), None)
    return None if heading is None else heading.find_parent("section").get_text(" ", strip=True)


def buttons(page):
    """Return what is written on the buttons above a page."""
    heading = page.html.find("h1").parent.parent
    return {
        found.get_text(strip=True) for found in heading.find_all(["a", "button"]) if "btn" in found.get("class", ())
    }
