#!/usr/bin/python3
"""Records on their way out of one store and into another: export, import, convert, in every format."""

import gzip
import json
import re
import signal
import sqlite3
import subprocess
import time
import unittest

from rig import CTL, SANITIZED, CisternTest, eventually, main, tcp_send, udp_send

MESSAGES = [
    b"<34>1 2026-10-11T22:14:15.003+02:00 web-1 sshd 4711 ID47 [a@1 k=\"v\" k=\"w\"][b@1 x=\"y \\\"z\\\"\"] Failed password",
    b"<13>Oct 11 22:14:15 router cron[12]: job 17 done",
    b"<165>Aug  4 2026 05:34:00 fw-1 : %ASA-6-302013: Built outbound TCP connection 42",
    b"<13>Jan  2 03:04:05 h app: caf\xe9 ol\xe9",
    "<14>Jan  2 03:04:05 höst tag: grüße".encode(),
    b"plain text without any header",
    b"<13>1 - - - - - -",
    b"{\"json\": [1, 2]}",
]
NEW = {"id", "flags"}  # what an import changes


def fields(record):
    """What must come back; the order of flags is that of their numbers."""
    return {**{key: value for key, value in record.items() if key not in NEW},
            "flags": [flag for flag in record.get("flags", []) if flag != "imported"]}


class TransferTest(CisternTest):
    def setUp(self):
        super().setUp()
        self.daemon = self.start()

    def fill(self, extra=0):
        for message in MESSAGES:
            udp_send(self.daemon.port, message)
        text = b"<13>1 - h multi - - - first\nsecond"
        tcp_send(self.daemon.port, b"%d %s" % (len(text), text))
        if extra:
            self.daemon.ctl("load", "--to", f"tcp://127.0.0.1:{self.daemon.port}", "--count", extra)
        self.daemon.settle(len(MESSAGES) + 1 + extra)
        return len(MESSAGES) + 1 + extra

    def export(self, *args, name="out"):
        path = self.work / name
        self.daemon.ctl("export", "--file", path, *args)
        return path


