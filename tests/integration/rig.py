"""Starts a cisternd of its own for every test and checks, when it stops, that its books balance.

Every test gets a temporary folder, free ports and a daemon that is stopped with SIGTERM at the end: it must exit 0,
and before that `received = stored + dropped` must hold at rest. Environment:
  CISTERN_BIN   folder with cisternd and cisternctl (default build/release/bin)
  CISTERN_PEERS folder made by fetch_peers.sh (default build/peers)
  CISTERN_IMAGE image in which the daemon runs, by podman, as we recommend to run it (default: none, CISTERN_BIN/cisternd)
"""

import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("CISTERN_BIN", ROOT / "build/release/bin")).resolve()
PEERS = pathlib.Path(os.environ.get("CISTERN_PEERS", ROOT / "build/peers")).resolve()
DAEMON = BIN / "cisternd"
CTL = BIN / "cisternctl"
IMAGE = os.environ.get("CISTERN_IMAGE", "")
# Sanitized builds are slower and larger: tests then use smaller numbers and skip bounds on speed and memory.
SANITIZED = DAEMON.exists() and any(mark in DAEMON.read_bytes() for mark in (b"__asan_init", b"__tsan_init"))


def eventually(check, timeout=20.0, what="condition"):
    """Polls `check` until it returns something true; returns that."""
    end = time.monotonic() + timeout * (4 if SANITIZED else 1)
    while True:
        result = check()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout:.0f} s: {what}; last: {result!r}")
        time.sleep(0.02)


given_ports = set()


def free_port():
    """A port free for UDP and TCP, below the range from which the kernel picks ports for clients; never the same twice."""
    while True:
        port = random.randrange(10000, 32000)
        if port in given_ports:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tcp.bind(("127.0.0.1", port))
                udp.bind(("127.0.0.1", port))
                given_ports.add(port)
                return port
            except OSError:
                continue


def wait_for_port(port, protocol="tcp", timeout=20.0):
    """Waits until a process of this machine listens there, without connecting to it."""
    def bound():
        return f":{port:04X} 00000000:0000 " in pathlib.Path(f"/proc/net/{protocol}").read_text()
    eventually(bound, timeout, f"something listens on {protocol} port {port}")


class Metrics(dict):
    """Samples of one scrape: (name, frozenset of label pairs) -> value."""

    LINE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
    LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

    def __init__(self, text):
        super().__init__()
        self.text = text
        for line in text.splitlines():
            if match := self.LINE.match(line):
                name, labels, value = match.groups()
                self[name, frozenset(self.LABEL.findall(labels or ""))] = float(value)

    def sum(self, name, **labels):
        wanted = set(labels.items())
        return sum(value for (key, found), value in self.items() if key == name and wanted <= found)

    def names(self):
        return {name for name, _ in self}


class Ledger:
    def __init__(self, metrics):
        self.received = metrics.sum("cistern_received_messages_total")
        self.stored = metrics.sum("cistern_stored_messages_total")
        self.dropped = metrics.sum("cistern_dropped_messages_total")

    def balanced(self):
        return self.received == self.stored + self.dropped

    def __repr__(self):
        return f"received {self.received:.0f}, stored {self.stored:.0f}, dropped {self.dropped:.0f}"


