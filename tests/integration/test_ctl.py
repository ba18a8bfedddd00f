#!/usr/bin/python3
"""cisternctl against a real server: the JSON contract, exit codes, send and load."""

import json
import os
import pty
import subprocess

from certs import Authority
from rig import CTL, CisternTest, eventually, free_port, main, tcp_send, udp_send

WHOLE = (b'<165>1 2026-03-04T05:06:07.123456Z host.example app 42 ID1 [a@1 k="v" k="w"][b@1 x="y \\"z\\""] '
         b'all fields')


class JsonContract(CisternTest):
    def setUp(self):
        super().setUp()
        self.daemon = self.start()

    def one(self, message):
        udp_send(self.daemon.port, message)
        self.daemon.settle(1)
        [shown] = self.daemon.query()
        return shown

    def test_every_field_of_a_whole_record(self):
        shown = self.one(WHOLE)
        self.assertIsInstance(shown["id"], int)
        self.assertRegex(shown["received"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")
        self.assertIsInstance(shown["port"], int)
        variable = {"id", "received", "port", "flags"}
        self.assertEqual({key: value for key, value in shown.items() if key not in variable}, {
            "time": "2026-03-04T05:06:07.123456000Z", "peer": "127.0.0.1", "transport": "udp", "listener": "udp",
            "facility": "local4", "severity": "notice", "hostname": "host.example", "app_name": "app",
            "procid": "42", "msgid": "ID1", "structured_data": {"a@1": {"k": ["v", "w"]}, "b@1": {"x": 'y "z"'}},
            "message": "all fields", "format": "rfc5424"})

    def test_absent_fields_are_left_out(self):
        shown = self.one(b"no header here at all")
        for key in ("time", "hostname", "app_name", "procid", "msgid", "structured_data", "tls_identity", "tags",
                    "message_base64"):
            self.assertNotIn(key, shown)
        self.assertEqual((shown["format"], shown["flags"]), ("raw", ["no_pri"]))

    def test_octets_that_are_not_utf8(self):
        shown = self.one(b"<13>Jan  2 03:04:05 h app: caf\xe9 ol\xe9")
        self.assertEqual(shown["message"], "caf\ufffd ol\ufffd")
        self.assertEqual(shown["message_base64"], "Y2Fm6SBvbOk=")
        self.assertIn("bad_utf8", shown["flags"])

    def test_one_object_a_line_even_with_line_breaks_inside(self):
        text = b"<13>1 - h app - - - first\nsecond"
        tcp_send(self.daemon.port, b"%d %s" % (len(text), text))
        self.daemon.settle(1)
        out = self.daemon.ctl("query", "-o", "json").stdout.decode()
        self.assertEqual(len(out.splitlines()), 1)
        self.assertEqual(json.loads(out)["message"], "first\nsecond")


class Commands(CisternTest):
    @classmethod
    def lines(cls, count):
        return b"".join(b"<%d>Jan  2 03:04:05 web-%d app%d[7]: request number %d took 5 ms\n" % (n % 192, n % 3, n % 4, n)
                        for n in range(count))

    def setUp(self):
        super().setUp()
        self.daemon = self.start()
        tcp_send(self.daemon.port, self.lines(1000))
        self.daemon.settle(1000)

    def test_query_is_newest_first_and_limited_to_100(self):
        shown = [json.loads(line) for line in self.daemon.ctl("query", "-o", "json").stdout.splitlines()]
        self.assertEqual(len(shown), 100)
        self.assertEqual(shown[0]["message"], "request number 999 took 5 ms")
        self.assertEqual(len(self.daemon.ctl("query", "-n", 7).stdout.splitlines()), 7)
        raw = self.daemon.ctl("query", "-n", 1, "--order", "oldest", "-o", "raw").stdout
        self.assertEqual(raw, b"<0>Jan  2 03:04:05 web-0 app0[7]: request number 0 took 5 ms\n")

    def test_piped_output_is_json_lines(self):
        json.loads(self.daemon.ctl("query", "-n", 1).stdout)

    def test_count_prints_one_number(self):
        self.assertEqual(self.daemon.ctl("count").stdout, b"1000\n")
        self.assertEqual(self.daemon.ctl("count", "app:app1").stdout, b"250\n")
        self.assertEqual(self.daemon.ctl("count", "--since", "1h", "number", "AND", "NOT", "app:app1").stdout, b"750\n")
        self.assertEqual(self.daemon.ctl("count", "--to", "2020-01-01T00:00:00Z").stdout, b"0\n")

    def test_top_histogram_senders_status_explain(self):
        top = self.daemon.ctl("top", "host", "-o", "table").stdout.decode()
        self.assertRegex(top, r"web-0\s+334|334\s+.*web-0")
        self.daemon.ctl("histogram")
        self.assertIn(b"web-2", self.daemon.ctl("senders", "-o", "table").stdout)
        self.assertIn(b"1000", self.daemon.ctl("status").stdout)
        newest = self.daemon.query()[-1]["id"]
        self.assertIn(b"request number 999", self.daemon.ctl("explain", newest, "-o", "table").stdout)

    def test_csv(self):
        lines = self.daemon.ctl("query", "-n", 5, "-o", "csv").stdout.decode().splitlines()
        self.assertEqual(len(lines), 6)
        self.assertIn("hostname", lines[0].split(","))

    def test_tail_follows(self):
        tail = subprocess.Popen([CTL, "--addr", f"127.0.0.1:{self.daemon.control}", "tail", "-o", "json", "-n", "2"],
                                stdout=subprocess.PIPE)
        history = [json.loads(tail.stdout.readline())["message"] for _ in range(2)]
        self.assertEqual(history, ["request number 998 took 5 ms", "request number 999 took 5 ms"])
        udp_send(self.daemon.port, b"<13>Jan  2 03:04:05 h app: live now")
        self.assertEqual(json.loads(tail.stdout.readline())["message"], "live now")
        tail.terminate()
        tail.communicate()

    def test_unix_socket(self):
        done = subprocess.run([CTL, "--addr", f"unix:{self.daemon.work}/data/control.sock", "count"],
                              capture_output=True)
        self.assertEqual((done.returncode, done.stdout), (0, b"1000\n"), done.stderr)

    def test_address_from_the_environment(self):
        done = subprocess.run([CTL, "count"], capture_output=True,
                              env={**os.environ, "CISTERN_ADDR": f"127.0.0.1:{self.daemon.control}"})
        self.assertEqual((done.returncode, done.stdout), (0, b"1000\n"), done.stderr)

    def test_errors(self):
        bad = self.daemon.ctl("query", "app:(", check=False)
        self.assertEqual(bad.returncode, 64, bad.stderr)
        self.assertRegex(bad.stderr.decode(), r"\d")
        self.assertEqual(self.daemon.ctl("qery", check=False).returncode, 64)
        gone = subprocess.run([CTL, "--addr", f"127.0.0.1:{free_port()}", "count"], capture_output=True, text=True)
        self.assertEqual(gone.returncode, 69)
        self.assertEqual(len(gone.stderr.strip().splitlines()), 1, gone.stderr)

    def test_control_characters_are_escaped_on_a_terminal(self):
        udp_send(self.daemon.port, b"<13>Jan  2 03:04:05 h evil: \x1b[2J\x07 gotcha \xe2\x80\xae")
        self.daemon.settle(1001)
        master, terminal = pty.openpty()
        subprocess.run([CTL, "--addr", f"127.0.0.1:{self.daemon.control}", "query", "--color", "never", "gotcha"],
                       stdout=terminal, stderr=terminal, check=True)
        shown = os.read(master, 65536)
        os.close(terminal)
        os.close(master)
        self.assertIn(b"gotcha", shown)
        for octets in (b"\x1b[2J", b"\x07", b"\xe2\x80\xae"):
            self.assertNotIn(octets, shown)

    def test_completion(self):
        for shell in ("bash", "zsh", "fish"):
            self.assertIn(b"histogram", self.daemon.ctl("completion", shell).stdout)


class SendAndLoad(CisternTest):
    def test_send_over_every_transport_and_format(self):
        pki = Authority(self.work / "pki")
        cert, key = pki.issue("server", "DNS:localhost,IP:127.0.0.1")
        tls_port = free_port()
        daemon = self.start(lambda daemon: {"listeners": [
            {"name": "udp", "udp": {"address": f"127.0.0.1:{daemon.port}"}},
            {"name": "tcp", "tcp": {"address": f"127.0.0.1:{daemon.port}"}},
            {"name": "tls", "tls": {"address": f"127.0.0.1:{tls_port}", "cert_file": str(cert), "key_file": str(key)}},
            {"name": "local", "unix": {"path": str(daemon.work / "s")}}]})
        for scheme, target, more in (("udp", f"udp://127.0.0.1:{daemon.port}", []),
                                     ("tcp", f"tcp://127.0.0.1:{daemon.port}", []),
                                     ("tls", f"tls://127.0.0.1:{tls_port}", ["--ca-cert", pki.cert]),
                                     ("unix", f"unix:{daemon.work}/s", [])):
            with self.subTest(scheme):
                daemon.ctl("send", "--to", target, *more, f"sent over {scheme}")
                [shown] = eventually(lambda: daemon.query(f'"sent over {scheme}"'), 10, f"record over {scheme}")
                self.assertEqual(shown["transport"], scheme)
        daemon.ctl("send", "--to", f"tcp://127.0.0.1:{daemon.port}", input=b"from\nstandard\ninput\n")
        eventually(lambda: daemon.ledger().stored == 7, 10, "three lines of standard input")

    def test_load_verifies_what_arrived(self):
        daemon = self.start()
        for scheme, connections in (("tcp", 1), ("tcp", 4), ("udp", 1)):
            with self.subTest(f"{scheme} {connections}"):
                done = daemon.ctl("load", "--to", f"{scheme}://127.0.0.1:{daemon.port}", "--count", 20000,
                                  "--connections", connections, "--rate", 20000, "--verify", "-o", "json")
                result = json.loads(done.stdout.splitlines()[-1])
                self.assertEqual((result["sent"], result["stored"], result["verified"]), (20000, 20000, True), result)
        self.assertEqual(daemon.settle(60000).stored, 60000)


if __name__ == "__main__":
    main()
