"""A gRPC client made from our .proto files when it is first imported; shares no code with the C++ client."""

import atexit
import pathlib
import shutil
import subprocess
import sys
import tempfile

import grpc

from rig import ROOT

OUT = pathlib.Path(tempfile.mkdtemp(prefix="cistern-stubs-"))
atexit.register(shutil.rmtree, OUT, ignore_errors=True)
_PROTOS = [f"cistern/v1/{name}.proto" for name in ("options", "target", "record", "log_service", "admin_service",
                                                 "target_service", "rule", "rule_service", "event", "event_service",
                                                 "store_service", "access_service")]
# Debian's grpc_tools is too old for optional fields; its protoc and plugin are not.
subprocess.run(["protoc", "-I", ROOT / "proto", f"--python_out={OUT}", f"--grpc_python_out={OUT}",
                f"--plugin=protoc-gen-grpc_python={shutil.which('grpc_python_plugin')}", *_PROTOS], check=True)
sys.path.insert(0, str(OUT))

from cistern.v1 import access_service_pb2 as access  # noqa: E402
from cistern.v1 import access_service_pb2_grpc  # noqa: E402
from cistern.v1 import admin_service_pb2 as admin  # noqa: E402
from cistern.v1 import admin_service_pb2_grpc  # noqa: E402
from cistern.v1 import event_pb2 as event  # noqa: E402
from cistern.v1 import event_service_pb2 as event_service  # noqa: E402
from cistern.v1 import event_service_pb2_grpc  # noqa: E402
from cistern.v1 import log_service_pb2 as log  # noqa: E402
from cistern.v1 import log_service_pb2_grpc  # noqa: E402
from cistern.v1 import options_pb2 as options  # noqa: E402
from cistern.v1 import record_pb2 as record  # noqa: E402
from cistern.v1 import rule_pb2 as rule  # noqa: E402
from cistern.v1 import rule_service_pb2 as rule_service  # noqa: E402
from cistern.v1 import rule_service_pb2_grpc  # noqa: E402
from cistern.v1 import store_service_pb2 as store_service  # noqa: E402
from cistern.v1 import store_service_pb2_grpc  # noqa: E402
from cistern.v1 import target_pb2 as target  # noqa: E402
from cistern.v1 import target_service_pb2 as target_service  # noqa: E402
from cistern.v1 import target_service_pb2_grpc  # noqa: E402

_OPTIONS = [("grpc.max_receive_message_length", 4 << 20)]


class Client:
    """Stubs of the services on one channel."""

    def __init__(self, daemon):
        self.channel = grpc.insecure_channel(f"127.0.0.1:{daemon.control}", options=_OPTIONS)
        self.log = log_service_pb2_grpc.LogServiceStub(self.channel)
        self.admin = admin_service_pb2_grpc.AdminServiceStub(self.channel)
        self.rule = rule_service_pb2_grpc.RuleServiceStub(self.channel)
        self.target = target_service_pb2_grpc.TargetServiceStub(self.channel)
        self.event = event_service_pb2_grpc.EventServiceStub(self.channel)

    def events(self):
        """All events, the newest first."""
        found, token = [], ""
        while True:
            page = self.event.ListEvents(event_service.ListEventsRequest(page_size=1000, page_token=token))
            found += page.events
            token = page.next_page_token
            if not token:
                return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def query(self, filter="", **fields):
        """All matches, oldest first."""
        request = log.QueryRequest(filter=filter, order=log.QueryRequest.ORDER_OLDEST_FIRST, **fields)
        return [found for answer in self.log.Query(request) for found in answer.records]
