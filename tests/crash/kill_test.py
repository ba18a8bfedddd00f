#!/usr/bin/python3
"""kill -9 during acknowledged gRPC ingest: every acknowledged record is stored once, every database is whole.

kill_test.py KILLS [SEED]. Three clients send batches of numbered records; each resends what was not acknowledged.
After every kill a copy of the databases is checked with `PRAGMA integrity_check`, the daemon starts on the files as
the kill left them, and what is new is compared with what was acknowledged. At the end everything is read once more.
"""

import pathlib
import random
import shutil
import sqlite3
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

import grpc  # noqa: E402

from rig import Daemon, eventually  # noqa: E402
from stubs import Client, log  # noqa: E402

CLIENTS, BATCH = 3, 20


class Sender(threading.Thread):
    """One client: batch n holds the numbers (n-1)*BATCH to n*BATCH-1."""

    def __init__(self, daemon, name):
        super().__init__(daemon=True)
        self.server, self.client_id = daemon, name
        self.committed = self.sent = 0
        self.stop = threading.Event()
        self.seen, self.last_id = 0, 0  # how many numbers were read back in order, and up to which id

    def batch(self, sequence):
        numbers = range((sequence - 1) * BATCH, sequence * BATCH)
        return log.IngestRequest(client_id=self.client_id, sequence=sequence, records=[
            log.IngestRecord(raw=b"<13>1 - h %s - - - %d" % (self.client_id.encode(), n)) for n in numbers])

    def batches(self):
        """Everything unacknowledged, then new batches until told to stop."""
        sequence = self.committed
        while sequence < self.sent or not self.stop.is_set():
            sequence += 1
            self.sent = max(self.sent, sequence)
            yield self.batch(sequence)
            time.sleep(0.002)

    def run(self):
        while not self.stop.is_set() or self.committed < self.sent:
            try:
                with Client(self.server) as client:
                    for answer in client.log.Ingest(self.batches(), timeout=60):
                        self.committed = max(self.committed, answer.committed_sequence)
            except grpc.RpcError:
                time.sleep(0.02)

    def read_back(self):
        """Reads what was stored since the last call; it must continue the numbers without gap or repetition."""
        with Client(self.server) as client:
            request = log.TailRequest(filter=f"app:{self.client_id}", after_record_id=self.last_id)
            for answer in client.log.Tail(request, timeout=120):
                for found in answer.records:
                    assert int(found.message) == self.seen, \
                        f"{self.client_id}: expected number {self.seen}, found {found.message} with id {found.id}"
                    self.seen, self.last_id = self.seen + 1, found.id


def check_databases(folder):
    with tempfile.TemporaryDirectory(prefix="cistern-check-") as copy:
        shutil.copytree(folder, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock"))
        paths = sorted(pathlib.Path(copy).rglob("*.db"))
        assert len(paths) >= 2, f"catalog and log file expected in {folder}"
        for path in paths:
            database = sqlite3.connect(path)
            verdict = database.execute("PRAGMA integrity_check").fetchall()
            database.close()
            assert verdict == [("ok",)], f"{path}: {verdict}"


def kill_once(daemon, senders, dice):
    before = [sender.committed for sender in senders]
    eventually(lambda: all(s.committed > b for s, b in zip(senders, before)), 30, "every client goes on")
    time.sleep(dice.uniform(0, 0.3))
    acknowledged = [sender.committed for sender in senders]
    daemon.kill()
    check_databases(daemon.work / "data")
    daemon.start()
    for sender, sequence in zip(senders, acknowledged):
        sender.read_back()
        assert sender.seen >= sequence * BATCH, \
            f"{sender.client_id}: acknowledged up to number {sequence * BATCH - 1}, stored up to {sender.seen - 1}"


def main():
    kills = int(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 30)
    dice = random.Random(seed)
    print(f"{kills} kills, seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="cistern-crash-") as work:
        daemon = Daemon(work).start()
        senders = [Sender(daemon, f"client{n}") for n in range(CLIENTS)]
        for sender in senders:
            sender.start()
        for _ in range(kills):
            kill_once(daemon, senders, dice)
        for sender in senders:
            sender.stop.set()
        for sender in senders:
            sender.join(120)
            sender.seen = sender.last_id = 0
            sender.read_back()
            assert sender.seen == sender.sent * BATCH, f"sent {sender.sent * BATCH}, stored {sender.seen}"
        assert daemon.settle().balanced()
        assert daemon.stop() == 0, daemon.log()
        check_databases(daemon.work / "data")
    print(f"{kills} kills: {sum(sender.seen for sender in senders)} acknowledged records, each stored once; "
          "all databases whole")


if __name__ == "__main__":
    main()
