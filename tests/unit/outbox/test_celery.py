"""The Celery engine in this process: what a relay hands to a real broker, and what becomes of a message."""

import sys
from datetime import timedelta

import pytest
from kombu import Connection
from sqlalchemy import select
from sqlalchemy.orm import Session
from structlog.testing import capture_logs
from tests.unit.outbox import probes

from turnout.errors import StartError
from turnout.outbox.celery import TASK, Runtime, make_celery, make_worker
from turnout.outbox.checks import check_worker
from turnout.outbox.engines import engine_of
from turnout.outbox.heartbeat import Heartbeat
from turnout.outbox.models import CELERY_WORKER, Job
from turnout.outbox.runner import begin, open_queue
from turnout.outbox.services import Outbox
from turnout.outbox.worker import Worker
from turnout.system import transact
from turnout.testing.applications import Application
from turnout.testing.live import free_port

brokers = pytest.mark.xdist_group("brokers")
REDELIVER = 600
BAD = "amqp://someone:pass-word@"


def settings_of(**values):
    return {
        "outbox.engine": "celery",
        "outbox.broker_url": "redis://127.0.0.1:1/0",
        "outbox.redeliver_seconds": REDELIVER,
    } | {f"outbox.{name}": value for name, value in values.items()}


class TestSettings:
    def test_workers_run_the_work_themselves_unless_told(self):
        assert engine_of(settings_of(engine="local")) is None
        assert engine_of(settings_of()) is not None

    @pytest.mark.parametrize("url", ["", "http://127.0.0.1", "127.0.0.1:6379", "redis://", BAD + "host:pass", BAD])
    def test_a_broker_that_cannot_be_one_stops_the_start_in_one_line_without_its_password(self, url):
        with pytest.raises(StartError, match=r"outbox\.broker_url") as caught:
            engine_of(settings_of(broker_url=url))
        assert "\n" not in str(caught.value)
        assert "pass-word" not in str(caught.value)

    def test_the_application_does_not_start_either(self, tmp_path):
        with pytest.raises(StartError, match=r"outbox\.broker_url .* is missing"):
            Application(f"sqlite:///{tmp_path}/a.sqlite", tmp_path, **{"outbox.engine": "celery"})

    def test_it_says_how_to_install_what_is_missing(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "celery", None)
        with pytest.raises(StartError, match=r"pip install 'turnout\[celery\]'"):
            engine_of(settings_of())

    def test_a_broker_over_tls_must_prove_who_it_is(self):
        amqps = make_celery(settings_of(broker_url="amqps://broker.example.com"), ["default"]).conf.broker_use_ssl
        assert amqps["server_hostname"] == "broker.example.com"
        rediss = make_celery(settings_of(broker_url="rediss://broker.example.com"), ["default"]).conf.broker_use_ssl
        assert rediss["ssl_cert_reqs"].name == "CERT_REQUIRED"

    def test_redis_keeps_no_second_list_of_what_is_not_done(self):
        """With it, a Celery worker ends where Redis goes away under load."""
        assert make_celery(settings_of(), ["default"]).conf.broker_transport_options == {"ack_emulation": False}

    def test_messages_are_json_and_celery_keeps_nothing_and_retries_nothing(self):
        celery = make_worker(settings_of(), ["default", "bookings"], lambda: None)
        task = celery.tasks[TASK]
        assert (task.acks_late, task.reject_on_worker_lost, task.ignore_result) == (True, True, True)
        assert list(celery.conf.accept_content) == ["json"]
        assert sorted(celery.amqp.queues) == ["turnout.bookings", "turnout.default"]


class Installation:
    """An application, a relay to a broker, and the messages that are there."""

    def __init__(self, url, folder, broker_url):
        self.broker_url = broker_url
        values = {"outbox.engine": "celery", "outbox.broker_url": broker_url}
        self.application = Application(url, folder, probes.includeme, **values)
        self.registry = self.application.registry
        self.clock = self.registry.clock
        self.worker = Worker(self.registry)
        self.runtime = Runtime(lambda: self.registry)

    def put(self, number=1, **options):
        def do(request):
            for one in range(number):
                request.find_service(Outbox).put(probes.note_down, {"number": one}, **options)

        transact(self.registry, do)

    def jobs(self):
        with Session(self.application.engine) as session:
            return session.scalars(select(Job).order_by(Job.id)).all()

    def messages(self):
        """Take what is in the broker's queue: the ids and the lease of each message."""
        found = []
        with Connection(self.broker_url) as connection, connection.SimpleQueue("turnout.default") as queue:
            while True:
                try:
                    message = queue.get(timeout=0.5)
                except queue.Empty:
                    return found
                message.ack()
                found.append(message.payload[0])

    def close(self):
        self.worker.relay._disconnect()
        self.runtime.close()
        self.application.close()


