#!/usr/bin/env python3
"""What a hostile client can do to the control plane and to the metrics port: frames of HTTP/2 made by hand."""

import contextlib
import gzip
import os
import resource
import select
import socket
import ssl
import struct
import subprocess
import threading
import time
import unittest

import grpc

from certs import Authority
from rig import IMAGE, SANITIZED, CisternTest, eventually, main, tcp_send
from stubs import admin, admin_service_pb2_grpc, log

SCALE = float(os.environ.get("CISTERN_ABUSE", 0.1 if SANITIZED else 0.3))  # 1: as large as floods are in the wild
RESIDENT_LIMIT = 256 << 20
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4
ENHANCE_YOUR_CALM = 11
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
BOMB = 256 << 20  # what a message of 64 KiB becomes
STATUS = b"/cistern.v1.AdminService/GetStatus"


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def text(value):
    """An HPACK string: its length as an integer with a prefix of seven bits, not Huffman coded."""
    length, head = len(value), bytearray()
    if length < 127:
        return bytes([length]) + value
    length -= 127
    while length >= 128:
        head.append(length & 127 | 128)
        length >>= 7
    return b"\x7f" + bytes(head) + bytes([length]) + value


def field(name, value):
    return b"\x00" + text(name) + text(value)


def request(path=STATUS, *more, te=b"trailers", scheme=b"http"):
    return b"".join([b"\x83", field(b":scheme", scheme), field(b":path", path), field(b":authority", b"localhost"),
                     field(b"te", te), field(b"content-type", b"application/grpc"), *more])


def message(octets, compressed=0, length=None):
    return bytes([compressed]) + struct.pack(">I", len(octets) if length is None else length) + octets


def in_frames(stream, octets, flags=0):
    """DATA frames of the usual size; the last one carries `flags`."""
    pieces = [octets[at:at + 16384] for at in range(0, len(octets), 16384)] or [b""]
    return b"".join(frame(DATA, flags if at == len(pieces) - 1 else 0, stream, piece) for at, piece in enumerate(pieces))


class Raw:
    """A connection that says what it is told to, and keeps the frames that come back."""

    def __init__(self, sock, greet=True, agree=True):
        self.sock, self.closed, self.got, self.buffer = sock, False, [], b""
        sock.setblocking(False)
        if greet:
            self.send(PREFACE + frame(SETTINGS))
            if agree:  # gRPC holds a client to its limits once the client has acknowledged them
                self.wait(lambda raw: raw.of(SETTINGS))
                self.send(frame(SETTINGS, ACK))

    def read(self):
        try:
            while not self.closed:
                octets = self.sock.recv(1 << 16)
                self.closed = not octets
                self.buffer += octets
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        except OSError:
            self.closed = True
        while len(self.buffer) >= 9 and len(self.buffer) >= 9 + (size := int.from_bytes(self.buffer[:3], "big")):
            kind, flags, stream = self.buffer[3], self.buffer[4], int.from_bytes(self.buffer[5:9], "big")
            self.got.append((kind, flags, stream, self.buffer[9:9 + size]))
            self.buffer = self.buffer[9 + size:]

    def send(self, octets, timeout=20, read=True):
        """Sends all of it; returns whether the other side took it. Without `read` what comes back stays in the kernel."""
        left, end = memoryview(octets), time.monotonic() + timeout
        while left and not self.closed and time.monotonic() < end:
            poll = select.poll()
            poll.register(self.sock, select.POLLOUT | (select.POLLIN if read else 0))
            ready = poll.poll(1000)
            if ready and read:
                self.read()
            if ready and not self.closed:
                try:
                    left = left[self.sock.send(left):]
                except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                    pass
                except OSError:
                    self.closed = True
        return not left

    def wait(self, check, timeout=20):
        def answered():
            self.read()
            return check(self) or self.closed
        eventually(answered, timeout, "an answer to the raw frames")

    def of(self, kind):
        return [frame for frame in self.got if frame[0] == kind]

    def ended(self, stream=1):
        return any(found[2] == stream and (found[0] == RST_STREAM or found[0] == HEADERS and found[1] & END_STREAM)
                   for found in self.got)

    def answer(self, stream=1):
        return b"".join(found[3] for found in self.got if found[2] == stream and found[0] == HEADERS)


