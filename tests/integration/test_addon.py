#!/usr/bin/python3
"""examples/addon: a Python client raises events from live records, and goes on where it was over restarts."""

import json
import os
import signal
import subprocess
import sys

import stubs
from rig import ROOT, CisternTest, eventually, main, tcp_send


class AddOn(CisternTest):
    def setUp(self):
        super().setUp()
        self.daemon = self.start()
        self.sent = 0
        self.add_on = None
        self.addCleanup(self.end_add_on, signal.SIGKILL)

    def start_add_on(self):
        with open(self.work / "addon.log", "ab") as log:
            self.add_on = subprocess.Popen(
                ["/usr/bin/python3", ROOT / "examples/addon/failed_logins.py",
                 "--addr", f"127.0.0.1:{self.daemon.control}"],
                env={**os.environ, "PYTHONPATH": str(stubs.OUT)}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.following()

    def following(self):
        eventually(lambda: self.daemon.metrics().sum("cistern_grpc_streams", method="tail") == 1, 60, "it follows")

    def end_add_on(self, number=signal.SIGTERM):
        if self.add_on is None or self.add_on.poll() is not None:
            return None
        self.add_on.send_signal(number)
        return self.add_on.wait(20)

    def fail_logins(self, *users):
        """Sends a failed login of each user, and one that succeeded."""
        lines = [f"<38>1 - web-1 sshd 77 - - Failed password for {user} from 192.0.2.7 port {4000 + n} ssh2"
                 for n, user in enumerate(users)]
        lines.append("<38>1 - web-1 sshd 77 - - Accepted password for root from 192.0.2.1 port 4 ssh2")
        tcp_send(self.daemon.port, "".join(line + "\n" for line in lines).encode())

    def events(self):
        done = self.daemon.ctl("events", "list", "-o", "json", check=False)
        return {event["fields"]["user"]: event for event in map(json.loads, done.stdout.splitlines())}

    def counts(self):
        return {user: event["count"] for user, event in self.events().items()}

    def expect(self, **counts):
        eventually(lambda: self.counts() == counts, 60, f"events {counts}")

    def test_goes_on_over_restarts_of_both(self):
        self.start_add_on()
        self.fail_logins("bob", "invalid user eve", "bob")
        self.expect(bob=2, eve=1)
        event = self.events()["bob"]
        self.assertEqual((event["rule"], event["key"], event["severity"], event["fields"]["host"]),
                         ("failed-logins", "bob,192.0.2.7", "warning", "web-1"))
        records = {record["id"]: record["message"] for record in self.daemon.query("app:sshd")}
        self.assertEqual(["for bob" in records[id] for id in event["record_ids"]], [True, True])

        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        self.following()
        self.fail_logins("eve")
        self.expect(bob=2, eve=2)

        self.assertEqual(self.end_add_on(), 0)
        self.fail_logins("carol")  # while it is away
        eventually(lambda: self.daemon.query('app:sshd carol'), what="stored")
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        self.fail_logins("dave")
        self.start_add_on()
        self.expect(bob=2, eve=2, carol=1, dave=1)

    def test_a_crash_of_the_server_counts_nothing_twice(self):
        self.start_add_on()
        for round in range(3):
            self.fail_logins("bob", "eve")
            self.expect(bob=round + 1, eve=round + 1)
            self.daemon.kill()
            self.daemon.start()
            self.following()
        self.fail_logins("carol")
        self.expect(bob=3, eve=3, carol=1)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
