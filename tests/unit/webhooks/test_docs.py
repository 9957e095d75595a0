"""What docs/webhooks.md tells receivers to do, done."""

import re
import subprocess
import time
from pathlib import Path

import pytest

from turnout.webhooks.services import PAUSES
from turnout.webhooks.signing import new_secret

TEXT = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text("utf-8")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330")
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def block(language, holding):
    (found,) = [code for code in re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL) if holding in code]
    return found


@pytest.fixture(scope="module")
def verify():
    names = {}
    exec(compile(block("python", "def verify"), "docs/webhooks.md", "exec"), names)
    return names["verify"]


def run_shell(tmp_path, *arguments, body=BODY):
    script = tmp_path / "verify.sh"
    script.write_text(block("sh", "openssl"))
    return subprocess.run(["sh", script, *arguments], input=body, capture_output=True, check=False)


def test_the_python_example_takes_the_known_vector(verify):
    headers = {"webhook-id": MESSAGE[0], "webhook-timestamp": MESSAGE[1], "webhook-signature": f"v1,xxx {SIGNATURE}"}
    ages = time.time()
    verify(SECRET, headers, BODY, tolerance=ages)
    for wrong in (
        (new_secret(), headers, BODY),
        (SECRET, headers, BODY + b"\n"),
        (SECRET, headers | {"webhook-id": "msg_1"}, BODY),
        (SECRET, headers | {"webhook-signature": "v1,é"}, BODY),
    ):
        with pytest.raises(ValueError, match="signature"):
            verify(*wrong, tolerance=ages)
    with pytest.raises(ValueError, match="too old"):
        verify(SECRET, headers, BODY)


def test_the_shell_example_takes_the_known_vector(tmp_path):
    good = run_shell(tmp_path, SECRET, *MESSAGE, f"v1,xxx {SIGNATURE}")
    assert (good.returncode, good.stdout, good.stderr) == (0, b"good\n", b"")
    for wrong in (
        (new_secret(), *MESSAGE, SIGNATURE),
        (SECRET, "msg_1", MESSAGE[1], SIGNATURE),
        (SECRET, *MESSAGE, "v1,x"),
    ):
        assert run_shell(tmp_path, *wrong).returncode == 1
    assert run_shell(tmp_path, SECRET, *MESSAGE, SIGNATURE, body=BODY + b"\n").returncode == 1


def test_both_take_what_is_sent(api, ada, hook, receiver, outbox, verify, clock, tmp_path):
    webhook = hook(ada, description="Bücherabend")
    api.as_(ada).post(f"/webhooks/{webhook['id']}/test")
    outbox.run()
    (received,) = receiver.received
    verify(webhook["secret"], received.headers, received.body, tolerance=clock.now().timestamp())
    sent = [received.headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature")]
    assert run_shell(tmp_path, webhook["secret"], *sent, body=received.body).stdout == b"good\n"


def test_every_event_type_is_named(application):
    named = set(re.findall(r"`([a-z]+\.[a-z_]+)`", TEXT))
    assert set(application.registry.webhook_events) <= named


def test_every_setting_is_named_with_its_default(application):
    shown = dict(re.findall(r"\| `(webhooks\.\w+)` \| (\w+) \|", TEXT))
    known = {
        name: str(value).lower()
        for name, value in application.registry.settings.items()
        if name.startswith("webhooks.")
    }
    assert shown == known


def test_the_pauses_are_the_documented_ones():
    assert [pause.total_seconds() for pause in PAUSES[:3]] == [5, 300, 1800]
    assert [pause.total_seconds() / 3600 for pause in PAUSES[3:]] == [2, 5, 10, 14, 20, 24]
