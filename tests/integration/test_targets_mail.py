#!/usr/bin/python3
"""Mail targets: a digest of 500 records is one mail of text and HTML parts, whatever happens to the daemon."""

import email
import email.policy
import re

from aiosmtpd.controller import Controller

from rig import CisternTest, eventually, free_port, main, tcp_send

EVENTS = 500
DIGEST = 20  # seconds; long enough for a restart


class Keeper:
    """What an SMTP server took."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.rcpt_tos, email.message_from_bytes(envelope.content, policy=email.policy.default)))
        return "250 taken"


class MailTargets(CisternTest):
    def setUp(self):
        super().setUp()
        self.keeper = Keeper()
        self.server = Controller(self.keeper, hostname="127.0.0.1", port=free_port())
        self.server.start()
        self.addCleanup(self.server.stop)

    def with_target(self, **mail):
        return {"targets": [{"name": "ops", "filter": "severity:>=err", "mail": {
            "server": f"127.0.0.1:{self.server.port}", "security": "none", "from": "Cistern <cistern@example.net>",
            "to": ["ops@example.net", "bob@example.net"], "digest": f"{DIGEST}s", "show": EVENTS, **mail}}]}

    def send(self, daemon, first, count):
        """Every second record is not for the target."""
        lines = [f"<{priority}>1 - web-1 app - - - event {n:04} größer <b>" for n in range(first, first + count)
                 for priority in (11, 14)]
        tcp_send(daemon.port, "".join(line + "\n" for line in lines).encode())
        daemon.settle(2 * count)
        eventually(lambda: ("cistern_target_lag_records", frozenset([("target", "ops")])) in daemon.metrics(),
                   what="the target runs")

    def check_one_mail(self):
        eventually(lambda: self.keeper.mails, DIGEST + 60, "a mail")
        self.assertEqual(len(self.keeper.mails), 1)
        recipients, mail = self.keeper.mails[0]
        self.assertEqual(recipients, ["ops@example.net", "bob@example.net"])
        self.assertEqual(mail["Subject"], f"[ops] {EVENTS} records")
        self.assertTrue(mail["Message-ID"] and mail["Date"])
        for kind in ("plain", "html"):
            text = mail.get_body((kind,)).get_content()
            self.assertEqual([int(n) for n in re.findall(r"event (\d{4}) größer", text)], list(range(EVENTS)))
        self.assertIn("&lt;b&gt;", mail.get_body(("html",)).get_content())

    def test_digest_over_a_restart(self):
        daemon = self.start(self.with_target())
        self.send(daemon, 0, 250)
        self.assertEqual(daemon.stop(), 0)
        daemon.start()
        self.send(daemon, 250, 250)
        self.check_one_mail()

    def test_digest_over_a_crash(self):
        daemon = self.start(self.with_target())
        self.send(daemon, 0, 250)
        daemon.kill()
        daemon.start()
        self.send(daemon, 250, 250)
        self.check_one_mail()


if __name__ == "__main__":
    main()
