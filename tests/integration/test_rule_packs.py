#!/usr/bin/python3
"""The shipped packs over the logs of the corpus: live, replayed into another daemon and rehearsed, the events are the same.

  CISTERN_CORPUS          folder of the logs (default ../shared/corpus beside the tree); without it those cases are skipped
  CISTERN_REQUIRE_CORPUS  1: they must not be
Live, the times of these old logs are too far from their receipt to count, so received times do. What is compared between runs
is therefore rule, key, fields, count, summary and severity, not the times. sshd_truth.py reads the same lines with the times that
counted: live those of receipt, in history, where imported records keep their time, those of the log.
"""

import collections
import json
import os
import pathlib
import re
import subprocess
import unittest

from rig import ROOT, CisternTest, eventually, main, tcp_send
from stubs import Client, log, rule_service

CORPUS = pathlib.Path(os.environ.get("CISTERN_CORPUS") or ROOT.parent / "shared/corpus")
LOGS = ["sshd_16.cap", "loghub/OpenSSH_2k.log", "loghub/Linux_2k.log"]
PACKS = ["sshd", "sudo", "kernel", "cron", "firewall", "network", "report"]
FILES = ROOT / "service/rules/packs"
OLD = re.compile(r"(\w{3}) +(\d+) ([\d:]{8}) (\S+) ([^:\[]+)(?:\[(\d+)\])?: (.*)")
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
BY_SCHEDULE = {"report-daily", "report-hourly", "sshd-stats"}  # raised when midnight passes, whatever is sent


def lines_of(name):
    return (CORPUS / name).read_text(errors="surrogateescape").splitlines()


def with_time(line, time=None):
    """The line with a header of RFC 5424: its own time, in 2005 where it says no year, or `time`."""
    if line.startswith("<"):
        return line if time is None else re.sub(r"^(<\d+>1) \S+", rf"\1 {time}", line)
    month, day, clock, host, app, pid, text = OLD.fullmatch(line).groups()
    own = f"2005-{MONTHS.index(month) + 1:02}-{int(day):02}T{clock}Z"
    return f"<38>1 {time or own} {host} {app} {pid or '-'} - - {text}"


def octets(line):
    return line.encode(errors="surrogateescape")


def told(events):
    """What does not depend on when it was received, in an order of its own."""
    return sorted((e.rule, e.key, e.count, e.summary, e.severity, tuple(sorted(e.fields.items())))
                  for e in events if e.rule not in BY_SCHEDULE)


class PackTest(CisternTest):
    def events(self, daemon):
        """In the order they were raised."""
        with Client(daemon) as client:
            return client.events()[::-1]

    def rehearse(self, daemon, **fields):
        """The last answer, and the events."""
        with Client(daemon) as client:
            rules = client.rule.ListRules(rule_service.ListRulesRequest(page_size=1000)).rules
            names = [each.rule.name for each in rules if each.rule.enabled and each.rule.name not in BY_SCHEDULE]
            *_, last = client.rule.RehearseRules(rule_service.RehearseRulesRequest(
                names=names, alone=True, max_events=1000, **fields))
        self.assertTrue(last.done)
        self.assertLess(len(last.events), 1000)
        self.assertEqual(collections.Counter(e.rule for e in last.events),
                         {rule.name: rule.figures.events for rule in last.rules if rule.figures.events})
        return last.events

    def truth(self, lines):
        """Events by rule, as the independent script counts them."""
        path = self.work / "lines.log"
        path.write_bytes(b"".join(octets(line) + b"\n" for line in lines))
        script = ROOT / "tests/conformance/sshd_truth.py"
        return json.loads(subprocess.run(["/usr/bin/python3", script, path], check=True,
                                         stdout=subprocess.PIPE).stdout)["events"]

    def sshd(self, events):
        return dict(collections.Counter(e.rule for e in events
                                        if e.rule.startswith("sshd-") and e.rule not in BY_SCHEDULE))


@unittest.skipUnless(os.environ.get("CISTERN_REQUIRE_CORPUS") == "1" or all((CORPUS / name).exists() for name in LOGS),
                     f"no logs in {CORPUS}")
