#!/usr/bin/python3
"""HTTP targets: 100,000 numbered records to an HTTP server, every field compared."""

import gzip
import http.server
import json
import threading

from rig import SANITIZED, CisternTest, eventually, main, tcp_send

MANY = 20_000 if SANITIZED else 100_000


def numbered(count):
    return [f"<{8 + n % 8}>1 2026-11-20T10:00:00.{n:06}Z web-{n % 7} app-{n % 3} {n} ID{n % 5} "
            f'[x@32473 n="{n}"] number {n} "ü" \\' for n in range(count)]


class Server(http.server.ThreadingHTTPServer):
    """Answers with `answer(path, body)`: a status and a body."""

    def __init__(self, answer):
        self.answer = answer
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, path=""):
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        status, text = self.server.answer(self.path, body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass


class HttpTargets(CisternTest):
    def deliver(self, answer, path="", count=MANY, **http):
        """Sends `count` numbered records to a target at a server with that `answer`; returns daemon and server."""
        server = Server(answer)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        daemon = self.start({"targets": [{"name": "http", "retry": {"initial": "10ms", "max": "100ms"},
                                           "http": {"url": server.url(path), **http}}]})
        tcp_send(daemon.port, "".join(line + "\n" for line in numbered(count)).encode())
        daemon.settle(count)
        eventually(lambda: daemon.metrics().sum("cistern_target_lag_records", target="http") == 0, 60, "nothing is behind")
        return daemon

    def check_records(self, records, expected):
        self.assertEqual([int(record["procid"]) for record in records], expected)
        for record in records:
            n = int(record["procid"])
            self.assertEqual(record["message"], f'number {n} "ü" \\')
            self.assertEqual(record["hostname"], f"web-{n % 7}")
            self.assertEqual(record["app_name"], f"app-{n % 3}")
            self.assertEqual(record["msgid"], f"ID{n % 5}")
            self.assertEqual(record["structured_data"], {"x@32473": {"n": str(n)}})
            self.assertEqual(record["time"], f"2026-11-20T10:00:00.{n:06}000Z")
            self.assertEqual(record["transport"], "tcp")

    def test_json_lines(self):
        records = []

        def answer(path, body):
            self.assertEqual(path, "/in")
            records.extend(json.loads(line) for line in body.decode().splitlines())
            return 200, b""
        self.deliver(answer, "/in")
        self.check_records(records, list(range(MANY)))

    def test_bad_lines_become_dead_letters_and_nothing_else(self):
        records, count, bad = [], 5000, {7, 2500, 4999}

        def answer(path, body):
            batch = [json.loads(line) for line in body.decode().splitlines()]
            if any(int(record["procid"]) in bad for record in batch):
                return 400, b"a line is not liked"
            records.extend(batch)
            return 200, b""
        daemon = self.deliver(answer, count=count)
        self.check_records(records, [n for n in range(count) if n not in bad])
        self.assertEqual(daemon.metrics().sum("cistern_target_dead_letters", target="http"), len(bad))

    def test_elasticsearch(self):
        documents, tries = {}, {}
        bad = set(range(11, MANY, 10_007))

        def create(action, document):
            n = int(document["procid"])
            tries[n] = tries.get(n, 0) + 1
            if n in bad:
                return {"status": 400, "error": {"type": "mapper_parsing_exception", "reason": "not liked"}}
            if n % 1000 == 3 and tries[n] < 3:
                return {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "busy"}}
            key = action["create"]["_index"], action["create"]["_id"]
            if key in documents:
                return {"status": 409}
            documents[key] = document
            return {"status": 201}

        def answer(path, body):
            self.assertTrue(path.startswith("/_bulk?"), path)
            lines = [json.loads(line) for line in body.decode().splitlines()]
            items = [{"create": create(action, document)} for action, document in zip(lines[::2], lines[1::2])]
            return 200, json.dumps({"errors": any(i["create"]["status"] >= 300 for i in items), "items": items}).encode()
        daemon = self.deliver(answer, preset="elasticsearch")
        records = sorted(documents.values(), key=lambda document: document["id"])
        self.check_records(records, [n for n in range(MANY) if n not in bad])
        self.assertEqual(daemon.metrics().sum("cistern_target_dead_letters", target="http"), len(bad))
        self.assertTrue(all(record["@timestamp"] == record["time"] for record in records))

    def test_loki(self):
        records = []

        def answer(path, body):
            self.assertEqual(path, "/loki/api/v1/push")
            for stream in json.loads(body)["streams"]:
                for time, line in stream["values"]:
                    record = json.loads(line)
                    self.assertEqual(stream["stream"], {"job": "cistern", "hostname": record["hostname"]})
                    self.assertEqual(len(time), 19)
                    records.append(record)
            return 204, b""
        self.deliver(answer, preset="loki", labels=["hostname"])
        self.check_records(sorted(records, key=lambda record: record["id"]), list(range(MANY)))


if __name__ == "__main__":
    main()
