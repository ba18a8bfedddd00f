#!/usr/bin/python3
"""Forwarding over TCP beside ingest of the same load: what it costs, how quick it is, and what a hung target does to others.

forward.py [MESSAGES [ROUNDS]]. A bare sink counts lines. `cisternctl load` sends to cisternd and to rsyslog in turn; figures
are medians. CPU is that of the daemon until the last record has reached the sink. "from the store": what was stored is
forwarded with nothing coming in.
"""

import json
import multiprocessing
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

from compare import cpu_seconds, peak_bytes  # noqa: E402
from rig import CTL, PEERS, Daemon, free_port, wait_for_port  # noqa: E402

# The second one is what rsyslog forwards when nobody says otherwise.
FORMS = {"rfc5424": "RSYSLOG_SyslogProtocol23Format", "rfc3164": "RSYSLOG_TraditionalForwardFormat", "original": "original"}


def count_lines(listener, lines, last):
    """Takes connections, counts and keeps nothing."""
    def read(connection):
        buffer = bytearray(1 << 20)
        while got := connection.recv_into(buffer):
            found = buffer.count(b"\n", 0, got)
            with lines.get_lock():
                lines.value += found
                last.value = time.monotonic()

    while True:
        connection, _ = listener.accept()
        threading.Thread(target=read, args=(connection,), daemon=True).start()


class Sink:
    """A process of its own; `hung` ones accept and never read."""

    def __init__(self, hung=False):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.listener.getsockname()[1]
        self.lines, self.last = multiprocessing.Value("q", 0), multiprocessing.Value("d", 0)
        self.process = multiprocessing.Process(target=count_lines, args=(self.listener, self.lines, self.last), daemon=True)
        if not hung:
            self.process.start()

    def wait(self, count):
        """When the last one arrived."""
        end = time.monotonic() + 300
        while self.lines.value < count:
            if time.monotonic() > end:
                raise SystemExit(f"only {self.lines.value} of {count} arrived")
            time.sleep(0.05)
        if self.lines.value != count:
            raise SystemExit(f"{self.lines.value} of {count} arrived")
        return self.last.value

    def close(self):
        if self.process.is_alive():
            self.process.terminate()
            self.process.join()
        self.listener.close()


def target(sink, form="rfc5424", name="to"):
    return {"name": name, "from": "oldest", "syslog": {"addresses": [f"127.0.0.1:{sink.port}"], "framing": "lf", "format": form,
                                                       "write_timeout": "5m"}}


class Cistern:
    def __init__(self, work, targets):
        self.daemon = Daemon(work, lambda daemon: {
            "listeners": [{"name": "tcp", "tcp": {"address": f"127.0.0.1:{daemon.port}"}}], "targets": targets})
        self.daemon.start()
        self.port, self.pid = self.daemon.port, self.daemon.process.pid

    def stop(self):
        self.daemon.stop(60)