class Bystander(threading.Thread):
    """A client that asks all the time, and must be answered each time."""

    def __init__(self, channel):
        super().__init__(daemon=True)
        self.channel = channel
        self.stub = admin_service_pb2_grpc.AdminServiceStub(channel)
        self.over, self.answered, self.slowest, self.failure = threading.Event(), 0, 0, None
        self.start()

    def run(self):
        while not self.over.wait(0.05):
            began = time.monotonic()
            try:
                self.stub.GetStatus(admin.GetStatusRequest(), timeout=60 if SANITIZED else 10)
            except grpc.RpcError as error:
                self.failure = error
                return
            self.answered += 1
            self.slowest = max(self.slowest, time.monotonic() - began)


class AbuseTest(CisternTest):
    def setUp(self):
        super().setUp()
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.connections_possible = min(5000, (hard - 500) // 2)
        self.sockets = []

    def serve(self):
        self.daemon = self.start(self.config)
        self.addCleanup(self.leave)
        self.bystander = Bystander(self.channel())
        eventually(lambda: self.bystander.answered or self.bystander.failure, 20, "the other client is served")

    def leave(self):
        self.bystander.over.set()
        self.bystander.join()
        self.bystander.channel.close()
        for sock in self.sockets:
            sock.close()

    def tcp(self, port, buffer=0):
        sock = socket.socket()
        if buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        sock.connect(("127.0.0.1", port))
        self.sockets.append(sock)
        return sock

    def peak(self):
        with open(f"/proc/{self.daemon.process.pid}/status") as status:
            return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))

    def survived(self, limit=RESIDENT_LIMIT):
        """The process lives, the other client was answered also now, and memory stayed within the limit."""
        now = self.bystander.answered
        eventually(lambda: self.bystander.answered >= now + 2 or self.bystander.failure, 20, "the other client is served")
        self.assertTrue(self.daemon.running(), self.daemon.log()[-4000:])
        self.assertIsNone(self.bystander.failure)
        peak = self.peak()
        print(f"peak {peak / (1 << 20):.0f} MiB, others waited {self.bystander.slowest * 1000:.0f} ms at most", end=" ... ",
              flush=True)
        if not SANITIZED and not IMAGE:
            self.assertLessEqual(peak, limit)


    def counted(self, reason, times=1):
        """The door has ended so many connections for that reason."""
        def seen():
            return self.daemon.metrics().sum("cistern_control_connections_refused_total", reason=reason) >= times
        eventually(seen, 30, f"{times} connections ended for {reason}")

    def called(self, code, times=1):
        """So many calls have ended with that status."""
        def seen():
            return self.daemon.metrics().sum("cistern_control_calls_total", code=code) >= times
        eventually(seen, 30, f"{times} calls with {code}")


