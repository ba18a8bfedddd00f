#!/usr/bin/python3
"""Man pages from what is there already: the help texts of both programs and the table of configuration keys.

man_pages.py cisternd PROGRAM | cisternctl PROGRAM | configuration CONFIGURATION.md   writes the page to standard output
"""

import os
import re
import subprocess
import sys
import textwrap
import time

ENTRY = re.compile(r"  (\S.*?)\s{2,}(\S.*)|  (-.{24}\S) (\S.*)")  # a name and what it means; a name that fills its column
CONTINUATION = " " * 10
SEE_ALSO = {
    "cisternd": "cisternctl(1), cistern.yaml(5), systemctl(1)",
    "cisternctl": "cisternd(8), cistern.yaml(5), logger(1), jq(1)",
    "cistern.yaml": "cisternd(8), cisternctl(1)",
}
# What cisternd --help cannot know: how the package runs it.
SERVICE = r"""
.SH SERVICE
\fBcistern.service\fP runs
\fBcisternd \-\-config /etc/cistern/cistern.yaml\fP as the user
\fBcistern\fP.
Its log is shown by \fBjournalctl \-u cistern\fP.
.TP
\fB/etc/cistern/cistern.yaml\fP
Its configuration. \fBsystemctl reload cistern\fP checks it and puts it in
force; \fBcontrol\fP, \fBhttp\fP and \fBstorage.dir\fP wait for a restart.
.TP
\fB/var/lib/cistern\fP
Its store.
.TP
\fB/var/log/cistern\fP
For targets of kind \fBfile\fP.
.TP
\fB/run/cistern/control.sock\fP
For root and the group \fBcistern\fP:
\fBcisternctl \-\-addr unix:/run/cistern/control.sock\fP.
.TP
\fB/usr/share/doc/cistern/README.Debian\fP
Other machines, TLS, tokens and retention, step by step.
""".strip().splitlines()


def roff(text):
    """Plain text as roff shows it: no hyphenation, quotes as they are, and no line that is taken for a request."""
    for plain, escape in (("\\", "\\e"), ("-", "\\-"), ("'", "\\(aq"), ("^", "\\(ha"), ("~", "\\(ti"), ("·", "|")):
        text = text.replace(plain, escape)
    return "\\&" + text if text.startswith(".") else text


def marked(text):
    """Markdown inside a line: `code` and **strong** are bold, [links](there) are their text."""
    text = roff(re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", re.sub(r"\s+", " ", text.strip())))
    text = re.sub(r"`([^`]*)`|\*\*(.*?)\*\*", lambda found: f"\\fB{found[1] or found[2] or ''}\\fP", text)
    wrapped = textwrap.wrap(text, 78, break_long_words=False, break_on_hyphens=False)
    return "\n".join("\\&" + line if line.startswith(".") else line for line in wrapped)


def literal(lines):
    return [".RS 4", ".nf", *map(roff, lines), ".fi", ".RE"]


def entry(name, text):
    return [".TP", f"\\fB{roff(name)}\\fP", marked(text) or "\\&"]


def header(name, section, summary):
    day = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))))
    return [f'.TH {name.upper()} {section} {day} Cistern "Cistern manual"', ".nh", ".ad l", ".SH NAME", f"{name} \\- {roff(summary)}"]


def help_of(*command):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CISTERN")}
    return subprocess.run([*command, "--help"], env=environment, check=True, capture_output=True, text=True).stdout.splitlines()


def blocks(lines):
    """Parts of a text between empty lines."""
    block = []
    for line in [*lines, ""]:
        if line.strip():
            block.append(line)
        elif block:
            yield block
            block = []


def definitions(lines):
    """Two columns; a long name stands alone above its text."""
    page, name, text = [], None, ""
    for line in [*lines, "  -  -"]:
        if line.startswith(CONTINUATION) and name:
            text += " " + line
            continue
        if name:
            page += entry(name, text)
        found = ENTRY.match(line)
        name, text = (found[1] or found[3], found[2] or found[4]) if found else (line.strip(), "")
        if not found and line.endswith("."):  # a remark below the columns
            page += [".PP", marked(line)]
            name = None
    return page


def body(lines):
    if not lines[0].startswith("  "):
        return [marked(" ".join(lines))]
    if ENTRY.match(lines[0]) or lines[0].startswith("  -"):
        return definitions(lines)
    return [marked(" ".join(lines))]


def usage(lines):
    return next(line.removeprefix("Usage: ") for line in lines if line.startswith("Usage: "))


