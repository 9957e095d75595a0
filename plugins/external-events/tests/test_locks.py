"""Nobody waits for a source while something is locked."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from turnout.testing.clients import Api, user_with

from turnout_external_events.testing import Almanac


class Nosy(Almanac):
    """An almanac that looks, whenever it is asked, which connections to the database are in the midst of something."""

    def __init__(self, engine):
        super().__init__()
        self.engine = engine
        self.seen = []

    def answer(self, call):
        open_here = self.engine.pool.checkedout()
        self.seen.append((call.path, open_here, self.busy()))
        return super().answer(call)

    def busy(self):
        if self.engine.dialect.name == "sqlite":
            return []
        with self.engine.connect() as connection:
            query = """
                SELECT query FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
            """
            return connection.scalars(text(query)).all()


@pytest.mark.parametrize(
    "keys", [({}, {}), ({"Idempotency-Key": "1"}, {"Idempotency-Key": "2"})], ids=["bare", "keyed"]
)
def test_no_transaction_is_open_while_sources_are_asked(committing, external, keys):
    with Nosy(committing.engine) as almanac:
        committing.registry.almanac_url = almanac.url
        almanac.put(external("1"))
        with Session(committing.engine, expire_on_commit=False) as session:
            organizer = user_with("organizer", session, committing.registry.clock)
            session.commit()
            client = Api(committing, session).as_(organizer)
            session.commit()

            client.get("/external-events")
            event = client.post("/external-events/almanac/1/import", status=201, headers=keys[0]).json
            client.post(f"/events/{event['id']}/origin/refresh", headers=keys[1])

    assert almanac.seen == [("/events", 0, []), ("/events/1", 0, []), ("/events/1", 0, [])]
