#!/usr/bin/python3
"""The recipes of examples/README.md, each as it is written there, with other folders and in a network of its own."""

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile

from rig import BIN, CTL, PEERS, ROOT, CisternTest, Daemon, eventually, main, wait_for_port
from test_docs import enter_network_namespace

EXAMPLES = ROOT / "examples"
README = (EXAMPLES / "README.md").read_text()


def section(title):
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def numbers(records):
    return sorted(int(match[1]) for record in records if (match := re.search(r"number (\d+)", record["message"])))


class DiskQueues(CisternTest):
    """The collector goes away, messages come meanwhile, more than wait in memory, and the collector comes back."""

    BEFORE, MEANWHILE = 300, 3000

    def run_over_an_outage(self, sender, command, send, on_disk, restart=False):
        daemon = self.start()
        self.daemon = daemon
        running = sender(*command(daemon.port))
        send(range(self.BEFORE))
        eventually(lambda: len(numbers(daemon.query("number"))) == self.BEFORE, 60, "the first messages are stored")
        self.assertEqual(daemon.stop(), 0)
        send(range(self.BEFORE, self.BEFORE + self.MEANWHILE))
        eventually(lambda: list(self.work.glob(on_disk)), 90, "messages are on disk")
        if restart:
            running.send_signal(signal.SIGTERM)
            running.wait(60)
            sender(*command(daemon.port))
        daemon.start()
        total = self.BEFORE + self.MEANWHILE
        eventually(lambda: len(set(numbers(daemon.query("number")))) == total, 120, f"{total} messages are stored")
        self.assertLess(len(numbers(daemon.query("number"))) - total, 10, "sent twice")

    def sender(self, ready):
        def start(*command):
            process = self.spawn(*command)
            eventually(ready, 30, "the sender takes messages")
            return process
        return start

    def test_rsyslog(self):
        folder = self.work / "rsyslog"
        folder.mkdir()
        local = folder / "log.sock"

        def command(port):
            conf = folder / "rsyslog.conf"
            conf.write_text(f'global(workDirectory="{folder}" localHostname="edge")\nmodule(load="imuxsock" SysSock.Use="off")\n'
                            f'input(type="imuxsock" Socket="{local}" UseSysTimeStamp="off")\n'
                            + (EXAMPLES / "rsyslog.conf").read_text().replace('port="5140"', f'port="{port}"'))
            local.unlink(missing_ok=True)
            return PEERS / "bin/rsyslogd", "-n", "-f", conf, "-i", folder / "pid"
        self.run_over_an_outage(self.sender(local.exists), command, self.to_socket(local), "rsyslog/to-cistern.0*")
        self.assertEqual(self.daemon.query('"number 1"')[0]["app_name"], "app")

    def test_syslog_ng_that_is_restarted_meanwhile(self):
        folder = self.work / "syslog-ng"
        folder.mkdir()
        local = folder / "log.sock"

        def command(port):
            text = (EXAMPLES / "syslog-ng.conf").read_text()
            for old, new in (("/tmp/syslog-ng-example.sock", str(local)), ("/var/lib/syslog-ng", str(folder)),
                             ("5140", str(port)), ("1073741824", "20971520")):
                self.assertIn(old, text)
                text = text.replace(old, new)
            (folder / "syslog-ng.conf").write_text(text)
            local.unlink(missing_ok=True)
            return (PEERS / "bin/syslog-ng", "-F", "--no-caps", "-f", folder / "syslog-ng.conf", "-R", folder / "persist",
                    "-p", folder / "pid", "-c", folder / "ctl")
        self.run_over_an_outage(self.sender(local.exists), command, self.to_socket(local), "syslog-ng/*.rqf", restart=True)

    @staticmethod
    def to_socket(path):
        def send(which):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as local:
                local.connect(str(path))
                for n in which:
                    local.send(f"<14>Jan  2 03:04:05 app[7]: number {n}".encode())
        return send


class InTheFolder(CisternTest):
    """A daemon with the text of an example as its configuration; `/NAME` is `FOLDER/NAME` for each folder it names."""

    def run_example(self, name, replaced):
        text = (EXAMPLES / name).read_text()
        for old, new in replaced:
            self.assertIn(old, text, name)
            text = text.replace(old, str(new))
        daemon = Daemon(tempfile.mkdtemp(dir=self.work), args=["--data", self.work / "data", "--set",
                                                               "http.address=127.0.0.1:5142"])
        daemon.http, daemon.control = 5142, 5141
        daemon.config_path.write_text(text)
        self.addCleanup(self.finish, daemon)
        return daemon.start()


