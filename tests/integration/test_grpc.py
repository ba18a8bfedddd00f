#!/usr/bin/python3
"""A Python client made from our .proto: query, tail, aggregate, acknowledged ingest, resuming over a restart."""

import queue
import threading
import time

import grpc

from rig import SANITIZED, CisternTest, main, tcp_send
from stubs import Client, admin, log, record

RESUME_RECORDS = 50_000 if SANITIZED else 1_000_000


def line(number, app="app"):
    return b"<13>Jan  2 03:04:05 h %s: number %d\n" % (app.encode(), number)


class GrpcTest(CisternTest):
    def setUp(self):
        super().setUp()
        self.daemon = self.start()
        self.client = self.connect()

    def connect(self):
        client = Client(self.daemon)
        self.addCleanup(client.channel.close)
        return client

    def fails(self, code, call):
        """The stream or call ends with `code`; returns the message."""
        with self.assertRaises(grpc.RpcError) as caught:
            list(call) if hasattr(call, "__iter__") else call()
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        return caught.exception.details()


class QueryTest(GrpcTest):
    def setUp(self):
        super().setUp()
        tcp_send(self.daemon.port, b"".join(line(n) for n in range(5000)))
        self.daemon.settle(5000)

    def test_newest_first_is_the_default_and_limit_cuts(self):
        answers = list(self.client.log.Query(log.QueryRequest(limit=3)))
        messages = [found.message for answer in answers for found in answer.records]
        self.assertEqual(messages, [b"number 4999", b"number 4998", b"number 4997"])
        self.assertTrue(answers[-1].summary.more)
        self.assertEqual(answers[-1].summary.matches, 3)

    def test_cursor_walks_everything_once_also_over_a_restart(self):
        seen, cursor = [], ""
        while True:
            answers = list(self.client.log.Query(log.QueryRequest(limit=1500, cursor=cursor)))
            page = [found.id for answer in answers for found in answer.records]
            seen += page
            cursor = [answer.cursor for answer in answers if answer.cursor][-1]
            if not answers[-1].summary.more:
                break
            if len(seen) == 3000:
                self.assertEqual(self.daemon.stop(), 0)
                self.daemon.start()
        self.assertEqual(seen, sorted(set(seen), reverse=True))
        self.assertEqual(len(seen), 5000)

    def test_no_message_is_larger_than_a_mebibyte(self):
        for answer in self.client.log.Query(log.QueryRequest()):
            self.assertLessEqual(answer.ByteSize(), 1 << 20)

    def test_bad_requests_are_refused(self):
        bad = grpc.StatusCode.INVALID_ARGUMENT
        message = self.fails(bad, self.client.log.Query(log.QueryRequest(filter="app:(")))
        self.assertRegex(message, r"\d")
        self.fails(bad, self.client.log.Query(log.QueryRequest(cursor="nonsense")))
        self.fails(bad, self.client.log.Query(log.QueryRequest(time_axis=log.QueryRequest.TIME_AXIS_EVENT)))
        self.fails(bad, lambda: self.client.log.Aggregate(log.AggregateRequest(top_field="nonsense")))

    def test_aggregate(self):
        tcp_send(self.daemon.port, b"".join(line(n, "other") for n in range(7)))
        self.daemon.settle(5007)
        request = log.AggregateRequest(top_field="app")
        request.bucket.FromSeconds(3600)
        answer = self.client.log.Aggregate(request)
        self.assertEqual(answer.count, 5007)
        self.assertEqual([(value.value, value.count) for value in answer.values], [("app", 5000), ("other", 7)])
        self.assertEqual(sum(bucket.count for bucket in answer.buckets), 5007)

    def test_explain_and_senders(self):
        [newest] = next(iter(self.client.log.Query(log.QueryRequest(limit=1)))).records
        told = self.client.admin.Explain(admin.ExplainRequest(record_id=newest.id))
        self.assertEqual(told.record.raw, line(4999).rstrip())
        self.assertTrue(told.decisions)
        self.fails(grpc.StatusCode.NOT_FOUND,
                   lambda: self.client.admin.Explain(admin.ExplainRequest(record_id=newest.id + 1)))
        [sender] = self.client.admin.ListSenders(admin.ListSendersRequest()).senders
        self.assertEqual((sender.peer_address, sender.hostname, sender.messages), ("127.0.0.1", "h", 5000))

    def test_health_and_reflection_are_served(self):
        health = self.client.channel.unary_unary("/grpc.health.v1.Health/Check")
        self.assertEqual(health(b"", timeout=10), b"\x08\x01")  # status: SERVING
        reflect = self.client.channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
        [answer] = reflect(iter([b"\x3a\x00"]), timeout=10)  # list_services: ""
        self.assertIn(b"cistern.v1.LogService", answer)

    def test_cancelled_query_stops_the_work(self):
        started = time.monotonic()
        call = self.client.log.Query(log.QueryRequest(filter="msg:/never [a-z]+ there/"), timeout=0.0001)
        self.fails(grpc.StatusCode.DEADLINE_EXCEEDED, call)
        self.assertLess(time.monotonic() - started, 5)


