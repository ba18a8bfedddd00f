#!/usr/bin/python3
"""A second Cistern that receives over gRPC, TCP and TLS is stopped, killed, cut off, filled up and given an expired
certificate while the first one forwards to it and is itself killed. Afterwards everything is there.

  CISTERN_FAULTS_RECORDS, CISTERN_FAULTS_SECONDS (of each fault), CISTERN_FAULTS_KILLS (kill -9 of the sender) make it
  longer; `make faults` runs a million records, a minute each and 50 kills.
Runs in namespaces of its own, so that firewall rules and mounts are nobody else's.
"""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time

from certs import Authority
from rig import CisternTest, eventually, free_port, main

RECORDS = int(os.environ.get("CISTERN_FAULTS_RECORDS", 60000))
SECONDS = float(os.environ.get("CISTERN_FAULTS_SECONDS", 2))
KILLS = int(os.environ.get("CISTERN_FAULTS_KILLS", 4))
WINDOW = 8 << 20  # the default
IN_NAMESPACE = "CISTERN_FAULTS_IN_NAMESPACE"


def enter_namespaces():
    """Runs this file again with its own network and mounts."""
    if os.environ.get(IN_NAMESPACE):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    flags = ["--net", "--mount"] if os.geteuid() == 0 else ["--map-root-user", "--net", "--mount"]
    os.execvpe("unshare", ["unshare", *flags, sys.executable, *sys.argv], {**os.environ, IN_NAMESPACE: "1"})


