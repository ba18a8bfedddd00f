#!/usr/bin/python3
"""Rules managed at run time and at work: applied, switched, rolled back, confirmed; each ingest action on live records."""

import concurrent.futures
import json
import pathlib
import signal
import time

import grpc

from rig import CisternTest, eventually, main, tcp_send
from stubs import Client, rule, rule_service


def line(message, host="web-1", app="app", severity=13):
    return f"<{severity}>1 - {host} {app} - - - {message}\n".encode()


class RulesTest(CisternTest):
    def apply(self, daemon, rules, *args, check=True):
        path = pathlib.Path(self.work) / "rules.yaml"
        path.write_text(json.dumps({"rules": rules}))
        return daemon.ctl("apply", "-f", path, *args, check=check)

    def listed(self, daemon):
        return {each["name"]: each for each in
                (json.loads(line) for line in daemon.ctl("rules", "list", "-o", "json").stdout.splitlines())}

    def history(self, daemon):
        return [json.loads(line) for line in daemon.ctl("rules", "history", "-o", "json").stdout.splitlines()]

    def send(self, daemon, *messages):
        """Sends them over one connection and waits until they are accounted for."""
        before = daemon.ledger().received
        tcp_send(daemon.port, b"".join(messages))
        return daemon.settle(before + len(messages))

    def messages(self, daemon, filter=""):
        return [record["message"] for record in daemon.query(filter)]

    def test_apply_shows_a_diff_prunes_and_gives_files_back(self):
        daemon = self.start()
        drop = {"name": "quiet", "filter": "app:cron", "drop": {}}
        done = self.apply(daemon, [drop, {"name": "old", "tag": {"tags": {"team": "web"}}}])
        self.assertEqual(done.stdout, b"rule quiet created\nrule old created\n")
        drop["filter"] = "app:sshd"
        shown = self.apply(daemon, [drop], "--prune", "--dry-run").stdout.decode()
        self.assertIn("rule quiet would be changed", shown)
        self.assertIn('- filter: "app:cron"', shown)
        self.assertIn('+ filter: "app:sshd"', shown)
        self.assertIn("rule old would be deleted", shown)
        self.assertEqual(self.listed(daemon)["quiet"]["filter"], "app:cron")
        self.apply(daemon, [drop], "--prune", "--comment", "for a test")
        self.assertEqual(list(self.listed(daemon)), ["quiet"])
        self.assertEqual(self.history(daemon)[0]["comment"], "for a test")
        exported = pathlib.Path(self.work) / "exported.yaml"
        exported.write_bytes(daemon.ctl("rules", "get", "quiet").stdout)
        self.assertIn(b"rule quiet unchanged", daemon.ctl("apply", "-f", exported).stdout)
        table = daemon.ctl("rules", "list").stdout.decode()
        self.assertRegex(table, r"quiet +drop +enabled +1000")

    def test_rules_and_targets_stand_in_one_file(self):
        daemon = self.start()
        path = pathlib.Path(self.work) / "both.yaml"
        both = {"rules": [{"name": "quiet", "filter": "app:cron", "drop": {}}],
                "targets": [{"name": "all", "file": {"path": f"{self.work}/all.log"}}]}
        path.write_text(json.dumps(both))
        self.assertEqual(daemon.ctl("apply", "-f", path).stdout, b"rule quiet created\ntarget all created\n")
        both["targets"][0]["from"] = "never"
        both["rules"][0]["filter"] = "app:x"
        path.write_text(json.dumps(both))
        self.assertEqual(daemon.ctl("apply", "-f", path, check=False).returncode, 78)
        self.assertEqual(self.listed(daemon)["quiet"]["filter"], "app:cron")
        self.assertEqual(daemon.ctl("apply", "-f", path, "--confirm-within", "5m", check=False).returncode, 78)

    def test_errors_name_file_line_and_key(self):
        daemon = self.start()
        cases = [("rules:\n- name: a\n  filter: 'sevrity:>=err'\n  drop: {}\n", ":3:11: rules[0].filter: at byte 0"),
                 ("rules:\n- name: a\n  threshold:\n    count: 2\n    window: 1m\n    by:\n    - hst\n",
                  ":7:7: rules[0].threshold.by[0]: \"hst\" is not a field"),
                 ("rules:\n- name: a\n  redact:\n    patterns: ['(']\n", ":4:16: rules[0].redact.patterns[0]: is not"),
                 ("rules:\n- name: a\n  match: {event: {of: events, of_rules: [a]}}\n", "makes a circle"),
                 ("rules:\n- name: a\n  dorp: {}\n", ":3:3: rules[0].dorp: unknown key; did you mean drop?"),
                 ("rules:\n- name: a\n  extract: {pattern: '" + "x" * 1100 + "'}\n", "is longer than 1024 octets"),
                 ("rules:\n- name: a\n  tag:\n    tags:\n      team: '{{nope}}'\n", ":5:13: rules[0].tag.tags.team: {{nope}}")]
        path = pathlib.Path(self.work) / "bad.yaml"
        for text, error in cases:
            path.write_text(text)
            done = daemon.ctl("apply", "-f", path, check=False)
            self.assertEqual(done.returncode, 78, text)
            self.assertIn(error, done.stderr.decode())
            self.assertIn(str(path), done.stderr.decode())
        self.assertEqual(daemon.ctl("apply", "-f", path.with_name("nothing.yaml"), check=False).returncode, 78)
        self.assertEqual(self.listed(daemon), {})
        with Client(daemon) as client, self.assertRaises(grpc.RpcError) as refused:
            client.rule.ApplyRules(rule_service.ApplyRulesRequest(changes=[rule_service.RuleChange(
                rule=rule.Rule(name="a", filter="(", drop=rule.DropRule()))]))
        self.assertEqual(refused.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
        self.assertIn('rule "a": filter: at byte 1', refused.exception.details())

    def test_a_circle_with_rules_in_force_is_refused(self):
        daemon = self.start()
        def reads(name, other):
            return [{"name": name, "match": {"event": {"of": "events", "of_rules": [other]}}}]
        self.apply(daemon, reads("a", "b"))
        refused = self.apply(daemon, reads("b", "a"), check=False)
        self.assertEqual(refused.returncode, 78)
        self.assertIn(b"makes a circle: a reads the events of b reads the events of a", refused.stderr)

    def test_of_concurrent_changes_one_wins(self):
        daemon = self.start()
        self.apply(daemon, [{"name": "quiet", "filter": "app:cron", "drop": {}}])
        revision = self.listed(daemon)["quiet"]["revision"]
        with Client(daemon) as client:
            def change(filter):
                try:
                    client.rule.ApplyRules(rule_service.ApplyRulesRequest(changes=[rule_service.RuleChange(
                        rule=rule.Rule(name="quiet", filter=filter, drop=rule.DropRule()), revision=revision)]))
                    return "OK", ""
                except grpc.RpcError as error:
                    return error.code().name, error.details()
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                answers = sorted(pool.map(change, ["app:a", "app:b"]))
        self.assertEqual([code for code, _ in answers], ["ABORTED", "OK"])
        current = self.listed(daemon)["quiet"]["revision"]
        self.assertIn(f"is at revision {current}, not {revision}", answers[0][1])

    def test_a_change_that_is_not_confirmed_is_undone_also_over_a_crash(self):
        daemon = self.start()
        self.apply(daemon, [{"name": "quiet", "filter": "app:cron", "drop": {}}])
        self.apply(daemon, [{"name": "quiet", "drop": {}}, {"name": "more", "drop": {}}], "--confirm-within", "4s")
        refused = self.apply(daemon, [{"name": "other", "drop": {}}], check=False)
        self.assertIn(b"change 2 waits to be confirmed", refused.stderr)
        self.assertEqual(refused.returncode, 78)
        daemon.kill()
        daemon.start()
        eventually(lambda: set(self.listed(daemon)) == {"quiet"}, 30, "the change is undone")
        self.assertEqual(self.listed(daemon)["quiet"]["filter"], "app:cron")
        self.assertEqual(self.history(daemon)[0]["who"], "not confirmed")
        self.assertEqual(daemon.ctl("rules", "confirm", check=False).returncode, 1)

    def test_a_confirmed_change_stays(self):
        daemon = self.start()
        noted = self.apply(daemon, [{"name": "quiet", "drop": {}}], "--confirm-within", "3s").stderr
        self.assertIn(b"rules confirm", noted)
        self.assertIn(b"change 1 stays", daemon.ctl("rules", "confirm").stderr)
        time.sleep(4)
        self.assertEqual(list(self.listed(daemon)), ["quiet"])

    def test_rollback_undoes_a_change_and_what_followed(self):
        daemon = self.start()
        self.apply(daemon, [{"name": "a", "filter": "app:x", "drop": {}}])
        self.apply(daemon, [{"name": "a", "filter": "app:y", "drop": {}}, {"name": "b", "drop": {}}])
        daemon.ctl("rules", "delete", "b")
        daemon.ctl("rules", "disable", "a")
        self.assertEqual([each["change"] for each in self.history(daemon)], [4, 3, 2, 1])
        self.assertRegex(self.history(daemon)[0]["who"], r"^127\.0\.0\.1")
        self.assertIn(b"rule a would be changed", daemon.ctl("rules", "rollback", 2, "--dry-run").stdout)
        self.assertEqual(self.listed(daemon)["a"]["filter"], "app:y")
        daemon.ctl("rules", "rollback", 2)
        self.assertEqual({name: (each["filter"], each["state"]) for name, each in self.listed(daemon).items()},
                         {"a": ("app:x", "enabled")})
        self.assertIn(b'- filter: "app:y"', daemon.ctl("rules", "history", "--diff").stdout)
        self.assertEqual(daemon.ctl("rules", "rollback", 99, check=False).returncode, 1)

    def test_rules_of_the_configuration_and_of_packs(self):
        daemon = self.start({"rules": [{"name": "quiet", "filter": "app:cron", "drop": {}}], "packs": ["sudo"]})
        self.assertTrue(self.listed(daemon)["quiet"]["from_configuration"])
        self.assertGreater(len(self.listed(daemon)), 1)
        refused = daemon.ctl("rules", "delete", "quiet", check=False)
        self.assertIn(b"belongs to the configuration file", refused.stderr)
        daemon.ctl("rules", "disable", "quiet")
        self.assertEqual(daemon.stop(), 0)
        daemon.start()
        self.assertEqual(self.listed(daemon)["quiet"]["state"], "disabled")
        self.send(daemon, line("kept", app="cron"))
        self.assertEqual(self.messages(daemon), ["kept"])
        daemon.config["rules"][0]["filter"] = "app:sshd"
        daemon.config["packs"] = []
        daemon.write_config()
        daemon.signal(signal.SIGHUP)
        eventually(lambda: list(self.listed(daemon)) == ["quiet"], 20, "the reload takes it")
        self.assertEqual(self.listed(daemon)["quiet"]["state"], "enabled")
        daemon.config["rules"][0]["filter"] = "("
        daemon.write_config()
        daemon.signal(signal.SIGHUP)
        eventually(lambda: "rules[0].filter: at byte 1" in daemon.log(), 20, "the reload is refused")
        self.assertEqual(self.listed(daemon)["quiet"]["filter"], "app:sshd")

    def test_drop_and_expiry(self):
        daemon = self.start()
        self.apply(daemon, [{"name": "quiet", "filter": "app:cron", "expires": "3s", "drop": {}}])
        self.send(daemon, line("one", app="cron"), line("two"))
        self.assertEqual(self.messages(daemon), ["two"])
        self.assertEqual(daemon.metrics().sum("cistern_dropped_messages_total", reason="rule"), 1)
        self.assertEqual(daemon.metrics().sum("cistern_rule_dropped_total", rule="quiet"), 1)
        eventually(lambda: self.listed(daemon)["quiet"]["state"] == "over", 20, "it is over")
        time.sleep(1.5)
        self.send(daemon, line("three", app="cron"))
        self.assertEqual(self.messages(daemon), ["two", "three"])

    def test_limit_tells_its_beginning_and_end(self):
        daemon = self.start()
        self.apply(daemon, [{"name": "flood", "limit": {"rate": 1, "burst": 10, "by": ["hostname"], "quiet": "2s"}}])
        self.send(daemon, *(line(f"number {i}") for i in range(500)))
        stored = len(daemon.query("number"))
        self.assertLess(stored, 100)
        self.assertGreaterEqual(stored, 10)
        self.assertEqual(stored + self.listed(daemon)["flood"]["dropped"], 500)
        eventually(lambda: [r["tags"]["event.state"] for r in daemon.query("tag.event.rule:flood")] == ["open", "resolved"],
                   30, "both events are in the log")

    def test_the_event_of_a_limit_ends_with_the_daemon(self):
        daemon = self.start()
        self.apply(daemon, [{"name": "flood", "limit": {"rate": 1, "burst": 10, "by": ["hostname"], "quiet": "1h"}}])

        def states():
            found = [json.loads(line) for line in daemon.ctl("events", "list", "-o", "json").stdout.splitlines()]
            return [(event["state"], len(event["notes"])) for event in reversed(found)]
        self.send(daemon, *(line(f"number {i}") for i in range(100)))
        eventually(lambda: states() == [("open", 0)], 20, "it begins")
        self.assertEqual(daemon.stop(), 0)
        daemon.start()
        self.assertEqual(states(), [("resolved", 0)])
        self.assertEqual([r["tags"]["event.state"] for r in daemon.query("tag.event.rule:flood")], ["open", "resolved"])
        self.assertGreater(int(daemon.query("tag.event.state:resolved")[0]["tags"]["event.dropped"]), 50)
        self.send(daemon, *(line(f"number {i}") for i in range(100)))
        eventually(lambda: states() == [("resolved", 0), ("open", 0)], 20, "it begins again")
        daemon.kill()
        daemon.start()
        self.assertEqual(states(), [("resolved", 0), ("resolved", 1)])
        eventually(lambda: len(daemon.query("tag.event.state:resolved")) == 2, 20, "its end is in the log")

    def test_deduplicate_says_how_often(self):
        daemon = self.start()
        self.apply(daemon, [{"name": "again", "deduplicate": {"window": "2s"}}])
        self.send(daemon, *(line("the same") for _ in range(50)), line("another"))
        eventually(lambda: daemon.query('"message repeated"'), 20, "the window ends")
        said = daemon.query('"message repeated"')
        self.assertEqual([record["tags"]["repeat.count"] for record in said], ["49"])
        self.assertIn("the same", said[0]["message"])
        self.assertEqual(sorted(self.messages(daemon, "NOT repeated")), ["another", "the same"])
        daemon.settle()

    def test_redact_leaves_nothing_on_the_disk(self):
        daemon = self.start()
        self.apply(daemon, [{"name": "private", "redact": {"what": ["user", "ipv4", "card", "email"],
                                                          "patterns": [r"token=(\w+)"], "with": "label"}}])
        secrets = ["192.0.2.77", "4111111111111111", "bob@example.net", "s3cr3tt0ken", "zaphod"]
        message = "login for user zaphod from 192.0.2.77 card 4111111111111111 mail bob@example.net token=s3cr3tt0ken"
        self.send(daemon, *(line(f"{message} end {i}") for i in range(300)))
        record = daemon.query("end")[0]
        self.assertIn("[ipv4]", record["message"])
        self.assertIn("redacted", record["tags"])
        self.assertEqual(daemon.stop(), 0)
        for file in pathlib.Path(daemon.work, "data").rglob("*"):
            if file.is_file():
                for secret in secrets:
                    self.assertNotIn(secret.encode(), file.read_bytes(), f"{secret} in {file}")
        daemon.start()
        for secret in secrets:
            self.assertEqual(daemon.query(f'"{secret}"'), [], secret)

    def test_tag_set_and_extract_can_be_searched(self):
        daemon = self.start()
        self.apply(daemon, [
            {"name": "a-fields", "order": 1, "filter": "app:nginx",
             "extract": {"pattern": r"from (?P<addr>\S+) status (?P<code>\d+)"}},
            {"name": "b-pairs", "order": 1, "filter": "app:pairs", "extract": {"key_value": {}}},
            {"name": "team", "filter": "host:web-*", "tag": {"tags": {"team": "web", "where": "{{host}}/{{tag.code}}"}}},
            {"name": "loud", "filter": "tag.code:500", "set": {"fields": {"severity": "err", "app_name": "broken"}}}])
        self.send(daemon, line("from 192.0.2.9 status 500", app="nginx"), line("from 192.0.2.8 status 200", app="nginx"),
                  line('user=ann action="log in"', host="db-1", app="pairs"))
        self.assertEqual(self.messages(daemon, "tag.addr:192.0.2.9"), ["from 192.0.2.9 status 500"])
        self.assertEqual(self.messages(daemon, "severity:err app:broken"), ["from 192.0.2.9 status 500"])
        self.assertEqual(len(daemon.query("tag.team:web")), 2)
        self.assertEqual(len(daemon.query("tag.where:web-1/200")), 1)
        self.assertEqual(len(daemon.query('tag.user:ann tag.action:"log in"')), 1)

    def test_sample_stores_one_of_several(self):
        daemon = self.start()
        self.apply(daemon, [{"name": "few", "sample": {"one_in": 10}}])
        self.send(daemon, *(line(f"number {i}") for i in range(200)))
        self.assertEqual(len(daemon.query("number")), 20)
        self.assertEqual(self.listed(daemon)["few"]["dropped"], 180)

    def test_a_threshold_raises_an_event(self):
        daemon = self.start({"detections": {"tolerance": "1s"}})
        self.apply(daemon, [{"name": "guessing", "filter": '"failed password"',
                             "threshold": {"count": 5, "window": "1m", "by": ["addr"],
                                           "event": {"extract": [r"from (?P<addr>\S+)"],
                                                     "summary": "{{count}} failures from {{addr}}"}}}])
        self.send(daemon, *(line("Failed password for root from 192.0.2.5 port 22") for _ in range(5)))
        found = eventually(lambda: daemon.query("tag.event.rule:guessing"), 30, "an event")
        self.assertEqual(found[0]["message"], "5 failures from 192.0.2.5")
        self.assertEqual(self.listed(daemon)["guessing"]["events"], 1)
        self.assertEqual(daemon.metrics().sum("cistern_rule_events_total", rule="guessing"), 1)


if __name__ == "__main__":
    main()
