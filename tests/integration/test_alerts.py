#!/usr/bin/python3
"""Alert rules and dashboard of helm/cistern/files: promtool accepts them, each alert was seen firing, every metric exists."""

import json
import pathlib
import re
import subprocess
import tempfile
import unittest

from rig import PEERS, ROOT, CisternTest, main

FILES = ROOT / "helm/cistern/files"
TESTS = ROOT / "tests/integration/deploy/alerts_test.yaml"
PROMTOOL = PEERS / "bin/promtool"
ALERTS = (FILES / "alerts.yaml").read_text()
DASHBOARD = json.loads((FILES / "dashboard.json").read_text())
METRIC = re.compile(r"\b(?:cistern|process)_\w+")


def dashboard_queries():
    """Every expression of the dashboard, with values in place of Grafana's variables."""
    queries = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]
    queries += [annotation["expr"] for annotation in DASHBOARD["annotations"]["list"]]
    return [query.replace("$__rate_interval", "5m").replace("$job", ".*").replace("$instance", ".*") for query in queries]


class PromtoolTest(unittest.TestCase):
    def promtool(self, *command):
        done = subprocess.run([PROMTOOL, *map(str, command)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_rules_are_valid(self):
        self.promtool("check", "rules", FILES / "alerts.yaml")

    def test_each_alert_fires_when_it_should_and_only_then(self):
        self.promtool("test", "rules", TESTS)
        self.assertEqual(re.findall(r"- alert: (\w+)", ALERTS), re.findall(r"- name: (\w+)", TESTS.read_text()))

    def test_each_alert_says_how_bad_it_is_and_what_to_do(self):
        for alert in ALERTS.split("- alert: ")[1:]:
            self.assertRegex(alert, r"labels: \{severity: (critical|warning|info)\}", alert)
            for annotation in ("summary", "description", "runbook"):
                self.assertRegex(alert, rf'\n +{annotation}: "', alert)

    def test_expressions_of_the_dashboard_are_valid(self):
        rules = {"groups": [{"name": "dashboard", "rules": [
            {"record": f"q:{number}", "expr": query} for number, query in enumerate(dashboard_queries())]}]}
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "rules.yaml"
            path.write_text(json.dumps(rules))
            self.promtool("check", "rules", path)


class DashboardTest(unittest.TestCase):
    def test_panels_have_ids_of_their_own_and_do_not_overlap(self):
        ids = [panel["id"] for panel in DASHBOARD["panels"]]
        self.assertEqual(len(ids), len(set(ids)))
        cells = [(x, y) for panel in DASHBOARD["panels"] for place in [panel["gridPos"]]
                 for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])]
        self.assertEqual(len(cells), len(set(cells)))
        self.assertLess(max(x for x, _ in cells), 24)

    def test_every_query_goes_to_the_chosen_source(self):
        for panel in DASHBOARD["panels"]:
            for target in panel.get("targets", []):
                self.assertEqual(target["datasource"]["uid"], "${datasource}")
                self.assertEqual(target["expr"].count('job=~"$job"'), target["expr"].count('instance=~"$instance"'))
                self.assertIn('job=~"$job"', target["expr"])


class NamesTest(CisternTest):
    def test_metrics_they_ask_for_exist(self):
        declared = set(re.findall(r'"(cistern_\w+)"', (ROOT / "service/metrics/names.h").read_text()))
        exported = {name for name in self.start().metrics().names() if name.startswith("process_")}
        known = declared | exported
        asked = METRIC.findall("\n".join([*dashboard_queries(), *re.findall(r"expr: ((?:.|\n)*?)\n +(?:for|labels):", ALERTS)]))
        asked = {re.sub(r"_(bucket|count|sum)$", "", name) for name in asked}
        self.assertEqual(asked - known, set())


if __name__ == "__main__":
    main()
