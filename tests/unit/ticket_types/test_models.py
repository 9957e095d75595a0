import pytest
from sqlalchemy.exc import IntegrityError


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": -1},
        {"min_per_booking": 0},
        {"min_per_booking": 3, "max_per_booking": 2},
        {"event_id": 999},
        {"pool_id": 999},
        {"name": "Other"},
    ],
    ids="&".join,
)
def test_the_database_itself_refuses_what_cannot_be(make, session, wrong):
    event = make.event()
    make.ticket_type(event, name="Other")
    kind = make.ticket_type(event, name="This")
    for name, value in wrong.items():
        setattr(kind, name, value)

    with pytest.raises(IntegrityError):
        session.flush()
