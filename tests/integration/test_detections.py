#!/usr/bin/python3
"""kill -9 while acknowledged records come in and detections run: the events are those of an undisturbed run, once each.

  CISTERN_DETECTIONS_RECORDS and CISTERN_DETECTIONS_KILLS make it longer; a million records and 100 kills take some minutes.
What must come is worked out here from the numbers alone.
"""

import collections
import contextlib
import datetime
import os
import random
import threading
import time

import grpc

from rig import CisternTest, eventually, main
from stubs import Client, log

RECORDS = int(os.environ.get("CISTERN_DETECTIONS_RECORDS", 40000))
KILLS = int(os.environ.get("CISTERN_DETECTIONS_KILLS", 5))
BATCH, KEYS = 200, 23
WINDOW, WITHIN = 2_000_000, 1_500_000  # microseconds
TOLERANCE = 30  # seconds; a restart takes less
RULES = [
    {"name": "each", "filter": "marker", "match": {"by": ["n"], "event": {"extract": [r"n=(?P<n>\d+)"]}}},
    {"name": "many", "filter": "failed", "threshold": {"by": ["hostname"], "count": 5, "window": "2s"}},
    {"name": "order", "sequence": {"by": ["hostname"], "steps": ["failed", "accepted"], "within": "1500ms"}},
    {"name": "new", "filter": "user", "first_seen": {"by": ["user"], "event": {"extract": [r"user (?P<user>\w+)"]}}},
]


def text_of(number):
    """A few in a hundred matter; each is about one host."""
    if number % 997 == 0:
        return f"marker n={number}"
    if number % 31 == 0:
        return "failed"
    if number % 173 == 0:
        return "accepted"
    if number % 499 == 0:
        return f"user u{number % 7919}"
    return f"nothing of interest {number}"


def host_of(number):
    return f"h{number // 31 % KEYS}"


def stamp(micros):
    at = datetime.datetime.fromtimestamp(micros // 1_000_000, datetime.timezone.utc)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{micros % 1_000_000:06}Z"


class Sender(threading.Thread):
    """Sends each batch until it is acknowledged. A record keeps the time of when it was made."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.server, self.committed, self.batches, self.times = daemon, 0, [], []

    def batch(self, sequence):
        if sequence > len(self.batches):
            first = len(self.times)
            start = max(time.time_ns() // 1000, self.times[-1] + 1 if self.times else 0)
            self.times += range(start, start + min(BATCH, RECORDS - first))
            self.batches.append([f"<13>1 {stamp(self.times[n])} {host_of(n)} app - - - {text_of(n)}".encode()
                                 for n in range(first, len(self.times))])
        records = [log.IngestRecord(raw=raw) for raw in self.batches[sequence - 1]]
        return log.IngestRequest(client_id="sender", sequence=sequence, records=records)

    def requests(self):
        sequence = self.committed
        while sequence < -(-RECORDS // BATCH):
            sequence += 1
            while sequence > self.committed + 20 and self.server.running():
                time.sleep(0.001)
            yield self.batch(sequence)

    def run(self):
        while self.committed * BATCH < RECORDS:
            try:
                with Client(self.server) as client:
                    for answer in client.log.Ingest(self.requests(), timeout=60):
                        self.committed = max(self.committed, answer.committed_sequence)
            except grpc.RpcError:
                time.sleep(0.02)


def expected(times):
    """(rule, key, first, last, count) of every event."""
    found, windows, until = [], collections.defaultdict(collections.deque), {}
    steps, users, open_events = {}, set(), {}
    for number, at in enumerate(times):
        text, host = text_of(number), host_of(number)
        if text.startswith("marker"):
            found.append(["each", str(number), at, at, 1])
        elif text.startswith("user") and text not in users:
            users.add(text)
            found.append(["new", text.split()[1], at, at, 1])
        elif text == "failed":
            steps[host] = at
            if at < until.get(host, 0):
                open_events[host][3:] = [at, open_events[host][4] + 1]
                continue
            window = windows[host]
            window.append(at)
            while window[0] + WINDOW <= at:
                window.popleft()
            if len(window) == 5:
                open_events[host] = ["many", host, window[0], at, 5]
                found.append(open_events[host])
                window.clear()
                until[host] = at + WINDOW
        elif text == "accepted" and host in steps:
            first = steps.pop(host) if at <= steps[host] + WITHIN else None
            found += [["order", host, first, at, 2]] if first else []
    return found


def micros(timestamp):
    return timestamp.seconds * 1_000_000 + timestamp.nanos // 1000


class DetectionsTest(CisternTest):
    def config(self, daemon):
        return {"listeners": [{"name": "tcp", "tcp": {"address": f"127.0.0.1:{daemon.port}"}}],
                "rules": RULES, "detections": {"tolerance": f"{TOLERANCE}s", "max_state": "256MiB"},
                "events": {"max_per_minute": 100_000}}

    def events(self, daemon):
        with Client(daemon) as client:
            return client.events()

    def test_events_are_those_of_an_undisturbed_run(self):
        daemon = self.start(self.config)
        sender = Sender(daemon)
        sender.start()
        for kill in range(1, KILLS + 1):
            eventually(lambda: sender.committed * BATCH >= RECORDS * kill // (KILLS + 1), 300, f"kill {kill} is due")
            time.sleep(random.random() / 20)
            daemon.kill()
            daemon.start()
        sender.join(600)
        self.assertFalse(sender.is_alive(), "the sender got through")
        must = sorted(expected(sender.times))
        self.assertGreater(len(must), RECORDS // 2000)
        shown = lambda: sorted([e.rule, e.key, micros(e.first_time), micros(e.last_time), e.count]
                               for e in self.events(daemon))
        with contextlib.suppress(AssertionError):  # what is missing is said below
            eventually(lambda: len(shown()) >= len(must), TOLERANCE + 60)
        time.sleep(2)
        self.assertEqual(shown(), must)
        raised = self.events(daemon)
        self.assertEqual({e.rule for e in raised}, {rule["name"] for rule in RULES})
        # Each was written to the log once.
        eventually(lambda: len(self.written(daemon)) >= len(raised), 60, "the events are in the log")
        self.assertEqual(sorted(self.written(daemon)), sorted(e.id for e in raised))
        print(f"{RECORDS} records, {KILLS} kills: {len(raised)} events, each once")

    def written(self, daemon):
        with Client(daemon) as client:
            return [int(next(tag.value for tag in found.tags if tag.name == "event"))
                    for found in client.query("tag.event:*")]


if __name__ == "__main__":
    main()
