#!/usr/bin/python3
"""Rehearsal: rules tried on stored records do what they do live, change nothing, and can be given up; rules explained."""

import collections
import json
import pathlib
import time

import grpc

from rig import SANITIZED, CisternTest, eventually, main, tcp_send
from stubs import Client, log, rule, rule_service

HOSTS, EACH = 12, 20  # of each host all samples fit into an answer
TEXTS = [
    "login for user bob from 192.0.2.{n} port {n}",
    "connection from 2001:db8::{n:x} refused",
    "card 4111111111111111 mail ann{n}@example.net paid",
    "token=s3cr3t{n} accepted",
    "nothing of interest {n}",
]


def sample_lines():
    return [f"<{14 if n % 3 else 11}>1 - web-{n % HOSTS} {('cron', 'sshd', 'nginx')[n // HOSTS % 3]} {n} - - "
            f"{TEXTS[n % len(TEXTS)].format(n=n)}\n".encode() for n in range(HOSTS * EACH)]


class RehearsalTest(CisternTest):
    def apply(self, daemon, *rules):
        path = pathlib.Path(self.work) / "rules.yaml"
        path.write_text(json.dumps({"rules": rules}))
        daemon.ctl("apply", "-f", path, "--prune")

    def write(self, *rules):
        path = pathlib.Path(self.work) / "tried.yaml"
        path.write_text(json.dumps({"rules": rules}))
        return path

    def rehearse(self, daemon, *rules, args=("--since", "1h")):
        """What `rules test` says."""
        done = daemon.ctl("rules", "test", self.write(*rules), *args, "-o", "json")
        return json.loads(done.stdout)

    def send(self, daemon, lines):
        before = daemon.ledger().received
        tcp_send(daemon.port, b"".join(lines))
        daemon.settle(before + len(lines))

    def listed(self, daemon):
        return {each["name"]: each for each in
                (json.loads(line) for line in daemon.ctl("rules", "list", "-o", "json").stdout.splitlines())}

    def last_id(self, daemon):
        return max([record["id"] for record in daemon.query()], default=0)