class CorpusTest(PackTest):
    def ingest(self, daemon, lines, batch, imported=False):
        requests = (log.IngestRequest(client_id="replay", sequence=1 + first // batch, imported=imported, records=[
            log.IngestRecord(raw=octets(line)) for line in lines[first:first + batch]])
                    for first in range(0, len(lines), batch))
        with Client(daemon) as client:
            self.assertEqual(sum(answer.stored for answer in client.log.Ingest(requests)), len(lines))

    def processed(self, daemon, must):
        """The events, when there are so many and detections wait for nothing."""
        eventually(lambda: len(told(self.events(daemon))) >= must, 60, f"{must} events")
        return self.events(daemon)

    def test_live_replayed_and_rehearsed_events_are_the_same(self):
        lines = [line for name in LOGS for line in lines_of(name)]
        live = self.start({"packs": PACKS})
        tcp_send(live.port, b"".join(octets(line) + b"\n" for line in lines))
        live.settle(len(lines))
        stored = live.query("NOT transport:internal")
        self.assertEqual(len(stored), len(lines))
        truth = self.truth(with_time(line, record["received"]) for line, record in zip(lines, stored))
        rehearsed = told(self.rehearse(live))
        self.assertGreater(len(rehearsed), 500)
        raised = self.processed(live, len(rehearsed))
        self.assertEqual(self.sshd(raised), truth)
        self.assertEqual(told(raised), rehearsed)
        # Now the log holds the records of these events as well.
        eventually(lambda: len(live.query("tag.event:*")) >= len(raised), what="events are written")
        self.assertEqual(told(self.rehearse(live)), rehearsed)

        replayed = self.start({"packs": PACKS})
        self.ingest(replayed, lines, 7)
        self.assertEqual(told(self.processed(replayed, len(rehearsed))), told(raised))
        self.assertEqual({rule for rule, *_ in rehearsed}, {
            "sshd-attempts-exceeded", "sshd-login-failed", "sshd-login-succeeded", "sshd-pam-attempts-exceeded",
            "sudo-su-opened", "cron-job-failed"})

    def test_a_session_has_the_fields_of_the_log(self):
        daemon = self.start({"packs": ["sshd"]})
        tcp_send(daemon.port, b"".join(octets(line) + b"\n" for line in lines_of(LOGS[0])))
        raised = sorted(self.processed(daemon, 3), key=lambda e: (e.rule, e.key))
        self.assertEqual([(e.rule, e.key, e.fields["user"]) for e in raised],
                         [("sshd-login-failed", "giganode1,2540712", "testguy"),
                          ("sshd-login-succeeded", "giganode1,2540460", "timp"),
                          ("sshd-login-succeeded", "giganode1,2540647", "testguy")])
        self.assertEqual(raised[0].fields["failures"], "3")
        self.assertEqual(dict(raised[1].fields), {
            "host": "giganode1", "user": "timp", "auth": "rsa", "addr": "192.168.1.85", "port": "60116", "failures": "0",
            "start": "2023-02-20T20:12:47.771632Z", "finish": "2023-02-20T20:14:09.072459Z",
            "duration": "0:01:21.300827", "fingerprint": "SHA256:QaxveQJbYmX1Wmx/p2A7q+CJEZEySEl3Cnk79PVUY2A"})
        self.assertEqual((raised[2].fields["auth"], raised[2].fields["duration"]), ("password", "0:00:06.509121"))

    def test_history_is_rehearsed_by_the_times_of_the_log(self):
        must = {"sshd_16.cap": {"sshd-login-failed": 1, "sshd-login-succeeded": 2},
                "loghub/OpenSSH_2k.log": {"sshd-attempts-exceeded": 14, "sshd-login-failed": 492,
                                          "sshd-login-succeeded": 1},
                "loghub/Linux_2k.log": {"sshd-pam-attempts-exceeded": 41}}
        for name in LOGS:
            with self.subTest(name):
                daemon = self.start({"packs": PACKS})
                lines = [with_time(line) for line in lines_of(name)]
                self.ingest(daemon, lines, 300, imported=True)
                found = self.sshd(self.rehearse(daemon))
                self.assertEqual(found, must[name])
                self.assertEqual(found, self.truth(lines))
                # What is imported is no news.
                self.assertEqual(self.sshd(self.events(daemon)), {})


class FileTest(PackTest):
    def test_every_pack_passes_its_own_tests(self):
        daemon = self.start()
        self.assertEqual(sorted(path.stem for path in FILES.glob("*.yaml")), sorted(PACKS))
        for pack in PACKS:
            done = daemon.ctl("rules", "test", FILES / f"{pack}.yaml", "-o", "json")
            results = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertGreater(len(results), 0, pack)
            self.assertEqual([each for each in results if not each["passed"]], [], pack)
            rules = {event["rule"] for each in results for event in each["events"]}
            self.assertTrue(rules, f"the tests of {pack} raise events")
        self.assertEqual(daemon.ctl("rules", "list", "-o", "json").stdout, b"")

    def test_a_wrong_expectation_fails_and_is_told(self):
        daemon = self.start()
        path = self.work / "sudo.yaml"
        record = "'<85>1 2026-03-02T08:00:00Z web-01 sudo 7 - - %s'" % (
            "ada : TTY=pts/0 ; PWD=/home/ada ; USER=root ; COMMAND=/usr/bin/id")
        def test(events):
            path.write_text((FILES / "sudo.yaml").read_text() +
                            f"\n  - name: one more\n    records: [{record}]\n    events: {events}\n")
            return daemon.ctl("rules", "test", path, check=False)
        right = test("[{rule: sudo-command, fields: {user: ada}}]")
        self.assertEqual(right.returncode, 0, right.stdout.decode())
        for wrong, words in (("[]", "sudo-command"), ("[{rule: sudo-command, fields: {user: bo}}]", "bo"),
                             ("[{rule: sudo-denied}]", "sudo-denied"),
                             ("[{rule: sudo-command}, {rule: sudo-command}]", "sudo-command")):
            done = test(wrong)
            self.assertEqual(done.returncode, 1, wrong)
            failed = done.stdout.decode().split("FAIL  one more")
            self.assertEqual(len(failed), 2, done.stdout.decode())
            self.assertIn(words, failed[1], wrong)
        refused = test("[{rule: sudo-command, feilds: {}}]")
        self.assertEqual(refused.returncode, 78)
        self.assertIn(b"feilds: unknown key", refused.stderr)


if __name__ == "__main__":
    main()
