#!/usr/bin/env python3
"""A target that is a table of MariaDB: what is written there is read back by `cisternctl import`."""

import os
import signal
import subprocess
import unittest

from rig import PEERS, SANITIZED, CisternTest, eventually, free_port, main, tcp_send, wait_for_port
from test_targets_cistern import exported, lines

RECORDS = 20_000 if SANITIZED else 100_000
PACKAGE = PEERS / "root/usr"


@unittest.skipUnless((PACKAGE / "sbin/mariadbd").exists(), "no MariaDB below build/peers: run fetch_peers.sh")
class MariadbTargetTest(CisternTest):
    PASSWORD = "it's a \\ secret"

    def setUp(self):
        super().setUp()
        self.data, self.port = self.work / "db", free_port()
        libraries = next((PACKAGE / "lib").glob("*-linux-gnu"))
        self.env = {**os.environ, "LD_LIBRARY_PATH": str(libraries)}
        subprocess.run([PACKAGE / "bin/mariadb-install-db", "--no-defaults", f"--basedir={PACKAGE}", f"--datadir={self.data}",
                        "--auth-root-authentication-method=normal", "--skip-test-db", "--cross-bootstrap", *self.as_root()],
                       check=True, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.server = self.start_server()
        self.sql("CREATE DATABASE logs; CREATE USER cistern@127.0.0.1 IDENTIFIED BY 'it\\'s a \\\\ secret'; "
                 "GRANT ALL ON logs.* TO cistern@127.0.0.1", database="mysql")
        self.password = self.work / "password"
        self.password.write_text(self.PASSWORD + "\n")

    @staticmethod
    def as_root():
        return ["--user=root"] if os.geteuid() == 0 else []

    def start_server(self):
        server = self.spawn(PACKAGE / "sbin/mariadbd", "--no-defaults", f"--datadir={self.data}",
                            f"--lc-messages-dir={PACKAGE}/share/mysql", f"--character-sets-dir={PACKAGE}/share/mysql/charsets",
                            f"--plugin-dir={self.data}", f"--socket={self.data}/s", "--bind-address=127.0.0.1",
                            f"--port={self.port}", "--innodb-buffer-pool-size=64M", *self.as_root(), env=self.env)
        wait_for_port(self.port)
        return server

    def sql(self, statement, database="logs"):
        done = subprocess.run([PACKAGE / "bin/mariadb", "--no-defaults", "-N", "-B", "-u", "root", "-S", f"{self.data}/s", database,
                               "-e", statement], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode().strip()

    def writer(self):
        return self.start({"targets": [{"name": "db", "from": "oldest", "retry": {"initial": "50ms", "max": "500ms"}, "mariadb": {
            "address": f"127.0.0.1:{self.port}", "user": "cistern", "password": f"file:{self.password}",
            "database": "logs"}}]})

    def arrived(self, count):
        def all_there():
            return int(self.sql("SELECT COUNT(*) FROM information_schema.tables WHERE table_name = 'cistern_logs'")) and \
                int(self.sql("SELECT COUNT(*) FROM cistern_logs")) >= count
        eventually(all_there, 180, f"{count} rows")

    def test_what_is_written_is_read_back(self):
        first = self.writer()
        for start in range(0, RECORDS, 10_000):
            tcp_send(first.port, b"".join(line + b"\n" for line in lines(start, start + 10_000)))
        first.settle(RECORDS)
        self.arrived(RECORDS)
        self.assertEqual(self.sql("SELECT COUNT(*), COUNT(DISTINCT id) FROM cistern_logs"), f"{RECORDS}\t{RECORDS}")

        second = self.start()
        url = f"mariadb://cistern@127.0.0.1:{self.port}/logs/cistern_logs"
        second.ctl("import", "--password-file", self.password, url)
        sent, stored = exported(first), exported(second)
        self.assertEqual(len(stored), RECORDS)
        for here, there in zip(sent, stored):
            here.pop("id"), there.pop("id")
            there["flags"].remove("imported")
            self.assertEqual(here.pop("flags", []), there.pop("flags"))
            self.assertEqual(here, there)

        again = second.ctl("import", "--password-file", self.password, url)
        self.assertIn(b"imported before, nothing new", again.stderr)
        refused = second.ctl("import", url, check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn(b"Access denied", refused.stderr)

    def test_each_record_is_there_once_though_server_and_daemon_are_killed(self):
        first = self.writer()
        sent = 0
        for round in range(6):
            tcp_send(first.port, b"".join(line + b"\n" for line in lines(sent, sent + RECORDS // 20)))
            sent += RECORDS // 20
            if round % 2:
                self.server.send_signal(signal.SIGKILL)
                self.server.wait()
                self.server = self.start_server()
            else:
                eventually(lambda: int(first.ctl("count").stdout) == sent, what="all stored")
                first.kill()
                first.start()
        self.arrived(sent)
        ids = [str(record["id"]) for record in first.query()]
        self.assertEqual(self.sql("SELECT id FROM cistern_logs ORDER BY id").split(), ids)


if __name__ == "__main__":
    main()