class FaultsTest(CisternTest):
    def setUp(self):
        super().setUp()
        authority = Authority(self.work / "ca")
        self.good = authority.issue("good", "IP:127.0.0.1")
        self.expired = authority.issue("expired", "IP:127.0.0.1", days=0)
        self.cert, self.key, self.ca = self.work / "server.crt", self.work / "server.key", authority.cert
        self.use(self.good)
        self.disk = self.work / "disk"
        self.disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={(256 << 20) + RECORDS * 200}", "none", self.disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk])
        self.tls_port = free_port()
        self.receiver = self.start(self.receiving)
        self.sender = self.start(self.sending)
        self.ports = [self.receiver.control, self.receiver.port, self.tls_port]
        self.sent, self.done, self.guard = 0, threading.Event(), threading.Lock()

    def use(self, pair):
        for source, name in zip(pair, (self.cert, self.key)):
            shutil.copy(source, f"{name}.new")
            os.replace(f"{name}.new", name)

    def receiving(self, daemon):
        return {"storage": {"dir": str(self.disk / "data"), "free_space_reserve": 1},
                "listeners": [{"name": "tcp", "tcp": {"address": f"127.0.0.1:{daemon.port}"}},
                              {"name": "tls", "tls": {"address": f"127.0.0.1:{self.tls_port}", "cert_file": str(self.cert),
                                                      "key_file": str(self.key)}}]}

    def sending(self, daemon):
        retry = {"initial": "50ms", "max": "500ms"}
        plain = {"addresses": [f"127.0.0.1:{self.receiver.port}"], "write_timeout": "1s",
                 "connect_timeout": "1s"}
        tls = {**plain, "addresses": [f"127.0.0.1:{self.tls_port}"], "transport": "tls", "tls": {"ca_file": str(self.ca)}}
        return {"listeners": [{"name": "first", "tcp": {"address": f"127.0.0.1:{daemon.port}"}}],  # relayed records keep it
                "targets": [{"name": "tcp", "retry": retry, "syslog": plain}, {"name": "tls", "retry": retry, "syslog": tls},
                            {"name": "grpc", "retry": retry, "cistern": {
                                "address": f"127.0.0.1:{self.receiver.control}", "connect_timeout": "1s", "ack_timeout": "2s"}}]}

    def send_all(self, seconds):
        """Numbered records at an even rate. What was not committed when the sender was killed is sent again."""
        began = time.monotonic()
        while self.sent < RECORDS:
            due = min(RECORDS, int(RECORDS * (time.monotonic() - began) / seconds) + 1)
            if due == self.sent:
                time.sleep(0.01)
                continue
            with self.guard:
                self.ingest(self.sent, due)
            self.sent = due
        self.done.set()

    def ingest(self, first, end):
        text = "".join(f"<13>1 - host app - - - number {i}\n" for i in range(first, end))
        with socket.create_connection(("127.0.0.1", self.sender.port)) as connection:
            connection.sendall(text.encode())
        eventually(lambda: self.stored() >= end, 60, f"{end} records are stored")

    def stored(self):
        return int(self.sender.metrics().sum("cistern_store_records"))

    def kill_sender(self):
        with self.guard:  # between two batches, so that what was accepted is known; the targets are in the middle
            self.sender.kill()
            self.sender.start()

    def firewall(self, *rule):
        """A rule against everything that goes to the receiver, for a while."""
        for port in self.ports:
            subprocess.run(["iptables", "-A", "OUTPUT", "-p", "tcp", "--dport", str(port), *rule], check=True)
        time.sleep(SECONDS)
        subprocess.run(["iptables", "-F", "OUTPUT"], check=True)

    def stop_for_a_while(self):
        self.receiver.signal(19)  # SIGSTOP
        time.sleep(SECONDS)
        self.receiver.signal(18)

    def kill_for_a_while(self):
        self.receiver.kill()
        time.sleep(SECONDS)
        self.receiver.start()

    def refuse(self):
        self.firewall("-j", "REJECT", "--reject-with", "tcp-reset")

    def swallow(self):
        self.firewall("-j", "DROP")

    def fill_disk(self):
        filler = self.disk / "filler"
        with open(filler, "wb") as file:
            try:
                while True:
                    file.write(bytes(1 << 20))
            except OSError:
                pass
        time.sleep(SECONDS)
        filler.unlink()
        # What waits in the receiver's memory is more than a window: syslog cannot know, so it is not killed before.
        eventually(lambda: self.receiver.ready() and self.receiver.ledger().balanced(), 60, "the receiver has written it")

    def expire(self):
        self.use(self.expired)
        self.receiver.kill()
        self.receiver.start()
        time.sleep(SECONDS)
        self.use(self.good)

    def numbers(self, listener):
        rows = self.receiver.ctl("sql", "-o", "json",
                                 f"SELECT count(*) AS every, count(DISTINCT message) AS different FROM logs "
                                 f"WHERE listener = '{listener}' AND message LIKE 'number %'").stdout
        row = json.loads(rows.splitlines()[0])
        return row["every"], row["different"]

    def rows(self, question):
        return [json.loads(row) for row in self.receiver.ctl("sql", "-o", "json", question).stdout.splitlines()]

    def check_what_came_twice(self, listener):
        """Each connection carries records without a gap, and no more come twice than a window a connection (test_targets_window.py
        looks at each) and what two seconds of the busiest carry a kill."""
        numbered = f"FROM logs WHERE listener = '{listener}' AND message LIKE 'number %'"
        number = "CAST(substr(message, 8) AS INTEGER)"
        connections = self.rows(f"SELECT port, min({number}) AS first, max({number}) AS last, count(*) AS records, "
                                f"sum(length(raw) + 4) AS octets {numbered} GROUP BY peer, port")
        for each in connections:
            self.assertEqual(each["records"], each["last"] - each["first"] + 1, f"{listener}: without a gap: {each}")
        busiest = self.rows(f"SELECT max(octets) AS octets FROM (SELECT sum(length(raw) + 4) AS octets {numbered} "
                            "GROUP BY substr(received, 1, 19))")[0]["octets"]
        records = sum(each["records"] for each in connections)
        twice = sum(each["octets"] for each in connections) * (records - RECORDS) / records
        self.assertLessEqual(twice, (len(connections) - 1) * WINDOW + KILLS * 2 * busiest, listener)
        print(f"{listener}: {records - RECORDS} records twice, {len(connections)} connections", file=sys.stderr)

    def lag(self):
        lines = self.sender.ctl("targets", "list", "-o", "json").stdout.splitlines()
        return {each["name"]: each["lag_records"] for each in map(json.loads, lines)}

    def test_everything_arrives_in_the_end(self):
        faults = [self.stop_for_a_while, self.kill_for_a_while, self.refuse, self.swallow, self.fill_disk, self.expire]
        loader = threading.Thread(target=self.send_all, args=(len(faults) * (SECONDS + 3),))
        loader.start()
        kills = [random.randrange(len(faults)) for _ in range(KILLS)]
        for i, fault in enumerate(faults):
            running = threading.Thread(target=fault)
            running.start()
            for _ in range(kills.count(i)):
                time.sleep(random.random() * SECONDS / max(1, kills.count(i)))
                self.kill_sender()
            running.join()
            print(f"{fault.__name__}: {self.sent} records sent, lag {self.lag()}", file=sys.stderr)
        loader.join()
        self.assertTrue(self.done.is_set())
        eventually(lambda: all(lag == 0 for lag in self.lag().values()), 120, "the targets catch up")
        self.receiver.settle()
        self.assertEqual(self.numbers("first"), (RECORDS, RECORDS), "each record exactly once")
        for listener in ("tcp", "tls"):
            self.assertEqual(self.numbers(listener)[1], RECORDS, f"{listener}: nothing is missing")
            self.check_what_came_twice(listener)
        errors = self.sender.metrics()
        print(f"errors since the last start: {errors.sum('cistern_target_errors_total'):.0f}", file=sys.stderr)


if __name__ == "__main__":
    enter_namespaces()
    main()