class Attacks:
    """On the port without TLS, and once more by a client that has a certificate."""

    def test_what_is_no_http2_is_cut_off(self):
        self.serve()
        for octets in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", bytes(range(256)) * 64, b"\x16\x03\x01\x02\x00\x01" + b"\0" * 600,
                       PREFACE[:-2] + b"xx" + frame(SETTINGS), PREFACE + b"\xff" * 64,
                       PREFACE + frame(SETTINGS, 0, 0, b"12345"), PREFACE + frame(HEADERS, END_HEADERS, 0, request())):
            raw = self.raw(greet=False)
            raw.send(octets)
            raw.wait(lambda raw: raw.of(GOAWAY))
        self.counted("not_http2", 6)
        self.survived()

    def test_endless_continuation(self):
        self.serve()
        raw = self.raw()
        raw.send(frame(HEADERS, 0, 1, request()))
        self.flood(raw, frame(CONTINUATION, 0, 1, field(b"x", b"y" * 60) * 200), 10_000)
        raw.wait(lambda raw: False)  # until it is closed
        self.counted("header_size")
        self.survived()

    def test_one_endless_header(self):
        self.serve()
        raw = self.raw()
        raw.send(frame(HEADERS, 0, 1, request() + b"\x00\x01x\x7f\xff\xff\xff\x7f"))
        self.flood(raw, frame(CONTINUATION, 0, 1, b"y" * 16384), 400)
        self.counted("header_size")
        self.survived()

    def test_endless_integers(self):
        self.serve()
        for octet in (b"\xff", b"\x80"):
            raw = self.raw()
            raw.send(frame(HEADERS, 0, 1, b"\x00\x7f" + octet * 16000))
            self.flood(raw, frame(CONTINUATION, 0, 1, octet * 16384), 600)
            self.assertNotIn(b"grpc-status\x010", raw.answer())
        self.counted("header_size", 2)
        self.survived()

    def flood(self, raw, octets, count):
        for _ in range(int(count * SCALE)):
            if not raw.send(octets):
                break

    def test_large_headers(self):
        self.serve()
        for size in (9 << 10, 15 << 10):  # gRPC refuses the call
            raw, block = self.raw(), request(STATUS, field(b"x", b"y" * size))
            raw.send(frame(HEADERS, END_STREAM, 1, block[:16384]) + b"".join(
                frame(CONTINUATION, 0, 1, block[at:at + 16384]) for at in range(16384, len(block), 16384))
                + frame(CONTINUATION, END_HEADERS, 1))
            raw.wait(Raw.ended)
            self.assertIn(b"grpc-status\x018", raw.answer(), size)  # RESOURCE_EXHAUSTED
        self.called("RESOURCE_EXHAUSTED", 2)
        for size in (17 << 10, 1 << 20):  # the door ends the connection
            raw = self.raw()
            raw.send(frame(HEADERS, END_STREAM, 1, request())
                     + frame(CONTINUATION, 0, 1, field(b"x", b"y" * size)[:16384]) * (size // 16384)
                     + frame(CONTINUATION, END_HEADERS, 1))
            raw.wait(lambda raw: raw.of(GOAWAY))
            self.assertIn(b"metadata", raw.of(GOAWAY)[0][3])
        self.counted("header_size", 2)
        self.survived()

    def test_odd_fields_as_in_cve_2023_1428(self):
        self.serve()
        for odd in ({"te": b"x"}, {"te": b""}, {"scheme": b"x"}, {"scheme": b"\0"}):
            for more in (b"", field(b"x", b"y" * 9000), field(b"grpclb_client_stats", b"x") + field(b"x", b"y" * 9000)):
                raw = self.raw()
                raw.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, request(STATUS, more, **odd)))
                raw.wait(Raw.ended)
                self.assertNotIn(b"grpc-status\x010", raw.answer())
        self.survived()

    def test_only_the_exact_path_is_a_call(self):
        self.serve()
        for path in (b"cistern.v1.AdminService/GetStatus", b"//cistern.v1.AdminService/GetStatus", b"", b"/", b"*", b"/" * 7000,
                     STATUS + b"/", STATUS + b"?x", STATUS + b"\0", b"/cistern.v1.AdminService/../AdminService/GetStatus"):
            raw = self.ask(path)
            self.assertFalse(raw.of(DATA), path)
            self.assertNotIn(b"grpc-status\x010", raw.answer(), path)
        self.assertTrue(self.ask(STATUS).of(DATA))
        self.survived()

    def ask(self, path):
        raw = self.raw()
        raw.send(frame(HEADERS, END_HEADERS, 1, request(path)) + frame(DATA, END_STREAM, 1, message(b"")))
        raw.wait(Raw.ended)
        return raw


    def test_messages_that_are_too_large(self):
        self.serve()
        large = b"\0" * (5 << 20)
        for octets in (message(b"x", length=0xffffffff), message(large),
                       message(gzip.compress(b"\0" * BOMB, 9), compressed=1)):
            raw = self.raw()
            head = request(STATUS, field(b"grpc-encoding", b"gzip"))
            raw.send(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1 << 30)) + frame(HEADERS, END_HEADERS, 1, head)
                     + in_frames(1, octets, END_STREAM))
            raw.wait(Raw.ended)
            self.assertNotIn(b"grpc-status\x010", raw.answer())
        self.called("UNIMPLEMENTED", 2)  # the first, which is never there as a whole, and the compressed one
        self.called("RESOURCE_EXHAUSTED")
        self.survived()

    def test_messages_that_never_come(self):
        self.serve()
        raws = [self.raw() for _ in range(10)]
        for raw in raws:
            for n in range(100):
                raw.send(frame(HEADERS, END_HEADERS, 2 * n + 1, request())
                         + in_frames(2 * n + 1, message(b"x" * 1000, length=(4 << 20) - 1)))
        self.survived()

    def test_pings_every_ten_milliseconds(self):
        self.serve()
        raw = self.raw()
        for _ in range(500):
            if not raw.send(frame(PING, 0, 0, b"pingpong")):
                break
            time.sleep(0.01)
            raw.read()
        raw.wait(lambda raw: raw.of(GOAWAY))
        self.assertEqual([struct.unpack(">I", found[3][4:8]) for found in raw.of(GOAWAY)], [(ENHANCE_YOUR_CALM,)])
        self.counted("protocol")
        self.survived()

    def test_pings_and_settings_whose_answers_nobody_reads(self):
        self.serve()
        for kind, octets in ((PING, b"pingpong"), (SETTINGS, b"")):
            raw = self.raw()
            for _ in range(int(400 * SCALE)):
                if not raw.send(frame(kind, 0, 0, octets) * 1000, timeout=2, read=False):
                    break
        self.survived()

    def test_more_streams_than_agreed(self):
        self.serve()
        raw = self.raw()
        for n in range(500):
            raw.send(frame(HEADERS, END_HEADERS, 2 * n + 1, request()))
        raw.wait(lambda raw: False)  # until it is closed
        self.assertLessEqual(max(found[2] for found in raw.got), 199)  # the hundredth stream
        self.survived()

    def test_readers_that_do_not_read(self):
        self.serve()
        line = b"<13>Oct 11 22:14:15 host app: " + b"z" * 970 + b"\n"
        count = int(50_000 * SCALE)
        tcp_send(self.daemon.port, line * count)
        self.daemon.settle(count)
        for path, ask, readers in ((b"Query", log.QueryRequest(), 8), (b"Tail", log.TailRequest(last=100_000, follow=True), 200)):
            for _ in range(readers):
                raw = self.raw()
                raw.send(frame(HEADERS, END_HEADERS, 1, request(b"/cistern.v1.LogService/" + path))
                         + frame(DATA, END_STREAM, 1, message(ask.SerializeToString())))
                raw.wait(lambda raw: raw.of(DATA))
        self.survived()

    def test_idle_connections(self):
        self.serve()
        for _ in range(self.connections_possible):
            self.raw(agree=False)
        if self.connections_possible > 1100:
            self.counted("too_many", self.connections_possible - 1100)
        self.survived()

    def test_rapid_resets(self):
        self.serve()
        raw, count = self.raw(), int(100_000 * SCALE)
        cancel = struct.pack(">I", 8)
        block = request()
        for first in range(0, count, 500):
            if not raw.send(b"".join(frame(HEADERS, END_HEADERS, 2 * n + 1, block) + frame(RST_STREAM, 0, 2 * n + 1, cancel)
                                     for n in range(first, first + 500))):
                break
        raw.wait(lambda raw: raw.of(GOAWAY))
        self.assertEqual(struct.unpack(">I", raw.of(GOAWAY)[0][3][4:8]), (ENHANCE_YOUR_CALM,))
        self.counted("resets")
        self.called("CANCELLED", 100)
        self.survived()

    def test_rapid_resets_on_many_connections(self):
        self.serve()
        cancel, block = struct.pack(">I", 8), request()
        for _ in range(int(300 * SCALE)):
            raw = self.raw()
            raw.send(b"".join(frame(HEADERS, END_HEADERS, 2 * n + 1, block) + frame(RST_STREAM, 0, 2 * n + 1, cancel)
                              for n in range(290)), read=False)
        self.survived()

    def test_resets_that_the_client_provokes_as_in_cve_2025_8671(self):
        self.serve()
        raw, count = self.raw(), int(20_000 * SCALE)
        nothing = struct.pack(">I", 0)  # a window that does not grow is an error of the stream
        for n in range(count):
            if not raw.send(frame(HEADERS, END_HEADERS, 2 * n + 1, request()) + frame(WINDOW_UPDATE, 0, 2 * n + 1, nothing)):
                break
        self.counted("protocol")
        self.called("UNAVAILABLE")
        self.survived()

    def test_who_floods_makes_no_room_among_the_decent(self):
        self.serve()
        decent = [self.raw() for _ in range(20)]
        for _ in range(int(3000 * SCALE)):
            try:
                self.tcp(self.daemon.control).sendall(b"GET / HTTP/1.1\r\n\r\n" if self.plain else b"\x16\x03\x01\x00\x01x")
            except ConnectionError:
                pass
        for raw in decent:
            raw.send(frame(HEADERS, END_HEADERS, 1, request()) + frame(DATA, END_STREAM, 1, message(b"")))
            raw.wait(Raw.ended)
            self.assertTrue(raw.of(DATA))
        self.survived()

    def test_clients_that_take_no_answer_make_room(self):
        self.serve()
        for _ in range(int(100 * SCALE)):
            raw = self.raw(buffer=2048)
            raw.send(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1 << 30)), read=False)
            for n in range(2000):
                if not raw.send(frame(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, request(b"/none/None")), timeout=0.2, read=False):
                    break
        self.survived()

    def test_floods_of_small_frames(self):
        self.serve()
        for kind, payload, reason in ((SETTINGS, b"", "settings"), (2, b"\0" * 5, None), (77, b"", None), (DATA, b"", None)):
            raw = self.raw()
            raw.send(frame(HEADERS, END_HEADERS, 1, request()))
            self.flood(raw, frame(kind, 0, 1 if kind != SETTINGS else 0, payload) * 1000, 300)
            if reason:
                self.counted(reason)
        self.survived()


