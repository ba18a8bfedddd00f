#!/usr/bin/python3
"""What a syslog target sends again over plain TCP and TLS, octet by octet.

A sink that breaks each connection somewhere, in the middle of what was sent, while the daemon is killed again and again.
Nothing may be missing; each connection carries records in order, without a gap; and it begins at most `resend_window`
octets before the end of the one before it. After `kill -9` it may begin that much before what had arrived two seconds
earlier: the position is written each second.
  CISTERN_FAULTS_RECORDS, CISTERN_FAULTS_KILLS make it longer, as in test_targets_faults.py.
"""

import json
import os
import random
import re
import socket
import ssl
import struct
import sys
import threading
import time
from dataclasses import dataclass, field

from certs import Authority
from rig import CisternTest, eventually, main, tcp_send

RECORDS = int(os.environ.get("CISTERN_FAULTS_RECORDS", 60000))
KILLS = int(os.environ.get("CISTERN_FAULTS_KILLS", 4))
# More than both kernels hold of what nobody reads: 512 KiB that are not sent and a small receive buffer.
WINDOW = 1 << 20
PAD = "x" * 300
KILL_INTERVAL = 3.0
# The position is told five times a second and written each second, in a transaction of its own.
WRITTEN = 2.0
NUMBER = re.compile(rb"number (\d+) ")


@dataclass
class Connection:
    accepted: float
    first: int = -1
    last: int = -1
    octets: int = 0
    progress: list = field(default_factory=list)  # (when, last)


def cut(octets):
    """Messages after their octet counts; what is left."""
    messages, at = [], 0
    while (space := octets.find(b" ", at)) >= 0:
        end = space + 1 + int(octets[at:space])
        if end > len(octets):
            break
        messages.append(octets[at:end])
        at = end
    return messages, octets[at:]


class BreakingSink(threading.Thread):
    """Takes one connection after the other, reads some of it at a steady rate, and breaks it."""

    def __init__(self, rate, context=None):
        super().__init__(daemon=True)
        self.rate, self.context = rate, context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
        self.port = self.listener.getsockname()[1]
        self.connections, self.sizes, self.seen = [], [0] * RECORDS, bytearray(RECORDS)
        self.wrong, self.breaking = [], True

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            this = Connection(time.time())
            self.connections.append(this)
            try:
                if self.context:
                    connection.settimeout(5)
                    connection = self.context.wrap_socket(connection, server_side=True)
                connection.settimeout(None)
                self.read(connection, this, random.uniform(0.2, 4) * WINDOW)
            except OSError:
                pass  # the daemon was killed
            if connection.fileno() >= 0:  # a handshake that failed has closed it
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # reset
                connection.close()

    def read(self, connection, this, quota):
        rest = b""
        while not self.breaking or this.octets < quota:
            octets = connection.recv(32 << 10)
            if not octets:
                return
            time.sleep(len(octets) / self.rate)
            this.octets += len(octets)
            messages, rest = cut(rest + octets)
            for message in messages:
                self.take(this, message)
            this.progress.append((time.time(), this.last))

    def take(self, this, message):
        found = NUMBER.search(message)
        number = int(found[1]) if found else -1
        if not found or (this.last >= 0 and number != this.last + 1):
            self.wrong.append((this.last, message[:200]))
        this.first = number if this.first < 0 else this.first
        this.last = number
        self.sizes[number] = len(message)
        self.seen[number] = 1


class WindowTest(CisternTest):
    def sending(self, sink, extra):
        target = {"name": "to", "from": "oldest", "retry": {"initial": "20ms", "max": "200ms"},
                  "syslog": {"addresses": [f"127.0.0.1:{sink.port}"], "resend_window": WINDOW, **extra}}
        return {"targets": [target]}

    def lag(self, daemon):
        return json.loads(daemon.ctl("targets", "list", "-o", "json").stdout.splitlines()[0])["lag_records"]

    def kill_now_and_then(self, daemon):
        """When that was."""
        kills = []
        for _ in range(KILLS):
            time.sleep(KILL_INTERVAL * random.uniform(0.8, 1.2))
            kills.append(time.time())
            daemon.kill()
            daemon.start()
        return kills

    def kills_between(self, connections, kills, index):
        """Those that may have ended the connection before `index`. It may have waited, written and dead, to be accepted."""
        return [kill for kill in kills if connections[max(index - 2, 0)].accepted < kill < connections[index].accepted]

    def bound_of(self, connections, kills, index):
        """Up to which record the connection before `index` must count as arrived; -1: up to none."""
        before, killed = connections[index - 1], self.kills_between(connections, kills, index)
        if not killed:
            return before.last
        for earlier in reversed(connections[:index]):
            told = [last for when, last in earlier.progress if when < killed[-1] - WRITTEN]
            if told:
                return told[-1]
        return -1

    def check(self, sink, kills):
        """How many octets came twice after a break at most; after a kill at most."""
        ends, octets = [], 0
        for size in sink.sizes:
            octets += size
            ends.append(octets)
        connections = [each for each in sink.connections if each.first >= 0]
        most = {False: 0, True: 0}
        for index in range(1, len(connections)):
            before, this = connections[index - 1], connections[index]
            killed = bool(self.kills_between(connections, kills, index))
            bound = self.bound_of(connections, kills, index)
            again = ends[bound] - ends[this.first] + sink.sizes[this.first] if bound >= this.first else 0
            self.assertLessEqual(again, WINDOW, f"connection {index}, after a kill: {killed}: {before} {this.first}")
            twice = ends[before.last] - ends[this.first] + sink.sizes[this.first] if before.last >= this.first else 0
            most[killed] = max(most[killed], twice)
        return len(connections), most[False], most[True]

    def forward(self, context=None, extra=None):
        octets = RECORDS * (len(PAD) + 150)
        sink = BreakingSink(3 * octets / (KILL_INTERVAL * (KILLS + 1)), context)
        daemon = self.start()
        tcp_send(daemon.port, "".join(f"<13>1 - host app - - - number {i} {PAD}\n" for i in range(RECORDS)).encode())
        daemon.settle(RECORDS, 120)
        daemon.config.update(self.sending(sink, extra or {}))
        daemon.write_config()
        self.assertEqual(daemon.stop(), 0)
        sink.start()
        daemon.start()
        kills = self.kill_now_and_then(daemon)
        sink.rate *= 10  # the rest, more quickly
        eventually(lambda: all(sink.seen), 300, "everything has arrived")
        sink.breaking = False
        eventually(lambda: self.lag(daemon) == 0, 60, "the target has caught up")
        self.assertEqual(sink.wrong, [], "in order, without a gap")
        connections, broken, killed = self.check(sink, kills)
        print(f"{connections} connections, {len(kills)} kills; octets sent again: at most {broken} after a break, "
              f"{killed} after a kill; window {WINDOW}", file=sys.stderr)
        self.assertGreater(connections, KILLS)

    def test_plain_tcp(self):
        self.forward()

    def test_tls(self):
        authority = Authority(self.work / "ca")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.issue("sink", "IP:127.0.0.1"))
        self.forward(context, {"transport": "tls", "tls": {"ca_file": str(authority.cert)}})


if __name__ == "__main__":
    main()
