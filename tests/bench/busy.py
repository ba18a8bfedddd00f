#!/usr/bin/python3
"""The daemon with its hands full: half of the highest rate comes in while four clients query in a loop and two follow.

busy.py [SECONDS]. First the highest rate over one TCP connection is measured, then half of it is sent for that long (30).
Fails when anything was dropped, when the queue passed its limit, or when 1 of 100 commits took longer than 250 ms.
"""

import itertools
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

import grpc  # noqa: E402

from compare import peak_bytes  # noqa: E402
from rig import CTL, Daemon, Ledger  # noqa: E402
from stubs import Client, log  # noqa: E402

TRIAL, QUERIERS, FOLLOWERS, LONGEST_COMMIT = 1_000_000, 4, 2, 0.25
FILTERS = ["connection accepted", '"upstream timed out"', "app:sshd severity:>=warning", "10.1.2.3", "msg:/took [0-9]{4} ms/",
           "host:web-* NOT app:cron", ""]


def send(daemon, count, rate=0):
    command = [CTL, "load", "--to", f"tcp://127.0.0.1:{daemon.port}", "--framing", "octet", "--count", str(count), "-o", "json"]
    done = subprocess.run(command + (["--rate", str(rate)] if rate else []), stdout=subprocess.PIPE, check=True, text=True)
    daemon.settle(timeout=120)
    return json.loads(done.stdout.splitlines()[-1])


class Querier(threading.Thread):
    def __init__(self, daemon, number, stop):
        super().__init__(daemon=True)
        self.server, self.number, self.stop, self.times, self.failures = daemon, number, stop, [], []

    def run(self):
        filters = itertools.cycle(FILTERS[self.number:] + FILTERS[:self.number])
        with Client(self.server) as client:
            while not self.stop.is_set():
                started = time.monotonic()
                try:
                    for _ in client.log.Query(log.QueryRequest(filter=next(filters), limit=100), timeout=60):
                        pass
                    self.times.append(time.monotonic() - started)
                except grpc.RpcError as error:
                    self.failures.append(error.details())


class Watcher(threading.Thread):
    """The largest queue seen."""

    def __init__(self, daemon, stop):
        super().__init__(daemon=True)
        self.server, self.stop, self.largest = daemon, stop, 0

    def run(self):
        while not self.stop.wait(0.1):
            self.largest = max(self.largest, self.server.metrics().sum("cistern_queue_bytes"))


def follow(daemon):
    return subprocess.Popen([CTL, "--addr", f"127.0.0.1:{daemon.control}", "tail", "app:sshd"], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def commits_within(metrics, before):
    """Commits since `before`: how many, and the bucket that 99 of 100 stayed within."""
    name = "cistern_commit_duration_seconds"
    buckets = sorted((float(dict(labels)["le"].replace("+Inf", "inf")), value - before.get((key, labels), 0))
                     for (key, labels), value in metrics.items() if key == name + "_bucket")
    count = buckets[-1][1]
    return count, next((bound for bound, within in buckets if within >= 0.99 * count), math.inf)


def quantile(times, part):
    return sorted(times)[min(int(part * len(times)), len(times) - 1)] * 1000 if times else math.nan


def busy(daemon, seconds):
    fastest = send(daemon, TRIAL)["per_second"]
    rate, stop, before = int(fastest / 2), threading.Event(), daemon.metrics()
    threads = [Querier(daemon, number, stop) for number in range(QUERIERS)] + [Watcher(daemon, stop)]
    tails = [follow(daemon) for _ in range(FOLLOWERS)]
    for thread in threads:
        thread.start()
    sent = send(daemon, rate * seconds, rate)
    stop.set()
    for thread in threads:
        thread.join(60)
    alive = sum(tail.poll() is None for tail in tails)
    for tail in tails:
        tail.terminate()
        tail.wait(20)
    metrics = daemon.metrics()
    commits, bound = commits_within(metrics, before)
    times = [one for thread in threads[:QUERIERS] for one in thread.times]
    failures = [one for thread in threads[:QUERIERS] for one in thread.failures]
    limit, ledger = metrics.sum("cistern_queue_limit_bytes"), Ledger(metrics)
    print(f"highest rate {fastest:.0f}/s; sent {sent['per_second']:.0f}/s for {seconds} s; {ledger}")
    print(f"queries {len(times)}, failed {len(failures)}: median {quantile(times, 0.5):.1f} ms, 99 % within {quantile(times, 0.99):.1f} ms")
    print(f"tails that stayed {alive} of {FOLLOWERS}; largest queue {threads[-1].largest / 2**20:.1f} of {limit / 2**20:.0f} MiB")
    print(f"commits {commits:.0f}, 99 % within {bound * 1000:.0f} ms; peak memory {peak_bytes(daemon.process.pid) / 2**20:.0f} MiB")
    fine = (ledger.dropped == 0 and ledger.balanced() and not failures and alive == FOLLOWERS and
            threads[-1].largest < 1.1 * limit and bound <= LONGEST_COMMIT)
    return 0 if fine else 1


def main():
    with tempfile.TemporaryDirectory(prefix="cistern-busy-") as work:
        daemon = Daemon(work).start()
        result = busy(daemon, int(sys.argv[1]) if len(sys.argv) > 1 else 30)
        daemon.stop(60)
    return result


if __name__ == "__main__":
    sys.exit(main())
