#!/usr/bin/python3
"""kill -9 at any moment of an `apply` that changes, creates and deletes targets: all of it is there afterwards, or none of it."""

import json
import pathlib
import random
import subprocess
import time

from rig import CTL, SANITIZED, CisternTest, free_port, main

KILLS = 6 if SANITIZED else 20


class KillTest(CisternTest):
    def definitions(self, version, port):
        """Eight targets of which four are other ones each time."""
        first = 4 * (version % 2)
        return [{"name": f"t{first + i}", "filter": f"app:v{version}", "syslog": {"addresses": [f"127.0.0.1:{port}"]}}
                for i in range(8)]

    def stored(self, daemon):
        listed = [json.loads(line) for line in daemon.ctl("targets", "list", "-o", "json").stdout.splitlines()]
        return sorted((each["name"], each["filter"]) for each in listed)

    def wanted(self, version, port):
        return sorted((each["name"], each["filter"]) for each in self.definitions(version, port))

    def test_an_apply_that_is_cut_off_is_whole_or_not_there(self):
        daemon, port, path = self.start(), free_port(), pathlib.Path(self.work) / "targets.json"
        path.write_text(json.dumps({"targets": self.definitions(0, port)}))
        began = time.monotonic()
        daemon.ctl("apply", "-f", path)
        usual, now, outcomes = time.monotonic() - began, 0, []
        for version in range(1, KILLS + 1):
            path.write_text(json.dumps({"targets": self.definitions(version, port)}))
            client = subprocess.Popen([CTL, "--addr", f"127.0.0.1:{daemon.control}", "apply", "-f", path, "--prune"],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(random.uniform(0, 1.5 * usual))
            daemon.kill()
            acknowledged = client.wait(60) == 0
            daemon.start()
            found = self.stored(daemon)
            self.assertIn(found, [self.wanted(version, port)] + ([] if acknowledged else [self.wanted(now, port)]))
            if found == self.wanted(version, port):
                now = version
            outcomes.append("there" if now == version else "not there")
        print({outcome: outcomes.count(outcome) for outcome in set(outcomes)}, flush=True)


if __name__ == "__main__":
    main()
