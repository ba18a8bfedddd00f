#!/usr/bin/python3
"""Start, reload, stop: what an operator and an init system see."""

import os
import signal
import socket
import subprocess
import threading
import unittest

from certs import Authority
from rig import CTL, DAEMON, IMAGE, CisternTest, Daemon, eventually, free_port, main, tcp_send, udp_send


class Commands(CisternTest):
    def run_daemon(self, *args, **options):
        return subprocess.run([DAEMON, *map(str, args)], capture_output=True, text=True, timeout=60, cwd=self.work,
                              **options)

    def test_version(self):
        for binary in (DAEMON, CTL):
            shown = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
            self.assertRegex(shown, r"^%s \d+\.\d+\.\d+" % binary.name)

    def test_check_config_accepts_what_print_config_prints(self):
        shown = self.run_daemon("--print-config")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("127.0.0.1:5140", shown.stdout)
        path = self.work / "printed.yaml"
        path.write_text(shown.stdout)
        checked = self.run_daemon("--check-config", "--config", path)
        self.assertEqual(checked.returncode, 0, checked.stderr)

    def test_flag_beats_environment_beats_file(self):
        path = self.work / "cistern.yaml"
        path.write_text("storage: {dir: from-file}\nlog: {level: error}\n")
        env = {**os.environ, "CISTERN_CONFIG": str(path), "CISTERN__STORAGE__DIR": "from-environment",
               "CISTERN_PORT_5140_TCP": "tcp://10.0.0.1:5140"}
        shown = self.run_daemon("--print-config", env=env).stdout
        self.assertIn("from-environment", shown)
        self.assertRegex(shown, r"level: error")
        self.assertIn("from-flag", self.run_daemon("--print-config", "--set", "storage.dir=from-flag", env=env).stdout)


class Running(CisternTest):
    def test_stdout_prints_every_committed_record(self):
        daemon = self.start(args=["--stdout"])
        udp_send(daemon.port, b"<13>Jan  2 03:04:05 h app[1]: printed as it is committed")
        eventually(lambda: "printed as it is committed" in daemon.stdout_path.read_text(), 10, "record on stdout")

    def test_second_instance_on_the_same_directory_is_refused(self):
        first = self.start()
        second = Daemon(self.work, {"storage": {"dir": str(first.work / "data")}})
        second.spawn()
        self.assertEqual(second.process.wait(20), 69)
        self.assertRegex(second.log().splitlines()[-1], f"{first.work}/data.*another process")

    def test_stop_with_open_connections_and_streams(self):
        daemon = self.start()
        tail = subprocess.Popen([CTL, "--addr", f"127.0.0.1:{daemon.control}", "tail", "-o", "json"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with socket.create_connection(("127.0.0.1", daemon.port)) as idle:
            idle.sendall(b"<13>whole\n<13>unfinished")
            self.assertIn(b"whole", tail.stdout.readline())
            self.assertEqual(daemon.stop(), 0, daemon.log())
        tail.kill()
        tail.communicate()

    def test_drains_under_load_and_loses_nothing_it_read(self):
        daemon = self.start()
        sent = [0]

        def flood():
            try:
                with socket.create_connection(("127.0.0.1", daemon.port)) as sender:
                    while True:
                        sender.sendall(b"<13>Jan  2 03:04:05 h app: under load\n" * 100)
                        sent[0] += 100
            except OSError:
                pass
        senders = [threading.Thread(target=flood) for _ in range(4)]
        for sender in senders:
            sender.start()
        eventually(lambda: daemon.ledger().stored > 20000, 30, "load is flowing")
        self.assertEqual(daemon.stop(), 0, daemon.log())
        for sender in senders:
            sender.join()
        daemon.start()
        stored = int(daemon.ctl("count", "load").stdout)
        self.assertGreater(stored, 20000)
        self.assertLessEqual(stored, sent[0] + 400)

    @unittest.skipIf(IMAGE, "podman stands between")
    def test_notifies_systemd(self):
        path = str(self.work / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            notify.settimeout(20)
            daemon = self.start(env={"NOTIFY_SOCKET": path})
            self.assertIn(b"READY=1", notify.recv(4096))
            daemon.signal(signal.SIGHUP)
            seen = b""
            while seen.count(b"READY=1") < 1:
                seen += notify.recv(4096) + b"\n"
            self.assertIn(b"RELOADING=1", seen)
            self.assertEqual(daemon.stop(), 0)
            seen = b""
            while b"STOPPING=1" not in seen:
                seen += notify.recv(4096) + b"\n"


class Reload(CisternTest):
    def test_good_file_takes_effect_and_keeps_the_sockets(self):
        daemon = self.start()
        with socket.create_connection(("127.0.0.1", daemon.port)) as kept:
            kept.sendall(b"<13>Jan  2 03:04:05 h app: before\n")
            eventually(lambda: daemon.query("before"), 10, "message before the reload")
            extra = free_port()
            daemon.config["listeners"].append({"name": "extra", "udp": {"address": f"127.0.0.1:{extra}"}})
            daemon.write_config()
            daemon.signal(signal.SIGHUP)

            def arrives():
                udp_send(extra, b"<13>Jan  2 03:04:05 h app: fresh listener")
                return daemon.query("listener:extra")
            eventually(arrives, 10, "the new listener receives")
            kept.sendall(b"<13>Jan  2 03:04:05 h app: afterwards\n")
            eventually(lambda: daemon.query("afterwards"), 10, "the old connection still works")

    def test_bad_file_leaves_the_old_one(self):
        daemon = self.start()
        good = daemon.config_path.read_text()
        daemon.config_path.write_text(good.replace('"udp"', '"udpp"', 1).replace('"listeners"', '"listners"', 1))
        daemon.signal(signal.SIGHUP)
        eventually(lambda: "listners" in daemon.log(), 10, "the error is logged")
        tcp_send(daemon.port, b"<13>Jan  2 03:04:05 h app: still here\n")
        eventually(lambda: daemon.query('"still here"'), 10, "the old configuration is in force")

    def test_certificates_swap_live_and_a_bad_pair_keeps_the_old(self):
        pki = Authority(self.work / "pki")
        cert, key = pki.issue("server", "DNS:localhost")
        tls_port = free_port()
        daemon = self.start({"listeners": [{"name": "tls", "tls": {
            "address": f"127.0.0.1:{tls_port}", "cert_file": str(cert), "key_file": str(key)}}]})

        def serial():
            shown = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{tls_port}"], input=b"",
                                   capture_output=True, timeout=30).stdout
            return subprocess.run(["openssl", "x509", "-noout", "-serial"], input=shown, capture_output=True).stdout
        first = serial()
        self.assertIn(b"serial=", first)
        pki.issue("server", "DNS:localhost")
        daemon.signal(signal.SIGHUP)
        second = eventually(lambda: serial() if serial() != first else None, 15, "the new certificate is served")
        key.write_text("not a key")
        daemon.signal(signal.SIGHUP)
        eventually(lambda: str(key) in daemon.log() or "key" in daemon.log(), 10, "the bad pair is logged")
        self.assertEqual(serial(), second)


if __name__ == "__main__":
    main()
