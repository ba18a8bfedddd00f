#!/usr/bin/env python3
"""Who may do what: every call with every kind of proof, tokens at run time, filters, the audit log, and no secret anywhere."""

import json
import os
import pathlib
import resource
import signal
import socket
import ssl
import stat
import subprocess
import time
import unittest
import urllib.error
import urllib.request

import grpc

import test_control_abuse as http2
from certs import Authority
from rig import CTL, IMAGE, SANITIZED, CisternTest, Daemon, eventually, main, udp_send
from stubs import access, admin, log, log_service_pb2_grpc, options, rule_service, store_service, target_service
from stubs import event_service

# Written down once more, so that a changed annotation is noticed: who may make which call. `f`: also with a filter.
NEEDS = {
    "LogService": {"Query": "reader f", "Tail": "reader f", "Aggregate": "reader f", "Ingest": "ingester f", "Sql": "reader"},
    "AdminService": {"GetStatus": "reader", "GetConfig": "admin", "ListSenders": "reader", "Explain": "reader f", "Diagnose": "admin",
                     "Reload": "admin"},
    "StoreService": {"Check": "admin", "GetStats": "reader", "Backup": "admin"},
    "TargetService": {"ListTargets": "reader", "GetTarget": "reader", "ApplyTargets": "admin", "DeleteTarget": "admin",
                      "PauseTarget": "admin", "ResumeTarget": "admin", "RewindTarget": "admin", "TestTarget": "admin",
                      "WatchTargets": "reader", "ListDeadLetters": "reader", "RetryDeadLetters": "admin",
                      "DiscardDeadLetters": "admin"},
    "RuleService": {"ListRules": "reader", "GetRule": "reader", "ApplyRules": "operator", "DeleteRule": "operator",
                    "EnableRule": "operator", "DisableRule": "operator", "ListRuleChanges": "reader",
                    "RollbackRules": "operator", "ConfirmRules": "operator", "TestRules": "reader",
                    "RehearseRules": "reader", "ExplainRecord": "reader"},
    "EventService": {"ListEvents": "reader", "GetEvent": "reader", "WatchEvents": "reader", "RaiseEvent": "operator",
                     "AcknowledgeEvents": "operator", "ResolveEvents": "operator", "RedeliverEvents": "operator",
                     "ListSilences": "reader", "PutSilence": "operator", "DeleteSilence": "operator"},
    "AccessService": {"CreateToken": "admin", "ListTokens": "admin", "RevokeToken": "admin", "WhoAmI": "any f",
                      "ListAudit": "admin"},
}
NEEDED = {f"/cistern.v1.{service}/{method}": need for service, methods in NEEDS.items() for method, need in methods.items()}
NEEDED["/grpc.health.v1.Health/Check"] = NEEDED["/grpc.health.v1.Health/Watch"] = "public f"
NEEDED["/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"] = "reader f"
NO_CALLS = ["/grpc.channelz.v1.Channelz/GetServers", "/cistern.v1.LogService/Nothing", "/cistern.v1.Nothing/Query",
            "cistern.v1.LogService/Query", "//cistern.v1.LogService/Query", "/cistern.v1.LogService/Query/", "/",
            "/cistern.v1.logservice/Query"]
INCLUDED = {"reader": {"any", "reader"}, "ingester": {"any", "ingester"}, "operator": {"any", "reader", "operator"},
            "admin": {"any", "reader", "ingester", "operator", "admin"}}
REFUSED = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)
ROLES = list(INCLUDED)


def allowed(role, filtered=False):
    """The calls that a role may make."""
    return {path for path, need in NEEDED.items()
            if need.split()[0] in {"public", *INCLUDED.get(role, ())} and (need.endswith(" f") or not filtered)}