class ReplaceRsyslog(InTheFolder):
    def test_port_514_and_the_local_socket(self):
        run, logs = self.work / "run", self.work / "log"
        run.mkdir()
        logs.mkdir()
        daemon = self.run_example("replace-rsyslog.yaml", [("/run/cistern", run), ("/var/log/cistern", logs)])
        journal = self.work / "journal-syslog"
        [link] = re.findall(r"^ *L\+ (\S+) - - - - (\S+)$", section("Replacing rsyslog on port 514"), re.MULTILINE)
        self.assertEqual(link, ("/run/systemd/journal/syslog", "/run/cistern/log.sock"))
        journal.symlink_to(run / "log.sock")
        environment = {**os.environ, "TZ": "UTC"}
        for arguments in (["-n", "127.0.0.1", "-d", "-P", "514"], ["-n", "127.0.0.1", "-T", "-P", "514"], ["-u", journal]):
            subprocess.run(["logger", *arguments, "-t", "su", "-p", "auth.notice", "to root"], check=True, env=environment)
            subprocess.run(["logger", *arguments, "-t", "postfix", "-p", "mail.info", "mail sent"], check=True, env=environment)
        daemon.settle(6)
        self.assertEqual(sorted(record["transport"] for record in daemon.query("app:su")), ["tcp", "udp", "unix"])

        def lines(name):
            path = logs / name
            return path.read_text().splitlines() if path.exists() else []
        eventually(lambda: [len(lines(name)) for name in ("auth.log", "syslog", "mail.log")] == [3, 3, 3], 20, "files are written")
        self.assertTrue(all("to root" in line for line in lines("auth.log")))


class LoadBalancer(InTheFolder):
    def test_configuration_is_right(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                        "/CN=logs.example", "-keyout", self.work / "server.key", "-out", self.work / "server.crt"],
                       check=True, capture_output=True)
        daemon = self.run_example("load-balancer.yaml", [("server.crt", self.work / "server.crt"),
                                                         ("server.key", self.work / "server.key"),
                                                         ("10.0.0.5/32", "127.0.0.5/32"), ("10.0.0.0/8", "127.0.0.0/8")])
        with socket.create_connection(("127.0.0.1", 5140), source_address=("127.0.0.5", 0)) as balancer:
            balancer.sendall(b"PROXY TCP4 127.0.0.9 127.0.0.5 51200 514\r\n<13>1 - h app - - - through\n")
        eventually(lambda: daemon.query("through"), 10, "the message is stored")
        self.assertEqual(daemon.query("through")[0]["peer"], "127.0.0.9")


class FromAiosyslogd(CisternTest):
    COLUMNS = ("ID INTEGER PRIMARY KEY AUTOINCREMENT, Facility INTEGER, Priority INTEGER, FromHost TEXT, InfoUnitID INTEGER, "
               "ReceivedAt TIMESTAMP, DeviceReportedTime TIMESTAMP, SysLogTag TEXT, ProcessID TEXT, Message TEXT")

    def test_commands_as_written(self):
        folder = self.work / "aiosyslogd"
        folder.mkdir()
        for month in ("202601", "202602"):
            with sqlite3.connect(folder / f"syslog_{month}.sqlite3") as database:
                database.execute(f"CREATE TABLE SystemEvents ({self.COLUMNS})")
                stamp = f"{month[:4]}-{month[4:]}-03 04:05:06"
                database.executemany(f"INSERT INTO SystemEvents VALUES (NULL, 4, 5, 'web-1', 1, '{stamp}.5', '{stamp}+01:00', "
                                     "'sshd', '17', ?)", [(f"number {n}",) for n in range(50)])
        daemon = self.start()
        [commands] = re.findall(r"^```sh\n(.*?)^```", section("Moving from aiosyslogd"), re.MULTILINE | re.DOTALL)
        environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "CISTERN_ADDR": f"127.0.0.1:{daemon.control}"}
        output = ""
        for line in commands.splitlines():
            if line.startswith("systemctl"):
                continue
            done = subprocess.run(["bash", "-c", line.replace("/var/lib/aiosyslogd", str(folder))], capture_output=True, text=True,
                                  env=environment, timeout=60)
            self.assertEqual(done.returncode, 0, line + done.stdout + done.stderr)
            output += done.stdout + done.stderr
        self.assertIn("100 records imported", output)
        self.assertIn("\n100\n", output)
        found = daemon.query("flags:imported host:web-1 app:sshd")
        self.assertEqual(len(found), 100)
        self.assertEqual(found[0]["time"], "2026-01-03T03:05:06.000000000Z")


if __name__ == "__main__":
    assert shutil.which("logger"), "util-linux logger is missing"
    enter_network_namespace()
    main()
