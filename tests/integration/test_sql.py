#!/usr/bin/python3
"""SQL over stored records: cisternctl sql, and the extension in the stock sqlite3 shell."""

import json
import subprocess
import unittest

from rig import BIN, CisternTest, main, udp_send

EXTENSION = BIN.parent / "lib" / "cistern_logs.so"
QUESTIONS = [
    ("SELECT count(*) AS n FROM logs", [{"n": 40}]),
    ("SELECT count(*) AS n FROM logs WHERE app_name = 'app-1'", [{"n": 10}]),
    ("SELECT count(*) AS n FROM logs WHERE app_name = 'APP-1'", [{"n": 0}]),
    ("SELECT count(*) AS n FROM logs WHERE severity <= 3", [{"n": 20}]),
    ("SELECT count(*) AS n FROM logs WHERE severity > 3", [{"n": 20}]),
    ("SELECT count(*) AS n FROM logs WHERE message MATCH 'word7 OR word8'", [{"n": 2}]),
    ("SELECT count(*) AS n FROM logs WHERE message LIKE '%Number 7 word%'", [{"n": 1}]),
    ("SELECT message FROM logs ORDER BY id DESC LIMIT 1", [{"message": "number 39 word39"}]),
    ("SELECT message FROM logs WHERE id > 0 LIMIT 1", [{"message": "number 0 word0"}]),
    ("SELECT count(*) AS n FROM logs WHERE received >= datetime('now', '-1 hour')", [{"n": 40}]),
    ("SELECT count(*) AS n FROM logs WHERE received < datetime('now', '-1 hour')", [{"n": 0}]),
    ("SELECT count(*) AS n FROM logs WHERE time < '2026-03-04 05:06:20'", [{"n": 20}]),
    ("SELECT app_name, count(*) AS n FROM logs GROUP BY 1 ORDER BY 1 LIMIT 2",
     [{"app_name": "app-0", "n": 10}, {"app_name": "app-1", "n": 10}]),
    ("SELECT count(*) AS n FROM logs a JOIN logs b ON a.id = b.id", [{"n": 40}]),
]


class SqlTest(CisternTest):
    def setUp(self):
        super().setUp()
        self.daemon = self.start()
        for i in range(40):
            severity = 3 if i % 2 == 0 else 6
            udp_send(self.daemon.port,
                     f"<{8 + severity}>1 2026-03-04T05:06:{i:02}Z host app-{i % 4} - - - number {i} word{i}".encode())
        self.daemon.settle(40)


class ThroughTheServer(SqlTest):
    def sql(self, statement, *args, check=True):
        return self.daemon.ctl("sql", statement, *args, check=check)

    def test_questions(self):
        for statement, expected in QUESTIONS:
            with self.subTest(statement):
                out = self.sql(statement, "-o", "json").stdout
                self.assertEqual([json.loads(line) for line in out.splitlines()], expected)

    def test_every_column(self):
        [row] = map(json.loads, self.sql("SELECT * FROM logs LIMIT 1", "-o", "json").stdout.splitlines())
        self.assertEqual(
            {key: row[key] for key in ("time", "hostname", "app_name", "facility", "severity", "severity_name", "peer",
                                       "transport", "listener", "format", "message", "procid", "tags")},
            {"time": "2026-03-04 05:06:00.000000000", "hostname": "host", "app_name": "app-0", "facility": "user",
             "severity": 3, "severity_name": "err", "peer": "127.0.0.1", "transport": "udp", "listener": "udp",
             "format": "rfc5424", "message": "number 0 word0", "procid": None, "tags": None})
        self.assertEqual(row["raw"], "<11>1 2026-03-04T05:06:00Z host app-0 - - - number 0 word0")

    def test_forms(self):
        statement = "SELECT id, message FROM logs WHERE message MATCH 'word3'"
        self.assertTrue(self.sql(statement, "-o", "csv").stdout.startswith(b"id,message\n"))
        self.assertIn(b"number 3 word3", self.sql(statement, "-o", "table").stdout)
        done = self.sql("SELECT id FROM logs", "-o", "json", "-n", 5)
        self.assertEqual(len(done.stdout.splitlines()), 5)

    def test_what_is_refused(self):
        for statement in ("ATTACH 'x' AS y", "PRAGMA user_version", "CREATE TABLE t (a)", "DELETE FROM logs",
                          "SELECT load_extension('x')", "SELECT * FROM sqlite_schema", "SELECT 1; SELECT 2",
                          "SELECT * FROM pragma_database_list", "VACUUM INTO '/tmp/never'", "BEGIN",
                          "INSERT INTO logs (message) VALUES ('x')"):
            with self.subTest(statement):
                done = self.sql(statement, check=False)
                self.assertEqual(done.returncode, 64, done.stderr)
        self.assertIn("only one SELECT over the table logs", self.sql("PRAGMA user_version", check=False).stderr.decode())
        self.assertIn("syntax error", self.sql("SELEC 1", check=False).stderr.decode())
        self.assertIn("at byte", self.sql("SELECT 1 FROM logs WHERE message MATCH 'a OR'", check=False).stderr.decode())

    def test_a_statement_without_end_is_stopped(self):
        endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
        done = self.daemon.ctl("--timeout", "300ms", "sql", endless, check=False)
        self.assertEqual(done.returncode, 69)
        self.assertEqual(len(self.sql("SELECT 1 AS one", "-o", "json").stdout.splitlines()), 1)


@unittest.skipUnless(EXTENSION.exists(), "not in this build: sanitizers cannot be loaded into another program")
class InTheShell(SqlTest):
    def shell(self, *statements, check=True):
        load = [f".load {EXTENSION.with_suffix('')}",
                f"CREATE VIRTUAL TABLE temp.logs USING cistern('{self.daemon.work}/data');"]
        done = subprocess.run(["sqlite3", "-json", ":memory:"], input="\n".join([*load, *statements]), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        if check:
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done

    def check_questions(self):
        for statement, expected in QUESTIONS:
            with self.subTest(statement):
                self.assertEqual(json.loads(self.shell(statement + ";").stdout), expected)

    def test_beside_a_running_daemon(self):
        self.check_questions()

    def test_without_a_daemon(self):
        self.assertEqual(self.daemon.stop(), 0)
        before = sorted((path.name, path.stat().st_mtime_ns) for path in (self.daemon.work / "data/logs").iterdir())
        self.check_questions()
        after = sorted((path.name, path.stat().st_mtime_ns) for path in (self.daemon.work / "data/logs").iterdir())
        self.assertEqual(after, before)

    def test_what_goes_wrong_is_said(self):
        self.assertIn("not a data directory", self.shell(
            "CREATE VIRTUAL TABLE temp.other USING cistern('/nowhere');", check=False).stderr)
        self.assertIn("may not be modified", self.shell("DELETE FROM logs;", check=False).stderr)


if __name__ == "__main__":
    main()
