#!/usr/bin/python3
"""What an operator sees when the start fails: one clear line and exit 78 (configuration) or 69 (unavailable)."""

import os
import pwd
import socket
import subprocess

from certs import Authority
from rig import DAEMON, CisternTest, free_port, main

CONFIGURATION, UNAVAILABLE, USAGE = 78, 69, 64


class StartErrors(CisternTest):
    def refused(self, code, *words, config="", args=(), user=None):
        """cisternd exits with `code` and one line that holds every one of `words`."""
        path = self.work / "cistern.yaml"
        path.write_text(f"{config}\nstorage: {{dir: {self.work}/data}}\ncontrol: {{address: \"127.0.0.1:{free_port()}\"}}\n"
                        f"http: {{address: \"127.0.0.1:{free_port()}\"}}\n")
        done = subprocess.run([DAEMON, "--config", path, *map(str, args)], capture_output=True, text=True, timeout=60,
                              user=user, cwd=self.work)
        lines = done.stderr.strip().splitlines()
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(len(lines), 1, done.stderr)
        for word in words:
            self.assertIn(str(word), lines[0])
        return lines[0]

    def tls(self, cert, key, **more):
        extra = "".join(f", {name}: {value}" for name, value in more.items())
        return (f'listeners:\n  - {{name: tls, tls: {{address: "127.0.0.1:{free_port()}", cert_file: {cert}, '
                f'key_file: {key}{extra}}}}}')

    def setUp(self):
        super().setUp()
        self.work.chmod(0o755)
        self.pki = Authority(self.work / "pki")
        self.cert, self.key = self.pki.issue("server", "DNS:localhost")

    def test_unknown_key_names_file_line_key_and_suggestion(self):
        line = self.refused(CONFIGURATION, "cistern.yaml:2", "max_message_sise", "max_message_size",
                            config="log: {level: info}\nmax_message_sise: 64KiB")
        self.assertRegex(line, r"(?i)did you mean")

    def test_bad_value_names_line_and_key(self):
        self.refused(CONFIGURATION, "cistern.yaml:1", "max_message_size", config="max_message_size: lots")

    def test_bad_yaml_names_the_line(self):
        self.refused(CONFIGURATION, "cistern.yaml:", config="log: {level: info\n")

    def test_missing_configuration_file(self):
        done = subprocess.run([DAEMON, "--config", self.work / "absent.yaml"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, CONFIGURATION, done.stderr)
        self.assertRegex(done.stderr, r"^.*absent\.yaml.*\n$")

    def test_unknown_flag(self):
        done = subprocess.run([DAEMON, "--prot", "1"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, USAGE, done.stderr)
        self.assertIn("--prot", done.stderr)

    def test_certificate_that_is_none(self):
        self.cert.write_text("not a certificate")
        self.refused(CONFIGURATION, self.cert, config=self.tls(self.cert, self.key))

    def test_certificate_and_key_that_do_not_belong_together(self):
        _, other = self.pki.issue("other", "DNS:localhost")
        self.refused(CONFIGURATION, other, config=self.tls(self.cert, other))

    def test_half_a_pair(self):
        config = (f'listeners:\n  - {{name: tls, tls: {{address: "127.0.0.1:{free_port()}", '
                  f'cert_file: {self.cert}}}}}')
        self.refused(CONFIGURATION, "key_file", config=config)
        self.refused(CONFIGURATION, "key",
                     args=["--listen", f"tls://127.0.0.1:{free_port()}", "--cert", self.cert])

    def test_client_certificates_without_an_authority(self):
        self.refused(CONFIGURATION, "client_ca_file", config=self.tls(self.cert, self.key, client_auth="required"))

    def test_absent_key_file(self):
        self.refused(CONFIGURATION, "absent.key", config=self.tls(self.cert, self.work / "absent.key"))

    def test_unreadable_key_file(self):
        self.key.chmod(0)
        if os.geteuid() == 0:
            user = pwd.getpwnam("nobody").pw_uid
            os.chown(self.work, user, -1)
        else:
            user = None
        self.refused(CONFIGURATION, self.key, config=self.tls(self.cert, self.key), user=user)

    def test_taken_port(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.refused(UNAVAILABLE, f"127.0.0.1:{port}", args=["--listen", f"tcp://127.0.0.1:{port}"])

    def test_taken_control_and_http_ports(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            for key in ("control.address", "http.address"):
                with self.subTest(key):
                    self.refused(UNAVAILABLE, key, address, args=["--set", f"{key}={address}"])

    def test_data_directory_that_is_a_file(self):
        path = self.work / "file"
        path.write_text("")
        self.refused(CONFIGURATION, path, args=["--data", path / "data"])

    def test_two_listeners_of_one_name(self):
        port = free_port()
        self.refused(CONFIGURATION, "twin", config=(
            f'listeners:\n  - {{name: twin, udp: {{address: "127.0.0.1:{port}"}}}}\n'
            f'  - {{name: twin, tcp: {{address: "127.0.0.1:{port}"}}}}'))

    def test_control_address_beyond_loopback_says_why(self):
        line = self.refused(CONFIGURATION, "control.address", args=["--set", "control.address=0.0.0.0:5141"])
        self.assertRegex(line, r"(?i)loopback|TLS|authenticat")


if __name__ == "__main__":
    main()
