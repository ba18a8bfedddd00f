#!/usr/bin/python3
"""Targets that write files: routing as examples/routing.yaml has it, rotation, a full disk, renamed files, crashes."""

import csv
import gzip
import json
import os
import pathlib
import re
import socket
import time

from rig import ROOT, SANITIZED, CisternTest, Daemon, eventually, main, tcp_send

FOLDER = "/var/log/cistern"
MANY = 20_000 if SANITIZED else 100_000


def numbered(first, count, host="web-1", app="app", priority=14):
    return [f"<{priority}>1 - {host} {app} - - - number {n:07}" for n in range(first, first + count)]


def send_from(address, port, lines, protocol="tcp"):
    """Sends lines with `address`, one of 127.0.0.0/8, as the peer."""
    if protocol == "tcp":
        with socket.create_connection(("127.0.0.1", port), source_address=(address, 0)) as sender:
            sender.sendall("".join(line + "\n" for line in lines).encode())
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((address, 0))
        for line in lines:
            sender.sendto(line.encode(), ("127.0.0.1", port))


def read_lines(path):
    opened = {".gz": gzip.open}.get(path.suffix, open)
    with opened(path, "rb") as file:
        return file.read().decode().splitlines()


def closed_and_open(path):
    """All lines that went to `path`, the oldest file first."""
    closed = [p for p in path.parent.iterdir() if re.fullmatch(re.escape(path.name) + r"\.\d+(\.gz)?", p.name)]
    closed.sort(key=lambda p: -int(p.name[len(path.name) + 1:].split(".")[0]))
    return [line for p in [*closed, path] for line in read_lines(p)]


class FileTargets(CisternTest):
    def setUp(self):
        super().setUp()
        self.out = self.work / "out"

    def with_target(self, **file):
        return {"targets": [{"name": "files", "file": {"path": str(self.out / "all.log"), **file}}]}

    def caught_up(self, daemon, *names):
        def no_lag():
            metrics = daemon.metrics()
            return all(("cistern_target_lag_records", frozenset([("target", name)])) in metrics and
                       metrics.sum("cistern_target_lag_records", target=name) == 0 for name in names)
        eventually(no_lag, 60, f"{names} have everything")

    def send_and_wait(self, daemon, lines, before=0):
        tcp_send(daemon.port, "".join(line + "\n" for line in lines).encode())
        daemon.settle(before + len(lines))
        self.caught_up(daemon, "files")


class Routing(FileTargets):
    def start_example(self):
        """A daemon with exactly the example's targets; its folder is replaced, listeners and store are the test's."""
        text = (ROOT / "examples/routing.yaml").read_text()
        self.assertIn(FOLDER, text)

        class WithExample(Daemon):
            def write_config(self):
                rest = "".join(f"{key}: {json.dumps(value)}\n" for key, value in self.config.items())
                self.config_path.write_text(text.replace(FOLDER, str(self.work / "log")) + "\n" + rest)
        (self.work / "daemon").mkdir()
        daemon = WithExample(self.work / "daemon")
        self.addCleanup(self.finish, daemon)
        return daemon.start(), daemon.work / "log"

    def test_example(self):
        daemon, folder = self.start_example()
        sent = []  # (address, host, app, severity, line)
        for number, (address, protocol) in enumerate([("127.0.0.1", "tcp"), ("127.0.0.2", "tcp"), ("127.0.0.3", "udp")]):
            for host in ("web-1", "db-1", f"only-{number}"):
                for app, severity in (("sshd", 3), ("cron", 6)):
                    lines = numbered(len(sent), 20, host, app, 8 + severity)
                    send_from(address, daemon.port, lines, protocol)
                    sent += [(address, host, app, severity, line) for line in lines]
        for host in ("../../../etc", "..", "a/b"):
            line = f"<14>1 - {host} ../x - - - hostile"
            send_from("127.0.0.1", daemon.port, [line])
            sent.append(("127.0.0.1", host, "../x", 6, line))
        daemon.settle(len(sent))
        self.caught_up(daemon, "all", "by-peer", "by-host", "errors")

        lines = {path: read_lines(path) for path in folder.rglob("*") if path.is_file()}
        self.assertCountEqual(lines[folder / "all.log"], [line for *_, line in sent])
        for address in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):  # the day may change meanwhile
            found = [line for path, all in lines.items() if path.parent == folder / "peers" / address for line in all]
            self.assertCountEqual(found, [line for peer, *_, line in sent if peer == address])
        self.assertEqual({p.name for p in (folder / "peers").iterdir()}, {"127.0.0.1", "127.0.0.2", "127.0.0.3"})

        def safe(value):
            dots = len(value) - len(value.lstrip("."))
            return "_" * dots + re.sub(r"[^A-Za-z0-9._:-]", "_", value[dots:])
        expected = {}
        for _, host, app, _, line in sent:
            expected.setdefault(folder / "hosts" / safe(host) / f"{safe(app)}.log", []).append(line)
        found = {path: all for path, all in lines.items() if folder / "hosts" in path.parents}
        self.assertEqual(set(found), set(expected))
        for path in expected:
            self.assertCountEqual(found[path], expected[path], path)

        with open(folder / "errors.csv", newline="") as file:
            rows = list(csv.reader(file))
        self.assertEqual(rows[0], ["received", "hostname", "app_name", "severity", "message"])
        self.assertCountEqual([row[1:] for row in rows[1:]],
                              [[host, app, "err", line.split(" - - - ")[1]]
                               for _, host, app, severity, line in sent if severity == 3])
        for path in (folder, folder / "peers"):
            self.assertEqual(path.stat().st_mode & 0o777, 0o750)
        self.assertEqual((folder / "all.log").stat().st_mode & 0o777, 0o640)


