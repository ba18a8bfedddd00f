#!/usr/bin/python3
"""Real senders over every transport; every message is read back, field by field, as JSON and over gRPC."""

import datetime
import logging
import logging.handlers
import os
import shutil
import socket
import subprocess

from certs import Authority
from rig import PEERS, CisternTest, eventually, free_port, main, udp_send, wait_for_port
from stubs import Client, record

PID = 4711


def severity_name(number):
    return record.Severity.Name(number).removeprefix("SEVERITY_").lower()


def facility_name(number):
    return record.Facility.Name(number).removeprefix("FACILITY_").lower()


class SenderTest(CisternTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.work / "pki")
        server = self.authority.issue("server", "DNS:localhost,IP:127.0.0.1")
        self.client_cert, self.client_key = self.authority.issue("client", "DNS:client.example")
        self.tls_port = free_port()

        def config(daemon):
            tls = {"address": f"127.0.0.1:{self.tls_port}", "cert_file": str(server[0]), "key_file": str(server[1]),
                   "client_ca_file": str(self.authority.cert), "client_auth": "required"}
            address = f"127.0.0.1:{daemon.port}"
            return {"listeners": [{"name": "udp", "udp": {"address": address}},
                                  {"name": "tcp", "tcp": {"address": address}}, {"name": "tls", "tls": tls},
                                  {"name": "local", "unix": {"path": str(daemon.work / "log.sock")}}]}
        self.daemon = self.start(config)

    def expect(self, filter, **fields):
        """Exactly one record matches and has these fields, in JSON and over gRPC. A value None: field is absent."""
        eventually(lambda: len(self.daemon.query(filter)) >= 1, 10, f"a record matches {filter}")
        found = self.daemon.query(filter)
        self.assertEqual(len(found), 1, found)
        for name, value in fields.items():
            self.assertEqual(found[0].get(name), value, f"{name} of {found[0]}")
        self.expect_same_over_grpc(filter, found[0])
        return found[0]

    def expect_same_over_grpc(self, filter, shown):
        with Client(self.daemon) as client:
            [got] = client.query(filter)
        self.assertEqual(got.id, shown["id"])
        self.assertEqual(got.message.decode(errors="replace"), shown.get("message", ""))
        self.assertEqual(severity_name(got.severity), shown["severity"])
        self.assertEqual(facility_name(got.facility), shown["facility"])
        self.assertEqual(record.Format.Name(got.format).removeprefix("FORMAT_").lower(), shown["format"])
        self.assertEqual(record.Transport.Name(got.transport).removeprefix("TRANSPORT_").lower(), shown["transport"])
        self.assertEqual([record.Flag.Name(flag).removeprefix("FLAG_").lower() for flag in got.flags],
                         shown.get("flags", []))
        for field, key in (("hostname", "hostname"), ("app_name", "app_name"), ("procid", "procid"),
                           ("msgid", "msgid"), ("peer_address", "peer"), ("listener", "listener"),
                           ("tls_identity", "tls_identity")):
            self.assertEqual(getattr(got, field), shown.get(key, ""), field)

    def expect_recent(self, shown):
        """The message time is the sender's, within a minute of now."""
        self.assertRegex(shown["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")
        made = datetime.datetime.fromisoformat(shown["time"][:19] + "+00:00")
        self.assertLess(abs((datetime.datetime.now(datetime.timezone.utc) - made).total_seconds()), 60)


class UtilLinuxLogger(SenderTest):
    def logger(self, *args):
        subprocess.run(["logger", "-n", "127.0.0.1", "-P", str(self.daemon.port), f"--id={PID}", "-t", "web",
                        "-p", "local3.warning", *args], check=True, env={**os.environ, "TZ": "UTC"})

    def expect_logger(self, text, transport, format):
        rfc5424 = format == "rfc5424"
        shown = self.expect(f'"{text}"', message=text, transport=transport, listener=transport, peer="127.0.0.1",
                            facility="local3", severity="warning", app_name="web", procid=str(PID), format=format,
                            hostname=os.uname().nodename if rfc5424 else os.uname().nodename.split(".")[0])
        self.expect_recent(shown)

    def test_udp_rfc3164(self):
        self.logger("-d", "--rfc3164", "old over datagram")
        self.expect_logger("old over datagram", "udp", "rfc3164")

    def test_udp_rfc5424(self):
        self.logger("-d", "--rfc5424", "--msgid", "M1", "--sd-id", "order@32473", "--sd-param", 'item="a\\"b"',
                    "new over datagram")
        self.expect_logger("new over datagram", "udp", "rfc5424")
        [shown] = self.daemon.query('sd."order@32473".item:a*')
        self.assertEqual(shown["msgid"], "M1")
        self.assertEqual(shown["structured_data"]["order@32473"], {"item": 'a"b'})

    def test_tcp_rfc3164_lines(self):
        self.logger("-T", "--rfc3164", "old over stream")
        self.expect_logger("old over stream", "tcp", "rfc3164")

    def test_tcp_rfc5424_lines(self):
        self.logger("-T", "--rfc5424", "new over stream")
        self.expect_logger("new over stream", "tcp", "rfc5424")

    def test_tcp_octet_counting(self):
        self.logger("-T", "--octet-count", "--rfc5424", "counted over stream")
        self.expect_logger("counted over stream", "tcp", "rfc5424")

    def test_local_socket(self):
        subprocess.run(["logger", "-u", self.daemon.work / "log.sock", f"--id={PID}", "-t", "web", "through a path"],
                       check=True, env={**os.environ, "TZ": "UTC"})
        self.expect('"through a path"', message="through a path", transport="unix", listener="local", app_name="web",
                    procid=str(PID), facility="user", severity="notice", peer=None)


class Rsyslog(SenderTest):
    INPUT = """
global(workDirectory="{dir}" net.enableDNS="off" localHostname="edge-1" defaultNetstreamDriverCAFile="{ca}"
       defaultNetstreamDriverCertFile="{cert}" defaultNetstreamDriverKeyFile="{key}")
module(load="imudp")
input(type="imudp" address="127.0.0.1" port="{port}")
"""

    def forward(self, action):
        """Starts rsyslog that forwards with `action` and gives it one message."""
        port, folder = free_port(), self.work / "rsyslog"
        folder.mkdir()
        conf = folder / "rsyslog.conf"
        conf.write_text(self.INPUT.format(dir=folder, port=port, ca=self.authority.cert, cert=self.client_cert,
                                          key=self.client_key) + f'action(type="omfwd" target="127.0.0.1" {action})\n')
        self.spawn(PEERS / "bin/rsyslogd", "-n", "-f", conf, "-i", folder / "pid")
        text = "<141>1 2026-03-04T05:06:07.123456+02:00 edge-1 app 77 ID7 [x@32473 k=\"v\"] relayed by rsyslog"
        wait_for_port(port, "udp")
        udp_send(port, text.encode())

    def expect_relayed(self, transport, **more):
        self.expect("relayed", message="relayed by rsyslog", transport=transport, listener=transport, facility="local1",
                    severity="notice", hostname="edge-1", app_name="app", procid="77", msgid="ID7",
                    structured_data={"x@32473": {"k": "v"}}, time="2026-03-04T03:06:07.123456000Z", format="rfc5424",
                    **more)

    def test_udp(self):
        self.forward(f'port="{self.daemon.port}" protocol="udp" template="RSYSLOG_SyslogProtocol23Format"')
        self.expect_relayed("udp")

    def test_tcp_octet_counted(self):
        self.forward(f'port="{self.daemon.port}" protocol="tcp" TCP_Framing="octet-counted" '
                     'template="RSYSLOG_SyslogProtocol23Format"')
        self.expect_relayed("tcp")

    def test_tls_with_client_certificate(self):
        self.forward(f'port="{self.tls_port}" protocol="tcp" TCP_Framing="octet-counted" StreamDriver="ossl" '
                     'StreamDriverMode="1" StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="localhost" '
                     'template="RSYSLOG_SyslogProtocol23Format"')
        self.expect_relayed("tls", tls_identity="client.example")


class SyslogNg(SenderTest):
    CONF = """@version: 3.38
options {{ use-dns(no); keep-hostname(yes); chain-hostnames(no); stats-freq(0); frac-digits(3); }};
source s {{ syslog(ip("127.0.0.1") port({port}) transport("tcp")); }};
destination d {{ {destination} }};
log {{ source(s); destination(d); }};
"""
    TEXT = b'<141>1 2026-03-04T05:06:07.123+02:00 edge-2 app 78 ID8 [x@32473 k="v"] relayed by syslog-ng'

    def relay(self, destination):
        port, folder = free_port(), self.work / "syslog-ng"
        folder.mkdir()
        conf = folder / "syslog-ng.conf"
        conf.write_text(self.CONF.format(port=port, destination=destination))
        self.spawn(PEERS / "bin/syslog-ng", "-F", "--no-caps", "-f", conf, "-R", folder / "persist", "-p", folder / "pid",
                   "-c", folder / "ctl")
        wait_for_port(port)
        with socket.create_connection(("127.0.0.1", port)) as sender:
            sender.sendall(b"%d %s" % (len(self.TEXT), self.TEXT))
            eventually(lambda: self.daemon.query("relayed"), 20, "syslog-ng relays")

    def test_network_tcp_rfc3164(self):
        self.relay(f'network("127.0.0.1" port({self.daemon.port}) transport("tcp"));')
        self.expect("relayed", message="relayed by syslog-ng", transport="tcp", facility="local1", severity="notice",
                    hostname="edge-2", app_name="app", procid="78", format="rfc3164")

    def test_network_udp_rfc3164(self):
        self.relay(f'network("127.0.0.1" port({self.daemon.port}) transport("udp"));')
        self.expect("relayed", message="relayed by syslog-ng", transport="udp", facility="local1", severity="notice",
                    hostname="edge-2", app_name="app", procid="78", format="rfc3164")

    def test_syslog_over_tls(self):
        self.relay(f'syslog("127.0.0.1" port({self.tls_port}) transport("tls") tls(ca-file("{self.authority.cert}") '
                   f'cert-file("{self.client_cert}") key-file("{self.client_key}") peer-verify(required-trusted)));')
        self.expect("relayed", message="relayed by syslog-ng", transport="tls", facility="local1", severity="notice",
                    hostname="edge-2", app_name="app", procid="78", msgid="ID8", format="rfc5424",
                    structured_data={"x@32473": {"k": "v"}}, time="2026-03-04T03:06:07.123000000Z",
                    tls_identity="client.example")


class PythonSysLogHandler(SenderTest):
    """It sends a PRI and text, no header: RFC 3164 section 4.3.2 says that all of the rest is the message."""

    def log_one(self, text, **options):
        handler = logging.handlers.SysLogHandler(facility=logging.handlers.SysLogHandler.LOG_DAEMON, **options)
        handler.ident = "billing: "
        logger = logging.Logger("test")
        logger.addHandler(handler)
        logger.error(text)
        handler.close()

    def test_udp(self):
        self.log_one("python datagram", address=("127.0.0.1", self.daemon.port))
        self.expect('"python datagram"', message="billing: python datagram", app_name=None, facility="daemon",
                    severity="err", transport="udp", hostname=None, time=None)

    def test_tcp_with_nul_trailer(self):
        self.log_one("python stream", address=("127.0.0.1", self.daemon.port), socktype=socket.SOCK_STREAM)
        self.expect('"python stream"', message="billing: python stream", app_name=None, facility="daemon",
                    severity="err", transport="tcp", hostname=None, time=None)

    def test_local_socket(self):
        self.log_one("python path", address=str(self.daemon.work / "log.sock"))
        self.expect('"python path"', message="billing: python path", app_name=None, facility="daemon", severity="err",
                    transport="unix", listener="local")


class OpensslClient(SenderTest):
    def s_client(self, data, *more, check=True):
        return subprocess.run(["openssl", "s_client", "-quiet", "-no_ign_eof", "-connect",
                               f"127.0.0.1:{self.tls_port}", "-CAfile", self.authority.cert, "-verify_return_error",
                               *map(str, more)], input=data, capture_output=True, timeout=30, check=check)

    def test_octet_counted_and_line_frames_on_one_connection(self):
        counted = b"<13>1 2026-01-02T03:04:05Z h one - - - counted\nwith a line inside"
        self.s_client(b"%d %s<14>Jan  2 03:04:05 h two[5]: as a line\n" % (len(counted), counted),
                      "-cert", self.client_cert, "-key", self.client_key)
        self.expect("app:one", message="counted\nwith a line inside", tls_identity="client.example", transport="tls",
                    format="rfc5424", time="2026-01-02T03:04:05.000000000Z", listener="tls")
        self.expect("app:two", message="as a line", tls_identity="client.example", transport="tls", format="rfc3164",
                    procid="5", severity="info")

    def test_without_certificate_is_refused(self):
        self.s_client(b"<13>never stored\n", check=False)
        stranger = Authority(self.work / "other", "other").issue("stranger", "DNS:stranger.example")
        self.s_client(b"<13>never stored\n", "-cert", stranger[0], "-key", stranger[1], check=False)
        eventually(lambda: self.daemon.metrics().sum("cistern_connections_closed_total", reason="handshake_failed") == 2,
                   10, "both refusals are counted")
        self.assertRegex(self.daemon.log(), r'listener "tls": connection from 127\.0\.0\.1:\d+ closed: .*certificate')
        self.assertEqual(self.daemon.query("never"), [])


if __name__ == "__main__":
    assert shutil.which("logger"), "util-linux logger is missing"
    main()