def sections(lines, macro):
    """What follows the usage: a head `Title:` with indented lines, or paragraphs, whose indented lines are examples."""
    page = []
    start = next(at for at, line in enumerate(lines) if line.startswith("Usage: ")) + 1
    for block in blocks(lines[start:]):
        head = re.fullmatch(r"([A-Z][^:]*):", block[0])
        if head and len(block) > 1:
            content = [line for line in block[1:] if not (macro == "" and "-h,--help" in line)]
            if not content or head[1] == "Commands" and macro == "":
                continue
            title, _, remark = head[1].partition(" (")
            title = "Exit status" if title == "Exit codes" else title
            page += [f".SH {roff(title.upper())}"] if macro else [".PP", f"{roff(title)}:"]
            page += [marked(remark[0].upper() + remark[1:].rstrip(")") + ".")] if remark else []
            page += literal(line[2:] for line in content) if head[1].startswith("Example") else body(content)
        elif block[0].startswith("Exit codes:") and macro:
            page += [".SH EXIT STATUS", marked(" ".join(block).removeprefix("Exit codes:"))]
        elif block[0].startswith("  "):
            page += literal(line[2:] for line in block)
        elif not block[0].startswith("Options for every command"):
            page += [".PP", marked(" ".join(block))]
    return page


def inner_commands(lines):
    """The names below `Commands:`."""
    for block in blocks(lines):
        if block[0] == "Commands:":
            return [found[1] for line in block[1:] if (found := ENTRY.match(line)) and not line.startswith(CONTINUATION)]
    return []


def command_pages(program, names):
    lines = help_of(program, *names)
    summary = " ".join(lines[: next(at for at, line in enumerate(lines) if line.startswith("Usage: "))])
    page = [f".SS {roff(usage(lines))}", marked(summary.rstrip(".") + "."), *sections(lines, "")]
    for name in inner_commands(lines):
        page += command_pages(program, [*names, name])
    return page


def program_page(name, section, program, summary):
    lines = help_of(program)
    synopsis, at = usage(lines), next(at for at, line in enumerate(lines) if line.startswith("Usage: "))
    page = [*header(name, section, summary), ".SH SYNOPSIS", roff(synopsis), ".SH DESCRIPTION"]
    page += [part for block in blocks(lines[:at]) for part in (marked(" ".join(block)), ".PP")][:-1]
    page += sections(lines, ".SH")
    page += SERVICE if name == "cisternd" else []
    commands = [command for top in inner_commands(lines) for command in command_pages(program, [top])]
    return page + ([".SH EACH COMMAND", *commands] if commands else [])


def table(rows):
    cells = [row.strip().removeprefix("|").removesuffix("|").strip(" ").split(" | ") for row in rows]
    page = []
    for name, *rest in cells[2:]:
        if len(rest) < 3:
            page += entry(name.strip("` "), " ".join(rest))
            continue
        value, default, meaning = rest[0], rest[1].strip().removeprefix("``"), " | ".join(rest[2:])
        note = f"{value}; default {default}" if default.startswith("`") else ", ".join(filter(None, (value, default)))
        page += entry(name.strip("` "), f"({note}) {meaning}")
    return page


def markdown(lines):
    page = []
    for block in blocks(lines):
        if block[0].startswith("#"):
            page.append(f".SS {marked(block[0].lstrip('# '))}")
        elif block[0].startswith("|"):
            page += table(block)
        elif block[0].startswith("    "):
            page += literal(line[4:] for line in block)
        elif block[0].startswith("- "):
            for item in re.split(r"\n- ", "\n".join(block).removeprefix("- ")):
                page += [".IP \\(bu 2", marked(item)]
        elif not block[0].startswith("<!--"):
            page += [".PP", marked(" ".join(block))]
    return page


def configuration_page(path):
    with open(path, encoding="utf-8") as text:
        lines = text.read().splitlines()
    keys = next(at for at, line in enumerate(lines) if line.startswith("## "))
    page = [*header("cistern.yaml", 5, "configuration of the Cistern syslog collector"), ".SH DESCRIPTION"]
    page += markdown(lines[1:keys])[1:]
    return page + [".SH KEYS", *markdown(lines[keys:]), ".SH FILES"] + [
        line for name, text in (("/etc/cistern/cistern.yaml", "What the service reads."),
                                ("/usr/share/doc/cistern/examples/cistern.yaml", "Every key with its default."))
        for line in entry(name, text)]


def main():
    name, source = sys.argv[1:]
    if name == "configuration":
        name, page = "cistern.yaml", configuration_page(source)
    elif name == "cisternd":
        page = program_page(name, 8, source, "receives and stores syslog")
    else:
        page = program_page(name, 1, source, "searches, watches and checks a Cistern syslog collector")
    page += [".SH SEE ALSO", ", ".join(f"\\fB{roff(one)}" for one in SEE_ALSO[name].split(", ")).replace("(", "\\fP(")]
    print("\n".join(page))


main()