class AccessTest(CisternTest):
    def setUp(self):
        super().setUp()
        self.ca = Authority(self.work / "ca")
        self.server_cert, self.server_key = self.ca.issue("server", "DNS:localhost,IP:127.0.0.1")
        self.tokens = {}
        self.grants = []

    def grant_token(self, name, text, roles, **more):
        path = self.work / f"{name}.token"
        path.write_text(text + "\n")
        path.chmod(0o600)
        self.grants.append({"name": name, "token_file": str(path), "roles": roles, **more})
        self.tokens[name] = text
        return path

    def start_tls(self, client_auth="optional", **options):
        def config(daemon):
            return {"control": {"address": f"127.0.0.1:{daemon.control}", "grants": self.grants,
                                "tls": {"cert_file": str(self.server_cert), "key_file": str(self.server_key),
                                        "client_ca_file": str(self.ca.cert), "client_auth": client_auth}}}
        return self.start(config, **options)

    def channel(self, daemon, cert=None, key=None):
        proof = {"private_key": key.read_bytes(), "certificate_chain": cert.read_bytes()} if cert else {}
        credentials = grpc.ssl_channel_credentials(self.ca.cert.read_bytes(), **proof)
        channel = grpc.secure_channel(f"localhost:{daemon.control}", credentials,
                                      [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0)])
        self.addCleanup(channel.close)
        return channel

    @staticmethod
    def outcome(channel, path, metadata=None):
        """The code of a call with an empty request; OK once something was answered."""
        try:
            call = channel.stream_stream(path)(iter([b""]), timeout=20, metadata=metadata)
            next(call)
            call.cancel()
            return grpc.StatusCode.OK
        except StopIteration:
            return grpc.StatusCode.OK
        except grpc.RpcError as error:
            return error.code()
        except ValueError:  # gRPC does not even send it
            return grpc.StatusCode.UNAUTHENTICATED

    def calls_let_in(self, channel, token=None, unreachable=False):
        metadata = [("authorization", f"Bearer {token}")] if token is not None else None
        let_in = set()
        for path in NEEDED:
            code = self.outcome(channel, path, metadata)
            if code == grpc.StatusCode.UNAVAILABLE and unreachable:
                continue
            self.assertNotEqual(code, grpc.StatusCode.UNAVAILABLE, path)
            if code not in REFUSED:
                let_in.add(path)
        return let_in

    def local(self, daemon, *args, check=True, **options):
        """cisternctl through the Unix socket."""
        done = subprocess.run([CTL, "--addr", f"unix:{daemon.work}/data/control.sock", *map(str, args)], timeout=60,
                              capture_output=True, text=True, **options)
        if check:
            self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def remote(self, daemon, *args, token=None, cert=None, check=True, addr=None):
        given = ["--ca", self.ca.cert]
        if token is not None:
            path = self.work / "shown.token"
            path.write_text(token)
            given += ["--token-file", path]
        if cert:
            given += ["--cert", cert[0], "--key", cert[1]]
        done = subprocess.run([CTL, "--addr", addr or f"localhost:{daemon.control}", *map(str, given), *map(str, args)],
                              timeout=60, capture_output=True, text=True)
        if check:
            self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def make_token(self, daemon, name, role, *args):
        return self.local(daemon, "tokens", "create", name, "--role", role, *args).stdout.strip()