class JsonLines(TransferTest):
    def test_there_and_back_every_field_is_the_same(self):
        count = self.fill()
        path = self.export()
        self.assertEqual(len(path.read_text().splitlines()), count)
        other = self.start()
        done = other.ctl("import", path)
        self.assertIn(f"{count} records imported", done.stderr.decode())
        before, after = self.daemon.query(), other.query()
        self.assertEqual([fields(record) for record in after], [fields(record) for record in before])
        self.assertTrue(all("imported" in record["flags"] for record in after))

        def raws(daemon):
            return daemon.ctl("query", "-n", 0, "--order", "oldest", "-o", "raw").stdout
        self.assertEqual(raws(other), raws(self.daemon))

    def test_what_query_prints_is_imported_as_well(self):
        self.fill()
        path = self.work / "query.json"
        path.write_bytes(self.daemon.ctl("query", "-n", 0, "--order", "oldest", "-o", "json").stdout)
        other = self.start()
        other.ctl("import", path)
        self.assertEqual([fields(record) for record in other.query()],
                         [fields(record) for record in self.daemon.query()])

    def test_a_second_import_stores_nothing_and_compression_does_not_matter(self):
        count = self.fill()
        path = self.export()
        packed = self.work / "packed.gz"
        packed.write_bytes(gzip.compress(path.read_bytes()))
        subprocess.run(["zstd", "-q", path], check=True)
        other = self.start()
        for name in (packed, f"{path}.zst"):
            self.assertIn(f"{count} records imported", other.ctl("import", name).stderr.decode())
            done = other.ctl("import", name).stderr.decode()
            self.assertIn("nothing new", done)
            self.assertIn(" 0 records imported", done)
        self.assertEqual(len(other.query()), 2 * count)

    def test_bad_lines_are_counted_and_the_rest_is_taken(self):
        path = self.work / "some.jsonl"
        path.write_text('{"format":"raw","message":"good"}\nnonsense\n{"format":"raw","message":"good too"}\n')
        done = self.daemon.ctl("import", path, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("line 2: not JSON", done.stderr.decode())
        self.assertEqual([record["message"] for record in self.daemon.query()], ["good", "good too"])

    def test_an_interrupted_import_goes_on_where_it_was(self):
        total = 20_000 if SANITIZED else 200_000
        self.daemon.ctl("load", "--to", f"tcp://127.0.0.1:{self.daemon.port}", "--count", total)
        self.daemon.settle(total)
        path = self.export()
        other = self.start()
        for stop in (signal.SIGKILL, signal.SIGINT):
            process = subprocess.Popen([CTL, "--addr", f"127.0.0.1:{other.control}", "import", path],
                                       stderr=subprocess.DEVNULL)
            before = other.ledger().stored
            eventually(lambda: process.poll() is not None or other.ledger().stored > before, what="some are stored")
            process.send_signal(stop)
            process.wait()
        other.ctl("import", path)
        self.assertEqual(len(other.query()), total)
        self.assertEqual([record["message"] for record in other.query()],
                         [record["message"] for record in self.daemon.query()])
        other.settle()

    def test_live_tails_show_imported_records_only_when_asked(self):
        path = self.work / "one.jsonl"
        path.write_text('{"format":"raw","message":"from an archive","received":"2026-01-02T03:04:05Z"}\n')
        address = f"127.0.0.1:{self.daemon.control}"
        tails = [subprocess.Popen([CTL, "--addr", address, "tail", "-n", "10", "-o", "json", *flags],
                                  stdout=subprocess.PIPE, text=True) for flags in ([], ["--imported"])]
        udp_send(self.daemon.port, b"<13>1 - - - - - - live 1")
        for tail in tails:
            self.assertEqual(json.loads(tail.stdout.readline())["message"], "live 1")
        self.daemon.ctl("import", path)
        udp_send(self.daemon.port, b"<13>1 - - - - - - live 2")
        self.assertEqual(json.loads(tails[0].stdout.readline())["message"], "live 2")
        self.assertEqual(json.loads(tails[1].stdout.readline())["received"], "2026-01-02T03:04:05.000000000Z")
        for tail in tails:
            tail.terminate()
            tail.communicate()


class Text(TransferTest):
    def test_rfc5424_counted_keeps_the_octets(self):
        count = self.fill()
        path = self.export("-o", "rfc5424", "--framing", "counted")
        self.assertIn(MESSAGES[0], path.read_bytes())
        self.assertIn(b"<13>1 - h multi - - - first\nsecond\n", path.read_bytes())
        other = self.start()
        other.ctl("import", path)
        self.assertEqual(len(other.query()), count)
        for filter in ("app:multi", "app:sshd", '"job 17"'):
            self.assertEqual(other.query(filter)[0]["message"], self.daemon.query(filter)[0]["message"])

    def test_rfc5424_lines_are_one_a_record(self):
        count = self.fill()
        lines = self.daemon.ctl("export", "-o", "rfc5424").stdout.splitlines()
        self.assertEqual(len(lines), count)
        self.assertTrue(all(re.match(rb"<\d+>1 ", line) for line in lines))
        self.assertIn(b"<13>1 - h multi - - - first#012second", lines)
        self.assertTrue(any(b" router cron 12 - - job 17 done" in line for line in lines))

    def test_lines_keep_their_own_times(self):
        path = self.work / "syslog.gz"
        path.write_bytes(gzip.compress(b"<13>Nov  2 03:04:05 h app: winter\n<13>Jul  2 03:04:05 h app: summer\n"
                                       b"and what follows\n"))
        done = self.daemon.ctl("import", "--zone", "Europe/Berlin", "--year", 2025, path).stderr.decode()
        self.assertIn("warning: the oldest imported record is of 2025-07-02", done)  # 30 days are kept
        winter, summer, rest = self.daemon.query()
        self.assertEqual(winter["received"], "2025-11-02T02:04:05.000000000Z")
        self.assertEqual((summer["time"], summer["received"]), ("2025-07-02T01:04:05.000000000Z",) * 2)
        self.assertEqual((rest["message"], rest["received"]), ("and what follows", summer["received"]))
        self.assertEqual(self.daemon.ctl("query", "winter", "-o", "raw").stdout,
                         b"<13>Nov  2 03:04:05 h app: winter\n")

    def test_csv_has_a_header_and_a_row_a_record(self):
        self.fill()
        out = self.export("-o", "csv", "app:cron").read_text()
        self.assertTrue(out.startswith("id,received,time,"))
        self.assertIn("job 17 done", out)
        self.assertEqual(len(out.splitlines()), 2)

    def test_nothing_is_left_of_an_export_that_failed(self):
        done = self.daemon.ctl("export", "app:", "--file", self.work / "never", check=False)
        self.assertEqual(done.returncode, 64)
        self.assertEqual([path.name for path in self.work.glob("never*")], [])
        done = self.daemon.ctl("export", "--file", self.work / "no/such/folder", check=False)
        self.assertEqual(done.returncode, 70)
        self.assertEqual(self.daemon.ctl("export", "-o", "sqlite", check=False).returncode, 64)


class Sqlite(TransferTest):
    def test_layout_search_and_triggers(self):
        self.fill()
        path = self.export("-o", "sqlite")
        month = time.strftime("%Y%m", time.gmtime())
        with sqlite3.connect(path) as database:
            def matches(word):
                return database.execute(f"SELECT count(*) FROM SystemEvents{month} WHERE ID IN (SELECT rowid FROM "
                                        f"SystemEventsFTS{month} WHERE Message MATCH ?)", (word,)).fetchone()[0]
            row = database.execute(f"SELECT Facility, Priority, FromHost, InfoUnitID, DeviceReportedTime, SysLogTag, "
                                   f"ProcessID, Message FROM SystemEvents{month} WHERE SysLogTag = 'sshd'").fetchone()
            self.assertEqual(row, (4, 2, "web-1", 1, "2026-10-11 20:14:15.003000+00:00", "sshd", "4711",
                                   "Failed password"))
            self.assertEqual(matches("password"), 1)
            database.execute(f"UPDATE SystemEvents{month} SET Message = 'other' WHERE Message = 'Failed password'")
            self.assertEqual((matches("password"), matches("other")), (0, 1))
            database.execute(f"DELETE FROM SystemEvents{month} WHERE Message = 'other'")
            self.assertEqual(matches("other"), 0)
            database.execute(f"INSERT INTO SystemEvents{month} (Message) VALUES ('fresh')")
            self.assertEqual(matches("fresh"), 1)
            database.execute(f"INSERT INTO SystemEventsFTS{month}(SystemEventsFTS{month}, rank) "
                             "VALUES ('integrity-check', 1)")

    def test_there_and_back(self):
        count = self.fill()
        path = self.export("-o", "sqlite")
        other = self.start()
        other.ctl("import", path)
        before, after = self.daemon.query(), other.query()
        self.assertEqual(len(after), count)
        for old, new in zip(before, after):
            for key in ("severity", "facility", "message"):
                self.assertEqual(new.get(key), old.get(key))
            self.assertEqual(new["received"][:26], old["received"][:26])  # microseconds
        self.assertIn("nothing new", other.ctl("import", path).stderr.decode())

    def test_both_layouts_of_aiosyslogd_grow_and_are_imported_once(self):
        for table in ("SystemEvents", "SystemEvents202601"):
            path = self.work / f"{table}.sqlite3"
            with sqlite3.connect(path) as database:
                database.execute(f"CREATE TABLE {table} (ID INTEGER PRIMARY KEY AUTOINCREMENT, Facility INTEGER, "
                                 "Priority INTEGER, FromHost TEXT, InfoUnitID INTEGER, ReceivedAt TIMESTAMP, "
                                 "DeviceReportedTime TIMESTAMP, SysLogTag TEXT, ProcessID TEXT, Message TEXT)")
                insert = f"INSERT INTO {table} VALUES (?, 3, 4, 'h', 1, ?, ?, 'UNKNOWN', '0', ?)"
                row = ("2026-01-02 03:04:05.5", "2026-01-02 03:04:05+02:00")
                database.execute(insert, (1, *row, f"{table} one"))
                database.commit()
                self.assertIn("1 records imported", self.daemon.ctl("import", "--zone", "+01:00", path).stderr.decode())
                database.execute(insert, (7, *row, f"{table} two"))
                database.commit()
                self.assertIn("1 records imported", self.daemon.ctl("import", "--zone", "+01:00", path).stderr.decode())
            one, two = self.daemon.query(f"msg:/^{table} /")
            self.assertEqual([one["message"], two["message"]], [f"{table} one", f"{table} two"])
            self.assertEqual((one["received"], one["time"], one["hostname"], one["severity"]),
                             ("2026-01-02T02:04:05.500000000Z", "2026-01-02T01:04:05.000000000Z", "h", "warning"))
            self.assertNotIn("app_name", one)


class Convert(unittest.TestCase):
    CASES = [
        (b"<34>Oct 11 22:14:15 mymachine su: root failed", b"<34>1 2025-10-11T22:14:15+02:00 mymachine su - - - root failed"),
        (b"<13>1 2003-10-11T22:14:15.003Z h app - ID47 - hi", b"<13>1 2003-10-11T22:14:15.003Z h app - ID47 - hi"),
        (b"no header", b"<13>1 - - - - - - no header"),
        (b"<34>2026-01-02T10:00:00.123456789Z h tag[12]: x", b"<34>1 2026-01-02T10:00:00.123456Z h tag 12 - - x"),
        ("<13>Jan  2 03:04:05 höst tag: ü".encode(), "<13>1 2025-01-02T03:04:05+01:00 h??st tag - - - ü".encode()),
    ]

    def convert(self, data, *args):
        return subprocess.run([CTL, "convert", *args], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=60)

    def test_lines(self):
        for line, expected in self.CASES:
            done = self.convert(line + b"\n", "--zone", "Europe/Berlin", "--year", "2025")
            self.assertEqual((done.stdout, done.returncode), (expected + b"\n", 0))

    def test_compressed_input_and_json(self):
        data = b"".join(line + b"\n" for line, _ in self.CASES)
        plain = self.convert(data, "-o", "json").stdout
        self.assertEqual(len([json.loads(line) for line in plain.splitlines()]), len(self.CASES))
        self.assertEqual(self.convert(gzip.compress(data), "-o", "json").stdout, plain)
        packed = subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout
        self.assertEqual(self.convert(packed, "-o", "json").stdout, plain)
        self.assertEqual(self.convert(gzip.compress(data)[:-10]).returncode, 1)

    def test_a_year_is_the_last_one_before_the_reference(self):
        line = b"<13>%s h app: x\n"
        for date, year in ((b"Nov 20 10:00:00", b"2026"), (b"Nov 23 10:00:00", b"2025"), (b"Jan  1 00:00:00", b"2026")):
            out = self.convert(line % date, "--zone", "UTC", "--at", "2026-11-21").stdout
            self.assertTrue(out.startswith(b"<13>1 " + year), out)

    def test_octet_counting_carries_line_ends(self):
        message = b"<13>1 - h app - - - first\nsecond"
        counted = b"%d %s" % (len(message), message)
        self.assertEqual(self.convert(counted).stdout, b"<13>1 - h app - - - first#012second\n")
        self.assertEqual(self.convert(counted, "--framing", "counted").stdout, counted + b"\n")

    def test_mistakes(self):
        self.assertEqual(self.convert(b"", "--zone", "No/Where").returncode, 64)
        self.assertEqual(self.convert(b"", "/no/such/file").returncode, 1)


if __name__ == "__main__":
    main()
