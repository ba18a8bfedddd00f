#!/usr/bin/python3
"""Forwards 100,000 numbered records to rsyslog and syslog-ng; what they understood is compared field by field."""

import datetime
import re
import socket
import struct
import threading

from certs import Authority
from rig import PEERS, SANITIZED, CisternTest, eventually, free_port, main, wait_for_port

COUNT = 10_000 if SANITIZED else 100_000
START = datetime.datetime(2026, 11, 20, 10, 0, tzinfo=datetime.timezone.utc)
UDP_RATE = 20_000


def sample(number):
    """One message as its fields."""
    time = START + datetime.timedelta(microseconds=1234 * number)
    return {"pri": str(8 * (16 + number % 8) + number % 8), "time": time, "host": f"host-{number % 17}",
            "app": f"app{number % 5}", "procid": str(1000 + number % 100), "msgid": f"ID{number % 11}",
            "n": str(number), "text": f"number {number:06d} user=u{number % 977} \u00fcber / says \"a\\b\" ]" + "x" * (number % 60)}


def rfc5424(fields):
    time = fields["time"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return (f'<{fields["pri"]}>1 {time} {fields["host"]} {fields["app"]} {fields["procid"]} {fields["msgid"]} '
            f'[x@32473 n="{fields["n"]}"] {fields["text"]}').encode()


class Peer:
    """A syslog server that writes one line of tab-separated fields a message; UDP, TCP and TLS."""

    def __init__(self, test, authority):
        self.folder = test.work / type(self).__name__
        self.folder.mkdir()
        self.out = self.folder / "all.log"
        self.port, self.lf_port, self.tls_port = free_port(), free_port(), free_port()
        cert, key = authority.issue("peer", "DNS:localhost,IP:127.0.0.1")
        conf = self.folder / "peer.conf"
        conf.write_text(self.CONF.format(dir=self.folder, port=self.port, lf_port=self.lf_port, tls_port=self.tls_port,
                                         ca=authority.cert, cert=cert, key=key, out=self.out))
        test.spawn(*self.command(conf))
        for port in (self.port, self.lf_port, self.tls_port):
            wait_for_port(port)
        wait_for_port(self.port, "udp")

    def lines(self):
        return self.out.read_bytes().splitlines() if self.out.exists() else []

    def wait_for(self, count):
        eventually(lambda: self.out.exists() and self.out.read_bytes().count(b"\n") >= count, 120,
                   f"{count} messages have arrived")

    def records(self):
        """What was understood, as sample() has it, and the mark of Cistern."""
        for line in self.lines():
            pri, time, host, app, procid, msgid, data, text = line.decode().split("\t")
            elements = {name: dict(re.findall(r'(\w+)="([^"]*)"', params))
                        for name, params in re.findall(r"\[(\S+)((?: \w+=\"[^\"]*\")*)\]", data)}
            yield {"pri": pri, "time": datetime.datetime.fromisoformat(time.replace("Z", "+00:00")), "host": host, "app": app,
                   "procid": procid, "msgid": msgid, "n": elements["x@32473"]["n"], "text": text.removeprefix(" ")}, \
                elements.get("cistern@32473")


class Rsyslog(Peer):
    CONF = """
global(workDirectory="{dir}" net.enableDNS="off" defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="{ca}"
       defaultNetstreamDriverCertFile="{cert}" defaultNetstreamDriverKeyFile="{key}"
       parser.escapeControlCharactersOnReceive="off")
main_queue(queue.type="FixedArray" queue.size="500000" queue.workerThreads="1")
module(load="imudp" batchSize="128")
module(load="imptcp" threads="1")
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
input(type="imudp" address="127.0.0.1" port="{port}" rcvbufSize="16m")
input(type="imptcp" address="127.0.0.1" port="{port}")
input(type="imptcp" address="127.0.0.1" port="{lf_port}")
input(type="imtcp" address="127.0.0.1" port="{tls_port}")
template(name="fields" type="list") {{
  property(name="pri") constant(value="\\t")
  property(name="timereported" dateFormat="rfc3339") constant(value="\\t")
  property(name="hostname") constant(value="\\t")
  property(name="app-name") constant(value="\\t")
  property(name="procid") constant(value="\\t")
  property(name="msgid") constant(value="\\t")
  property(name="structured-data") constant(value="\\t")
  property(name="msg" droplastlf="on") constant(value="\\n")
}}
template(name="raw" type="string" string="%rawmsg%\\n")
if $structured-data contains "x@32473" then action(type="omfile" file="{out}" template="fields")
action(type="omfile" file="{dir}/raw.log" template="raw")
"""

    def command(self, conf):
        return PEERS / "bin/rsyslogd", "-n", "-f", conf, "-i", self.folder / "pid"


class SyslogNg(Peer):
    CONF = """@version: 3.38
options {{ use-dns(no); keep-hostname(yes); chain-hostnames(no); stats-freq(0); frac-digits(6); log-msg-size(65536);
          log-fifo-size(1000000); }};
source tcp {{ syslog(ip("127.0.0.1") port({port}) transport("tcp") log-iw-size(20000) flags(sanitize-utf8)); }};
source lf {{ network(ip("127.0.0.1") port({lf_port}) transport("tcp") log-iw-size(20000) flags(syslog-protocol)); }};
source udp {{ network(ip("127.0.0.1") port({port}) transport("udp") so-rcvbuf(16777216) log-iw-size(1000000)
             flags(syslog-protocol)); }};
source tls {{ syslog(ip("127.0.0.1") port({tls_port}) transport("tls") log-iw-size(20000)
             tls(ca-file("{ca}") cert-file("{cert}") key-file("{key}") peer-verify(required-trusted))); }};
destination d {{ file("{out}" flush-lines(1000)
                template("${{PRI}}\\t${{S_ISODATE}}\\t${{HOST}}\\t${{PROGRAM}}\\t${{PID}}\\t${{MSGID}}\\t${{SDATA}}\\t${{MESSAGE}}\\n")); }};
log {{ source(tcp); source(lf); source(udp); source(tls); destination(d); flags(flow-control); }};
"""

    def command(self, conf):
        return (PEERS / "bin/syslog-ng", "-F", "--no-caps", "-f", conf, "-R", self.folder / "persist", "-p",
                self.folder / "pid", "-c", self.folder / "ctl")


class TargetTest(CisternTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.work / "pki")

    def forward(self, count=COUNT, **syslog):
        """A daemon with one target and `count` messages in its store."""
        target = {"name": "peer", "from": "oldest", **syslog.pop("target", {}), "syslog": syslog}
        daemon = self.start({"targets": [target]})
        with socket.create_connection(("127.0.0.1", daemon.port)) as sender:
            for first in range(0, count, 1000):
                messages = map(rfc5424, map(sample, range(first, min(first + 1000, count))))
                sender.sendall(b"".join(b"%d %s" % (len(message), message) for message in messages))
        daemon.settle(count)
        eventually(lambda: daemon.metrics().sum("cistern_target_sent_records_total", target="peer") >= count, 120,
                   "all is sent")
        return daemon

    def expect_all(self, peer, count=COUNT):
        """Everything arrived once, in order, and was understood as it was meant."""
        peer.wait_for(count)
        last, store = 0, None
        number = 0
        for fields, mark in peer.records():
            if fields != sample(number):
                self.assertEqual(fields, sample(number))
            self.assertGreater(int(mark["id"]), last)
            self.assertEqual(mark["store"], store or mark["store"])
            last, store = int(mark["id"]), mark["store"]
            number += 1
        self.assertEqual(number, count)


class Kinds:
    """The same for both peers."""

    def setUp(self):
        super().setUp()
        self.peer = self.PEER(self, self.authority)

    def test_tcp_octet_counted(self):
        self.forward(addresses=[f"127.0.0.1:{self.peer.port}"])
        self.expect_all(self.peer)

    def test_tcp_lf(self):
        self.forward(addresses=[f"127.0.0.1:{self.peer.lf_port}"], framing="lf")
        self.expect_all(self.peer)

    def test_tls_with_client_certificate(self):
        cert, key = self.authority.issue("client", "DNS:client.example")
        self.forward(addresses=[f"localhost:{self.peer.tls_port}"], transport="tls",
                     tls={"ca_file": str(self.authority.cert), "cert_file": str(cert), "key_file": str(key)})
        self.expect_all(self.peer)

    def test_udp_at_a_paced_rate(self):
        self.forward(addresses=[f"127.0.0.1:{self.peer.port}"], transport="udp", target={"max_rate": UDP_RATE})
        self.peer.wait_for(COUNT * 99 // 100)
        eventually(self.at_rest, 60, "no more datagrams arrive")
        numbers = []
        for fields, _ in self.peer.records():
            numbers.append(int(fields["n"]))
            if fields != sample(numbers[-1]):
                self.assertEqual(fields, sample(numbers[-1]))
        self.assertEqual(numbers, sorted(set(numbers)), "each at most once, in order")
        print(f"UDP at {UDP_RATE} a second: {COUNT - len(numbers)} of {COUNT} lost")

    def at_rest(self):
        before = getattr(self, "seen", -1)
        self.seen = len(self.peer.lines())
        return self.seen == before or self.seen == COUNT


class ToRsyslog(Kinds, TargetTest):
    PEER = Rsyslog

    def test_original_octets(self):
        self.forward(1000, addresses=[f"127.0.0.1:{self.peer.port}"], format="original")
        self.peer.wait_for(1000)
        eventually(lambda: len((self.peer.folder / "raw.log").read_bytes().splitlines()) >= 1000, 20, "raw lines")
        self.assertEqual((self.peer.folder / "raw.log").read_bytes().splitlines()[-1000:],
                         [rfc5424(sample(number)) for number in range(1000)])


class ToSyslogNg(Kinds, TargetTest):
    PEER = SyslogNg


class FaultySink:
    """Takes octet-counted messages and keeps what each connection sent; misbehaves when told."""

    def __init__(self, test, port=0):
        self.connections, self.reading = [], threading.Event()
        self.reading.set()
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        test.addCleanup(self.listener.close)

    def accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            got = bytearray()
            self.connections.append((connection, got))
            threading.Thread(target=self.read, args=(connection, got), daemon=True).start()

    def read(self, connection, got):
        while self.reading.wait():
            try:
                octets = connection.recv(1 << 18)
            except OSError:
                return
            if not octets:
                return connection.close()
            got += octets

    def reset(self):
        connection = self.connections[-1][0]
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)  # wakes the reader
        connection.close()

    def received(self):
        return sum(len(got) for _, got in self.connections)

    def numbers(self):
        """For each connection, the numbers of its messages; one that was cut off is left out."""
        for _, got in list(self.connections):
            numbers, at = [], 0
            while (space := got.find(b" ", at, at + 8)) > 0:
                end = space + 1 + int(got[at:space])
                if end > len(got):
                    break
                numbers.append(int(re.search(rb'x@32473 n="(\d+)"', got[space:end])[1]))
                at = end
            yield numbers


class Faults(TargetTest):
    WINDOW = 1 << 20

    def setUp(self):
        super().setUp()
        self.sink = FaultySink(self)

    def start_target(self, **syslog):
        target = {"name": "peer", "from": "oldest", "retry": {"initial": "50ms", "max": "200ms"}, "max_rate": COUNT // 15,
                  "syslog": {"addresses": [f"127.0.0.1:{self.sink.port}"], "resend_window": self.WINDOW, **syslog}}
        self.daemon = self.start({"targets": [target]})
        with socket.create_connection(("127.0.0.1", self.daemon.port)) as sender:
            for first in range(0, COUNT, 1000):
                messages = map(rfc5424, map(sample, range(first, first + 1000)))
                sender.sendall(b"".join(b"%d %s" % (len(message), message) for message in messages))
        self.daemon.settle(COUNT)
        self.octets = sum(len(rfc5424(sample(number))) for number in range(COUNT))

    def wait_until_part_is_sent(self, part):
        before = self.sink.received()
        eventually(lambda: self.sink.received() >= before + self.octets * part, 60, "some more arrived")

    def expect_nothing_missing(self):
        """Returns how many octets came twice."""
        def complete():
            last = self.sink.connections[-1][1]
            return last.rfind(b'x@32473 n="%d"' % (COUNT - 1)) >= 0
        eventually(complete, 120, "the last record has arrived")
        eventually(lambda: set().union(*self.sink.numbers()) == set(range(COUNT)), 20, "nothing is missing")
        total = 0
        for numbers in self.sink.numbers():
            self.assertEqual(numbers, sorted(set(numbers)), "each connection is in order")
            total += sum(len(rfc5424(sample(number))) for number in numbers)
        return total - self.octets

    def test_reset_connections(self):
        self.start_target()
        resets = 5
        for _ in range(resets):
            self.wait_until_part_is_sent(0.08)
            self.sink.reset()
        repeated = self.expect_nothing_missing()
        print(f"{resets} resets: {repeated} octets came twice")
        self.assertLessEqual(repeated, resets * self.WINDOW)

    def test_server_that_hangs(self):
        self.start_target(write_timeout="500ms", connect_timeout="500ms")
        self.wait_until_part_is_sent(0.1)
        self.sink.reading.clear()
        eventually(lambda: self.daemon.metrics().sum("cistern_target_errors_total", target="peer", reason="timeout") >= 2, 60,
                   "it gave up twice")
        self.sink.reading.set()
        print(f"hung server: {self.expect_nothing_missing()} octets came twice")

    def test_killed_daemon(self):
        self.start_target()
        for _ in range(3):
            self.wait_until_part_is_sent(0.08)
            self.daemon.kill()
            self.daemon.start()
        print(f"3 times kill -9: {self.expect_nothing_missing()} octets came twice")

    def test_stopped_daemon_repeats_nothing(self):
        self.start_target()
        for _ in range(3):
            self.wait_until_part_is_sent(0.08)
            self.assertEqual(self.daemon.stop(), 0)
            self.daemon.start()
        self.assertEqual(self.expect_nothing_missing(), 0)


if __name__ == "__main__":
    main()
