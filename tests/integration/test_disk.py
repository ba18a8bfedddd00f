#!/usr/bin/python3
"""A full disk: senders wait or are told, what is lost is counted, and it goes on by itself once there is space."""

import os
import pathlib
import threading

import grpc

from rig import CisternTest, Ledger, eventually, main, tcp_send, udp_send
from stubs import Client, log

MIB = 1 << 20


class FullDisk(CisternTest):
    SIZE = 64 * MIB

    def setUp(self):
        super().setUp()
        # A mount namespace of its own: nothing stays mounted, and no root is needed where user namespaces are allowed.
        namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
        self.data = self.work / "small"
        self.data.mkdir()
        mount = f'mount -t tmpfs -o size={self.SIZE} none "{self.data}" && exec "$0" "$@"'
        self.daemon = self.start({"storage": {"dir": str(self.data), "free_space_reserve": 5},
                                  "queue": {"max_bytes": "2MiB"}},
                                 prefix=[*namespace, "sh", "-c", mount])
        # The same folder as the daemon sees it.
        self.inside = pathlib.Path(f"/proc/{self.daemon.process.pid}/root{self.data}")

    def fill(self):
        """Takes all free space of the small disk."""
        with open(self.inside / "ballast", "wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(b"\0" * 65536)
            except OSError:
                pass

    def poke(self):
        """Makes the daemon write, so that it notices."""
        udp_send(self.daemon.port, *[b"<13>Jan  2 03:04:05 h poke: " + os.urandom(500).hex().encode()] * 20)

    def become_full(self):
        self.fill()

        def noticed():
            self.poke()
            return self.daemon.get("/readyz")[0] == 503
        eventually(noticed, 20, "/readyz says 503")

    def free(self):
        (self.inside / "ballast").unlink()
        eventually(self.daemon.ready, 30, "ready again without a restart")

    def test_udp_is_counted_and_the_rest_goes_on(self):
        self.become_full()
        self.assertEqual(self.daemon.get("/healthz")[0], 200)

        def dropped():
            for _ in range(20):
                self.poke()
            metrics = self.daemon.metrics()
            return metrics.sum("cistern_dropped_messages_total", reason="queue_full") + \
                metrics.sum("cistern_dropped_messages_total", reason="disk_full")
        eventually(dropped, 60, "drops are counted")
        self.free()
        udp_send(self.daemon.port, b"<13>Jan  2 03:04:05 h app: after the flood")
        eventually(lambda: self.daemon.query('"after the flood"'), 20, "records are stored again")

    def test_tcp_sender_waits_and_nothing_is_lost(self):
        self.become_full()
        before = self.daemon.metrics().sum("cistern_received_messages_total", transport="tcp")
        count = 100_000
        message = b"<13>Jan  2 03:04:05 h patient: " + b"word " * 40 + b"%d\n"
        sender = threading.Thread(target=tcp_send, args=(
            self.daemon.port, b"".join(message % n for n in range(count))), daemon=True)
        sender.start()
        sender.join(2)
        self.assertTrue(sender.is_alive(), "24 MB fit nowhere, so the sender must wait")
        self.free()
        sender.join(60)
        self.assertFalse(sender.is_alive())
        self.assertEqual(before, 0)
        self.daemon.settle(count)
        metrics = self.daemon.metrics()
        self.assertEqual(metrics.sum("cistern_received_messages_total", transport="tcp"), count)
        self.assertEqual(int(self.daemon.ctl("count", "app:patient").stdout), count)

    def test_grpc_client_is_told_or_waits_and_succeeds_later(self):
        self.become_full()
        request = log.IngestRequest(client_id="c", sequence=1, records=[
            log.IngestRecord(raw=b"<13>Jan  2 03:04:05 h app: acknowledged")])
        with Client(self.daemon) as client:
            with self.assertRaises(grpc.RpcError) as caught:
                list(client.log.Ingest(iter([request]), timeout=3))
            self.assertIn(caught.exception.code(),
                          (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DEADLINE_EXCEEDED))
            self.free()
            answers = list(client.log.Ingest(iter([request]), timeout=30))
            self.assertEqual(answers[-1].committed_sequence, 1)
        self.assertEqual(len(self.daemon.query("acknowledged")), 1)

    def test_ledger_balances_after_all(self):
        self.become_full()
        for _ in range(200):
            self.poke()
        self.free()
        self.daemon.settle()
        metrics = self.daemon.metrics()
        self.assertTrue(Ledger(metrics).balanced())
        self.assertEqual(metrics.sum("cistern_store_records"), Ledger(metrics).stored)


if __name__ == "__main__":
    main()
