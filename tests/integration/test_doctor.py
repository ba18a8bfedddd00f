#!/usr/bin/python3
"""`cisternctl doctor`: what is fine, what is wrong, and a message through every listener."""

import json
import socket

from certs import Authority
from rig import CisternTest, free_port, main


class Doctor(CisternTest):
    def doctor(self, daemon, *args, code=0):
        done = daemon.ctl("doctor", *args, "-o", "json", check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def about(self, found, about):
        return [one for one in found if one["about"] == about]

    def test_a_message_comes_through_every_kind_of_listener(self):
        pki = Authority(self.work / "pki")
        cert, key = pki.issue("server", "DNS:localhost", days=20)
        daemon = self.start(lambda daemon: {"listeners": [
            {"name": "udp", "udp": {"address": f"0.0.0.0:{daemon.port}"}}, {"name": "tcp", "tcp": {"address": f"127.0.0.1:{daemon.port}"}},
            {"name": "six", "tcp": {"address": f"[::1]:{free_port()}"}}, {"name": "unix", "unix": {"path": f"{daemon.work}/log"}},
            {"name": "tls", "tls": {"address": f"127.0.0.1:{free_port()}", "cert_file": str(cert), "key_file": str(key)}}]})
        found = self.doctor(daemon)
        for name in ("udp", "tcp", "six", "unix", "tls"):
            self.assertIn("a message came through, was stored and found", [one["text"] for one in self.about(found, f"listener {name}")])
        self.assertEqual(len(daemon.query('"cistern doctor"')), 5)
        self.assertEqual({one["level"] for one in self.about(found, "daemon") + self.about(found, "loss") + self.about(found, "storage.dir")},
                         {"ok"})
        self.assertIn("its certificate ends in ", " ".join(one["text"] for one in self.about(found, "listener tls")))
        daemon.settle(5)

    def test_nothing_is_sent_when_that_is_asked_for(self):
        daemon = self.start()
        self.doctor(daemon, "--no-send")
        self.assertEqual(daemon.query(""), [])

    def test_what_is_wrong_is_said_with_what_to_do(self):
        pki = Authority(self.work / "pki")
        cert, key = pki.issue("server", "DNS:localhost")
        daemon = self.start(lambda daemon: {
            "listeners": [{"name": "udp", "udp": {"address": f"127.0.0.1:{daemon.port}", "receive_buffer": "1GiB"}},
                          {"name": "mutual", "tls": {"address": f"127.0.0.1:{free_port()}", "cert_file": str(cert), "key_file": str(key),
                                                     "client_ca_file": str(pki.cert)}}],
            "rules": [{"name": "none", "filter": "app:cisternctl listener:udp", "drop": {}}],
            "targets": [{"name": "away", "from": "oldest", "syslog": {"addresses": [f"127.0.0.1:{free_port()}"]}}]})
        (daemon.work / "data").chmod(0o755)
        key.chmod(0o644)
        daemon.ctl("send", "hello", "--to", f"udp://127.0.0.1:{daemon.port}", "--app", "other")
        daemon.settle(1)
        found = self.doctor(daemon, "--wait", "1s", code=1)
        wrong = {(one["about"], one["level"]): one for one in found if one["level"] in ("wrong", "warning")}
        self.assertIn("chmod 700", wrong["storage.dir", "warning"]["advice"])
        self.assertIn("not stored after 1s", wrong["listener udp", "wrong"]["text"])
        self.assertIn("cisternctl tls check", wrong["listener mutual", "wrong"]["advice"])
        self.assertIn("can be read by everybody", " ".join(one["text"] for one in self.about(found, "listener mutual")))
        self.assertIn("cannot deliver", wrong["target away", "warning"]["text"])

    def test_a_daemon_that_is_away(self):
        daemon = self.start()
        daemon.stop()
        done = daemon.ctl("doctor", check=False)
        self.assertEqual(done.returncode, 69, done.stderr)


if __name__ == "__main__":
    main()
