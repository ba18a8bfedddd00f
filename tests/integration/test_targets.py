#!/usr/bin/python3
"""Forwarding targets managed at run time: created, changed, paused, rewound and tested through cisternctl and gRPC."""

import concurrent.futures
import datetime
import http.server
import json
import pathlib
import re
import signal
import socket
import sys
import threading
import time

import grpc

from rig import SANITIZED, CisternTest, eventually, free_port, main, tcp_send
from stubs import Client, target, target_service


class SyslogSink:
    """A TCP server that takes messages with octet counts and keeps them, in order."""

    def __init__(self, port=0):
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.messages, self.connections, self.lock, self.open = [], [], threading.Lock(), True
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while self.open:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections.append(connection)
            threading.Thread(target=self.read, args=(connection,), daemon=True).start()

    def read(self, connection):
        data = b""
        while True:
            try:
                octets = connection.recv(1 << 20)
            except OSError:
                return
            if not octets:
                connection.close()
                return
            data += octets
            found = []
            while (space := data.find(b" ")) > 0 and len(data) >= space + 1 + int(data[:space]):
                end = space + 1 + int(data[:space])
                found.append(data[space + 1:end].decode(errors="replace"))
                data = data[end:]
            with self.lock:
                self.messages += found

    def taken(self):
        with self.lock:
            return list(self.messages)

    def numbers(self):
        return [int(match[1]) for text in self.taken() if (match := re.search(r"number (\d+)", text))]

    def reset(self):
        """Breaks all connections with RST."""
        with self.lock:
            for connection in self.connections:
                try:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    connection.close()
                except OSError:
                    pass
            self.connections.clear()

    def close(self):
        self.open = False
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.reset()