class PlainPort(Attacks, AbuseTest):
    def config(self, _):
        return {}

    def channel(self):
        return grpc.insecure_channel(f"127.0.0.1:{self.daemon.control}")

    plain = True

    def raw(self, buffer=0, **options):
        return Raw(self.tcp(self.daemon.control, buffer), **options)


class TlsPort(Attacks, AbuseTest):
    def setUp(self):
        super().setUp()
        self.ca = Authority(self.work / "ca")
        self.server = self.ca.issue("server", "DNS:localhost,IP:127.0.0.1")
        self.reader = self.ca.issue("reader", "DNS:reader.example")

    def config(self, daemon):
        return {"control": {"address": f"127.0.0.1:{daemon.control}",
                            "grants": [{"name": "reader", "identity": "dns:reader.example", "roles": ["reader"]}],
                            "tls": {"cert_file": str(self.server[0]), "key_file": str(self.server[1]),
                                    "client_ca_file": str(self.ca.cert), "client_auth": "required"}}}

    def channel(self):
        credentials = grpc.ssl_channel_credentials(self.ca.cert.read_bytes(), self.reader[1].read_bytes(),
                                                   self.reader[0].read_bytes())
        channel = grpc.secure_channel(f"localhost:{self.daemon.control}", credentials)
        return channel

    plain = False

    def raw(self, greet=True, agree=True, pair=None, buffer=0):
        context = ssl.create_default_context(cafile=str(self.ca.cert))
        context.set_alpn_protocols(["h2"])
        context.load_cert_chain(*(pair or self.reader))
        sock = context.wrap_socket(self.tcp(self.daemon.control, buffer), server_hostname="localhost")
        self.sockets.append(sock)
        return Raw(sock, greet, agree)

    def test_stalled_handshakes(self):
        self.serve()
        for _ in range(min(1000, self.connections_possible)):
            self.tcp(self.daemon.control).sendall(b"\x16")
        self.counted("too_slow", 500)
        self.survived()

    def test_messages_of_tls_without_data(self):
        self.serve()
        client = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{self.daemon.control}", "-tls1_3", "-alpn", "h2",
                                   "-cert", self.reader[0], "-key", self.reader[1]],
                                  stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(client.wait)
        self.addCleanup(client.kill)
        with contextlib.suppress(BrokenPipeError):
            for _ in range(500):  # each a KeyUpdate
                client.stdin.write(b"k\n")
                client.stdin.flush()
                time.sleep(0.002)
        with contextlib.suppress(BrokenPipeError):
            client.stdin.close()
        self.counted("tls")
        self.survived()

    def test_a_stranger_does_not_reach_http2(self):
        self.serve()
        foreign = Authority(self.work / "foreign").issue("reader", "DNS:reader.example")
        for pair in (None, foreign):
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                self.refused(pair, version)
        self.counted("tls", 4)
        self.survived()

    def refused(self, pair, version):
        context = ssl.create_default_context(cafile=str(self.ca.cert))
        context.set_alpn_protocols(["h2"])
        context.maximum_version = version
        if pair:
            context.load_cert_chain(*pair)
        answer = b""
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            with context.wrap_socket(self.tcp(self.daemon.control), server_hostname="localhost") as sock:
                sock.settimeout(20)
                sock.sendall(PREFACE + frame(SETTINGS) + frame(HEADERS, END_HEADERS, 1, request(te=b"x")) * 100)
                while octets := sock.recv(1 << 16):
                    answer += octets
        self.assertEqual(answer, b"")


