#!/usr/bin/env python3
"""A target that is another Cistern: every record arrives once and as it was, whoever is killed in between."""

import json

import stubs
from rig import SANITIZED, CisternTest, eventually, main, tcp_send

RECORDS = 20_000 if SANITIZED else 100_000
# What is new at the second daemon.
OWN = ("id", "received")


def lines(first, last):
    """Messages of several forms, each with its number."""
    forms = ("<{p}>1 2026-01-02T03:04:05.{n:06}Z host{h} app {n} ID [a@1 b=\"{n}\"] number {n}",
             "<{p}>Jan  2 03:04:05 old{h} su[{h}]: number {n}",
             "number {n} without a header",
             "<{p}>1 - - - - - - number {n} \xe4\xf6")
    return [forms[n % 4].format(p=n % 192, n=n, h=n % 7).encode("utf-8" if n % 8 < 4 else "latin-1")
            for n in range(first, last)]


def exported(daemon):
    """Every record, oldest first, with its octets."""
    return [json.loads(line) for line in daemon.ctl("export", "-o", "jsonl").stdout.splitlines()]


class CisternTargetTest(CisternTest):
    def pair(self):
        second = self.start()
        first = self.start({"targets": [{"name": "second", "from": "oldest",
                                         "retry": {"initial": "50ms", "max": "200ms"},
                                         "cistern": {"address": f"127.0.0.1:{second.control}"}}]})
        return first, second

    def arrived(self, second, count, timeout=120):
        def all_there():
            out = second.ctl("count", check=False).stdout.decode().strip()
            return int(out or 0) >= count
        eventually(all_there, timeout, f"{count} records at the second daemon")

    def compare(self, first, second, count):
        sent, stored = exported(first), exported(second)
        self.assertEqual(len(sent), count)
        self.assertEqual(len(stored), count, "missing or twice")
        for here, there in zip(sent, stored):
            tags = there.pop("tags")
            self.assertEqual(tags["cistern.id"], str(here["id"]))
            self.assertEqual(len(tags["cistern.store"]), 32)
            for key in OWN:
                here.pop(key, None), there.pop(key, None)
            self.assertEqual(here, there)

    def test_each_record_arrives_once_and_as_it_was(self):
        first, second = self.pair()
        for start in range(0, RECORDS, 10_000):
            tcp_send(first.port, b"".join(line + b"\n" for line in lines(start, start + 10_000)))
        first.settle(RECORDS)
        self.arrived(second, RECORDS)
        self.compare(first, second, RECORDS)

    def test_each_record_arrives_once_though_either_side_is_killed(self):
        first, second = self.pair()
        sent = 0
        for round in range(10):
            tcp_send(first.port, b"".join(line + b"\n" for line in lines(sent, sent + RECORDS // 10)))
            sent += RECORDS // 10
            eventually(lambda: int(first.ctl("count").stdout) == sent, what="all stored at the first daemon")
            victim = (first, second)[round % 2]
            victim.kill()
            victim.start()
        self.arrived(second, RECORDS)
        self.compare(first, second, RECORDS)

    def test_events_of_another_cistern_are_no_events_here(self):
        first, second = self.pair()
        with stubs.Client(first) as client:
            client.event.RaiseEvent(stubs.event_service.RaiseEventRequest(rule="probe", key="x", summary="gone", severity=3))
        self.arrived(second, 1)
        found = second.query("tag.origin.event.rule:probe")
        self.assertEqual([(record["message"], record["transport"]) for record in found], [("gone", "grpc")])
        self.assertEqual(second.query("tag.event:*"), [])
        self.assertEqual(second.query("transport:internal"), [])
        self.assertEqual(len(first.query("transport:internal tag.event:*")), 1)
        self.assertEqual(second.ctl("events", "list", "-o", "json").stdout, b"")

    def test_a_target_that_leads_back_is_told(self):
        daemon = self.start(lambda self: {"targets": [{"name": "self", "from": "oldest", "cistern": {
            "address": f"127.0.0.1:{self.control}"}}]})
        tcp_send(daemon.port, b"<13>1 - h a - - - x\n")
        daemon.settle(1)

        def told():
            return daemon.metrics().sum("cistern_target_errors_total", target="self", reason="loop") > 0
        eventually(told, what="the loop is an error of the target")
        self.assertEqual(len(daemon.query()), 1)


if __name__ == "__main__":
    main()
