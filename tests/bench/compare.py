#!/usr/bin/python3
"""The same load into cisternd and into rsyslog and syslog-ng writing a flat file: rate, CPU a message, memory, disk.

compare.py MESSAGES. `cisternctl load` is the sender for both. CPU is the receiver's user and system time from before the
load until the last message is stored, so a drain is included; memory is the peak of its resident set. UDP runs at the
highest rate at which nothing is lost, found by halving the interval. The result also goes to build/bench.json.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

from certs import Authority  # noqa: E402
from rig import CTL, PEERS, ROOT, Daemon, Ledger, free_port, wait_for_port  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
# name, scheme, connections, messages a second (0: as fast as they go)
LOADS = [("TCP, 1 connection", "tcp", 1, 0), ("TCP, 8 connections", "tcp", 8, 0), ("TLS, 1 connection", "tls", 1, 0),
         ("UDP, 1 sender", "udp", 1, 0), ("TCP, 20,000/s", "tcp", 1, 20_000)]
PACED_SECONDS = 15
FINEST = 0.05  # where the search for the UDP rate ends, relative


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    return 0


def folder_bytes(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


class Cistern:
    name = "cistern"

    def __init__(self, work, certs):
        cert, key = certs
        self.tls_port = free_port()
        address = "127.0.0.1:%d"
        self.daemon = Daemon(work, lambda daemon: {"listeners": [
            {"name": "udp", "udp": {"address": address % daemon.port}},
            {"name": "tcp", "tcp": {"address": address % daemon.port}},
            {"name": "tls", "tls": {"address": address % self.tls_port, "cert_file": str(cert), "key_file": str(key)}}]})
        self.daemon.start()
        self.port, self.pid = self.daemon.port, self.daemon.process.pid

    def stored(self):
        return Ledger(self.daemon.metrics()).stored

    def stop(self):
        """Returns the bytes on disk."""
        if self.daemon.stop(60) != 0:
            raise SystemExit(self.daemon.log())
        return folder_bytes(self.daemon.work / "data")


class FlatFile:
    """A peer that appends to DIR/all.log. Subclasses have name, conf, values and command()."""

    values = {}

    def __init__(self, work, certs):
        self.work = pathlib.Path(work)
        self.port, self.tls_port = free_port(), free_port()
        conf = (pathlib.Path(__file__).parent / "peers" / self.conf).read_text()
        for key, value in {"DIR": work, "CA": certs[0], "CERT": certs[0], "KEY": certs[1], "TLS_PORT": self.tls_port,
                           "PORT": self.port, **self.values}.items():
            conf = conf.replace(f"@{key}@", str(value))
        (self.work / "peer.conf").write_text(conf)
        with open(self.work / "peer.log", "wb") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for_port(self.port)
        wait_for_port(self.tls_port)
        self.pid, self.file, self.read, self.lines = self.process.pid, self.work / "all.log", 0, 0

    def stored(self):
        if self.file.exists():
            with open(self.file, "rb") as log:
                log.seek(self.read)
                while chunk := log.read(1 << 20):
                    self.read += len(chunk)
                    self.lines += chunk.count(b"\n")
        return self.lines

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        return self.file.stat().st_size if self.file.exists() else 0


class Rsyslog(FlatFile):
    name, conf, values = "rsyslog, text", "rsyslog.conf", {"TEMPLATE": "RSYSLOG_FileFormat"}

    def command(self):
        return [PEERS / "bin/rsyslogd", "-n", "-f", self.work / "peer.conf", "-i", self.work / "pid"]


class RsyslogFields(Rsyslog):
    name, values = "rsyslog, fields", {"TEMPLATE": "fields"}


class SyslogNg(FlatFile):
    name, conf = "syslog-ng, text", "syslog-ng.conf"

    def command(self):
        return [PEERS / "bin/syslog-ng", "-F", "--no-caps", "-f", self.work / "peer.conf", "-R", self.work / "persist",
                "-c", self.work / "ctl", "-p", self.work / "pid"]


RECEIVERS = [Cistern, Rsyslog, RsyslogFields, SyslogNg]


def measure(receiver, scheme, connections, count, certs, rate=0):
    """One load into a fresh receiver; a dict of figures. `lost` is what never arrived."""
    with tempfile.TemporaryDirectory(prefix="cistern-bench-") as work:
        server = receiver(work, certs)
        before, started = cpu_seconds(server.pid), time.monotonic()
        port = server.tls_port if scheme == "tls" else server.port
        # Octet counting is what RFC 6587 and RFC 5425 ask for, and what rsyslog reads faster.
        options = ["--framing", "octet"] if scheme != "udp" else []
        options += ["--tls-skip-verify"] if scheme == "tls" else []
        options += ["--rate", str(int(rate))] if rate else []
        command = [CTL, "load", "--to", f"{scheme}://127.0.0.1:{port}", "--count", str(count), "--connections",
                   str(connections), "-o", "json", *options]
        load = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if load.returncode != 0:
            raise SystemExit(f"{command}: {load.stderr}")
        result = json.loads(load.stdout.splitlines()[-1])
        sent = result["sent"]
        stored = wait_until_stored(server, sent)
        elapsed = time.monotonic() - started
        cpu, peak = cpu_seconds(server.pid) - before, peak_bytes(server.pid)
        disk = server.stop()
        return {"sent": sent, "lost": sent - stored, "offered": result["per_second"], "per_second": stored / elapsed, "cpu_us": cpu * 1e6 / max(stored, 1),
                "peak_mib": peak / (1 << 20), "disk_bytes": disk / max(stored, 1)}


def wait_until_stored(server, sent):
    """Until everything is there, or nothing more comes for a second."""
    stored, changed = server.stored(), time.monotonic()
    while stored < sent and time.monotonic() - changed < 1:
        time.sleep(0.05)
        now = server.stored()
        if now != stored:
            stored, changed = now, time.monotonic()
    return int(stored)


def lossless_rate(receiver, count, certs):
    """The highest UDP rate without loss, in messages a second; 0: as fast as the sender can."""
    trial = min(count, 300_000)
    fast = measure(receiver, "udp", 1, trial, certs)
    if fast["lost"] == 0:
        return 0
    low, high = 0, fast["offered"]
    while high - low > FINEST * high:
        middle = (low + high) / 2
        if measure(receiver, "udp", 1, trial, certs, middle)["lost"] == 0:
            low = middle
        else:
            high = middle
    return low


def run_load(receiver, scheme, connections, paced, count, certs):
    if paced:
        return measure(receiver, scheme, connections, min(count, paced * PACED_SECONDS), certs, paced)
    if scheme != "udp":
        return measure(receiver, scheme, connections, count, certs)
    rate = lossless_rate(receiver, count, certs)
    for _ in range(5):  # a longer run may lose where the trial did not
        result = measure(receiver, scheme, connections, count, certs, rate)
        if result["lost"] == 0:
            return result
        rate = 0.9 * (rate or result["per_second"])
    return result


def main():
    count = int(sys.argv[1])
    results = {}
    with tempfile.TemporaryDirectory(prefix="cistern-pki-") as pki:
        certs = Authority(pathlib.Path(pki)).issue("server", "DNS:localhost,IP:127.0.0.1")
        print(f"{count} messages each; {os.cpu_count()} cores shared by sender and receiver\n")
        print(f"{'':20}{'':17}{'messages/s':>12}{'CPU us/msg':>12}{'ratio':>7}{'peak MiB':>10}{'disk B/msg':>12}{'lost':>8}")
        for name, *load in LOADS:
            for receiver in RECEIVERS:
                figures = results[f"{name}, {receiver.name}"] = run_load(receiver, *load, count, certs)
                ratio = results[f"{name}, {Cistern.name}"]["cpu_us"] / max(figures["cpu_us"], 1e-9)
                print(f"{name:20}{receiver.name:17}{figures['per_second']:12.0f}{figures['cpu_us']:12.2f}{ratio:7.2f}"
                      f"{figures['peak_mib']:10.0f}{figures['disk_bytes']:12.1f}{figures['lost']:8d}", flush=True)
        print("\nratio: CPU of cistern to that of the line")
    (ROOT / "build/bench.json").write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