class Rsyslog:
    MEMORY, DISK = 'queue.type="FixedArray"', 'queue.type="Disk" queue.filename="queue" queue.checkpointInterval="1000"'

    def __init__(self, work, to, form, workers, queue=MEMORY):
        self.port, work = free_port(), pathlib.Path(work)
        conf = (pathlib.Path(__file__).parent / "peers/rsyslog-forward.conf").read_text()
        for key, value in {"DIR": work, "PORT": self.port, "TO": to, "TEMPLATE": FORMS[form], "WORKERS": workers,
                           "QUEUE": queue}.items():
            conf = conf.replace(f"@{key}@", str(value))
        (work / "peer.conf").write_text(conf)
        with open(work / "peer.log", "wb") as log:
            self.process = subprocess.Popen([PEERS / "bin/rsyslogd", "-n", "-f", work / "peer.conf", "-i", work / "pid"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for_port(self.port)
        self.pid = self.process.pid

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def load(port, count):
    subprocess.run([CTL, "load", "--to", f"tcp://127.0.0.1:{port}", "--framing", "octet", "--count", str(count)],
                   stdout=subprocess.DEVNULL, check=True)


def cpu_of(pid, sinks):
    """Of the server; of the sinks."""
    return cpu_seconds(pid), sum(cpu_seconds(sink.process.pid) for sink in sinks)


def figures(pid, sinks, before, began, ended, count):
    after = cpu_of(pid, sinks)
    server, others = ((after[i] - before[i]) * 1e6 / count for i in range(2))
    return {"cpu_us": server, "sink_us": others, "per_second": count / (ended - began), "peak_mib": peak_bytes(pid) / (1 << 20)}


def run(make, sinks, count):
    """One load: records a second from its first to the last that reached its sink (or, without one, was stored)."""
    with tempfile.TemporaryDirectory(prefix="cistern-bench-") as work:
        server = make(work)
        before, began = cpu_of(server.pid, sinks), time.monotonic()
        load(server.port, count)
        accepted = count / (time.monotonic() - began)
        ended = max([sink.wait(count) for sink in sinks], default=0)
        if isinstance(server, Cistern):
            server.daemon.settle(count, 120)
        result = figures(server.pid, sinks, before, began, ended or time.monotonic(), count)
        server.stop()
        for sink in sinks:
            sink.close()
        return {**result, "accepted": accepted}


def from_store(form, count):
    sink = Sink()
    with tempfile.TemporaryDirectory(prefix="cistern-bench-") as work:
        server = Cistern(work, [])
        load(server.port, count)
        server.daemon.settle(count, 120)
        path = pathlib.Path(work) / "t.json"
        path.write_text(json.dumps({"targets": [target(sink, form)]}))
        before, began = cpu_of(server.pid, [sink]), time.monotonic()
        server.daemon.ctl("apply", "-f", path)
        result = figures(server.pid, [sink], before, began, sink.wait(count), count)
        server.stop()
    sink.close()
    return result


def relay(form, count):
    sink = Sink()
    return run(lambda work: Cistern(work, [target(sink, form)]), [sink], count)


def rsyslog(form, workers, count, queue=Rsyslog.MEMORY):
    sink = Sink()
    return run(lambda work: Rsyslog(work, sink.port, form, workers, queue), [sink], count)


def five(hung, count):
    """Four sinks that read, and a fifth that may hang; the other four and ingest are what is measured."""
    sinks, fifth = [Sink() for _ in range(4)], Sink(hung)
    targets = [target(sink, name=f"to{i}") for i, sink in enumerate([*sinks, fifth])]
    try:
        return run(lambda work: Cistern(work, targets), sinks, count)
    finally:
        fifth.close()


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    runs = {"ingest alone": lambda: run(lambda work: Cistern(work, []), [], count)}
    for form in FORMS:
        runs[f"ingest and forwarding, {form}"] = lambda form=form: relay(form, count)
        runs[f"from the store, {form}"] = lambda form=form: from_store(form, count)
        for workers in (1, 2):
            runs[f"rsyslog, {form}, {workers} worker"] = lambda form=form, workers=workers: rsyslog(form, workers, count)
    # Like a target, this one forwards what is on the disk; unlike one it does not wait until it is synced.
    runs["rsyslog, original, queue on disk"] = lambda: rsyslog("original", 1, count, Rsyslog.DISK)
    runs["five targets"] = lambda: five(False, count)
    runs["five targets, one hung"] = lambda: five(True, count)
    results = {name: [] for name in runs}
    for _ in range(rounds):
        for name, each in runs.items():
            results[name].append(each())
    print(f"{count} records, medians of {rounds}\n\n{'':38}{'CPU us':>8}{'sink us':>8}{'records/s':>11}{'accepted/s':>11}{'peak MiB':>10}")
    medians = {name: {key: statistics.median(one[key] for one in each) for key in each[0]} for name, each in results.items()}
    for name, one in medians.items():
        print(f"{name:38}{one['cpu_us']:8.2f}{one['sink_us']:8.2f}{one['per_second']:11.0f}{one.get('accepted', 0):11.0f}"
              f"{one['peak_mib']:10.0f}")
    for form in FORMS:
        on_top = medians[f"ingest and forwarding, {form}"]["cpu_us"] - medians["ingest alone"]["cpu_us"]
        print(f"\nforwarding on top of ingest, {form}: {on_top:.2f} us a record", end="")
    print()


if __name__ == "__main__":
    main()