class MatrixTest(AccessTest):
    def test_the_table_names_every_call(self):
        declared = {}
        for module in (log, admin, store_service, target_service, rule_service, event_service, access):
            for service in module.DESCRIPTOR.services_by_name.values():
                for method in service.methods:
                    given = method.GetOptions().Extensions
                    role = options.Role.Name(given[options.required_role]).removeprefix("ROLE_").lower()
                    path = f"/{service.full_name}/{method.name}"
                    declared[path] = role + (" f" if given[options.honours_filter] else "")
        ours = {path: need for path, need in NEEDED.items() if path.startswith("/cistern.")}
        self.assertEqual(declared, ours)

    def test_every_call_with_every_kind_of_proof(self):
        good = {role: f"token-of-{role}-" + "x" * 40 for role in ROLES}
        for role in ROLES:
            self.grant_token(f"file-{role}", good[role], [role])
            self.grants.append({"name": f"cert-{role}", "identity": f"dns:{role}.example", "roles": [role]})
        self.grant_token("filtered", "token-of-filtered-" + "x" * 40, ["reader", "ingester"], filter="app:x")
        daemon = self.start_tls()
        certs = {role: self.ca.issue(role, f"DNS:{role}.example") for role in ROLES}
        nobody = self.channel(daemon)
        public = allowed(None)

        stranger = self.channel(daemon, *self.ca.issue("stranger", "DNS:stranger.example,DNS:admin.example.org"))
        self.assertEqual(self.calls_let_in(nobody), public)
        self.assertEqual(self.calls_let_in(stranger), public)
        foreign = Authority(self.work / "foreign").issue("admin", "DNS:admin.example")
        expired = self.ca.issue("expired", "DNS:admin.example", days=-1)
        for pair in (foreign, expired):
            self.assertEqual(self.calls_let_in(self.channel(daemon, *pair), unreachable=True), set())

        token = self.make_token(daemon, "made", "admin")
        short = self.make_token(daemon, "short", "admin", "--expires", "1s")
        revoked = self.make_token(daemon, "revoked", "admin")
        self.local(daemon, "tokens", "revoke", "revoked")
        time.sleep(1.1)
        for wrong in ("", "wrong", token[:-1], token[1:], token + "x", token.upper(), short, revoked,
                      good["admin"][:-1], "cistern_" + "A" * 43):
            self.assertEqual(self.calls_let_in(nobody, wrong), public, repr(wrong))
        status = "/cistern.v1.AdminService/GetStatus"
        self.assertEqual(self.outcome(nobody, status, [("authorization", f"Bearer {token}\0")]),
                         grpc.StatusCode.UNAUTHENTICATED)  # not even sent; the unit tests have the server's side
        # A wrong token is not made up for by a certificate.
        admin_channel = self.channel(daemon, *certs["admin"])
        self.assertEqual(self.calls_let_in(admin_channel, "wrong"), public)
        for value in (token, f"Basic {token}", f"Bearer  {token}"):
            code = self.outcome(nobody, "/cistern.v1.AdminService/GetStatus", [("authorization", value)])
            self.assertEqual(code, grpc.StatusCode.UNAUTHENTICATED)
        both = [("authorization", f"Bearer {token}")] * 2
        self.assertEqual(self.outcome(nobody, "/cistern.v1.AdminService/GetStatus", both), grpc.StatusCode.UNAUTHENTICATED)

        for role in ROLES:
            self.assertEqual(self.calls_let_in(self.channel(daemon, *certs[role])), allowed(role), role)
            self.assertEqual(self.calls_let_in(nobody, good[role]), allowed(role), role)
        self.assertEqual(self.calls_let_in(nobody, token), allowed("admin"))
        self.assertEqual(self.calls_let_in(nobody, self.tokens["filtered"]),
                         allowed("reader", filtered=True) | allowed("ingester", filtered=True))
        for path in NO_CALLS:
            self.assertEqual(self.outcome(nobody, path), grpc.StatusCode.UNAUTHENTICATED, path)
            self.assertIn(self.outcome(admin_channel, path), (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNKNOWN,
                                                              grpc.StatusCode.UNIMPLEMENTED), path)

    def test_with_required_certificates_a_stranger_gets_nowhere(self):
        self.grant_token("admin", "token-of-admin-" + "x" * 40, ["admin"])
        daemon = self.start_tls(client_auth="required")
        self.assertEqual(self.calls_let_in(self.channel(daemon), self.tokens["admin"], unreachable=True), set())
        known = self.channel(daemon, *self.ca.issue("some", "DNS:some.example"))
        self.assertEqual(self.calls_let_in(known, self.tokens["admin"]), allowed("admin"))
        done = self.remote(daemon, "status", check=False)
        self.assertEqual(done.returncode, 69)
        self.assertIn("client certificate", done.stderr)