class IngestTest(GrpcTest):
    def exchange(self, requests):
        """Sends `requests` and returns the last acknowledgement."""
        answers = list(self.client.log.Ingest(iter(requests), timeout=60))
        return answers[0].committed_sequence, answers[-1].committed_sequence

    def batch(self, sequence, *messages, client="c1"):
        return log.IngestRequest(client_id=client, sequence=sequence,
                                 records=[log.IngestRecord(raw=message) for message in messages])

    def test_acknowledged_batches_are_stored_in_order(self):
        first, last = self.exchange([self.batch(n, line(2 * n), line(2 * n + 1)) for n in range(1, 101)])
        self.assertEqual((first, last), (0, 100))
        stored = [found.message for found in self.client.query()]
        self.assertEqual(stored, [b"number %d" % n for n in range(2, 202)])

    def test_resent_batches_are_stored_once_also_over_a_restart(self):
        self.exchange([self.batch(n, line(n)) for n in range(1, 11)])
        self.daemon.settle(10)
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        self.client = self.connect()  # an old channel may find out by a call that fails
        first, last = self.exchange([self.batch(n, line(n)) for n in range(6, 16)])
        self.assertEqual((first, last), (10, 15))
        self.assertEqual(len(self.client.query()), 15)
        metrics = self.daemon.metrics()
        self.assertEqual(metrics.sum("cistern_dropped_messages_total", reason="duplicate"), 5)

    def test_parsed_record_keeps_its_fields(self):
        sent = record.Record(facility=record.FACILITY_LOCAL0, severity=record.SEVERITY_CRIT, hostname="made",
                             app_name="elsewhere", procid="p", msgid="m", message=b"already parsed \xff")
        sent.message_time.FromJsonString("2026-01-02T03:04:05.000000006Z")
        sent.structured_data.add(id="a@1").params.add(name="k", value="v")
        self.exchange([log.IngestRequest(client_id="c1", sequence=1, records=[log.IngestRecord(parsed=sent)])])
        [got] = self.client.query("app:elsewhere")
        for field in ("facility", "severity", "hostname", "app_name", "procid", "msgid", "message", "message_time",
                      "structured_data"):
            self.assertEqual(getattr(got, field), getattr(sent, field), field)
        self.assertEqual(got.transport, record.TRANSPORT_GRPC)

    def test_second_stream_of_a_client_ends_the_first(self):
        outbox = queue.Queue()
        outbox.put(self.batch(1, line(1)))
        first = self.client.log.Ingest(iter(outbox.get, None), timeout=60)
        next(first)
        self.exchange([self.batch(2, line(2))])
        self.fails(grpc.StatusCode.ABORTED, first)
        outbox.put(None)

    def test_bad_requests_are_refused(self):
        bad = grpc.StatusCode.INVALID_ARGUMENT
        for requests in ([self.batch(1, line(1), client="")], [self.batch(2, line(1)), self.batch(2, line(2))],
                         [self.batch(1, b"")]):
            self.fails(bad, self.client.log.Ingest(iter(requests), timeout=60))


