"""The fixtures of `turnout.testing`, as any plugin's tests use them."""

pytest_plugins = ["turnout.testing.fixtures"]