class HttpPort(AbuseTest):
    """The port of metrics and probes."""

    def config(self, _):
        return {}

    def channel(self):
        return grpc.insecure_channel(f"127.0.0.1:{self.daemon.control}")

    def closed(self, sock):
        sock.settimeout(30)
        try:
            while sock.recv(1 << 16):
                pass
        except ConnectionError:
            pass

    def test_header_flood_and_endless_request_line(self):
        self.serve()
        for first, piece in ((b"GET /metrics HTTP/1.1\r\n", b"X-Flood: yyyyyyyyyyyyyyyy\r\n" * 400), (b"GET /", b"y" * 10240),
                             (b"POST /metrics HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"y" * 10240),
                             (b"POST /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"2800\r\n" + b"y" * 10240 + b"\r\n")):
            sock = self.tcp(self.daemon.http)
            sent = 0
            try:
                sock.sendall(first)
                for _ in range(1000):
                    sock.sendall(piece)
                    sent += len(piece)
            except ConnectionError:
                pass
            self.closed(sock)
            self.assertLess(sent, 10_000_000)
        self.assertTrue(self.daemon.ready())
        self.refused("bad_request", 4)
        self.survived()

    def test_slow_and_many_connections(self):
        self.serve()
        slow = [self.tcp(self.daemon.http) for _ in range(500)]
        for sock in slow:
            try:
                sock.sendall(b"GET /metr")
            except ConnectionError:
                pass
        for _ in range(20):
            self.assertTrue(self.daemon.ready())
        for sock in slow:
            self.closed(sock)
        self.refused("too_many", 400)
        self.refused("too_slow", 40)
        self.survived()

    def refused(self, reason, times):
        def seen():
            return self.daemon.metrics().sum("cistern_http_connections_refused_total", reason=reason) >= times
        eventually(seen, 30, f"{times} connections ended for {reason}")


if __name__ == "__main__":
    main()
