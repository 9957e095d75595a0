"""What can go wrong with places."""

from turnout.errors import Conflict


class SoldOut(Conflict):
    """There are not so many places left."""

    code = "sold_out"
    title = "There are not enough places left"


class CapacityBelowTaken(Conflict):
    """More places are taken than the new capacity has."""

    code = "capacity_below_taken"
    title = "More places are taken than that"
