#!/usr/bin/python3
"""Retention by rules in a running daemon: some records go early, the others stay, readers see neither less nor more."""

import secrets
import threading
import unittest

from rig import CisternTest, eventually, main, tcp_send
from stubs import Client, log

ROUNDS, EACH = 12, 500


class RetentionTest(CisternTest):
    def start_with_rules(self):
        return self.start(lambda daemon: {"storage": {
            "dir": str(daemon.work / "data"), "max_file_bytes": "256KiB",
            "retention": {"max_age": 0, "rules": [{"filter": "app:audit", "max_age": 0},
                                                  {"filter": "severity:debug", "max_age": "2s"}]}}})

    def fill(self, daemon):
        """Each round 500 debug messages of an app, 500 of audit (debug as well) and 500 warnings; text that does not compress."""
        for number in range(ROUNDS):
            lines = [f"<{priority}>1 - h {app} - - - {number} {secrets.token_hex(60)}\n"
                     for _ in range(EACH) for priority, app in ((15, "app"), (15, "audit"), (12, "app"))]
            tcp_send(daemon.port, "".join(lines).encode())
            daemon.settle((number + 1) * 3 * EACH)

    def count(self, daemon, filter):
        return int(daemon.ctl("count", filter).stdout.split()[-1])

    def keep_counting(self, daemon, stop, seen):
        while not stop.is_set():
            seen.add((self.count(daemon, "app:audit"), self.count(daemon, "severity:warning")))

    def test_first_rule_that_matches_decides_while_others_read(self):
        daemon = self.start_with_rules()
        self.fill(daemon)
        stop, seen = threading.Event(), set()
        reader = threading.Thread(target=self.keep_counting, args=(daemon, stop, seen))
        reader.start()

        def few():
            left = self.count(daemon, "app:app severity:debug")
            return left if left <= 3 * EACH else None  # of the file that is still open
        try:
            eventually(few, 60, "debug messages go")
        finally:
            stop.set()
            reader.join()
        self.assertEqual(seen, {(ROUNDS * EACH, ROUNDS * EACH)}, "whoever read meanwhile missed nothing that stays")
        def settled():  # more may go meanwhile
            gone = ROUNDS * EACH - self.count(daemon, "app:app severity:debug")
            return gone if daemon.metrics().sum("cistern_expired_records_total") == gone else None
        gone = eventually(settled, 20, "the metric counts them")
        self.assertGreater(gone, ROUNDS * EACH / 2)
        self.assertIn(b"clean: ", daemon.ctl("store", "check").stdout)

        def read():
            with Client(daemon) as client:  # behind the first record, which is one of those that went
                answers = list(client.log.Tail(log.TailRequest(after_record_id=1), timeout=60))
            return [sum(len(answer.records) for answer in answers), sum(answer.gap.records for answer in answers)]

        def read_between():  # two looks that agree
            before, result = settled(), read()
            return (before, result) if before is not None and before == settled() else None
        gone, (records, missed) = eventually(read_between, 20, "nothing goes while everything is read")
        self.assertEqual(records, 3 * ROUNDS * EACH - gone)
        self.assertEqual(missed, gone - 1, "a cursor hears how many it missed")

        daemon.stop()
        daemon.start()
        self.assertEqual(self.count(daemon, "app:audit"), ROUNDS * EACH)
        def read_again():
            before, result = self.count(daemon, "app:app severity:debug"), read()
            return (before, result) if before == self.count(daemon, "app:app severity:debug") else None
        left, (records, missed) = eventually(read_again, 20, "nothing goes while everything is read")
        self.assertLessEqual(left, ROUNDS * EACH - gone, "what was gone stays so")
        self.assertEqual(records, 2 * ROUNDS * EACH + left)
        self.assertEqual(missed, ROUNDS * EACH - left - 1, "also after a restart a cursor hears how many it missed")


if __name__ == "__main__":
    main()
