#!/usr/bin/python3
"""Who may send: networks per listener, and the real sender's address behind load balancers, by hand and with HAProxy."""

import json
import socket
import ssl

from certs import Authority
from rig import PEERS, ROOT, CisternTest, eventually, free_port, main, wait_for_port

BALANCER, STRANGE_BALANCER, SENDER, STRANGER = "127.0.0.5", "127.0.0.6", "127.0.0.9", "127.0.0.66"
V1 = b"PROXY TCP4 192.0.2.42 10.0.0.5 51200 6514\r\n"
V2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c" + bytes([192, 0, 2, 42, 10, 0, 0, 5]) + (51200).to_bytes(2, "big") + b"\x19\x72"
V2_IPV6 = (b"\r\n\r\n\0\r\nQUIT\n\x21\x21\x00\x24" + socket.inet_pton(socket.AF_INET6, "2001:db8::2a")
           + socket.inet_pton(socket.AF_INET6, "::1") + (51200).to_bytes(2, "big") + b"\x19\x72")
V2_LOCAL = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00"


class ProxyTest(CisternTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.work / "pki")
        server = self.authority.issue("server", "DNS:localhost,IP:127.0.0.1")
        self.tls_port = free_port()
        tls = {"address": f"127.0.0.1:{self.tls_port}", "cert_file": str(server[0]), "key_file": str(server[1])}
        senders = {"proxy_protocol": [f"{BALANCER}/32"], "deny": [STRANGER]}
        self.daemon = self.start(lambda daemon: {"listeners": [
            {"name": "udp", "udp": {"address": f"127.0.0.1:{daemon.port}"}, "allow": ["127.0.0.0/30"]},
            {"name": "tcp", "tcp": {"address": f"127.0.0.1:{daemon.port}"}, **senders},
            {"name": "tls", "tls": tls, **senders}]})

    def send(self, source, data, port=None):
        with socket.create_connection(("127.0.0.1", port or self.daemon.port), source_address=(source, 0)) as sender:
            try:
                sender.sendall(data)
                sender.shutdown(socket.SHUT_WR)
                sender.settimeout(20)
                sender.recv(1)
            except OSError:
                pass  # refused; the test looks at the daemon

    def send_tls(self, source, before, data, port=None):
        context = ssl.create_default_context(cafile=self.authority.cert)
        with socket.create_connection(("127.0.0.1", port or self.tls_port), source_address=(source, 0)) as plain:
            plain.sendall(before)
            with context.wrap_socket(plain, server_hostname="localhost") as sender:
                sender.sendall(data)
                sender.unwrap().close()

    def expect(self, text, **fields):
        eventually(lambda: self.daemon.query(f'"{text}"'), 10, f"{text} is stored")
        [found] = self.daemon.query(f'"{text}"')
        for name, value in fields.items():
            self.assertEqual(found.get(name), value, f"{name} of {found}")
        return found

    def closed(self, reason):
        return self.daemon.metrics().sum("cistern_connections_closed_total", reason=reason)

    def status(self, listener):
        listeners = json.loads(self.daemon.ctl("status", "-o", "json").stdout)["listeners"]
        return next(each for each in listeners if each["name"] == listener)