class CountingSink:
    """A TCP server that counts lines and keeps nothing."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.lines, self.lock = 0, threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.read, args=(connection,), daemon=True).start()

    def read(self, connection):
        with connection:
            while octets := connection.recv(1 << 20):
                with self.lock:
                    self.lines += octets.count(b"\n")


class Webhook(http.server.BaseHTTPRequestHandler):
    """Takes one record a request; `server.refuse` says which it refuses for good."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        record = json.loads(body)
        refused = self.server.refuse(record)
        if not refused:
            self.server.taken.append(record)
        self.send_response(422 if refused else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def lines(first, count):
    return "".join(f"<13>1 - web app - - - number {i}\n" for i in range(first, first + count)).encode()


class TargetsTest(CisternTest):
    def sink(self, port=0):
        sink = SyslogSink(port)
        self.addCleanup(sink.close)
        return sink

    def webhook(self, refuse=lambda record: False):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
        server.refuse, server.taken = refuse, []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        return server

    def apply(self, daemon, targets, *args, check=True):
        path = pathlib.Path(self.work) / "targets.yaml"
        path.write_text(json.dumps({"targets": targets}))
        return daemon.ctl("apply", "-f", path, *args, check=check)

    def syslog(self, sink, name="central", **fields):
        return {"name": name, "retry": {"initial": "10ms", "max": "100ms"},
                "syslog": {"addresses": [f"127.0.0.1:{sink.port}"]}, **fields}

    def status(self, daemon, name="central"):
        return json.loads(daemon.ctl("targets", "get", name, "-o", "json").stdout)

    def caught_up(self, daemon, name="central"):
        return eventually(lambda: self.status(daemon, name) if self.status(daemon, name)["lag_records"] == 0 else None,
                          30, "the target catches up")

    def test_backfills_from_the_past_while_new_records_flow(self):
        daemon, sink = self.start(), self.sink()
        tcp_send(daemon.port, lines(0, 5000))
        daemon.settle(5000)
        self.assertIn(b"target central created", self.apply(daemon, [self.syslog(sink)], "--from", "oldest").stdout)
        for number in range(5000, 8000, 100):
            tcp_send(daemon.port, lines(number, 100))
            time.sleep(0.005)
        daemon.settle(8000)
        eventually(lambda: len(sink.numbers()) == 8000, 30, "everything arrives")
        # History in order; each new connection has its own order, and they were sent one after the other.
        self.assertEqual(sorted(sink.numbers()), list(range(8000)))
        self.assertEqual(sink.numbers()[:5000], list(range(5000)))
        status = self.caught_up(daemon)
        self.assertEqual((status["sent_records"], status["state"], status["guarantee"]), (8000, "idle", "sent"))
        self.assertIn("[cistern@32473 store=", sink.taken()[0])
        metrics = daemon.metrics()
        self.assertEqual(metrics.sum("cistern_target_sent_records_total", target="central"), 8000)
        self.assertEqual(metrics.sum("cistern_target_up", target="central"), 1)
        self.assertEqual(metrics.sum("cistern_target_lag_records", target="central"), 0)

    def test_pause_resume_and_restart_lose_nothing(self):
        daemon, sink = self.start(), self.sink()
        self.apply(daemon, [self.syslog(sink)])
        tcp_send(daemon.port, lines(0, 100))
        eventually(lambda: len(sink.numbers()) == 100, 20, "the first arrive")
        daemon.ctl("targets", "pause", "central")
        tcp_send(daemon.port, lines(100, 100))
        daemon.settle(200)
        self.assertEqual(daemon.stop(), 0)
        daemon.start()
        status = self.status(daemon)
        self.assertEqual((status["state"], status["lag_records"]), ("paused", 100))
        self.assertEqual(len(sink.numbers()), 100)
        daemon.ctl("targets", "resume", "central")
        eventually(lambda: len(sink.numbers()) >= 200, 20, "the rest arrives")
        self.assertEqual(sink.numbers(), list(range(200)), "the connection was closed in order: nothing is sent twice")

    def test_destination_that_comes_and_goes(self):
        daemon, port = self.start(), free_port()
        sink = SyslogSink(port)
        self.apply(daemon, [self.syslog(sink)])
        tcp_send(daemon.port, lines(0, 1000))
        eventually(lambda: len(sink.numbers()) == 1000, 20, "the first arrive")
        sink.close()
        tcp_send(daemon.port, lines(1000, 1000))
        eventually(lambda: self.status(daemon)["state"] == "retrying", 20, "the failure is seen")
        self.assertIn(f"127.0.0.1:{port}", self.status(daemon)["last_error"])
        self.assertEqual(daemon.metrics().sum("cistern_target_up", target="central"), 0)
        again = self.sink(port)
        eventually(lambda: 1999 in again.numbers(), 30, "the rest arrives")
        self.assertEqual(sorted(set(sink.numbers()) | set(again.numbers())), list(range(2000)))
        self.assertEqual(again.numbers(), sorted(again.numbers()), "in order")
        self.caught_up(daemon)

    def test_kill_repeats_only_what_the_window_allows(self):
        daemon, sink = self.start(), self.sink()
        self.apply(daemon, [self.syslog(sink)])
        for round_ in range(5):
            tcp_send(daemon.port, lines(round_ * 1000, 1000))
            daemon.settle(1000)
            daemon.kill()
            daemon.start()
        eventually(lambda: set(sink.numbers()) == set(range(5000)), 30, "everything arrives")
        self.caught_up(daemon)

    def test_rewind_by_time_and_id(self):
        daemon, sink = self.start(), self.sink()
        self.apply(daemon, [self.syslog(sink, filter='NOT "number 99"')])
        tcp_send(daemon.port, lines(0, 10))
        daemon.settle(10)
        self.caught_up(daemon)
        eventually(lambda: len(sink.numbers()) == 10, 20, "all arrive")
        between = datetime.datetime.now(datetime.timezone.utc).isoformat()
        tcp_send(daemon.port, lines(10, 5))
        daemon.settle(15)
        eventually(lambda: len(sink.numbers()) == 15, 20, "the others arrive")
        self.caught_up(daemon)
        for span, count in (("--since", "1h"), 15), (("--from", between), 5):
            preview = daemon.ctl("targets", "rewind", "central", *span, "--preview").stdout
            self.assertIn(f"{count} matching records would be sent again".encode(), preview)
        self.assertEqual(len(sink.numbers()), 15)
        daemon.ctl("targets", "rewind", "central", "--from", between)
        eventually(lambda: len(sink.numbers()) == 20, 20, "the five again")
        self.assertEqual(sink.numbers()[15:], list(range(10, 15)))
        daemon.ctl("targets", "rewind", "central", "--oldest")
        eventually(lambda: len(sink.numbers()) == 35, 20, "all again")
        self.assertEqual(daemon.ctl("targets", "rewind", "central", "--after", "10000000", check=False).returncode, 64)

    def test_dead_letter_is_listed_explained_retried_and_delivered(self):
        refused = {"number 3", "number 5"}
        hook = self.webhook(lambda record: record["message"] in refused)
        daemon = self.start()
        self.apply(daemon, [{"name": "hook", "http": {"url": f"http://127.0.0.1:{hook.server_port}/", "preset": "webhook"}}])
        tcp_send(daemon.port, lines(0, 10))
        daemon.settle(10)
        self.caught_up(daemon, "hook")
        self.assertEqual([record["message"] for record in hook.taken],
                         [f"number {i}" for i in range(10) if i not in (3, 5)])
        letters = [json.loads(line) for line in daemon.ctl("targets", "letters", "list", "hook", "-o", "json").stdout.splitlines()]
        self.assertEqual([letter["message"] for letter in letters], ["number 3", "number 5"])
        self.assertIn("422", letters[0]["reason"])
        self.assertIn(b"number 3", daemon.ctl("explain", letters[0]["id"]).stdout)
        self.assertEqual(daemon.metrics().sum("cistern_target_dead_letters", target="hook"), 2)
        again = daemon.ctl("targets", "letters", "retry", "hook", "--all", check=False)
        self.assertEqual((again.returncode, again.stdout.decode().split(",")[0]), (1, "0 delivered"))
        refused.discard("number 3")
        self.assertIn(b"1 delivered", daemon.ctl("targets", "letters", "retry", "hook", letters[0]["id"]).stdout)
        self.assertEqual(hook.taken[-1]["message"], "number 3")
        self.assertIn(b"1 discarded", daemon.ctl("targets", "letters", "discard", "hook", "--all").stdout)
        self.assertEqual(self.status(daemon, "hook")["dead_letters"], 0)

    def test_bad_definitions_are_refused_with_the_path_of_the_field(self):
        daemon, sink = self.start(), self.sink()
        good = self.syslog(sink, "good")
        for bad, says in [
                ({"name": "b", "file": {"path": "/var/log/../../etc/x"}}, "file.path: holds `..`"),
                ({"name": "b", "syslog": {"addresses": ["nowhere"]}}, "syslog.addresses[0]"),
                ({"name": "b", "http": {"url": "http://x/", "headers": [{"name": "A", "value": "b\r\nC: d"}]}},
                 "http.headers[0].value"),
                ({"name": "b", "http": {"url": "http://x/", "token": "hunter2"}}, "http.token"),
                ({"name": "b", "filter": "sevrity:err", "console": {}}, "filter"),
                ({"name": "b", "syslog": {"adresses": ["127.0.0.1:1"]}}, "did you mean addresses?")]:
            done = self.apply(daemon, [good, bad], check=False)
            self.assertEqual(done.returncode, 78, says)
            self.assertIn(says, done.stderr.decode())
            self.assertEqual(daemon.ctl("targets", "list", "-o", "json").stdout, b"", "nothing is half-applied")

    def test_secret_that_is_not_there_is_said_and_found_later(self):
        hook, secret = self.webhook(), pathlib.Path(self.work) / "token"
        daemon = self.start()
        self.apply(daemon, [{"name": "hook", "retry": {"initial": "10ms", "max": "100ms"}, "from": "oldest",
                             "http": {"url": f"http://127.0.0.1:{hook.server_port}/", "preset": "webhook",
                                      "token": f"file:{secret}"}}])
        tcp_send(daemon.port, lines(0, 1))
        eventually(lambda: self.status(daemon, "hook")["state"] == "broken", 20, "the target says so")
        self.assertIn(f"{secret} cannot be read", self.status(daemon, "hook")["last_error"])
        secret.write_text("hunter2\n")
        eventually(lambda: hook.taken, 20, "it works once the secret is there")
        self.assertNotIn("hunter2", daemon.ctl("targets", "get", "hook").stdout.decode() + daemon.log())

    def test_one_of_two_changes_at_once_is_refused(self):
        daemon, sink = self.start(), self.sink()
        self.apply(daemon, [self.syslog(sink)])
        with Client(daemon) as client:
            info = client.target.GetTarget(target_service.GetTargetRequest(name="central"))

            def change(filter):
                request = target_service.ApplyTargetsRequest()
                entry = request.changes.add(revision=info.revision)
                entry.target.CopyFrom(info.target)
                entry.target.filter = filter
                try:
                    client.target.ApplyTargets(request)
                    return "OK"
                except grpc.RpcError as error:
                    return error.code().name
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                self.assertEqual(sorted(pool.map(change, ["app:a", "app:b"])), ["ABORTED", "OK"])

    def test_dry_run_shows_a_diff_and_prune_deletes(self):
        daemon, sink = self.start(), self.sink()
        self.apply(daemon, [self.syslog(sink), self.syslog(sink, "old")])
        shown = self.apply(daemon, [self.syslog(sink, filter="app:sshd")], "--prune", "--dry-run").stdout.decode()
        self.assertIn("target central would be changed", shown)
        self.assertIn('+ filter: "app:sshd"', shown)
        self.assertIn("target old would be deleted", shown)
        names = [json.loads(line)["name"] for line in daemon.ctl("targets", "list", "-o", "json").stdout.splitlines()]
        self.assertEqual(names, ["central", "old"])
        self.apply(daemon, [self.syslog(sink, filter="app:sshd")], "--prune")
        listed = [json.loads(line) for line in daemon.ctl("targets", "list", "-o", "json").stdout.splitlines()]
        self.assertEqual([(each["name"], each["filter"]) for each in listed], [("central", "app:sshd")])
        exported = pathlib.Path(self.work) / "exported.yaml"
        exported.write_bytes(daemon.ctl("targets", "get", "central").stdout)
        self.assertIn(b"target central unchanged", daemon.ctl("apply", "-f", exported).stdout)

    def test_targets_of_the_configuration(self):
        sink = self.sink()
        daemon = self.start({"targets": [self.syslog(sink)]})
        tcp_send(daemon.port, lines(0, 10))
        eventually(lambda: len(sink.numbers()) == 10, 20, "they arrive")
        self.assertTrue(self.status(daemon)["from_configuration"])
        refused = daemon.ctl("targets", "delete", "central", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn(b"belongs to the configuration file", refused.stderr)
        daemon.config["targets"][0]["filter"] = "number 11"
        daemon.write_config()
        daemon.signal(signal.SIGHUP)
        eventually(lambda: self.status(daemon).get("filter") == "number 11", 20, "the reload takes it")
        tcp_send(daemon.port, lines(10, 3))
        eventually(lambda: 11 in sink.numbers(), 20, "the new filter is in force")
        self.caught_up(daemon)
        self.assertEqual(sink.numbers(), [*range(10), 11])

    def test_loop_is_refused_and_said(self):
        daemon = self.start()
        self.apply(daemon, [{"name": "self", "retry": {"initial": "10ms", "max": "50ms"},
                             "syslog": {"addresses": [f"127.0.0.1:{daemon.port}"]}}])
        tcp_send(daemon.port, lines(0, 1))
        eventually(lambda: self.status(daemon, "self")["state"] == "broken", 20, "the loop is seen")
        self.assertEqual(daemon.ledger().received, 1)
        self.assertEqual(daemon.metrics().sum("cistern_target_errors_total", target="self", reason="loop") > 0, True)

    def test_test_reports_each_step_and_watch_follows(self):
        daemon, sink = self.start(), self.sink()
        self.apply(daemon, [self.syslog(sink)])
        steps = [json.loads(line) for line in daemon.ctl("targets", "test", "central", "-o", "json").stdout.splitlines()]
        self.assertTrue(all(step["ok"] for step in steps), steps)
        self.assertTrue(any("connect" in step["step"] for step in steps), steps)
        eventually(lambda: any("Cistern test of target" in text for text in sink.taken()), 20, "the record arrives")
        closed = {"name": "closed", "syslog": {"addresses": [f"127.0.0.1:{free_port()}"]}}
        path = pathlib.Path(self.work) / "closed.yaml"
        path.write_text(json.dumps({"targets": [closed]}))
        failed = daemon.ctl("targets", "test", "closed", "-f", path, check=False)
        self.assertEqual(failed.returncode, 1)
        self.assertIn(b"refused", failed.stdout)
        with Client(daemon) as client:
            stream = client.target.WatchTargets(target_service.WatchTargetsRequest(), timeout=30)
            first = next(stream)
            self.assertEqual([info.target.name for info in first.targets], ["central"])
            tcp_send(daemon.port, lines(0, 7))
            while next(stream).targets[0].status.sent_records < 7:
                pass
            daemon.ctl("targets", "delete", "central")
            self.assertEqual(next(answer.deleted for answer in stream if answer.deleted), ["central"])
            stream.cancel()

    def test_hung_destination_delays_neither_ingest_nor_the_others(self):
        hung = socket.create_server(("127.0.0.1", 0), backlog=8)  # accepts, never reads
        self.addCleanup(hung.close)
        daemon, sinks = self.start(), [self.sink() for _ in range(3)]
        targets = [self.syslog(sink, f"t{i}") for i, sink in enumerate(sinks)]
        targets.append({"name": "hung", "syslog": {"addresses": [f"127.0.0.1:{hung.getsockname()[1]}"],
                                                   "write_timeout": "60s"}})
        self.apply(daemon, targets)
        tcp_send(daemon.port, lines(0, 200000))
        daemon.settle(200000)
        for i, sink in enumerate(sinks):
            eventually(lambda sink=sink: len(sink.numbers()) == 200000, 60, f"target {i} gets everything")
        self.assertGreater(self.status(daemon, "hung")["lag_records"], 0)
        began = time.monotonic()
        self.assertEqual(daemon.stop(), 0)
        self.assertLess(time.monotonic() - began, 18)

    def test_many_targets_of_which_half_hang_stay_within_their_memory(self):
        hung = socket.create_server(("127.0.0.1", 0), backlog=64)  # accepts, never reads
        good = CountingSink()
        for each in (hung, good.listener):
            self.addCleanup(each.close)
        daemon, count = self.start(), 20000 if SANITIZED else 400000
        tcp_send(daemon.port, b"".join(lines(first, 1000) for first in range(0, count, 1000)))
        daemon.settle(count)
        before = daemon.metrics().sum("process_resident_memory_bytes")
        named = [("hung", hung.getsockname()[1]), ("good", good.port)]
        self.apply(daemon, [{"name": f"{name}{i}", "from": "oldest", "syslog": {
            "addresses": [f"127.0.0.1:{port}"], "write_timeout": "60s", "framing": "lf"}}
            for i in range(21) for name, port in named])
        most = 0

        def served():
            nonlocal most
            most = max(most, daemon.metrics().sum("process_resident_memory_bytes"))
            return good.lines == 21 * count
        eventually(served, 120, "every target that can gets everything")
        print(f"resident {before / (1 << 20):.0f} MiB, with 42 targets {most / (1 << 20):.0f} MiB", file=sys.stderr)
        if not SANITIZED:
            self.assertLess(most, 256 << 20)


if __name__ == "__main__":
    main()
