#!/usr/bin/python3
"""An add-on: follows failed logins of sshd and raises an event for each user and address.

It is a client of the gRPC API like any other and needs nothing of Cistern but its .proto files:

    apt-get install python3-grpcio protobuf-compiler-grpc
    mkdir stubs
    protoc -I proto --python_out=stubs --grpc_python_out=stubs \
        --plugin=protoc-gen-grpc_python="$(command -v grpc_python_plugin)" \
        proto/cistern/v1/{options,record,log_service,event,event_service}.proto
    PYTHONPATH=stubs examples/addon/failed_logins.py --addr 127.0.0.1:5141

The server keeps the position of the tail under the name of the add-on, so a restart of either side goes on where it
was. After a crash of the server the last second is sent again: the request_id, made from the id of the record, keeps
that from counting twice.
"""

import argparse
import re
import signal
import sys
import threading

import grpc
from cistern.v1 import event_service_pb2 as event_service
from cistern.v1 import event_service_pb2_grpc
from cistern.v1 import log_service_pb2 as log
from cistern.v1 import log_service_pb2_grpc
from google.protobuf import duration_pb2

FILTER = 'app:sshd "failed password"'
FAILED = re.compile(r"Failed password for (?:invalid user )?(?P<user>.{0,64}?) from (?P<addr>\S+) port \d+")
WARNING = 4
# What a server that stops, or a connection that breaks, looks like.
TRY_AGAIN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.RESOURCE_EXHAUSTED,
             grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.DEADLINE_EXCEEDED)


class AddOn:
    def __init__(self, address, name):
        self.name = name
        self.stopping = threading.Event()
        self.call = None
        channel = grpc.insecure_channel(address, options=[("grpc.max_reconnect_backoff_ms", 2000),
                                                          ("grpc.enable_http_proxy", 0)])
        self.log = log_service_pb2_grpc.LogServiceStub(channel)
        self.events = event_service_pb2_grpc.EventServiceStub(channel)

    def run(self):
        """Follows the tail until it is told to stop, whatever happens to the server."""
        while not self.stopping.is_set():
            try:
                self.follow()
            except grpc.RpcError as error:
                if self.stopping.is_set():
                    return
                if error.code() not in TRY_AGAIN:
                    sys.exit(f"{self.name}: {error.details()}")
            self.stopping.wait(1)

    def follow(self):
        self.call = self.log.Tail(log.TailRequest(filter=FILTER, follow=True, cursor_name=self.name))
        for answer in self.call:
            for record in answer.records:
                self.handle(record)

    def handle(self, record):
        match = FAILED.search(record.message.decode(errors="replace"))
        if not match:
            return
        user, address = match["user"], match["addr"]
        request = event_service.RaiseEventRequest(
            rule=self.name, severity=WARNING, key=f"{user},{address}",
            summary=f"Failed logins of {user} on {record.hostname} from {address}",
            fields={"user": user, "addr": address, "host": record.hostname}, record_ids=[record.id],
            request_id=f"{self.name}/{record.id}", repeat=duration_pb2.Duration(seconds=600))
        event = self.retried(request)
        if event is not None:
            print(f"event {event.id}: {event.summary}, {event.count} so far", flush=True)

    def retried(self, request):
        """The answer, however often it must be asked for: the request_id makes that harmless."""
        while not self.stopping.is_set():
            try:
                return self.events.RaiseEvent(request, timeout=10)
            except grpc.RpcError as error:
                if error.code() not in TRY_AGAIN:
                    raise
            self.stopping.wait(1)
        return None

    def stop(self, *_):
        self.stopping.set()
        if self.call is not None:
            self.call.cancel()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--addr", default="127.0.0.1:5141", help="HOST:PORT or unix:PATH of cisternd")
    parser.add_argument("--name", default="failed-logins", help="of the position, and of the events")
    options = parser.parse_args()
    add_on = AddOn(options.addr, options.name)
    signal.signal(signal.SIGTERM, add_on.stop)
    signal.signal(signal.SIGINT, add_on.stop)
    add_on.run()


if __name__ == "__main__":
    main()