class LifeTest(AccessTest):
    def test_tokens_are_made_shown_used_and_revoked(self):
        daemon = self.start_tls()
        made = self.local(daemon, "tokens", "create", "grafana", "--role", "reader", "--role", "ingester", "--expires", "90d")
        secret = made.stdout.strip()
        self.assertRegex(secret, r"^cistern_[A-Za-z0-9_-]{43,}$")
        self.assertEqual(made.stdout, secret + "\n")
        [shown] = [json.loads(line) for line in self.local(daemon, "tokens", "list", "-o", "json").stdout.splitlines()]
        self.assertEqual((shown["name"], shown["roles"]), ("grafana", ["reader", "ingester"]))
        self.assertIn("grafana", self.local(daemon, "tokens", "list").stdout)
        self.assertNotIn(secret, self.local(daemon, "tokens", "list").stdout)
        who = json.loads(self.remote(daemon, "whoami", "-o", "json", token=secret).stdout)
        self.assertEqual((who["name"], who["roles"], who["peer"]), ("grafana", ["reader", "ingester"], "127.0.0.1"))
        self.assertEqual(json.loads(self.local(daemon, "whoami", "-o", "json").stdout)["name"], "local")
        taken = self.local(daemon, "tokens", "create", "grafana", "--role", "admin", check=False)
        self.assertNotEqual(taken.returncode, 0)
        self.assertIn("already", taken.stderr)
        denied = self.remote(daemon, "tokens", "list", token=secret, check=False)
        self.assertEqual(denied.returncode, 77)
        self.assertIn("needs admin", denied.stderr)
        daemon.stop()
        daemon.start()
        self.remote(daemon, "status", token=secret, addr=f"tls://localhost:{daemon.control}")
        self.local(daemon, "tokens", "revoke", "grafana")
        gone = self.remote(daemon, "status", token=secret, check=False)
        self.assertEqual(gone.returncode, 77)
        self.assertIn("--token-file", gone.stderr)

    def tail_of(self, daemon, token):
        stub = log_service_pb2_grpc.LogServiceStub(self.channel(daemon))
        call = stub.Tail(log.TailRequest(follow=True), timeout=60, metadata=[("authorization", f"Bearer {token}")])
        next(call)  # it is live
        return call

    def ends(self, call, code):
        started = time.monotonic()
        with self.assertRaises(grpc.RpcError) as caught:
            while True:
                next(call)
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        self.assertLess(time.monotonic() - started, 30)

    def test_streams_end_when_their_right_does(self):
        path = self.grant_token("file", "token-of-file-" + "x" * 40, ["reader"])
        self.grant_token("config", "token-of-config-" + "x" * 40, ["reader"])
        daemon = self.start_tls()
        revoked = self.tail_of(daemon, self.make_token(daemon, "a", "reader"))
        expiring = self.tail_of(daemon, self.make_token(daemon, "b", "reader", "--expires", "3s"))
        kept = self.tail_of(daemon, self.make_token(daemon, "c", "reader"))
        from_file = self.tail_of(daemon, self.tokens["file"])
        from_config = self.tail_of(daemon, self.tokens["config"])
        self.local(daemon, "tokens", "revoke", "a")
        self.ends(revoked, grpc.StatusCode.UNAUTHENTICATED)
        self.ends(expiring, grpc.StatusCode.UNAUTHENTICATED)
        path.write_text("another-token-" + "y" * 40)
        self.ends(from_file, grpc.StatusCode.UNAUTHENTICATED)
        daemon.config["control"]["grants"][1]["roles"] = ["ingester"]
        daemon.write_config()
        daemon.signal(signal.SIGHUP)
        self.ends(from_config, grpc.StatusCode.PERMISSION_DENIED)
        udp_send(daemon.port, b"<13>Oct 11 22:14:15 host app: still here")
        self.assertTrue(any(answer.records for answer in kept))
        kept.cancel()

    def test_an_ingest_stream_ends_when_its_right_does(self):
        daemon = self.start_tls()
        token = self.make_token(daemon, "sender", "ingester")
        stub = log_service_pb2_grpc.LogServiceStub(self.channel(daemon))

        def requests():
            yield log.IngestRequest(client_id="c", sequence=1, records=[log.IngestRecord(raw=b"<13>hello")])
            time.sleep(40)

        call = stub.Ingest(requests(), timeout=60, metadata=[("authorization", f"Bearer {token}")])
        next(call)
        self.local(daemon, "tokens", "revoke", "sender")
        self.ends(call, grpc.StatusCode.UNAUTHENTICATED)

    def test_the_socket_is_for_its_group(self):
        daemon = self.start()
        mode = os.stat(daemon.work / "data/control.sock").st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o660)
        self.local(daemon, "status")


