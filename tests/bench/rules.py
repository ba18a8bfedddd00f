#!/usr/bin/python3
"""What rules cost the daemon: CPU a record over TCP with no rule, 10, 100 and 1,000 ingest rules of mixed kinds, 10 and 100
detections, one rule that tags everything, and the shipped packs.

rules.py [MESSAGES [ROUNDS]]. `cisternctl load` sends the mixed load as fast as it is taken; few records match, as where rules
look for what is rare. CPU is that of the daemon until all is stored and detections have gone through it. Medians, and ratios
to no rule.
"""

import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

from compare import cpu_seconds, peak_bytes  # noqa: E402
from rig import CTL, Daemon  # noqa: E402

INGEST = (
    ('"health check {n}"', {"drop": {}}),
    ("app:service{n} (started OR stopped)", {"tag": {"tags": {"state": "service"}}}),
    ('app:sshd "invalid user guest{n}"', {"tag": {"tags": {"guest": "yes"}}}),
    ("host:db{n} severity:>=err", {"set": {"fields": {"severity": "crit"}}}),
    ("debug{n} trace", {"sample": {"one_in": 100}}),
    ("peer:10.{m}.0.0/16", {"limit": {"rate": 1000}}),
    ("msg:/user(name)? (root|admin){n} from/", {"redact": {"what": ["user", "ipv4"]}}),
    ("link{n} flap*", {"deduplicate": {"window": "60s"}}),
    ("tag.site:site{n}", {"drop": {}}),
    ("app:app{n} key{n}", {"extract": {"key_value": {}}}),
)
DETECTIONS = (
    ('app:sshd{n} "failed password"', {"threshold": {"by": ["host"], "count": 5, "window": "300s"}}),
    ("word{n} severity:>=err", {"match": {"by": ["host"], "repeat": "60s"}}),
    ("app:service{n}", {"sequence": {"by": ["host"], "steps": ["started", "stopped"], "within": "60s"}}),
    ("msg:/user(name)? (root|admin){n} from/", {"first_seen": {"by": ["host"]}}),
    ("host:db{n}-*", {"absent": {"by": ["host"], "after": "600s"}}),
)
PACKS = ["sshd", "sudo", "kernel", "cron", "firewall", "network", "report"]


def rules(kinds, count):
    return [{"name": f"r{i}", "filter": kinds[i % len(kinds)][0].format(n=i, m=i // 10 % 256), **kinds[i % len(kinds)][1]}
            for i in range(count)]


RUNS = {
    "no rule": {},
    **{f"{count} ingest rules": {"rules": rules(INGEST, count)} for count in (10, 100, 1000)},
    "a tag on everything, then 1000": {"rules": [{"name": "all", "tag": {"tags": {"site": "here"}}}, *rules(INGEST, 1000)]},
    **{f"{count} detections": {"rules": rules(DETECTIONS, count)} for count in (10, 100)},
    "all packs": {"packs": PACKS},
}


def run(config, count):
    with tempfile.TemporaryDirectory(prefix="cistern-bench-") as work:
        daemon = Daemon(work, lambda daemon: {
            "listeners": [{"name": "tcp", "tcp": {"address": f"127.0.0.1:{daemon.port}"}}], **config})
        daemon.start()
        before, began = cpu_seconds(daemon.process.pid), time.monotonic()
        subprocess.run([CTL, "load", "--to", f"tcp://127.0.0.1:{daemon.port}", "--framing", "octet", "--count", str(count)],
                       stdout=subprocess.DEVNULL, check=True)
        daemon.settle(count, 120)
        stored = time.monotonic() - began
        while daemon.metrics().sum("cistern_detections_lag_records"):
            time.sleep(0.05)
        used = cpu_seconds(daemon.process.pid) - before
        result = {"cpu": used * 1e6 / count, "stored": count / stored, "peak": peak_bytes(daemon.process.pid) / (1 << 20)}
        daemon.stop(60)
        return result


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    results = {name: [] for name in RUNS}
    for _ in range(rounds):
        for name, config in RUNS.items():
            results[name].append(run(config, count))
    print(f"rules, {count} records over TCP, medians of {rounds}\n\n{'':32}{'CPU us':>8}{'ratio':>7}{'stored/s':>10}{'peak MiB':>10}")
    medians = {name: {key: statistics.median(one[key] for one in each) for key in each[0]} for name, each in results.items()}
    for name, figures in medians.items():
        print(f"{name:32}{figures['cpu']:8.2f}{figures['cpu'] / medians['no rule']['cpu']:7.2f}{figures['stored']:10.0f}"
              f"{figures['peak']:10.0f}")


if __name__ == "__main__":
    main()