class AgreesWithLive(RehearsalTest):
    """The same records, first stored and rehearsed over, then sent again with the rules in force."""

    def compare(self, *rules, records=None):
        daemon = self.start()
        lines = records or sample_lines()
        self.send(daemon, lines)
        last = self.last_id(daemon)
        told = self.rehearse(daemon, *rules)
        self.assertEqual(told["records"], len(lines))
        rehearsed = {each["rule"]: each["now"] for each in told["rules"]}
        after = self.samples(daemon, *rules)
        self.apply(daemon, *rules)
        self.send(daemon, lines)
        live = self.listed(daemon)
        stored = daemon.query("NOT transport:internal")[len(lines):]
        self.assertTrue(all(record["id"] > last for record in stored))
        for name, figures in rehearsed.items():
            self.assertEqual({key: figures[key] for key in ("matched", "dropped", "changed")},
                             {key: live[name][key] for key in ("matched", "dropped", "changed")}, name)
        found = [(record["procid"], record["message"], record.get("tags", {})) for record in stored]
        self.assertEqual(found, [each for each in after if each[1] is not None])
        return daemon, told

    def samples(self, daemon, *rules):
        """Every stored record as the last of these rules that touches it would leave it, by procid; None: dropped."""
        before = daemon.query("NOT transport:internal")
        left = {record["id"]: (record["message"], {}) for record in before}
        for host in range(HOSTS):
            told = self.rehearse(daemon, *rules, args=("--since", "1h", "--where", f"host:web-{host}", "--samples", 20))
            for each in told["rules"]:
                for sample in each.get("samples", []):
                    _, tags = left[sample["id"]]
                    left[sample["id"]] = (sample.get("message_after"), {**tags, **sample.get("tags", {})})
        return [(record["procid"], *left[record["id"]]) for record in before]

    def test_drop(self):
        daemon, told = self.compare({"name": "quiet", "filter": "app:cron NOT severity:err", "drop": {}})
        figures = told["rules"][0]["now"]
        self.assertGreater(figures["dropped"], 10)
        self.assertLess(figures["dropped"], HOSTS * EACH // 2)
        dropped = [line for n, line in enumerate(sample_lines()) if n // HOSTS % 3 == 0 and n % 3]
        self.assertEqual(figures["dropped"], len(dropped))
        octets = sum(len(line) - 1 for line in dropped)
        self.assertAlmostEqual(told["bytes_saved"], octets, delta=octets / 5)  # told "about"
        self.assertEqual(daemon.metrics().sum("cistern_dropped_messages_total", reason="rule"), len(dropped))

    def test_redact(self):
        for way in ("label", "hash", "mask"):
            with self.subTest(way):
                _, told = self.compare({"name": "private", "redact": {
                    "what": ["user", "ipv4", "ipv6", "card", "email"], "patterns": [r"token=(\w+)"], "with": way}})
                self.assertEqual(told["rules"][0]["now"]["changed"], HOSTS * EACH * 4 // 5)
                text = json.dumps([sample["message_after"] for sample in told["rules"][0]["samples"]])
                for secret in ("bob", "192.0.2.", "2001:db8", "4111", "example.net", "s3cr3t"):
                    self.assertNotIn(secret, text)

    def test_tag_and_extract_and_set(self):
        _, told = self.compare(
            {"name": "addr", "order": 1, "extract": {"pattern": r"from (?P<addr>\S+)"}},
            {"name": "team", "order": 2, "filter": "tag.addr:192.0.2.*", "tag": {"tags": {"at": "{{host}}/{{tag.addr}}"}}},
            {"name": "text", "order": 3, "filter": "tag.at:*", "set": {"fields": {"message": "login at {{tag.at}}"}}})
        matched = [each["now"]["matched"] for each in told["rules"]]
        self.assertEqual(matched, [HOSTS * EACH, HOSTS * EACH // 5, HOSTS * EACH // 5])

    def test_rules_after_one_that_drops_do_not_see_it(self):
        _, told = self.compare({"name": "a", "order": 1, "filter": "app:cron", "drop": {}},
                               {"name": "b", "order": 2, "filter": "severity:err", "tag": {"tags": {"bad": "yes"}}})
        self.assertEqual([each["now"]["matched"] for each in told["rules"]],
                         [sum(1 for n in range(HOSTS * EACH) if n // HOSTS % 3 == 0),
                          sum(1 for n in range(HOSTS * EACH) if n % 3 == 0 and n // HOSTS % 3)])

    def test_rules_that_thin_out(self):
        self.compare({"name": "few", "sample": {"one_in": 7, "by": ["hostname"]}})


class Answers(RehearsalTest):
    def test_a_changed_rule_is_compared_with_the_one_in_force(self):
        daemon = self.start()
        self.send(daemon, sample_lines())
        self.apply(daemon, {"name": "quiet", "filter": "app:cron", "drop": {}})
        told = self.rehearse(daemon, {"name": "quiet", "filter": "app:(cron OR sshd)", "drop": {}})["rules"][0]
        cron, sshd = (sum(1 for n in range(HOSTS * EACH) if n // HOSTS % 3 == app) for app in (0, 1))
        self.assertEqual((told["before"]["dropped"], told["now"]["dropped"]), (cron, cron + sshd))
        shown = daemon.ctl("rules", "test", self.write({"name": "quiet", "filter": "app:(cron OR sshd)", "drop": {}}),
                           "--since", "1h").stdout.decode()
        self.assertIn(f"{cron + sshd} (was {cron})", shown)
        new = self.rehearse(daemon, {"name": "seldom", "filter": "severity:err", "drop": {}})["rules"][0]
        self.assertNotIn("before", new)
        # Behind the rule in force, which would have dropped the rest; alone, without it.
        self.assertEqual(new["now"]["matched"], sum(1 for n in range(240) if n % 3 == 0 and n // HOSTS % 3))
        alone = self.rehearse(daemon, {"name": "seldom", "filter": "severity:err", "drop": {}},
                              args=("--since", "1h", "--alone"))["rules"][0]
        self.assertEqual(alone["now"]["matched"], 80)

    def test_a_changed_detection_is_compared_and_shows_its_events(self):
        daemon = self.start({"detections": {"tolerance": "1s"}})
        many = {"name": "many", "filter": "app:sshd", "threshold": {"count": 9, "window": "10m", "by": ["hostname"]}}
        self.apply(daemon, many)
        self.send(daemon, sample_lines())
        live = self.rehearse(daemon, many, args=("--since", "1h", "--alone"))
        self.assertEqual(live["rules"][0]["now"]["events"], 0)
        many["threshold"]["count"] = 5
        told = self.rehearse(daemon, many)
        self.assertEqual((told["rules"][0]["before"]["events"], told["rules"][0]["now"]["events"]), (0, HOSTS))
        self.assertEqual(sorted(event["key"] for event in told["events"]), sorted(f"web-{n}" for n in range(HOSTS)))
        few = self.rehearse(daemon, many, args=("--since", "1h", "--events", 2))
        self.assertEqual((len(few["events"]), few["rules"][0]["now"]["events"]), (2, HOSTS))

    def test_it_changes_nothing(self):
        daemon = self.start({"detections": {"tolerance": "1s"}})
        self.apply(daemon, {"name": "quiet", "filter": "app:nothing", "drop": {}},
                   {"name": "each", "filter": "msg:nothing", "match": {}})
        self.send(daemon, sample_lines())
        eventually(lambda: len(daemon.query("tag.event.rule:each")) == 48, what="events are written")

        def state():
            events = daemon.ctl("events", "list", "-n", 0, "-o", "json").stdout
            history = daemon.ctl("rules", "history", "-o", "json").stdout
            return daemon.query(), events, history, self.listed(daemon)
        before = state()
        tried = [[{"name": "quiet", "filter": "app:cron", "drop": {}}, {"name": "hide", "redact": {"what": ["ipv4"]}},
                  {"name": "each", "filter": "app:nginx", "match": {}}],
                 [{"name": "limit", "limit": {"rate": 1, "burst": 1, "by": ["hostname"]}}],
                 [{"name": "again", "deduplicate": {"window": "1s", "by": ["hostname"]}}]]
        for rules in tried:
            told = self.rehearse(daemon, *rules)
            self.assertTrue(all(each["now"]["matched"] >= 72 for each in told["rules"]), told["rules"])
        time.sleep(2)  # nothing comes later either
        self.assertEqual(state(), before)

    def test_ingest_rules_pass_over_records_of_events_as_they_do_live(self):
        daemon = self.start({"detections": {"tolerance": "1s"}})
        self.apply(daemon, {"name": "each", "filter": "msg:nothing", "match": {}})
        lines = sample_lines()
        self.send(daemon, lines)
        eventually(lambda: len(daemon.query("tag.event.rule:each")) == 48, what="events are written")
        dropped = self.rehearse(daemon, {"name": "all", "drop": {}})["rules"][0]["now"]
        self.assertEqual((dropped["matched"], dropped["dropped"]), (len(lines), len(lines)))
        tagged = self.rehearse(daemon, {"name": "all", "tag": {"tags": {"a": "b"}}})["rules"][0]["now"]
        self.assertEqual((tagged["matched"], tagged["changed"]), (len(lines), len(lines)))
        # Rules that read events still see them.
        told = self.rehearse(daemon, {"name": "all", "tag": {"tags": {"a": "b"}}},
                             {"name": "of", "match": {"event": {"of": "events", "of_rules": ["each"]}}})
        self.assertEqual([each["now"]["events"] for each in told["rules"]], [0, 48])

    def test_wrong_requests_are_refused_in_words(self):
        daemon = self.start()
        drop = rule.Rule(name="a", drop=rule.DropRule())
        with Client(daemon) as client:
            for fields, words in (({}, "rules: give rules or names"), ({"names": ["nope"]}, "there is no rule nope"),
                                  ({"rules": [drop], "filter": "host:("}, "filter: at byte"),
                                  ({"rules": [drop, drop]}, "rules[1].name: is given twice"),
                                  ({"rules": [rule.Rule(name="a", filter="(", drop=rule.DropRule())]}, "rules[0].filter"),
                                  ({"rules": [drop], "samples": 21}, "samples: at most 20")):
                with self.assertRaises(grpc.RpcError) as refused:
                    list(client.rule.RehearseRules(rule_service.RehearseRulesRequest(**fields)))
                self.assertEqual(refused.exception.code(), grpc.StatusCode.INVALID_ARGUMENT, fields)
                self.assertIn(words, refused.exception.details())
        self.assertEqual(daemon.ctl("rules", "test", self.write({"name": "a", "drop": {}}), check=False).returncode, 64)

    def test_explain_tells_why(self):
        daemon = self.start()
        self.send(daemon, sample_lines())
        self.apply(daemon, {"name": "quiet", "order": 5, "filter": "app:cron severity:>=err", "drop": {}},
                   {"name": "early", "order": 1, "tag": {"tags": {"seen": "yes"}}},
                   {"name": "each", "filter": "app:sshd", "match": {}})
        of = {(record["app_name"], record["severity"]): record["id"] for record in daemon.query()}

        def explain(key, *args):
            done = daemon.ctl("rules", "explain", of[key], *args, "-o", "json")
            return {each["rule"]: each for each in map(json.loads, done.stdout.splitlines())}
        told = explain(("cron", "info"))
        self.assertEqual([(name, each["matched"]) for name, each in told.items()],
                         [("early", True), ("quiet", False), ("each", False)])
        self.assertIn("severity", told["quiet"]["reason"])
        self.assertIn("info", told["quiet"]["reason"])
        self.assertIn("cron", told["each"]["reason"])
        self.assertTrue(explain(("cron", "err"))["quiet"]["matched"])
        self.assertTrue(explain(("sshd", "err"))["each"]["matched"])
        self.assertEqual(list(explain(("sshd", "err"), "quiet")), ["quiet"])
        self.assertEqual(daemon.ctl("rules", "explain", 99999, check=False).returncode, 1)
        self.assertEqual(daemon.ctl("rules", "explain", of["cron", "err"], "nope", check=False).returncode, 1)


class Long(RehearsalTest):
    """Many slow rules over many records: minutes, if nobody ended it."""

    RECORDS = 30000 if SANITIZED else 100000

    def setUp(self):
        super().setUp()
        self.daemon = self.start()
        lines = [f"<13>1 - h{n % 50} app - - - user u{n} from 192.0.2.{n % 250} did {n * 7919 % 100003} things with "
                 f"{'abcdefgh' * 8}".encode() for n in range(self.RECORDS)]
        requests = (log.IngestRequest(client_id="long", sequence=1 + first // 10000, records=[
            log.IngestRecord(raw=line) for line in lines[first:first + 10000]])
                    for first in range(0, len(lines), 10000))
        with Client(self.daemon) as client:
            collections.deque(client.log.Ingest(requests), maxlen=0)
        self.client = Client(self.daemon)
        self.addCleanup(self.client.channel.close)

    def begin(self, **options):
        rules = [rule.Rule(name=f"slow-{n}", redact=rule.RedactRule(
            what=["user", "ipv4", "ipv6", "mac", "card", "email"], patterns=[rf"(\w+){n}(\w*)x", rf"[a-h]+{n}$"]))
                 for n in range(30)]
        return self.client.rule.RehearseRules(rule_service.RehearseRulesRequest(rules=rules), **options)

    def test_progress_cancelling_and_how_many_at_once(self):
        first, second = self.begin(), self.begin()
        seen = [next(first) for _ in range(2)] + [next(second)]
        self.assertFalse(any(answer.done for answer in seen))
        self.assertLess(seen[0].records, seen[1].records)
        self.assertEqual({answer.total_records for answer in seen}, {self.RECORDS})
        self.assertEqual(len(seen[0].rules), 30)
        with self.assertRaises(grpc.RpcError) as refused:
            next(self.begin())
        self.assertEqual(refused.exception.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
        # They delay nobody else.
        self.assertEqual(len(self.client.query("did", limit=1)), 1)
        tcp_send(self.daemon.port, b"<13>1 - h app - - - meanwhile\n")
        eventually(lambda: self.daemon.query("meanwhile"), what="records are stored")
        first.cancel()
        second.cancel()
        begin = time.monotonic()

        def free():
            third = self.begin()
            try:
                return not next(third).done
            except grpc.RpcError as error:
                self.assertEqual(error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
                return False
            finally:
                third.cancel()
        eventually(free, 30, "one has ended")
        print(f"after {seen[1].records} of {self.RECORDS} records, ended {time.monotonic() - begin:.1f} s after cancelling")

    def test_a_deadline_and_the_end_of_the_daemon_end_it(self):
        with self.assertRaises(grpc.RpcError) as late:
            list(self.begin(timeout=2))
        self.assertEqual(late.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        running = self.begin()
        self.assertFalse(next(running).done)
        self.assertEqual(self.daemon.stop(), 0)
        with self.assertRaises(grpc.RpcError) as drained:
            list(running)
        self.assertEqual(drained.exception.code(), grpc.StatusCode.UNAVAILABLE)


if __name__ == "__main__":
    main()
