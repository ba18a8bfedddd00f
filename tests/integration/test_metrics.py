#!/usr/bin/python3
"""/metrics, /healthz, /readyz and the loss ledger."""

import signal
import socket
import subprocess

from rig import PEERS, CisternTest, Ledger, eventually, main, tcp_send, udp_send
from stubs import Client, admin

NAMES = {
    "cistern_received_messages_total", "cistern_received_bytes_total", "cistern_parsed_messages_total",
    "cistern_stored_messages_total", "cistern_udp_kernel_drops_total", "cistern_udp_receive_buffer_bytes",
    "cistern_connections", "cistern_queue_bytes", "cistern_commit_duration_seconds_count", "cistern_store_bytes",
    "cistern_store_records", "cistern_build_info", "process_cpu_seconds_total", "process_resident_memory_bytes",
    "process_open_fds",
}


class MetricsTest(CisternTest):
    def test_promtool_accepts_them_and_the_documented_names_are_there(self):
        daemon = self.start()
        udp_send(daemon.port, b"<13>Jan  2 03:04:05 h app: one", b"no header at all")
        daemon.settle(2)
        metrics = daemon.metrics()
        lint = subprocess.run([PEERS / "bin/promtool", "check", "metrics"], input=metrics.text.encode(),
                              capture_output=True)
        self.assertEqual((lint.returncode, lint.stderr + lint.stdout), (0, b""))
        self.assertEqual(NAMES - metrics.names(), set())
        self.assertEqual(metrics.sum("cistern_received_messages_total", transport="udp"), 2)
        self.assertEqual(metrics.sum("cistern_received_bytes_total", transport="udp"), 46)
        self.assertEqual(metrics.sum("cistern_parsed_messages_total", format="rfc3164"), 1)
        self.assertEqual(metrics.sum("cistern_parsed_messages_total", format="raw"), 1)
        self.assertEqual(metrics.sum("cistern_store_records"), 2)
        self.assertGreater(metrics.sum("cistern_udp_receive_buffer_bytes", listener="udp"), 4096)

    def test_names_of_hosts_never_become_labels(self):
        daemon = self.start()
        udp_send(daemon.port, *(b"<13>Jan  2 03:04:05 host%d app%d: x" % (n, n) for n in range(50)))
        daemon.settle(50)
        self.assertNotIn("host7", daemon.metrics().text)

    def test_health(self):
        daemon = self.start()
        self.assertEqual(daemon.get("/healthz")[0], 200)
        self.assertEqual(daemon.get("/readyz")[0], 200)
        self.assertEqual(daemon.get("/nothing")[0], 404)

    def test_status_tells_the_same_ledger(self):
        daemon = self.start()
        tcp_send(daemon.port, b"<13>Jan  2 03:04:05 h app: one\n" * 1000)
        settled = daemon.settle(1000)
        with Client(daemon) as client:
            status = client.admin.GetStatus(admin.GetStatusRequest())
        self.assertEqual((status.ledger.received, status.ledger.stored, status.ledger.in_flight),
                         (settled.received, settled.stored, 0))
        self.assertEqual(status.state, admin.GetStatusResponse.STATE_READY)
        self.assertEqual({listener.name for listener in status.listeners}, {"udp", "tcp"})

    def test_connections_are_counted(self):
        daemon = self.start()
        with socket.create_connection(("127.0.0.1", daemon.port)):
            eventually(lambda: daemon.metrics().sum("cistern_connections", listener="tcp") == 1, 10, "one connection")
        eventually(lambda: daemon.metrics().sum("cistern_connections", listener="tcp") == 0, 10, "none again")


class OverrunTest(CisternTest):
    SENT = 20000

    def test_kernel_drops_are_counted_when_the_receiver_stands_still(self):
        daemon = self.start(lambda daemon: {"listeners": [
            {"name": "udp", "udp": {"address": f"127.0.0.1:{daemon.port}", "receive_buffer": "64KiB"}}]})
        daemon.signal(signal.SIGSTOP)
        udp_send(daemon.port, *(b"<13>Jan  2 03:04:05 h app: number %d" % n for n in range(self.SENT)))
        daemon.signal(signal.SIGCONT)

        # The kernel tells its count with the next datagram it delivers, so one more follows.
        def accounted():
            udp_send(daemon.port, b"<13>Jan  2 03:04:05 h probe: are you there")
            self.probes += 1
            daemon.settle()
            metrics = daemon.metrics()
            drops = metrics.sum("cistern_udp_kernel_drops_total", listener="udp")
            received = Ledger(metrics).received
            return (received, drops) if received + drops == self.SENT + self.probes else None
        self.probes = 0
        received, drops = eventually(accounted, 20, "sent = received + dropped by the kernel")
        self.assertGreater(drops, 0)
        self.assertGreater(received, 0)

    def test_queue_overrun_is_counted(self):
        """The queue takes less than what arrives at once: UDP drops what does not fit and counts it."""
        daemon = self.start(lambda daemon: {"queue": {"max_bytes": "1MiB"}, "listeners": [
            {"name": "udp", "udp": {"address": f"127.0.0.1:{daemon.port}", "receive_buffer": "8MiB"}}]})
        message = b"<13>Jan  2 03:04:05 h app: " + b"x" * 8000
        for _ in range(20):
            udp_send(daemon.port, *[message] * 500)
        daemon.settle()
        metrics = daemon.metrics()
        drops = metrics.sum("cistern_udp_kernel_drops_total")
        ledger = Ledger(metrics)
        self.assertTrue(ledger.balanced(), ledger)
        self.assertEqual(ledger.dropped, metrics.sum("cistern_dropped_messages_total", stage="ingest"))
        self.assertLessEqual(ledger.received + drops, 10000)


if __name__ == "__main__":
    main()