class Daemon:
    """One cisternd and the folder it works in. `config` is merged into a configuration with UDP and TCP listeners."""

    BOOKS = re.compile(r"stopped: received (\d+) = stored (\d+) \+ dropped (\d+) \+ in flight (\d+)")

    def __init__(self, work, config=None, args=(), env=None, prefix=()):
        self.work = pathlib.Path(work)
        self.port, self.control, self.http = free_port(), free_port(), free_port()
        self.args, self.prefix = list(args), list(prefix)
        self.env = {**os.environ, "CISTERN_CONFIG": "", **(env or {})}
        self.log_path = self.work / "daemon.log"
        self.stdout_path = self.work / "daemon.out"
        self.config_path = self.work / "cistern.yaml"
        self.config = {
            "listeners": [{"name": "udp", "udp": {"address": f"127.0.0.1:{self.port}"}},
                          {"name": "tcp", "tcp": {"address": f"127.0.0.1:{self.port}"}}],
            "storage": {"dir": str(self.work / "data")},
            "control": {"address": f"127.0.0.1:{self.control}"},
            "http": {"address": f"127.0.0.1:{self.http}"},
            **(config(self) if callable(config) else config or {}),
        }
        self.write_config()
        self.container = ""
        self.process = None
        self.ended = False  # by stop() or kill(), not by itself

    def write_config(self):
        self.config_path.write_text(json.dumps(self.config, indent=1))  # JSON is YAML

    def spawn(self):
        """Starts the process without waiting for it to be ready."""
        self.ended = False
        command = self.podman_run() if IMAGE else [*self.prefix, DAEMON]
        with open(self.log_path, "ab") as log, open(self.stdout_path, "ab") as out:
            self.process = subprocess.Popen(
                [*command, "--config", self.config_path, *self.args],
                stdin=subprocess.DEVNULL, stdout=out, stderr=log, cwd=self.work, env=self.env)
        return self

    def podman_run(self):
        """The image instead of the program: read-only root, no capability, uid 65532; it sees the folder of the test."""
        if self.prefix:
            raise unittest.SkipTest("needs a namespace of its own")
        self.container = f"cistern-{self.work.name}-{random.randrange(1 << 32):x}"
        folder = next(path for path in [self.work, *self.work.parents] if path.name.startswith("cistern-test-"))
        subprocess.run(["chown", "-R", "65532:65532", folder], check=True)
        names = [name for name in self.env if name.startswith("CISTERN_")]
        return ["podman", "run", "--rm", "--name", self.container, "--network", "host", "--read-only",
                "--read-only-tmpfs=false", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--memory=384m",
                "--pids-limit=256", "--no-healthcheck", f"--volume={folder}:{folder}", f"--workdir={self.work}",
                *(f"--env={name}" for name in names), IMAGE]

    def start(self):
        self.spawn()
        eventually(lambda: self.process.poll() is not None or self.ready(), 20, "daemon is ready")
        if self.process.poll() is not None:
            raise AssertionError(f"cisternd exited {self.process.returncode}:\n{self.log()}")
        return self

    def log(self):
        return self.log_path.read_text(errors="replace")

    def running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        if self.container:
            subprocess.run(["podman", "kill", "--signal", str(int(number)), self.container], check=True, capture_output=True)
        else:
            self.process.send_signal(number)

    def stop(self, timeout=20):
        """SIGTERM; returns the exit code. The books that the daemon closes with must balance."""
        self.ended = True
        if self.running():
            self.signal(signal.SIGTERM)
        code = self.process.wait(timeout * (4 if SANITIZED else 1))
        books = self.BOOKS.findall(self.log())
        if not books or int(books[-1][0]) != sum(map(int, books[-1][1:3])) or books[-1][3] != "0":
            raise AssertionError(f"no balanced books at the end: {books[-1:]}\n{self.log()[-4000:]}")
        return code

    def kill(self):
        self.ended = True
        if self.running():
            self.signal(signal.SIGKILL)
            self.process.wait()

    def get(self, path):
        """HTTP GET; returns (status, body), or (0, reason) when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def ready(self):
        return self.get("/readyz")[0] == 200

    def metrics(self):
        status, body = self.get("/metrics")
        if status != 200:
            raise AssertionError(f"/metrics answered {status}: {body}\n{self.log()}")
        return Metrics(body)

    def ledger(self):
        return Ledger(self.metrics())

    def settle(self, received=0, timeout=30):
        """Waits until `received` messages came in and every one is stored or counted as dropped."""
        def at_rest():
            ledger = self.ledger()
            return ledger if ledger.received >= received and ledger.balanced() else None
        try:
            return eventually(at_rest, timeout, f"{received} messages received and accounted for")
        except AssertionError as error:
            raise AssertionError(f"{error}; ledger: {self.ledger()}\n{self.log()[-4000:]}") from None

    def ctl(self, *args, check=True, **options):
        """Runs cisternctl against this daemon."""
        done = subprocess.run([CTL, "--addr", f"127.0.0.1:{self.control}", *map(str, args)], timeout=300,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        if check and done.returncode != 0:
            raise AssertionError(f"cisternctl {args} exited {done.returncode}: {done.stderr.decode()}")
        return done

    def query(self, filter="", *args):
        """Stored records that match, oldest first, as the JSON contract shows them."""
        out = self.ctl("query", "-n", 0, "--order", "oldest", "-o", "json", *args, *([filter] if filter else [])).stdout
        return [json.loads(line) for line in out.splitlines()]


class CisternTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="cistern-test-"))
        self.addCleanup(shutil.rmtree, self.work, ignore_errors=True)

    def start(self, config=None, **options):
        """A running daemon whose end is checked: books balanced, SIGTERM, exit 0."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.work))
        daemon = Daemon(folder, config, **options)
        self.addCleanup(self.finish, daemon)
        return daemon.start()

    def finish(self, daemon):
        try:
            if daemon.ended:
                return
            self.assertTrue(daemon.running(), f"the daemon went away by itself\n{daemon.log()[-4000:]}")
            daemon.settle()
            self.assertEqual(daemon.stop(), 0, daemon.log()[-4000:])
        finally:
            daemon.kill()

    def spawn(self, *command, **options):
        """A helper process that ends with the test."""
        log = open(self.work / f"{pathlib.Path(command[0]).name}.log", "ab")
        process = subprocess.Popen([*map(str, command)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)

        def end():
            process.terminate()
            process.wait(20)
            log.close()
        self.addCleanup(end)
        return process


def udp_send(port, *messages):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for message in messages:
            sender.sendto(message, ("127.0.0.1", port))


def tcp_send(port, data):
    with socket.create_connection(("127.0.0.1", port)) as sender:
        sender.sendall(data)


def main():
    if not DAEMON.exists() or not CTL.exists():
        sys.exit(f"no cisternd and cisternctl in {BIN}; run `make build` first")
    unittest.main(verbosity=2)
