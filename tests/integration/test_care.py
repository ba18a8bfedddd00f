#!/usr/bin/python3
"""What looks after the store: check, stats, backup and restore, beside ingest at full speed."""

import json
import pathlib
import sqlite3
import subprocess
import tarfile
import threading
import unittest

from rig import CTL, IMAGE, SANITIZED, CisternTest, Daemon, eventually, main, tcp_send

COUNT = 80_000 if SANITIZED else 400_000  # enough for sealed blocks


class CareTest(CisternTest):
    def load(self, daemon, count):
        """Sends messages and waits until they are stored."""
        received = daemon.ledger().received
        daemon.ctl("load", "--to", f"tcp://127.0.0.1:{daemon.port}", "--count", count)
        daemon.settle(received + count)

    def stats(self, daemon, by):
        return [json.loads(line) for line in daemon.ctl("store", "stats", "--by", by, "-o", "json").stdout.splitlines()]

    def wait_for_blocks(self, daemon):
        """Sealing goes on in the background."""
        eventually(lambda: sum(day["blocks"] for day in self.stats(daemon, "day")), 30, "a sealed block")

    def ctl(self, *args):
        """cisternctl without a daemon."""
        return subprocess.run([CTL, *map(str, args)], capture_output=True, text=True, timeout=300)

    def check_dir(self, directory, *args):
        done = self.ctl("store", "check", "--dir", directory, "-o", "json", *args)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        findings = [line for line in lines if "summary" not in line]
        summaries = [line["summary"] for line in lines if "summary" in line]
        return done.returncode, findings, summaries[-1] if summaries else done.stderr

    def start_on(self, directory):
        daemon = Daemon(self.work, {"storage": {"dir": str(directory)}})
        self.addCleanup(self.finish, daemon)
        return daemon.start()

    def while_loading(self, daemon, work):
        """Does `work` while messages come in as fast as they can."""
        done = threading.Event()

        def load():
            while not done.is_set():
                daemon.ctl("load", "--to", f"tcp://127.0.0.1:{daemon.port}", "--count", COUNT // 10)
        thread = threading.Thread(target=load)
        thread.start()
        try:
            return work()
        finally:
            done.set()
            thread.join()

    def count(self, daemon):
        return int(daemon.ctl("count").stdout.split()[0].replace(b",", b""))


class CheckTest(CareTest):
    def test_check_beside_ingest_is_clean(self):
        daemon = self.start()
        self.load(daemon, COUNT)
        done = self.while_loading(daemon, lambda: daemon.ctl("store", "check", "-o", "json"))
        summary = json.loads(done.stdout.splitlines()[-1])["summary"]
        self.assertEqual(summary["findings"], 0, done.stdout)
        self.assertGreaterEqual(summary["records"], COUNT)
        self.assertEqual(summary["lost_records"], 0)

    def test_stopped_daemon_leaves_a_clean_directory(self):
        daemon = self.start()
        self.load(daemon, COUNT)
        directory = daemon.config["storage"]["dir"]
        used = self.ctl("store", "check", "--dir", directory)
        self.assertEqual(used.returncode, 69, used)
        self.assertIn(f"process {1 if IMAGE else daemon.process.pid} uses", used.stderr)
        daemon.settle()
        daemon.stop()
        code, findings, summary = self.check_dir(directory)
        self.assertEqual((code, findings), (0, []))
        self.assertEqual(summary["records"], COUNT)

    def test_damage_is_named_repaired_and_the_rest_is_served(self):
        daemon = self.start()
        self.load(daemon, COUNT)
        self.wait_for_blocks(daemon)
        daemon.stop()
        directory = pathlib.Path(daemon.config["storage"]["dir"])
        log = next((directory / "logs").glob("*.db"))
        with sqlite3.connect(log) as database:
            first, last, records, ordinal = database.execute(
                "SELECT first_id, last_id, records, ordinal FROM block ORDER BY first_id LIMIT 1").fetchone()
            blob = bytearray(database.execute("SELECT blob FROM data WHERE ordinal=?", [ordinal]).fetchone()[0])
            blob[len(blob) // 2] ^= 255
            database.execute("UPDATE data SET blob=? WHERE ordinal=?", [bytes(blob), ordinal])
        database.close()
        code, findings, _ = self.check_dir(directory)
        self.assertEqual(code, 1)
        self.assertEqual([(f["kind"], f["first_id"], f["last_id"], f["lost_records"]) for f in findings],
                         [("batch", first, last, records)])
        code, _, summary = self.check_dir(directory, "--repair")
        self.assertEqual(code, 0, summary)
        self.assertEqual(summary["records"], COUNT - records)
        again = self.start_on(directory)
        self.assertEqual(self.count(again), COUNT - records)
        self.assertEqual(again.query(f"id:{first}"), [])

    def test_repair_needs_a_directory(self):
        self.assertEqual(self.ctl("store", "check", "--repair").returncode, 64)


class StatsTest(CareTest):
    def test_figures_add_up_to_the_files(self):
        daemon = self.start()
        self.load(daemon, COUNT)
        daemon.settle()
        self.wait_for_blocks(daemon)
        logs = pathlib.Path(daemon.config["storage"]["dir"], "logs")

        def adds_up():  # once nothing is written any more
            columns, days = self.stats(daemon, "column"), self.stats(daemon, "day")
            on_disk = sum(path.stat().st_size for path in logs.glob("*.db*") if not path.name.endswith("-shm"))
            totals = [sum(line["bytes"] for line in lines) for lines in (columns, days)]
            return all(abs(total / on_disk - 1) <= 0.01 for total in totals) and (columns, days)
        columns, days = eventually(adds_up, 30, "figures add up")
        self.assertEqual(sum(d["records"] for d in days), COUNT)
        received = sum(d["received_bytes"] for d in days)
        self.assertAlmostEqual(received / (COUNT * 174), 1, delta=0.1)
        names = {c["column"] for c in columns}
        self.assertLessEqual({"hostname", "received", "message_templates", "index", "words", "sqlite"}, names)


class BackupTest(CareTest):
    def test_backup_beside_ingest_restores_to_the_same_records(self):
        daemon = self.start()
        self.load(daemon, COUNT)
        token = json.loads(daemon.ctl("tail", "-n", 1, "--no-follow", "-o", "json").stdout)["id"]
        archive = self.work / "all.cistern"
        self.while_loading(daemon, lambda: daemon.ctl("backup", "--to", archive))
        daemon.settle()
        with tarfile.open(archive) as tar:
            names = tar.getnames()
        self.assertEqual(names[:2] + names[-1:], ["BACKUP", "catalog.db", "SHA256SUMS"])
        self.assertEqual([path.name for path in self.work.glob("all.cistern*")], ["all.cistern"])
        self.assertEqual(list(pathlib.Path(daemon.config["storage"]["dir"]).glob("care-*")), [])
        target = self.work / "restored"
        done = self.ctl("restore", archive, "--dir", target)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.check_dir(target)[:2], (0, []))

        restored = self.start_on(target)
        count = self.count(restored)
        self.assertGreaterEqual(count, COUNT)
        newest = json.loads(restored.ctl("query", "-n", 1, "-o", "json").stdout)
        self.assertGreaterEqual(newest["id"], token)
        for filter in ("", "app:sshd", "failed password", "severity:<=err"):
            mine = int(restored.ctl("count", *filter.split()).stdout.split()[0])
            bounded = f"({filter or '*'}) id:<={newest['id']}" if filter else f"id:<={newest['id']}"
            theirs = int(daemon.ctl("count", bounded).stdout.split()[0])
            self.assertEqual(mine, theirs, filter)
        sample = ["-n", 200, "--order", "oldest", "-o", "json"]
        self.assertEqual(restored.ctl("query", *sample).stdout, daemon.ctl("query", *sample).stdout)
        tcp_send(restored.port, b"<13>1 - h a - - - after the restore\n")
        record = eventually(lambda: restored.query('"after the restore"'), 20, "a new record")[0]
        self.assertGreater(record["id"], newest["id"] + 2 ** 20 - 1)

    def test_old_resume_tokens_are_refused(self):
        daemon = self.start()
        self.load(daemon, 100)
        daemon.settle()
        shown = daemon.ctl("query", "-n", 10, "--print-cursor").stderr.decode()
        cursor = shown.split("cursor: ")[1].split()[0]
        archive, target = self.work / "a.cistern", self.work / "restored"
        daemon.ctl("backup", "--to", archive)
        self.assertEqual(self.ctl("restore", archive, "--dir", target).returncode, 0)
        restored = self.start_on(target)
        refused = restored.ctl("query", "--cursor", cursor, check=False)
        self.assertEqual(refused.returncode, 64, refused)

    def test_damaged_archive_and_full_directory_are_refused(self):
        daemon = self.start()
        self.load(daemon, 1000)
        daemon.settle()
        archive = self.work / "a.cistern"
        daemon.ctl("backup", "--to", archive)
        octets = bytearray(archive.read_bytes())
        octets[len(octets) // 2] ^= 1
        (self.work / "bad.cistern").write_bytes(octets)
        done = self.ctl("restore", self.work / "bad.cistern", "--dir", self.work / "new")
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("checksum differs", done.stderr)
        self.assertEqual([p.name for p in (self.work / "new").iterdir()], ["LOCK"])
        (self.work / "full").mkdir()
        (self.work / "full" / "letter").write_text("keep me")
        done = self.ctl("restore", archive, "--dir", self.work / "full")
        self.assertEqual(done.returncode, 1)
        self.assertIn("is not empty", done.stderr)

    def test_backup_of_a_stopped_daemon_says_so_and_leaves_nothing(self):
        daemon = self.start()
        address = f"127.0.0.1:{daemon.control}"
        daemon.settle()
        daemon.stop()
        done = self.ctl("--addr", address, "backup", "--to", self.work / "a.cistern")
        self.assertEqual(done.returncode, 69, done)
        self.assertEqual(list(self.work.glob("a.cistern*")), [])


if __name__ == "__main__":
    main()