class ByHand(ProxyTest):
    def test_tcp_shows_the_real_sender(self):
        for name, header, peer in (("one", V1, "192.0.2.42"), ("two", V2, "192.0.2.42"), ("six", V2_IPV6, "2001:db8::2a"),
                                   ("own", V2_LOCAL, BALANCER), ("unknown", b"PROXY UNKNOWN\r\n", BALANCER)):
            self.send(BALANCER, header + b"<13>1 - h app - - - through " + name.encode() + b"\n")
            self.expect(f"through {name}", peer=peer, transport="tcp", listener="tcp")
        self.assertIn("192.0.2.42", self.daemon.ctl("senders").stdout.decode())

    def test_tls_shows_the_real_sender(self):
        for name, header in (("one", V1), ("two", V2)):
            self.send_tls(BALANCER, header, b"<13>1 - h app - - - through " + name.encode() + b"\n")
            self.expect(f"through {name}", peer="192.0.2.42", transport="tls", listener="tls")

    def test_others_are_stored_as_they_are(self):
        self.send(SENDER, b"<13>1 - h app - - - straight\n")
        self.expect("straight", peer=SENDER)
        self.send_tls(SENDER, b"", b"<13>1 - h app - - - straight by tls\n")
        self.expect("straight by tls", peer=SENDER)

    def test_header_of_an_untrusted_network_is_refused_and_counted(self):
        for header in (V1, V2, V2_IPV6, b"PROXY UNKNOWN\r\n", V1[:11], V2[:12]):
            self.send(SENDER, header + b"<13>1 - h app - - - never stored\n")
            self.send(SENDER, header + b"<13>1 - h app - - - never stored\n", self.tls_port)
        eventually(lambda: self.closed("proxy_refused") == 12, 10, "twelve refusals are counted")
        self.assertEqual((self.status("tcp")["proxy_refused"], self.status("tls")["proxy_refused"]), (6, 6))
        self.assertIn("tcp: 6 refused for their PROXY header", self.daemon.ctl("status").stdout.decode())
        self.assertRegex(self.daemon.log(), r'listener "tcp": connection from 127\.0\.0\.9:\d+ closed: proxy_refused: ')
        self.assertEqual(self.daemon.query("never"), [])

    def test_load_balancer_without_a_proper_header_is_refused_and_counted(self):
        for start in (b"", b"PROXY TCP4 host 10.0.0.5 1 2\r\n", V2[:12] + b"\x31" + V2[13:], b"PROXY " + b"UNKNOWN" * 20):
            self.send(BALANCER, start + b"<13>1 - h app - - - never stored\n")
        eventually(lambda: self.closed("proxy_refused") == 4, 10, "four refusals are counted")
        self.assertEqual(self.daemon.query("never"), [])
        self.assertEqual(self.daemon.ledger().received, 0)

    def test_deny_is_for_the_real_sender_and_before_tls(self):
        self.send(STRANGER, b"<13>1 - h app - - - never stored\n")
        self.send(STRANGER, b"\x16\x03\x01", self.tls_port)
        header = f"PROXY TCP4 {STRANGER} 10.0.0.5 51200 6514\r\n".encode()
        self.send(BALANCER, header + b"<13>1 - h app - - - never stored\n")
        eventually(lambda: self.closed("denied") == 3, 10, "three refusals are counted")
        self.assertEqual(self.closed("handshake_failed"), 0)
        self.assertEqual((self.status("tcp")["denied"], self.status("tls")["denied"]), (2, 1))
        self.assertEqual(self.daemon.query("never"), [])

    def test_datagrams_of_others_are_dropped_and_counted(self):
        for source, text in (("127.0.0.1", b"allowed"), (SENDER, b"never stored"), (SENDER, b"never stored either")):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.bind((source, 0))
                sender.sendto(b"<13>1 - h app - - - " + text, ("127.0.0.1", self.daemon.port))
        ledger = self.daemon.settle(3)
        self.assertEqual((ledger.received, ledger.stored, ledger.dropped), (3, 1, 2))
        self.assertEqual(self.daemon.metrics().sum("cistern_dropped_messages_total", stage="ingest", reason="denied"), 2)
        self.assertEqual(self.status("udp")["denied"], 2)
        self.assertRegex(self.daemon.log(), r'listener "udp": datagrams from 127\.0\.0\.9:\d+ dropped: denied')
        self.assertEqual(self.daemon.query("never"), [])


class BehindHaproxy(ProxyTest):
    """`examples/haproxy.cfg` with other addresses; its health checks are no mistake."""

    def balance(self, version, source):
        """HAProxy in front of both listeners; returns its ports for TCP and TLS."""
        tcp, tls = free_port(), free_port()
        text = (ROOT / "examples/haproxy.cfg").read_text()
        for old, new in ((":6514\n", f":{tls}\n"), (":514\n", f":{tcp}\n"), ("bind :", "bind 127.0.0.1:"),
                         ("cistern.example:6514", f"127.0.0.1:{self.tls_port}"),
                         ("cistern.example:5140", f"127.0.0.1:{self.daemon.port}"),
                         ("send-proxy-v2", f"source {source} {version}")):
            self.assertIn(old, text)
            text = text.replace(old, new)
        conf = self.work / "haproxy.cfg"
        conf.write_text(text)
        self.spawn(PEERS / "bin/haproxy", "-db", "-f", conf)
        for port in (tcp, tls):
            wait_for_port(port)
        return tcp, tls

    def test_real_sender_is_stored(self):
        for version in ("send-proxy-v2", "send-proxy"):
            tcp, tls = self.balance(version, BALANCER)
            self.send(SENDER, f"<13>1 - h app - - - tcp {version}.\n".encode(), tcp)
            self.send_tls(SENDER, b"", f"<13>1 - h app - - - tls {version}.\n".encode(), tls)
            self.expect(f"tcp {version}.", peer=SENDER, transport="tcp")
            self.expect(f"tls {version}.", peer=SENDER, transport="tls")
        self.assertEqual(self.closed("proxy_refused"), 0)

    def test_from_an_untrusted_network_it_is_refused_and_counted(self):
        for version in ("send-proxy-v2", "send-proxy"):
            before = self.status("tcp")["proxy_refused"]
            tcp, _ = self.balance(version, STRANGE_BALANCER)
            self.send(SENDER, b"<13>1 - h app - - - never stored\n", tcp)
            eventually(lambda: self.status("tcp")["proxy_refused"] > before, 10, "a refusal is counted")
        self.assertEqual(self.daemon.query("never"), [])


if __name__ == "__main__":
    main()
