#!/usr/bin/python3
"""`cisternctl tls`: certificates for a trial work as they come, and what is wrong with others is said in words."""

import json
import socket
import subprocess
import threading

from certs import Authority
from rig import CTL, CisternTest, free_port, main


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Tls(CisternTest):
    def tls(self, *args, code=0):
        done = subprocess.run([CTL, "tls", *map(str, args)], capture_output=True, text=True, timeout=60, cwd=self.work)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def wrong(self, *args):
        """The texts and advice of what is wrong."""
        found = [json.loads(line) for line in self.tls("check", *args, "-o", "json", code=1).splitlines()]
        return "\n".join(f"{one['about']}: {one['text']} -> {one.get('advice', '')}" for one in found if one["level"] == "wrong")

    def listen(self, folder, **more):
        daemon = self.start(lambda daemon: {"listeners": [{"name": "tls", "tls": {
            "address": f"127.0.0.1:{daemon.port}", "cert_file": f"{folder}/server.crt", "key_file": f"{folder}/server.key", **more}}]})
        return daemon, f"localhost:{daemon.port}"


class Trial(Tls):
    def test_what_init_makes_is_enough_for_a_listener_and_its_clients(self):
        made = self.tls("init", "pki", "--host", "localhost", "--host", "127.0.0.1", "--client", "web01")
        self.assertEqual(len(made.splitlines()), 3)
        pki = self.work / "pki"
        self.assertEqual({path.name: path.stat().st_mode & 0o777 for path in pki.iterdir()},
                         {f"{name}.{end}": mode for name in ("ca", "server", "web01") for end, mode in (("crt", 0o644), ("key", 0o600))})
        self.tls("check", pki / "server.crt", pki / "server.key", "--ca", pki / "ca.crt", "--name", "localhost")
        self.tls("check", "--client", pki / "web01.crt", pki / "web01.key", "--ca", pki / "ca.crt")
        daemon, address = self.listen(pki, client_ca_file=str(pki / "ca.crt"))
        self.tls("check", address, "--ca", pki / "ca.crt", "--cert", pki / "web01.crt", "--key", pki / "web01.key")
        daemon.ctl("send", "hello", "--to", f"tls://{address}", "--ca", pki / "ca.crt", "--cert", pki / "web01.crt", "--key",
                   pki / "web01.key")
        daemon.settle(1)
        self.assertEqual([record["tls_identity"] for record in daemon.query("hello")], ["web01"])

    def test_init_adds_to_what_is_there_and_writes_over_nothing(self):
        self.tls("init", "pki", "--host", "localhost")
        before = {path.name: path.read_bytes() for path in (self.work / "pki").iterdir()}
        self.assertEqual(len(self.tls("init", "pki", "--host", "other", "--client", "db").splitlines()), 1)
        after = {path.name: path.read_bytes() for path in (self.work / "pki").iterdir()}
        self.assertEqual({name: after[name] for name in before}, before)
        for host, told in (("other", "which is not for other; delete it and its key"), ("localhost", "left as it is: pki/server.crt\n")):
            done = subprocess.run([CTL, "tls", "init", "pki", "--host", host], capture_output=True, text=True, cwd=self.work)
            self.assertIn(told, done.stderr)
        self.tls("check", "--client", "pki/db.crt", "pki/db.key", "--ca", "pki/ca.crt")

    def test_names_that_would_be_more_than_a_name_are_refused(self):
        for bad in ("--host=a,DNS:evil", "--host=a b", "--client=../x", "--client=ca"):
            self.tls("init", "pki", bad, code=1)


