"""What the pack sshd must find in a log of OpenSSH, worked out from the text alone: sshd_truth.py FILE

Knows nothing of Cistern: reads lines of RFC 5424 or of RFC 3164, in order, and prints counts as JSON. Times are those of the lines.
"""

import collections
import datetime
import json
import re
import sys

WINDOW, LIMIT = 300, 5
NEW = re.compile(r"<\d+>1 (\S+) (\S+) (\S+) (\S+) \S+ \S+ (.*)")
OLD = re.compile(r"(\w{3} [ \d]\d [\d:]{8}) (\S+) ([^:\[]+)(?:\[(\d+)\])?: (.*)")


def records(path):
    for line in open(path, errors="replace"):
        line = line.rstrip("\r\n")
        if match := NEW.fullmatch(line):
            time, host, app, pid, text = match.groups()
            yield datetime.datetime.fromisoformat(time).timestamp(), host, app, pid, text
        elif match := OLD.fullmatch(line):
            time, host, app, pid, text = match.groups()
            moment = datetime.datetime.strptime("2005 " + time, "%Y %b %d %H:%M:%S")
            yield moment.timestamp(), host, app, pid, text


def failure(text):
    """(user, address, how often), or nothing."""
    times = 1
    if match := re.fullmatch(r"message repeated (\d+) times: \[ (.*)\]", text):
        times, text = int(match[1]), match[2]
    match = re.fullmatch(r"Failed (?:password|keyboard-interactive/pam) for (?:invalid user )?(.*) from (\S+) port \d+(?: ssh2)?", text)
    return (match[1], match[2], times) if match else None


def closes(text):
    text = text.removeprefix("error: ")
    return text.startswith(("Received disconnect from ", "Disconnected from ", "Disconnecting", "Connection closed by ",
                            "Connection reset by ", "maximum authentication attempts exceeded", "fatal: "))


class Exceeded:
    """Failures of an address in a window that slides; one event, and the next after the window at the earliest."""

    def __init__(self):
        self.times, self.quiet_until, self.events = collections.defaultdict(list), {}, 0

    def fail(self, address, time, often):
        if time < self.quiet_until.get(address, 0):
            return
        recent = self.times[address] = [t for t in self.times[address] if time - t < WINDOW] + [time] * often
        if len(recent) >= LIMIT:
            self.events += 1
            self.quiet_until[address] = time + WINDOW
            self.times[address] = []

    def succeed(self, address):
        self.times.pop(address, None)


def main():
    exceeded, pam = Exceeded(), Exceeded()
    open_logins, failing = {}, {}
    counts = collections.Counter()
    failures = 0
    for time, host, app, pid, text in records(sys.argv[1]):
        if app == "sshd(pam_unix)":
            if match := re.match(r"(?:(\d+) more )?authentication failures?; .* rhost=(\S+)", text):
                pam.fail(match[2], time, int(match[1] or 1))
        if app not in ("sshd", "sshd-session"):
            continue
        if match := re.match(r"Accepted \S+ for .+ from (\S+) port \d+", text):
            open_logins[host, pid] = True
            failing.pop((host, pid), None)
            exceeded.succeed(match[1])
        elif failed := failure(text):
            failing.setdefault((host, pid), True)
            failures += failed[2]
            exceeded.fail(failed[1], time, failed[2])
        elif text.startswith("pam_unix(sshd:session): session closed for user ") and open_logins.pop((host, pid), None):
            counts["sshd-login-succeeded"] += 1
        elif closes(text) and failing.pop((host, pid), None):
            counts["sshd-login-failed"] += 1
    counts["sshd-attempts-exceeded"] = exceeded.events
    counts["sshd-pam-attempts-exceeded"] = pam.events
    print(json.dumps({"events": {name: count for name, count in sorted(counts.items()) if count},
                      "open": len(open_logins) + len(failing), "failures": failures}))


main()
