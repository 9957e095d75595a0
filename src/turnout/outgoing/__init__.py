"""Calls to addresses that others have named: nobody can make this installation call what only it can reach (SSRF)."""

from turnout.outgoing.fetching import Fetched, Fetcher, Unfetchable

__all__ = ["Fetched", "Fetcher", "Unfetchable"]
