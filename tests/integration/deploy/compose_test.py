#!/usr/bin/python3
"""What compose_test.sh started: records come in, every panel has data, and alerts fire. The tests run in this order."""

import json
import pathlib
import subprocess
import sys
import unittest
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from rig import eventually  # noqa: E402
from test_alerts import dashboard_queries  # noqa: E402

PROMETHEUS = "http://127.0.0.1:9090/api/v1/"


def container(service):
    names = subprocess.run(["podman", "ps", "--format", "{{.Names}}"], capture_output=True, text=True, check=True).stdout.split()
    return next(name for name in names if name.startswith("cistern-test") and service in name)


def ctl(*args):
    """cisternctl within the container of Cistern."""
    return subprocess.run(["podman", "exec", container("_cistern_"), "cisternctl", *args], capture_output=True, text=True)


def prometheus(path, **parameters):
    try:
        with urllib.request.urlopen(f"{PROMETHEUS}{path}?{urllib.parse.urlencode(parameters)}", timeout=10) as answer:
            return json.load(answer)["data"]
    except OSError:
        return {}


def firing():
    return {alert["labels"]["alertname"]: alert["annotations"] for alert in prometheus("alerts").get("alerts", [])
            if alert["state"] == "firing"}


class Compose(unittest.TestCase):
    def test_1_every_sender_arrives(self):
        for host in ("web-1", "db-1", "edge-1"):
            eventually(lambda: int(ctl("count", f"host:{host}").stdout or 0) > 2, 60, f"records of {host}")

    def test_2_prometheus_reads_cistern_and_has_every_rule(self):
        eventually(lambda: prometheus("query", query='up{job="cistern"} == 1').get("result"), 60, "a first scrape")
        rules = [rule["name"] for group in prometheus("rules")["groups"] for rule in group["rules"]]
        self.assertGreater(len(rules), 30)

    def test_3_every_panel_of_the_dashboard_has_data(self):
        queries = [query for query in dashboard_queries() if not query.startswith(("ALERTS", "changes("))]
        self.assertGreater(len(queries), 50)

        def empty():
            return [query for query in queries if not any(
                sample["value"][1] != "NaN" for sample in prometheus("query", query=query).get("result", []))]
        try:
            eventually(lambda: not empty(), 60, "data for every query")
        except AssertionError:
            self.assertEqual(empty(), [])

    def test_4_nothing_is_wrong_so_far(self):
        self.assertEqual(set(firing()) - {"CisternReceiveBufferSmall"}, set())

    def test_5_an_alert_fires_when_a_sender_goes_silent(self):
        subprocess.run(["podman", "stop", "--time", "5", container("_db-1_")], check=True, capture_output=True)
        found = eventually(lambda: firing().get("CisternSenderSilent"), 90, "CisternSenderSilent")
        self.assertIn("silent-sender", found["summary"])
        self.assertIn("db-1 is silent", ctl("events", "list").stdout)

    def test_6_an_alert_fires_when_records_are_dropped(self):
        def flooded():
            ctl("load", "--to", "udp://127.0.0.1:5140", "--count", "20000", "--size", "8000", "--connections", "4")
            return prometheus("query", query='cistern_dropped_messages_total{reason="queue_full"} > 0').get("result")
        eventually(flooded, 90, "queue_full")
        found = eventually(lambda: firing().get("CisternRecordsDropped"), 60, "CisternRecordsDropped")
        self.assertIn("queue_full", found["summary"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