class TailTest(GrpcTest):
    def tail(self, **fields):
        return self.client.log.Tail(log.TailRequest(follow=True, **fields), timeout=120)

    def test_history_then_live_in_one_stream(self):
        tcp_send(self.daemon.port, b"".join(line(n) for n in range(100)))
        self.daemon.settle(100)
        stream, got = self.tail(after_record_id=0), []
        for answer in stream:
            got += [found.message for found in answer.records]
            if answer.live and len(got) == 100:
                tcp_send(self.daemon.port, line(100))
            if len(got) == 101:
                break
        stream.cancel()
        self.assertEqual(got, [b"number %d" % n for n in range(101)])

    def test_last_n_matching_then_live(self):
        tcp_send(self.daemon.port, b"".join(line(n, "odd" if n % 2 else "even") for n in range(100)))
        self.daemon.settle(100)
        got = []
        for answer in self.tail(last=3, filter="app:odd"):
            got += [found.message for found in answer.records]
            if len(got) >= 3:
                break
        self.assertEqual(got, [b"number 95", b"number 97", b"number 99"])

    def test_without_follow_it_ends(self):
        tcp_send(self.daemon.port, line(1))
        self.daemon.settle(1)
        answers = list(self.client.log.Tail(log.TailRequest(after_record_id=0), timeout=20))
        self.assertEqual([found.message for answer in answers for found in answer.records], [b"number 1"])

    def test_token_of_another_store_is_refused(self):
        tcp_send(self.daemon.port, line(1))
        self.daemon.settle(1)
        answers = list(self.client.log.Tail(log.TailRequest(after_record_id=0), timeout=20))
        with Client(self.start()) as other:
            self.fails(grpc.StatusCode.FAILED_PRECONDITION,
                       other.log.Tail(log.TailRequest(resume_token=answers[-1].resume_token), timeout=20))
        self.fails(grpc.StatusCode.OUT_OF_RANGE,
                   self.client.log.Tail(log.TailRequest(after_record_id=1 << 60), timeout=20))

    def test_slow_reader_does_not_slow_ingest_and_misses_nothing(self):
        count = 20_000 if SANITIZED else 200_000
        stream = self.tail(after_record_id=0)
        tcp_send(self.daemon.port, b"".join(line(n) for n in range(count)))
        self.daemon.settle(count, timeout=60)  # the reader has read nothing so far
        expected = 0
        for answer in stream:
            for found in answer.records:
                self.assertEqual(found.message, b"number %d" % expected)
                expected += 1
            if expected == count:
                break
        stream.cancel()


class ResumeTest(GrpcTest):
    """A tail resumed over restarts while a client ingests and another sender makes noise: no gap, no duplicate."""

    BATCH = 1000

    def batch(self, sequence):
        first = (sequence - 1) * self.BATCH
        records = [log.IngestRecord(raw=b"<13>1 - h load - - - %d" % n) for n in range(first, first + self.BATCH)]
        return log.IngestRequest(client_id="load", sequence=sequence, records=records)

    def ingest(self):
        """Sends every batch and, after a failure, everything again that was not acknowledged."""
        committed, batches = 0, RESUME_RECORDS // self.BATCH
        while committed < batches:
            try:
                with Client(self.daemon) as client:
                    requests = (self.batch(n) for n in range(committed + 1, batches + 1))
                    for answer in client.log.Ingest(requests, timeout=600):
                        committed = answer.committed_sequence
            except grpc.RpcError:
                time.sleep(0.1)

    def make_noise(self):
        while not self.done.wait(0.02):
            try:
                tcp_send(self.daemon.port, b"".join(line(n, "noise") for n in range(200)))
            except OSError:
                pass

    def tail_some(self, token, enough):
        """Reads one stream until `enough` numbers are there or the server goes away; returns the new token."""
        start = {"resume_token": token} if token else {"after_record_id": 0}
        try:
            with Client(self.daemon) as client:
                for answer in client.log.Tail(log.TailRequest(filter="app:load", follow=True, **start), timeout=600):
                    self.assertFalse(answer.HasField("gap"))
                    self.numbers += [int(found.message) for found in answer.records]
                    token = answer.resume_token
                    if len(self.numbers) >= enough:
                        break
        except grpc.RpcError as error:
            self.assertEqual(error.code(), grpc.StatusCode.UNAVAILABLE, error.details())
        return token

    def test_no_gap_no_duplicate_over_restarts(self):
        self.numbers, self.done, token = [], threading.Event(), None
        threads = [threading.Thread(target=self.ingest, daemon=True), threading.Thread(target=self.make_noise)]
        for thread in threads:
            thread.start()
        try:
            for part in (1, 2, 3):
                while len(self.numbers) < part * RESUME_RECORDS // 3:
                    token = self.tail_some(token, part * RESUME_RECORDS // 3)
                if part < 3:
                    self.assertEqual(self.daemon.stop(), 0, self.daemon.log())
                    self.daemon.start()
        finally:
            self.done.set()
            threads[1].join()
        threads[0].join(60)
        self.assertEqual(len(self.numbers), RESUME_RECORDS)
        self.assertTrue(all(number == place for place, number in enumerate(self.numbers)))


if __name__ == "__main__":
    main()
