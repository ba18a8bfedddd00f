#!/usr/bin/python3
"""What the documents show works: the README's commands in order, and every file in examples/."""

import fcntl
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import unittest

from rig import BIN, DAEMON, PEERS, ROOT, CisternTest, eventually, main

IN_NAMESPACE = "CISTERN_TEST_IN_NAMESPACE"


def enter_network_namespace():
    """Runs this file again with a network of its own, so that the documented default ports are free."""
    if IN_NAMESPACE not in os.environ:
        flags = ["--net"] if os.geteuid() == 0 else ["--net", "--map-root-user"]
        os.execvpe("unshare", ["unshare", *flags, sys.executable, *sys.argv], {**os.environ, IN_NAMESPACE: "1"})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:  # the loopback interface goes up
        fcntl.ioctl(control, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS, IFF_UP | IFF_RUNNING


def shell_blocks(path):
    return re.findall(r"^```sh\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)


class Readme(CisternTest):
    def run_shown(self, commands):
        """Runs a block line by line, as somebody types it: a search right after a message may have to be repeated."""
        output = ""
        for line in commands.splitlines():
            def succeeds(line=line):
                return subprocess.run(["bash", "-c", line], cwd=self.checkout, capture_output=True, text=True, env=self.env)
            if line.startswith("export PATH="):
                self.env["PATH"] = f"{BIN}:{os.environ['PATH']}"
            elif " query " in line:
                output += eventually(lambda: (done := succeeds()).returncode == 0 and done.stdout, 10, line)
            else:
                done = succeeds()
                self.assertEqual(done.returncode, 0, line + done.stdout + done.stderr)
                output += done.stdout
        return output

    def setUp(self):
        super().setUp()
        self.checkout, self.env = self.work / "checkout", dict(os.environ)
        (self.checkout / "build/release").mkdir(parents=True)
        (self.checkout / "build/release/bin").symlink_to(BIN)
        shutil.copytree(ROOT / "examples", self.checkout / "examples")

    def test_commands_in_order(self):
        run, hello, tour, settings = shell_blocks(ROOT / "README.md")
        self.assertEqual(run, "make run\n")  # which is: build, then start the daemon without arguments
        daemon = subprocess.Popen([DAEMON], cwd=self.checkout, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            eventually(lambda: subprocess.run([BIN / "cisternctl", "status"], capture_output=True).returncode == 0, 20,
                       "the daemon answers")
            self.assertIn("hello", self.run_shown(hello))
            shown = self.run_shown(tour)
            self.assertIn("Failed password for root", shown)
            self.assertIn("\n20002\n", shown)
            self.run_shown(settings)
        finally:
            daemon.terminate()
            self.assertEqual(daemon.wait(30), 0)


class Examples(unittest.TestCase):
    def accepts(self, *command):
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=60, cwd=ROOT / "examples")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_rsyslog(self):
        self.accepts(PEERS / "bin/rsyslogd", "-N1", "-f", ROOT / "examples/rsyslog.conf")

    def test_syslog_ng(self):
        self.accepts(PEERS / "bin/syslog-ng", "-s", "-f", ROOT / "examples/syslog-ng.conf")

    def test_prometheus(self):
        self.accepts(PEERS / "bin/promtool", "check", "config", "prometheus.yaml")

    def test_unit_file_starts_the_daemon_with_flags_it_has(self):
        text = (ROOT / "examples/cistern.service").read_text()
        flags = set(re.findall(r"/usr/bin/cisternd (.*)", text.replace("ExecStart", "\nExecStart")))
        help_text = subprocess.run([DAEMON, "--help"], capture_output=True, text=True, check=True).stdout
        for flag in re.findall(r"--[a-z-]+", " ".join(flags)):
            self.assertIn(flag, help_text)


if __name__ == "__main__":
    enter_network_namespace()
    main()