class FilterTest(AccessTest):
    def test_a_filtered_token_sees_only_its_records(self):
        daemon = self.start_tls()
        udp_send(daemon.port, *[b"<13>Oct 11 22:14:15 host %s: message %d" % (app, n)
                                for n in range(20) for app in (b"payments", b"other")])
        daemon.settle(40)
        token = self.make_token(daemon, "p", "reader", "--filter", "app:payments")

        def lines(*args):
            return self.remote(daemon, *args, token=token).stdout.splitlines()

        for asked in ("", "app:other", "NOT app:payments", "app:payments OR app:other", "message"):
            records = [json.loads(line) for line in lines("query", "-n", 0, "-o", "json", *([asked] if asked else []))]
            self.assertTrue(all(record["app_name"] == "payments" for record in records), asked)
            self.assertEqual(len(records), 0 if asked in ("app:other", "NOT app:payments") else 20, asked)
        self.assertEqual(lines("count"), ["20"])
        tailed = [json.loads(line) for line in lines("tail", "-n", 40, "--no-follow", "-o", "json")]
        self.assertEqual([record["app_name"] for record in tailed], ["payments"] * 20)
        self.assertEqual([line.split()[-1] for line in lines("top", "app") if "other" in line], [])
        everything = [json.loads(line) for line in self.local(daemon, "query", "-n", 0, "-o", "json").stdout.splitlines()]
        hidden = next(record["id"] for record in everything if record["app_name"] == "other")
        seen = next(record["id"] for record in everything if record["app_name"] == "payments")
        self.remote(daemon, "explain", seen, token=token)
        self.assertEqual(self.remote(daemon, "explain", hidden, token=token, check=False).returncode, 1)
        for command in (("sql", "SELECT count(*) FROM logs"), ("senders",), ("status",), ("store", "stats")):
            done = self.remote(daemon, *command, token=token, check=False)
            self.assertEqual(done.returncode, 77, command)
            self.assertIn("filter", done.stderr)