class Files(Tls):
    def setUp(self):
        super().setUp()
        self.pki = Authority(self.work / "pki")
        self.cert, self.key = self.pki.issue("server", "DNS:logs.example.com,IP:192.0.2.1")
        self.other_cert, self.other_key = self.pki.issue("other", "DNS:other")

    def path(self, name, *parts):
        path = self.work / name
        path.write_bytes(b"".join(part.read_bytes() for part in parts))
        return path

    def test_names(self):
        for name in ("logs.example.com", "192.0.2.1"):
            self.tls("check", self.cert, self.key, "--name", name)
        for name in ("example.com", "192.0.2.2", "x.logs.example.com"):
            self.assertIn(f"it is not for {name}, but for dns:logs.example.com ip:192.0.2.1", self.wrong(self.cert, "--name", name))
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 90, "-subj", "/CN=old", "-keyout", self.work / "k", "-out",
                self.work / "c")
        self.assertIn("no subject alternative name", self.wrong("c", "k"))

    def test_keys(self):
        self.assertIn("belongs to another certificate", self.wrong(self.cert, self.other_key))
        self.assertIn("holds a certificate and no key", self.wrong(self.cert, self.other_cert))
        self.assertIn("holds a key and no certificate", self.wrong(self.key, self.cert))
        openssl("pkey", "-in", self.key, "-aes256", "-passout", "pass:secret", "-out", self.work / "locked.key")
        self.assertIn("protected by a password", self.wrong(self.cert, "locked.key"))
        self.assertIn("is no key", self.wrong(self.cert, self.path("no.key")))
        self.assertIn("absent.key: No such file", self.wrong(self.cert, "absent.key"))
        self.key.chmod(0o644)
        self.assertRegex(self.tls("check", self.cert, self.key), r"warning .*can be read by everybody\n *-> chmod 640")

    def test_files_that_are_no_certificates(self):
        openssl("x509", "-in", self.cert, "-outform", "der", "-out", self.work / "c.der")
        self.assertIn("is DER; convert it", self.wrong("c.der"))
        self.assertIn("holds no certificate in PEM", self.wrong(self.path("empty")))
        broken = self.work / "broken"
        broken.write_bytes(self.cert.read_bytes().replace(b"MII", b"MIX", 1))
        self.assertRegex(self.wrong(broken), "certificate: ")
        self.assertIn("cannot be read", self.wrong("/"))

    def test_dates(self):
        (self.work / "index").touch()
        (self.work / "ca.conf").write_text(f"[ca]\ndefault_ca=it\n[it]\ndatabase={self.work}/index\nrand_serial=yes\ndefault_md=sha256\n"
                                           f"new_certs_dir={self.work}\npolicy=any\ncopy_extensions=copy\n[any]\ncommonName=supplied\n")
        openssl("ca", "-batch", "-config", self.work / "ca.conf", "-cert", self.pki.cert, "-keyfile", self.pki.key, "-in",
                self.pki.folder / "server.csr", "-startdate", "20200101000000Z", "-enddate", "20200201000000Z", "-out",
                self.work / "gone.crt")
        self.assertRegex(self.wrong("gone.crt", self.key), r"ended .* ago, at .* -> renew it")
        short, key = self.pki.issue("short", "DNS:short", days=3)
        self.assertRegex(self.tls("check", short, key), r"warning .*CN=short ends in 2d 23h")

    def test_strength_and_purpose(self):
        openssl("req", "-x509", "-newkey", "rsa:1024", "-nodes", "-days", 90, "-subj", "/CN=w", "-addext", "subjectAltName=DNS:w", "-addext",
                "extendedKeyUsage=clientAuth", "-keyout", self.work / "k", "-out", self.work / "c")
        found = self.wrong("c", "k")
        self.assertIn("weak key of 1024 bits", found)
        self.assertIn("may not be used by a server", found)

    def test_chains(self):
        middle = Authority(self.work / "middle", "middle")
        request = self.work / "middle.csr"
        openssl("req", "-new", "-key", middle.key, "-subj", "/CN=middle", "-addext", "basicConstraints=critical,CA:TRUE", "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.pki.cert, "-CAkey", self.pki.key, "-CAcreateserial", "-copy_extensions", "copyall",
                "-days", 30, "-out", middle.cert)
        leaf, key = middle.issue("leaf", "DNS:leaf")
        self.tls("check", self.path("good", leaf, middle.cert), key, "--ca", self.pki.cert)
        self.assertRegex(self.wrong(leaf, key, "--ca", self.pki.cert), "CN=middle is missing: put it behind the certificate")
        self.assertIn("belongs to certificate 2 of the file", self.wrong(self.path("turned", middle.cert, leaf), key))
        self.assertIn("is not the issuer of the one before it", self.wrong(self.path("mixed", leaf, self.other_cert), key))
        self.assertRegex(self.wrong(self.pki.cert, "--ca", self.other_cert), "name that one with --ca")


class Servers(Tls):
    def setUp(self):
        super().setUp()
        self.pki = Authority(self.work / "pki")
        self.pki.issue("server", "DNS:localhost")
        self.client, self.client_key = self.pki.issue("client", "DNS:client")

    def test_whom_the_server_may_be_and_whom_it_wants(self):
        stranger = Authority(self.work / "stranger", "stranger")
        foreign, foreign_key = stranger.issue("foreign", "DNS:foreign")
        _, address = self.listen(self.pki.folder, client_ca_file=str(self.pki.cert))
        trusted = [address, "--ca", self.pki.cert]
        self.assertIn("client certificate: the server asks for one -> name it with --cert", self.wrong(*trusted))
        self.assertIn("client certificate: the server refuses ours", self.wrong(*trusted, "--cert", foreign, "--key", foreign_key))
        shown = [*trusted, "--cert", self.client, "--key", self.client_key]
        self.assertRegex(self.tls("check", *shown), r"(?m)^ok +handshake: TLSv1.3, ")
        self.assertIn("it is not for 127.0.0.1, but for dns:localhost", self.wrong(address.replace("localhost", "127.0.0.1"), *shown[1:]))
        self.assertIn("is not among", self.wrong(address, "--ca", stranger.cert, *shown[3:]))

    def test_what_is_no_tls_server(self):
        self.assertIn("Connection refused", self.wrong(f"localhost:{free_port()}"))
        with socket.create_server(("127.0.0.1", 0)) as server:
            def answer():
                connection, _ = server.accept()
                connection.sendall(b"220 mail.example.com ESMTP\r\n")
                connection.recv(1000)
                connection.close()
            threading.Thread(target=answer, daemon=True).start()
            self.assertIn("does not speak TLS -> is this the port of a TLS listener?", self.wrong(f"127.0.0.1:{server.getsockname()[1]}"))


if __name__ == "__main__":
    main()
