#!/usr/bin/python3
"""Events: what an add-on raises reaches files, webhooks and mails once, is muted, watched and told of again."""

import collections
import csv
import datetime
import email
import email.policy
import http.server
import json
import os
import random
import threading
import time

import grpc
from aiosmtpd.controller import Controller

import stubs
from rig import ROOT, SANITIZED, CisternTest, eventually, free_port, main, tcp_send, udp_send

RAISED = 100 if SANITIZED else 300
KILLS = 4 if SANITIZED else 12


class Keeper:
    """What an SMTP server took."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 taken"


class Hook(http.server.ThreadingHTTPServer):
    """Keeps what is posted, a JSON value a line; refuses what holds the word `refuse`."""

    def __init__(self):
        self.posted = []
        super().__init__(("127.0.0.1", 0), HookHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class HookHandler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        refused = "refuse" in body
        if not refused:
            self.server.posted += [json.loads(line) for line in body.splitlines()]
        self.send_response(400 if refused else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class Events(CisternTest):
    def connect(self, daemon):
        client = stubs.Client(daemon)
        self.addCleanup(client.channel.close)
        return client.event

    def raise_event(self, events, rule, key="", summary="something", severity=4, **fields):
        request = {name: fields.pop(name) for name in ("request_id", "repeat") if name in fields}
        return events.RaiseEvent(stubs.event_service.RaiseEventRequest(
            rule=rule, key=key, summary=summary, severity=severity, fields=fields, **request))

    def recorded(self, events, id):
        """The event once its record is in the log."""
        request = stubs.event_service.GetEventRequest(id=id)

        def written():
            found = events.GetEvent(request).event
            return found if found.record_id else None
        return eventually(written, what="its record is written")

    @staticmethod
    def again(events):
        """Whether the channel is connected once more."""
        try:
            return events.ListEvents(stubs.event_service.ListEventsRequest()) is not None
        except grpc.RpcError:
            return False

    def ctl_json(self, daemon, *args):
        return [json.loads(line) for line in daemon.ctl(*args, "-o", "json").stdout.splitlines()]


class Delivery(Events):
    def test_a_csv_file_for_each_type_of_event(self):
        out = self.work / "out"
        daemon = self.start({"targets": [{"name": "csv", "filter": "tag.event:*", "file": {
            "path": f"{out}/{{tag.event.rule}}.csv", "format": "csv", "rotate_bytes": "1KiB", "keep": 0,
            "columns": ["tag.event", "tag.event.user", "tag.event.key", "message"]}}]})
        events = self.connect(daemon)
        for n in range(100):
            self.raise_event(events, "login-failed", f"key-{n}", f"login {n}, failed", user=f"user {n % 7}")
            self.raise_event(events, "sudo", "", f"sudo {n}")

        def rows(rule):
            found = []
            for path in sorted(out.glob(f"{rule}.csv*")):
                with open(path, newline="") as file:
                    found += list(csv.DictReader(file)) if path.exists() else []
            return found
        eventually(lambda: len(rows("login-failed")) == 100 and len(rows("sudo")) == 100, what="all rows")
        self.assertGreater(len(list(out.glob("login-failed.csv.*"))), 2, "it is rotated")
        found = sorted(rows("login-failed"), key=lambda row: int(row["tag.event"]))
        self.assertEqual([(row["tag.event.user"], row["tag.event.key"], row["message"]) for row in found],
                         [(f"user {n % 7}", f"key-{n}", f"login {n}, failed") for n in range(100)])

    def with_example(self, out, mail, hook, other):
        """examples/events.yaml, with destinations of this machine; the path of the file."""
        text = (ROOT / "examples/events.yaml").read_text()
        for shown, used in {"/var/log/cistern/events": str(out), "https://chat.example.net/hook": hook,
                            '"mail.example.net:587"': f'"{mail}"\n      security: none', "digest: 5m": "digest: 1s",
                            '"siem.example.net:6514"': f'"127.0.0.1:{other}"', "transport: tls": "transport: tcp"}.items():
            self.assertIn(shown, text)
            text = text.replace(shown, used)
        path = self.work / "events.yaml"
        path.write_text(text)
        return path

    def test_the_example(self):
        keeper, hook, out = Keeper(), Hook(), self.work / "events"
        server = Controller(keeper, hostname="127.0.0.1", port=free_port())
        server.start()
        for end in (server.stop, hook.server_close, hook.shutdown):
            self.addCleanup(end)
        siem, daemon = self.start(), self.start({"packs": ["sshd"]})
        path = self.with_example(out, f"127.0.0.1:{server.port}", f"http://127.0.0.1:{hook.server_port}/", siem.port)
        daemon.ctl("apply", "-f", path)
        daemon.ctl("config", "check", path)  # the same list may stand in the configuration
        events = self.connect(daemon)
        self.raise_event(events, "backup", "db-1", "the backup of db-1 failed", severity=3, user="backup")
        self.raise_event(events, "disk", "web-1", "the disk is half full", severity=5)
        eventually(lambda: keeper.mails and hook.posted and len(siem.query()) == 2, 60, "all are told")
        self.assertEqual(keeper.mails[0]["Subject"], "err: the backup of db-1 failed")
        body = keeper.mails[0].get_body(("plain",)).get_content()
        for shown in ("rule: backup", "severity: err", "key: db-1", "count: 1", "first: 20", "user: backup"):
            self.assertIn(shown, body)
        self.assertEqual(hook.posted, [{"text": "err backup open: the backup of db-1 failed (1)"}])
        rows = list(csv.DictReader((out / "backup.csv").open(newline="")))
        self.assertEqual([(row["tag.event.key"], row["tag.event.user"], row["tag.event.addr"]) for row in rows],
                         [("db-1", "backup", "")])
        self.assertTrue((out / "disk.csv").exists())
        self.log_in(daemon)
        logins = eventually(lambda: (out / "logins.csv").exists() and
                            list(csv.DictReader((out / "logins.csv").open(newline=""))), 60, "a login")
        self.assertEqual((logins[0]["tag.event.user"], logins[0]["tag.event.fingerprint"]), ("bo", "SHA256:RUNEU0E"))

    def log_in(self, daemon):
        messages = ["Accepted publickey for bo from 192.0.2.9 port 1 ssh2: ECDSA SHA256:RUNEU0E",
                    "pam_unix(sshd:session): session opened for user bo(uid=1) by bo(uid=0)",
                    "pam_unix(sshd:session): session closed for user bo"]
        tcp_send(daemon.port, "".join(f"<86>1 - db-1 sshd 11 - - {message}\n" for message in messages).encode())

    def test_webhook_dead_letters_and_redelivery(self):
        hook = Hook()
        self.addCleanup(hook.server_close)
        self.addCleanup(hook.shutdown)
        daemon = self.start({"targets": [
            {"name": "hook", "filter": "tag.event.severity:(err OR crit)", "retry": {"initial": "10ms", "max": "50ms"},
             "http": {"url": f"http://127.0.0.1:{hook.server_port}/"}},
            {"name": "other", "filter": "app:nothing", "file": {"path": str(self.work / "none.log")}}]})
        events = self.connect(daemon)
        told = self.raise_event(events, "probe", "a", "one", severity=3, host="web-1").id
        refused = self.raise_event(events, "probe", "b", "refuse this", severity=3).id
        quiet = self.raise_event(events, "probe", "c", "quiet", severity=6).id
        eventually(lambda: hook.posted, what="the webhook is told")
        tags = hook.posted[0]["tags"]
        self.assertEqual((tags["event"], tags["event.rule"], tags["event.host"], tags["event.state"]),
                         (str(told), "probe", "web-1", "open"))

        def states(id):
            return {d["target"]: d["state"] for d in self.ctl_json(daemon, "events", "get", id)[0]["deliveries"]}
        eventually(lambda: states(told) == {"hook": "delivered"}, what="delivered")
        eventually(lambda: states(refused) == {"hook": "refused"}, what="a dead letter")
        delivery = self.ctl_json(daemon, "events", "get", refused)[0]["deliveries"][0]
        self.assertGreater(delivery["failed_attempts"], 0)
        self.assertIn("400", delivery["last_error"])
        self.assertEqual(states(quiet), {})
        self.assertIn("delivered", daemon.ctl("events", "get", told).stdout.decode())

        daemon.ctl("events", "redeliver", told, "--note", "once more")
        eventually(lambda: len(hook.posted) == 2, what="it is told again")
        self.assertEqual(hook.posted[1]["tags"]["event.redelivered"], "1")
        daemon.ctl("events", "resolve", told)
        eventually(lambda: len(hook.posted) == 3, what="its end is told")
        self.assertEqual(hook.posted[2]["tags"]["event.state"], "resolved")
        event = self.ctl_json(daemon, "events", "get", told)[0]
        self.assertEqual((event["state"], [note["text"] for note in event["notes"]]), ("resolved", ["once more"]))

    def test_mail_digests_by_rule(self):
        keeper = Keeper()
        server = Controller(keeper, hostname="127.0.0.1", port=free_port())
        server.start()
        self.addCleanup(server.stop)
        template = self.work / "mail.txt"
        template.write_text("{{#records}}{{tag_event_rule}} of {{tag_event_user}}: {{message}}\n{{/records}}")
        daemon = self.start({"targets": [{"name": "ops", "filter": "tag.event.state:open", "mail": {
            "server": f"127.0.0.1:{server.port}", "security": "none", "from": "c@example.net",
            "to": ["ops@example.net"], "digest": "3s", "group_by": ["tag.event.rule"],
            "text_template": str(template)}}]})
        events = self.connect(daemon)
        for n in range(3):
            self.raise_event(events, "login-failed", "", f"login of bob {n}", user="bob")
            self.raise_event(events, "disk-full", "", f"disk {n} is full")
        eventually(lambda: len(keeper.mails) == 2, 60, "a mail for each rule")
        texts = sorted(mail.get_body(("plain",)).get_content() for mail in keeper.mails)
        self.assertEqual([text.splitlines() for text in texts],
                         [[f"disk-full of : disk {n} is full" for n in range(3)],
                          [f"login-failed of bob: login of bob {n}" for n in range(3)]])
        self.assertEqual({mail["Subject"] for mail in keeper.mails},
                         {"[ops] 3 records of login-failed", "[ops] 3 records of disk-full"})


class Absence(Events):
    AFTER = 4  # seconds

    def test_a_silent_sender_is_told_of_by_mail_within_two_intervals(self):
        keeper = Keeper()
        server = Controller(keeper, hostname="127.0.0.1", port=free_port())
        server.start()
        self.addCleanup(server.stop)
        daemon = self.start({
            "detections": {"tolerance": "1s"},
            "rules": [{"name": "outage", "absent": {"by": ["hostname"], "after": f"{self.AFTER}s", "event": {
                "severity": "err", "summary": "{{key}} is silent for {{silent}}", "fields": {"host": "{{key}}"}}}}],
            "targets": [{"name": "ops", "filter": "tag.event.rule:outage", "mail": {
                "server": f"127.0.0.1:{server.port}", "security": "none", "from": "c@example.net",
                "to": ["ops@example.net"], "digest": "2s"}}]})
        stop = threading.Event()

        def talk():
            while not stop.wait(0.2):
                udp_send(daemon.port, b"<13>1 - web-1 app - - - here", b"<13>1 - web-2 app - - - here")
        talker = threading.Thread(target=talk)
        udp_send(daemon.port, b"<13>1 - db-1 app - - - the last word of it")
        talker.start()
        self.addCleanup(lambda: (stop.set(), talker.join()))

        def outages():
            return self.ctl_json(daemon, "events", "list", "--rule", "outage")
        eventually(outages, 60, "its silence is noticed")
        event, = outages()
        heard = self.seconds(daemon.query("host:db-1")[0]["received"])
        self.assertEqual((event["key"], event["fields"]["host"]), ("db-1", "db-1"))
        self.assertEqual(event["state"], "open")
        # The time of the event does not depend on when it was noticed.
        self.assertAlmostEqual(self.seconds(event["last"]), heard + self.AFTER, 3)
        noticed = self.seconds(event["created"]) - heard
        self.assertGreaterEqual(noticed, self.AFTER)
        if not SANITIZED:
            self.assertLess(noticed, 2 * self.AFTER)
        eventually(lambda: keeper.mails, 60, "a mail about it")
        text = keeper.mails[0].get_body(("plain",)).get_content()
        self.assertIn("db-1 is silent for", text)
        self.assertNotIn("web-1", text)
        # It speaks again: the event is resolved, and a mail says that too.
        udp_send(daemon.port, b"<13>1 - db-1 app - - - back")
        eventually(lambda: outages()[0]["state"] == "resolved", 60, "it is resolved")
        eventually(lambda: len(keeper.mails) == 2, 60, "a second mail")
        self.assertIn("db-1", keeper.mails[1].get_body(("plain",)).get_content())
        print(f"silence of {self.AFTER} s noticed after {noticed:.1f} s")

    @staticmethod
    def seconds(text):
        return datetime.datetime.fromisoformat(text).timestamp()


class Muting(Events):
    def test_targets_pass_over_what_a_silence_mutes(self):
        path = self.work / "events.log"
        daemon = self.start({"targets": [{"name": "file", "filter": "tag.event:*", "file": {
            "path": str(path), "format": "json"}}]})
        events = self.connect(daemon)
        daemon.ctl("silences", "add", "maintenance", "tag.event.host:web-*", "--for", "1h", "--comment", "new disk")
        muted = self.raise_event(events, "down", "", "muted", host="web-1")
        self.assertEqual(muted.muted, "silence:maintenance")
        self.raise_event(events, "down", "", "told", host="db-1")

        def told():
            return [json.loads(line)["message"] for line in path.read_text().splitlines()] if path.exists() else []
        eventually(told, what="one is told")
        self.assertEqual(told(), ["told"])
        self.assertEqual(self.ctl_json(daemon, "events", "get", muted.id)[0]["deliveries"], [])
        self.assertEqual(len(daemon.query("tag.event.muted:*")), 1)
        silence = self.ctl_json(daemon, "silences", "list")[0]
        self.assertEqual((silence["name"], silence["comment"], silence["who"]),
                         ("maintenance", "new disk", "127.0.0.1"))
        daemon.ctl("silences", "delete", "maintenance")
        self.assertEqual(self.ctl_json(daemon, "silences", "list"), [])
        self.assertEqual(len(self.ctl_json(daemon, "silences", "list", "--expired")), 1)
        self.assertEqual(daemon.ctl("silences", "delete", "maintenance", check=False).returncode, 1)
        daemon.ctl("events", "redeliver", muted.id)
        eventually(lambda: told() == ["told", "muted"], what="redelivery tells of it")

    def test_wrong_silences_are_refused_in_words(self):
        daemon = self.start()
        for args, words in (
                (["a", "host:(", "--for", "1h"], "at byte 6"), (["a", "app:x"], "one of --for and --to"),
                (["A b", "app:x", "--for", "1h"], "name:"), (["a", "app:x", "--to", "2001-01-01"], "is past")):
            done = daemon.ctl("silences", "add", *args, check=False)
            self.assertEqual(done.returncode, 64, args)
            self.assertIn(words, done.stderr.decode())


class Api(Events):
    def test_lists_pages_and_states(self):
        daemon = self.start()
        events = self.connect(daemon)
        for n in range(7):
            self.raise_event(events, "even" if n % 2 == 0 else "odd", str(n), severity=n)
        seen, request = [], stubs.event_service.ListEventsRequest(page_size=2, rule="e*n")
        while True:
            page = events.ListEvents(request)
            seen += [event.key for event in page.events]
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
        self.assertEqual(seen, ["6", "4", "2", "0"])
        daemon.ctl("events", "ack", 1, 2, "--note", "on it")
        daemon.ctl("events", "resolve", 3)
        states = [event["state"] for event in self.ctl_json(daemon, "events", "list")]
        self.assertEqual(states, ["open"] * 4 + ["resolved", "acknowledged", "acknowledged"])
        self.assertEqual([event["id"] for event in self.ctl_json(daemon, "events", "list", "--state", "unresolved",
                                                                 "--severity", "err")], [4, 2, 1])
        self.assertEqual(daemon.metrics().sum("cistern_events_open"), 6)
        self.assertEqual(daemon.metrics().sum("cistern_events_total", severity="err"), 1)
        self.assertEqual(daemon.ctl("events", "get", 99, check=False).returncode, 1)
        self.assertEqual(daemon.ctl("events", "resolve", 1, 99, check=False).returncode, 1)
        table = daemon.ctl("events", "list").stdout.decode()
        self.assertIn("RULE", table)

    def test_requests_of_add_ons(self):
        daemon = self.start()
        events = self.connect(daemon)
        first = self.raise_event(events, "probe", "x", request_id="r1")
        self.assertEqual(self.raise_event(events, "probe", "x", request_id="r1").id, first.id)
        self.assertEqual(daemon.stop(), 0)
        daemon.start()
        eventually(lambda: self.again(events), what="connected again")
        self.assertEqual(self.raise_event(events, "probe", "x", request_id="r1").id, first.id)
        second = self.raise_event(events, "probe", "x", request_id="r2", repeat={"seconds": 3600})
        self.assertEqual((second.id, second.count), (first.id, 2))
        for wrong in ({"rule": "No"}, {"rule": "a", "severity": 8}, {"rule": "a", "key": "x" * 1025}):
            with self.assertRaises(grpc.RpcError) as refused:
                events.RaiseEvent(stubs.event_service.RaiseEventRequest(**wrong))
            self.assertEqual(refused.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)

    def test_watch_goes_on_over_a_restart(self):
        daemon = self.start()
        events = self.connect(daemon)
        Watch = stubs.event_service.WatchEventsRequest
        watch = events.WatchEvents(Watch(after=0))
        self.assertEqual(len(next(watch).events), 0)
        self.raise_event(events, "a", "1")
        answer = next(watch)
        self.assertEqual([event.key for event in answer.events], ["1"])
        self.assertEqual(list(answer.changes), [answer.change])
        self.raise_event(events, "a", "2")
        self.assertEqual(daemon.stop(), 0)
        daemon.start()
        eventually(lambda: self.again(events), what="connected again")
        self.raise_event(events, "a", "3")
        events.AcknowledgeEvents(stubs.event_service.ChangeEventsRequest(ids=[1]))
        watch = events.WatchEvents(Watch(after=answer.change))
        seen = []
        while len(seen) < 3:
            answer = next(watch)
            seen += [(event.key, event.state) for event in answer.events]
        self.assertEqual(seen, [("2", 1), ("3", 1), ("1", 2)])
        with self.assertRaises(grpc.RpcError) as refused:
            next(events.WatchEvents(Watch(after=answer.change + 1000)))
        self.assertEqual(refused.exception.code(), grpc.StatusCode.OUT_OF_RANGE)
        watch.cancel()


class Crashes(Events):
    def test_each_event_has_one_record_over_kills(self):
        daemon = self.start()
        events = self.connect(daemon)
        stop = threading.Event()

        def kill():
            for _ in range(KILLS):
                time.sleep(random.uniform(0.05, 0.4))
                daemon.kill()
                daemon.start()
            stop.set()
        killer = threading.Thread(target=kill)
        killer.start()
        number, asked = 0, 0
        while number < RAISED or number < asked or not stop.is_set():
            asked = number + 1  # a call that failed may have raised it: it is asked for again with the same id
            try:
                self.raise_event(events, "crash", str(number), f"event {number}", request_id=f"r{number}")
                number += 1
            except grpc.RpcError as error:
                self.assertIn(error.code(), (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNKNOWN,
                                             grpc.StatusCode.INTERNAL))
                time.sleep(0.02)
        killer.join()
        eventually(lambda: self.again(events), what="connected again")
        listed = {event["key"]: event for event in self.ctl_json(daemon, "events", "list", "-n", 0)}
        self.assertEqual(len(listed), number)

        def written():
            return len(daemon.query("tag.event:*")) >= number
        eventually(written, what="all records")
        records = collections.Counter(record["tags"]["event"] for record in daemon.query("tag.event:*"))
        self.assertEqual(records, collections.Counter(str(event["id"]) for event in listed.values()))
        for record in daemon.query("tag.event:*"):
            event = self.recorded(events, int(record["tags"]["event"]))
            self.assertEqual((event.record_id, event.key), (record["id"], record["tags"]["event.key"]))


if __name__ == "__main__":
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    main()