@pytest.fixture(params=["redis", "rabbitmq"])
def broker(request, workshop):
    return workshop.broker(request.param)


@pytest.fixture
def installation(fresh_database, tmp_path, broker):
    installation = Installation(fresh_database, tmp_path, broker.url)
    installation.messages()
    yield installation
    installation.close()


@brokers
class TestHandingOver:
    def test_a_message_names_jobs_and_their_lease_and_the_rows_are_handed(self, installation):
        installation.put(2)
        assert installation.worker.step("default") == 2
        jobs = installation.jobs()
        assert {job.status for job in jobs} == {"handed"}
        assert {job.attempts for job in jobs} == {0}
        assert {job.due_at for job in jobs} == {installation.clock.now() + timedelta(seconds=REDELIVER)}
        assert installation.messages() == [[[job.id], job.lease] for job in jobs]
        assert installation.worker.step("default") == 0

    def test_what_is_claimed_is_done_and_a_second_message_does_nothing(self, installation):
        installation.put()
        installation.worker.step("default")
        [(ids, lease)] = installation.messages()
        installation.runtime.run(ids, lease)
        installation.runtime.run(ids, lease)
        [job] = installation.jobs()
        assert (job.status, job.attempts) == ("done", 1)

    def test_it_may_be_done_before_the_relay_has_noted_that_it_handed_it_over(self, installation):
        installation.put()
        worker = installation.worker
        with begin(installation.registry) as session, session.begin():
            [work] = open_queue(installation.registry, session).take("default", 1, lambda _name: 1, lambda: "a lease")
        worker.relay._publish(work)
        [(ids, lease)] = installation.messages()
        installation.runtime.run(ids, lease)
        with begin(installation.registry) as session, session.begin():
            open_queue(installation.registry, session).hand_over(work, timedelta(hours=1))
        [job] = installation.jobs()
        assert (job.status, job.attempts) == ("done", 1)

    def test_what_nobody_began_goes_out_again_as_often_as_it_takes_without_counting(self, installation):
        installation.put()
        leases = set()
        for _ in range(25):
            assert installation.worker.step("default") == 1
            leases.add(installation.jobs()[0].lease)
            installation.clock.move(seconds=REDELIVER)
        assert len(leases) == 25
        for ids, lease in installation.messages():
            installation.runtime.run(ids, lease)
        [job] = installation.jobs()
        assert (job.status, job.attempts) == ("done", 1)


class TestBrokerDown:
    @pytest.fixture
    def url(self):
        return f"amqp://someone:pass-word@127.0.0.1:{free_port()}//"

    @pytest.fixture
    def installation(self, fresh_database, tmp_path, url):
        installation = Installation(fresh_database, tmp_path, url)
        yield installation
        installation.close()

    def test_work_waits_uncounted_and_the_log_says_so_once_without_the_password(self, installation):
        installation.put(25)
        with capture_logs() as logs:
            for _ in range(3):
                assert installation.worker.step("default") == 0
        assert {(job.status, job.attempts, job.lease) for job in installation.jobs()} == {("waiting", 0, None)}
        assert [entry["event"] for entry in logs] == ["the broker cannot be reached; work waits"]
        assert "pass-word" not in str(logs)

    def test_a_broker_that_is_away_is_not_tried_at_every_step(self, installation):
        relay = installation.worker.relay
        installation.put()
        installation.worker.step("default")
        assert not relay.is_ready()
        asked = relay._try_at
        assert not relay.is_ready()
        assert relay._try_at == asked


@pytest.mark.parametrize(
    ("kinds", "status"),
    [([], "no_worker"), (["worker"], "no_celery"), ([CELERY_WORKER], "no_worker"), (["worker", CELERY_WORKER], "ok")],
)
def test_health_wants_both_halves(fresh_database, tmp_path, kinds, status):
    installation = Installation(fresh_database, tmp_path, "redis://127.0.0.1:1/0")
    for kind in kinds:
        Heartbeat(installation.registry, kind).beat()

    def ask(request):
        return check_worker(request)

    found = transact(installation.registry, ask)
    assert found["status"] == status
    assert found["celery_workers"] == kinds.count(CELERY_WORKER)
    installation.close()