class AuditTest(AccessTest):
    def entries(self, daemon, *args):
        return [json.loads(line) for line in self.local(daemon, "audit", "-o", "json", *args).stdout.splitlines()]

    def test_changes_and_refusals_are_told(self):
        daemon = self.start_tls()
        token = self.make_token(daemon, "reader", "reader")
        self.remote(daemon, "rules", "delete", "nothing", token=token, check=False)
        self.remote(daemon, "status", token="wrong" * 10, check=False)
        self.local(daemon, "rules", "delete", "nothing", check=False)
        found = self.entries(daemon)
        told = [(entry.get("caller"), entry.get("method", "").rpartition("/")[2], entry.get("object"), entry["result"])
                for entry in found]
        self.assertEqual(told, [("local", "DeleteRule", "nothing", "NOT_FOUND"),
                                (None, "GetStatus", None, "UNAUTHENTICATED"),
                                ("reader", "DeleteRule", None, "PERMISSION_DENIED"),
                                ("local", "CreateToken", "reader", "OK")])
        self.assertEqual(found[0]["peer"], "local")
        self.assertIn("CreateToken", self.local(daemon, "audit").stdout)
        self.assertEqual(len(self.entries(daemon, "-n", 1)), 1)
        self.assertEqual(self.entries(daemon, "--to", "2020-01-01"), [])
        daemon.stop()
        daemon.start()
        self.assertEqual(self.entries(daemon), found)

    def test_a_call_whose_message_comes_after_its_right_has_ended(self):
        """The gate sees the headers of a call; what it may do is what its caller may do once the message is there."""
        daemon = self.start_tls()
        admin_token = self.make_token(daemon, "thief", "admin")
        reader_token = self.make_token(daemon, "few", "reader", "--filter", "host:nobody")
        udp_send(daemon.port, b"<13>Jan  1 00:00:00 somehost app: hidden-from-few")
        daemon.settle(1)
        context = ssl.create_default_context(cafile=str(self.ca.cert))
        context.set_alpn_protocols(["h2"])
        sock = context.wrap_socket(socket.create_connection(("127.0.0.1", daemon.control)), server_hostname="localhost")
        self.addCleanup(sock.close)
        raw = http2.Raw(sock)
        asked = [("AccessService/CreateToken", admin_token, access.CreateTokenRequest(name="back", roles=[options.ROLE_ADMIN])),
                 ("AccessService/ListTokens", admin_token, access.ListTokensRequest()),
                 ("AccessService/RevokeToken", admin_token, access.RevokeTokenRequest(name="file")),
                 ("AdminService/Reload", admin_token, admin.ReloadRequest()),
                 ("AdminService/GetStatus", admin_token, admin.GetStatusRequest()),
                 ("RuleService/ConfirmRules", admin_token, rule_service.ConfirmRulesRequest()),
                 ("LogService/Query", reader_token, log.QueryRequest()),
                 ("LogService/Tail", reader_token, log.TailRequest(last=10)),
                 ("LogService/Aggregate", reader_token, log.AggregateRequest())]
        for number, (call, token, _) in enumerate(asked):
            raw.send(http2.frame(http2.HEADERS, http2.END_HEADERS, 2 * number + 1, http2.request(
                b"/cistern.v1." + call.encode(), http2.field(b"authorization", b"Bearer " + token.encode()))))
        time.sleep(1)
        for name in ("thief", "few"):
            self.local(daemon, "tokens", "revoke", name)
        time.sleep(1)
        tokens = self.local(daemon, "tokens", "list").stdout
        for number, (call, _, message) in enumerate(asked):
            stream = 2 * number + 1
            raw.send(http2.frame(http2.DATA, http2.END_STREAM, stream, http2.message(message.SerializeToString())))
            raw.wait(lambda raw: raw.ended(stream))
            self.assertIn(b"grpc-status\x0216", raw.answer(stream), call)  # UNAUTHENTICATED
            self.assertEqual([frame for frame in raw.of(http2.DATA) if frame[2] == stream], [], call)
        self.assertEqual(self.local(daemon, "tokens", "list").stdout, tokens)
        refused = [entry for entry in self.entries(daemon, "-n", 0) if entry["result"] == "UNAUTHENTICATED"]
        self.assertEqual(len(refused), len(asked))
        self.assertEqual({entry["peer"] for entry in refused}, {"127.0.0.1"})

    def test_a_flood_of_refusals_is_bounded(self):
        daemon = self.start_tls()
        channel = self.channel(daemon)
        for _ in range(300):
            self.outcome(channel, "/cistern.v1.AdminService/GetStatus")
        self.assertLessEqual(len(self.entries(daemon, "-n", 0)), 125)

    def test_secrets_appear_nowhere(self):
        canary = "canary-of-the-token-file-" + "z" * 30
        self.grant_token("file", canary, ["admin"])
        daemon = self.start_tls(args=["--set", "log.level=debug"])
        made = self.make_token(daemon, "made", "admin")
        key_lines = [line for line in self.server_key.read_text().splitlines() if "-----" not in line]
        for secret in (canary, made):
            for command in (("status",), ("config", "show"), ("rules", "delete", "x"), ("tokens", "revoke", "x")):
                self.remote(daemon, *command, token=secret, check=False)
            self.remote(daemon, "status", token=secret + "x", check=False)
        shown = [daemon.log(), daemon.metrics().text, self.local(daemon, "config", "show").stdout,
                 self.local(daemon, "tokens", "list", "-o", "json").stdout,
                 self.local(daemon, "audit", "-n", 0, "-o", "json").stdout,
                 self.remote(daemon, "status", token=made + "x", check=False).stderr,
                 pathlib.Path(f"/proc/{daemon.process.pid}/cmdline").read_text(),
                 *[path.read_bytes().decode("latin-1") for path in (daemon.work / "data").rglob("*") if path.is_file()]]
        for secret in (canary, made, made.removeprefix("cistern_"), *key_lines):
            for text in shown:
                self.assertNotIn(secret, text)


    @unittest.skipIf(SANITIZED or IMAGE, "a sanitizer takes the signal; a container has a folder of its own")
    def test_a_crash_leaves_no_core_file(self):
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip()
        canary = "canary-in-memory-" + "z" * 30
        self.grant_token("file", canary, ["admin"])
        before = resource.getrlimit(resource.RLIMIT_CORE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_CORE, before)
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
        for allowed in (False, True):
            daemon = self.start_tls(env={"CISTERN_CORE_DUMPS": "1"} if allowed else {})
            self.remote(daemon, "status", token=canary)
            daemon.process.send_signal(signal.SIGSEGV)
            daemon.process.wait(20)
            daemon.ended = True
            cores = list(daemon.work.glob("core*"))
            if not allowed:
                self.assertEqual(cores, [])
            elif hard and pattern == "core":  # this is what such a file would tell
                self.assertIn(canary.encode(), cores[0].read_bytes())
            for core in cores:
                core.unlink()