class Files(FileTargets):
    def test_rotated_and_compressed_files_hold_every_record_once_and_in_order(self):
        daemon = self.start(self.with_target(rotate_bytes="256KiB", keep=0, compress="gzip"))
        lines = numbered(0, MANY)
        self.send_and_wait(daemon, lines)

        def compressed():
            return not [p for p in self.out.iterdir() if not p.name.endswith(".gz") and p.name != "all.log"]
        eventually(compressed, 60, "closed files are compressed")
        self.assertGreater(len(list(self.out.iterdir())), MANY * len(lines[0]) // 300_000)
        self.assertEqual(closed_and_open(self.out / "all.log"), lines)

    def test_only_as_many_files_are_kept(self):
        daemon = self.start(self.with_target(rotate_bytes="16KiB", keep=3))
        lines = numbered(0, 5000)
        self.send_and_wait(daemon, lines)
        self.assertEqual({p.name for p in self.out.iterdir()}, {"all.log", "all.log.1", "all.log.2", "all.log.3"})
        kept = closed_and_open(self.out / "all.log")
        self.assertEqual(kept, lines[-len(kept):])

    def test_json_lines_are_those_of_the_client(self):
        daemon = self.start(self.with_target(format="json"))
        self.send_and_wait(daemon, [*numbered(0, 50), '<13>1 - h a - - [x@1 k="\\"1\\"" k="2"] tab\there "quoted" gr\u00fc\u00df'])
        self.assertEqual([json.loads(line) for line in read_lines(self.out / "all.log")], daemon.query())

    def test_every_csv_file_is_whole(self):
        daemon = self.start(self.with_target(format="csv", columns=["id", "message"], rotate_bytes="16KiB", keep=0))
        messages = [f'say "{n}", then\twait' for n in range(3000)]
        self.send_and_wait(daemon, [f"<14>1 - h a - - - {message}" for message in messages])
        rows = []
        for path in self.out.iterdir():
            with open(path, newline="") as file:
                header, *rest = csv.reader(file)
            self.assertEqual(header, ["id", "message"])
            rows += rest
        self.assertEqual([message for _, message in sorted(rows, key=lambda row: int(row[0]))], messages)

    def test_renamed_file_is_made_anew(self):
        daemon = self.start(self.with_target())
        path = self.out / "all.log"
        lines = numbered(0, 6000)
        def closed(file):
            return all(os.readlink(fd) != str(file) for fd in pathlib.Path(f"/proc/{daemon.process.pid}/fd").iterdir())
        for part in range(3):
            self.send_and_wait(daemon, lines[part * 2000:(part + 1) * 2000], part * 2000)
            if part < 2:
                path.rename(self.out / f"renamed.{part}")
                eventually(lambda part=part: closed(self.out / f"renamed.{part}"), 5, "the daemon notices")
        found = [read_lines(self.out / name) for name in ("renamed.0", "renamed.1", "all.log")]
        self.assertEqual([len(all) for all in found], [2000, 2000, 2000])
        self.assertEqual(sum(found, []), lines)

    def test_console(self):
        daemon = self.start({"targets": [{"name": "files", "console": {}}]})
        self.send_and_wait(daemon, [*numbered(0, 500), "<13>1 - h a - - - bell \x07 tab \t."])
        shown = daemon.stdout_path.read_text().splitlines()
        self.assertEqual(shown, [*numbered(0, 500), r"<13>1 - h a - - - bell \x07 tab \t."])


class FullDisk(FileTargets):
    def test_it_goes_on_once_there_is_space(self):
        namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
        self.out.mkdir()
        mount = f'mount -t tmpfs -o size=1M none "{self.out}" && exec "$0" "$@"'
        daemon = self.start({**self.with_target(), "targets": [
            {"name": "files", "retry": {"initial": "100ms", "max": "200ms"}, "file": {"path": str(self.out / "all.log")}}]},
            prefix=[*namespace, "sh", "-c", mount])
        inside = pathlib.Path(f"/proc/{daemon.process.pid}/root{self.out}")
        with open(inside / "ballast", "wb") as ballast:
            ballast.write(b"\0" * 900_000)
        lines = numbered(0, 10_000)
        tcp_send(daemon.port, "".join(line + "\n" for line in lines).encode())
        daemon.settle(len(lines))
        eventually(lambda: daemon.metrics().sum("cistern_target_errors_total", target="files", reason="io") >= 3, 30,
                   "the target fails and is tried again")
        self.assertGreater(daemon.metrics().sum("cistern_target_lag_records", target="files"), 0)
        self.assertTrue(daemon.ready(), "the store does not care")
        part = (inside / "all.log").read_text()
        self.assertTrue(part == "" or part.endswith("\n"), "lines stay whole")
        (inside / "ballast").unlink()
        self.caught_up(daemon, "files")
        self.assertEqual(read_lines(inside / "all.log"), lines)


class Crashes(FileTargets):
    RATE = MANY // 5  # records a second: about five seconds

    def test_killed_again_and_again(self):
        daemon = Daemon(self.work, {"targets": []})
        self.addCleanup(self.finish, daemon)
        daemon.start()
        lines = numbered(0, MANY)
        tcp_send(daemon.port, "".join(line + "\n" for line in lines).encode())
        daemon.settle(MANY)
        self.assertEqual(daemon.stop(), 0)
        daemon.config["targets"] = [{"name": "files", "from": "oldest", "max_rate": self.RATE, "file": {
            "path": str(self.out / "all.log"), "rotate_bytes": "512KiB", "keep": 0, "compress": "gzip"}}]
        daemon.write_config()
        kills = 0
        for pause in (1.3, 1.7, 2.1):
            daemon.start()
            time.sleep(pause)
            kills += 1
            daemon.kill()
        daemon.start()
        self.caught_up(daemon, "files")

        found = closed_and_open(self.out / "all.log")
        whole = set(lines)
        self.assertLessEqual(whole, set(found), "nothing is missing")
        torn = [line for line in found if line not in whole]
        self.assertLessEqual(len(torn), kills, "a line that was being written")
        self.assertTrue(all(any(line.startswith(part) for line in lines) for part in torn), torn)
        numbers = [int(line[-7:]) for line in found if line in whole]
        back = [a - b + 1 for a, b in zip(numbers, numbers[1:]) if b != a + 1]
        self.assertLessEqual(len(back), kills, "in order but for a step back at each kill")
        for step in back:
            self.assertGreater(step, 0, "nothing is left out")
            self.assertLess(step, 3 * self.RATE, "repeated is what was not synced, and what the position lagged behind")
        self.assertFalse(list(self.out.glob("*.tmp")))


if __name__ == "__main__":
    main()
