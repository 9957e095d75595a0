"""A worker as a process of its own, which a test kills: ``python worker_process.py URL FOLDER BANK STAGE``.

When it comes to the stage, it puts a file of that name into the folder, and waits there to be killed. Stages are named by
what was asked of the bank ("open", "look", "refund") and how far that is: "answered" (nothing is written yet), or "written"
(and not committed).
"""

import functools
import signal
import sys
import threading
import time
from pathlib import Path

from turnout.clock import Clock
from turnout.outbox.worker import Worker
from turnout.testing.applications import Application

from turnout_payments.services import PaymentService, Settlement
from turnout_payments.testing import BankProvider, bank_provider


def stop_after(owner, method, folder, stage):
    """Let a method of a class come to a stage when it has done its work."""
    do = getattr(owner, method)

    @functools.wraps(do)
    def done(*arguments, **options):
        result = do(*arguments, **options)
        (folder / stage).touch()
        time.sleep(3600)
        return result

    setattr(owner, method, done)


def main(url, path, bank, stage):
    folder = Path(path)
    what, how_far = stage.split("-")
    if how_far == "answered":
        stop_after(BankProvider, what, folder, stage)
    else:
        owner, method = {
            "open": (PaymentService, "opened"),
            "look": (Settlement, "apply"),
            "refund": (Settlement, "apply_refund"),
        }[what]
        stop_after(owner, method, folder, stage)
    settings = {"turnout.plugins": "payments", "outbox.lease_seconds": "4", "outbox.poll_milliseconds": "50"}
    registry = Application(url, folder, bank_provider, **settings).registry
    registry.clock = Clock()
    registry.periodic_tasks = {}
    registry.bank_url = bank
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with Worker(registry):
        print("working", flush=True)
        ended.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
