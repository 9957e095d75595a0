"""A window of the browser, and what goes wrong in it: errors, violations of the policy, files that are missing."""

from pathlib import Path

HERE = Path(__file__).parent
AXE = (HERE / "vendor" / "axe-core-4.14.1" / "axe.min.js").read_text("utf-8")
IMAGES = HERE.parents[1] / "docs" / "images" / "pages"
"""Screenshots of every page; those that the docs show are copied from here."""
SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


class Visitor:
    """Somebody with a browser."""

    def __init__(self, context):
        self.context = context
        self.troubles = []
        self.expected = []
        """Statuses of pages that are meant to be refused."""
        context.add_init_script(SHIFTS)
        context.on("weberror", lambda error: self.troubles.append(f"error in a script: {error.error}"))
        context.on("console", self._heard)
        context.on("response", self._answered)
        self.page = context.new_page()

    def _heard(self, message):
        if message.type in {"error", "warning"} and not any(
            f"status of {status}" in message.text for status in self.expected
        ):
            self.troubles.append(f"{message.type} on {self.page.url}: {message.text}")

    def _answered(self, response):
        if response.status >= 400 and response.status not in self.expected:
            self.troubles.append(f"{response.status} for {response.url}")

    def expect(self, *statuses):
        """Take these statuses for what they should be."""
        self.expected += statuses

    def sign_in(self, username, password):
        self.page.goto("/admin/sign-in")
        self.page.get_by_label("Username or email").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/admin")

    def go(self, path):
        self.page.goto(path)
        return self.page

    def check(self):
        """Return what axe finds on the page as it is now, all its rules asked."""
        self.page.evaluate(AXE)
        found = self.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{self.page.url}: {one['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
            for one in found["violations"]
            for node in one["nodes"]
        ]

    def shifted(self):
        """Return how much has moved since the page began to show (Cumulative Layout Shift)."""
        return self.page.evaluate("() => window.shifted")

    def picture(self, name):
        IMAGES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=IMAGES / f"{name}.png")