class HttpTest(AccessTest):
    def https(self, daemon, path, token=None, cert=None):
        context = ssl.create_default_context(cafile=str(self.ca.cert))
        if cert:
            context.load_cert_chain(*cert)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(f"https://localhost:{daemon.http}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10, context=context) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def test_metrics_beyond_loopback_are_not_for_everybody(self):
        daemon = self.start(lambda daemon: {"http": {"address": f"0.0.0.0:{daemon.http}"}})
        status, text = daemon.get("/metrics")
        self.assertEqual(status, 403)
        self.assertIn("http.tls", text)
        self.assertEqual(daemon.get("/healthz")[0], 200)
        told = [json.loads(line) for line in self.local(daemon, "audit", "-o", "json").stdout.splitlines()]
        self.assertEqual({(entry["method"], entry["peer"], entry["result"]) for entry in told},
                         {("/metrics", "127.0.0.1", "PERMISSION_DENIED")})
        daemon.stop()
        daemon.config["http"]["anonymous"] = True
        daemon.write_config()
        daemon.start()
        self.assertEqual(daemon.get("/metrics")[0], 200)

    def test_https_takes_tokens_and_certificates(self):
        self.grant_token("reader", "token-of-reader-" + "x" * 40, ["reader"])
        self.grant_token("sender", "token-of-sender-" + "x" * 40, ["ingester"])
        self.grant_token("filtered", "token-of-filtered-" + "x" * 40, ["reader"], filter="app:x")
        self.grants.append({"name": "prometheus", "identity": "dns:prometheus.example", "roles": ["reader"]})

        def config(daemon):
            tls = {"cert_file": str(self.server_cert), "key_file": str(self.server_key)}
            return {"control": {"address": f"127.0.0.1:{daemon.control}", "grants": self.grants},
                    "http": {"address": f"0.0.0.0:{daemon.http}",
                             "tls": {**tls, "client_ca_file": str(self.ca.cert), "client_auth": "optional"}}}
        folder = self.work / "https"
        folder.mkdir()
        daemon = Daemon(folder, config).spawn()
        self.addCleanup(daemon.kill)
        eventually(lambda: self.https(daemon, "/readyz")[0] == 200, 20, "the daemon is ready")
        self.assertEqual(self.https(daemon, "/metrics")[0], 401)
        self.assertEqual(self.https(daemon, "/metrics", token="wrong")[0], 401)
        self.assertEqual(self.https(daemon, "/metrics", token=self.tokens["sender"])[0], 403)
        self.assertEqual(self.https(daemon, "/metrics", token=self.tokens["filtered"])[0], 403)
        status, text = self.https(daemon, "/metrics", token=self.tokens["reader"])
        self.assertEqual(status, 200)
        self.assertIn("cistern_received_messages_total", text)
        self.assertEqual(self.https(daemon, "/metrics", cert=self.ca.issue("p", "DNS:prometheus.example"))[0], 200)
        self.assertEqual(self.https(daemon, "/metrics", cert=self.ca.issue("q", "DNS:other.example"))[0], 401)
        foreign = Authority(self.work / "foreign").issue("p", "DNS:prometheus.example")
        self.assertEqual(self.https(daemon, "/metrics", cert=foreign)[0], 0)
        self.assertEqual(daemon.get("/healthz")[0], 0)  # it speaks nothing else
        daemon.stop()


class StartTest(AccessTest):
    def refused(self, *wanted, **control):
        daemon = self.start_nothing(control)
        daemon.spawn()
        self.assertEqual(daemon.process.wait(20), 78, daemon.log())
        daemon.ended = True
        for text in wanted:
            self.assertIn(text, daemon.log())

    def start_nothing(self, control):
        folder = self.work / f"refused-{time.monotonic_ns()}"
        folder.mkdir()
        return Daemon(folder, lambda daemon: {"control": {"address": f"127.0.0.1:{daemon.control}", **control}})

    def tls(self, **more):
        return {"cert_file": str(self.server_cert), "key_file": str(self.server_key), **more}

    def test_an_open_door_is_refused(self):
        self.refused("control.address", "control.tls.cert_file", address="0.0.0.0:5141")
        self.refused("would let nobody in", address="0.0.0.0:5141", tls=self.tls(), unix_socket="")
        self.refused("client_auth", "client_ca_file", tls=self.tls(client_auth="required"))
        self.refused("control.tls.key_file", "does not belong", tls={**self.tls(), "key_file": str(self.ca.key)})
        self.refused("unix_socket_group", "no group", unix_socket_group="no-such-group")

    def test_a_token_file_must_be_one_and_private(self):
        path = self.grant_token("a", "x" * 40, ["admin"])
        path.chmod(0o644)
        self.refused("cistern.yaml:", "control.grants[0].token_file", "0644", grants=self.grants)
        path.chmod(0o600)
        path.write_text("")
        self.refused("control.grants[0].token_file", "holds no token", grants=self.grants)
        path.unlink()
        self.refused("control.grants[0].token_file", "cannot be read", grants=self.grants)

    def test_certificates_are_taken_anew_while_running(self):
        daemon = self.start_tls()
        token = self.make_token(daemon, "a", "reader")
        self.remote(daemon, "status", token=token)
        other = Authority(self.work / "other")
        cert, key = other.issue("server", "DNS:localhost")
        self.server_key.write_bytes(key.read_bytes())
        self.server_cert.write_bytes(cert.read_bytes())
        self.ca = other
        eventually(lambda: self.remote(daemon, "status", token=token, check=False).returncode == 0, 30,
                   "the new certificate is shown")


if __name__ == "__main__":
    main()
