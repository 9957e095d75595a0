"""How fast Turnout is, measured: ``python -m benchmarks`` (or ``make bench``) writes `results.md`."""
