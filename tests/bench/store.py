#!/usr/bin/python3
"""The block store by itself: write cost, disk, and every question, beside zstd, ripgrep and SQLite with FTS5.

store.py BIN_DIR [RECORDS [LARGE]]. RECORDS (10,000,000) are written to a store and to a flat file, half RFC 5424, half RFC
3164, with received times over one hour; the peers get the same records in the same run. LARGE (100,000,000; 0: left out) is a
second store, written without the flat file, that shows what growth costs. Times are medians of five on warm caches.
"""

import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
REPEATS = 5
# What ripgrep is asked for the same answer; -i and -w as words and phrases mean it.
RIPGREP = {
    "rare word with digits": ["-iw", "k9fisher42"],
    "rare word without digits": ["-iw", "kingfisher"],
    "newest 100 of a phrase": ["-iw", "Failed password for invalid user"],
    "count of a static phrase": ["-c", "-iw", "session opened for user"],
    "regex with literal": ["-c", "port [0-9]*77[0-9]*"],
    "regex without literal": ["-c", "[0-9a-f]{8}.*[0-9]{7}"],
    "address": ["-c", "-F", "-w", "192.0.2.77"],
}


def tool(binary, *args):
    """Runs store_tool; a list of its JSON lines."""
    done = subprocess.run([binary / "store_tool", *map(str, args)], stdout=subprocess.PIPE, check=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def answers(binary, command, place):
    return {row["question"]: row for row in tool(binary, command, place)}


def timed(command):
    times = []
    for _ in range(REPEATS + 1):
        started = time.monotonic()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        times.append((time.monotonic() - started) * 1000)
    return statistics.median(times[1:])


def ripgrep(flat):
    program = shutil.which("rg") or str(ROOT / "build/peers/bin/rg")
    return {name: timed([program, "--no-config", *args, str(flat)]) for name, args in RIPGREP.items()}


def zstd_bytes(flat):
    packed = flat.with_suffix(".zst")
    subprocess.run(["zstd", "-q", "-3", "-f", str(flat), "-o", str(packed)], check=True)
    size = packed.stat().st_size
    packed.unlink()
    return size


def show_write(figures, packed):
    records, received = figures["records"], figures["received_bytes"]
    print(f"{records} records, {received / records:.1f} bytes each as received")
    print(f"  encode and commit, CPU        {figures['append_cpu_us']:8.2f} us a record")
    print(f"  on disk                       {figures['disk_bytes'] / records:8.1f} bytes a record, "
          f"1/{received / figures['disk_bytes']:.1f} of the received bytes")
    if packed:
        print(f"  zstd -3 of the flat file      {packed / records:8.1f} bytes a record; the store takes "
              f"{figures['disk_bytes'] / packed:.2f} of it")


def show_questions(ours, rg, fts):
    print(f"\n{'milliseconds':28}{'cistern':>10}{'ripgrep':>10}{'ratio':>10}{'FTS5':>10}{'ratio':>10}{'answer':>12}")
    for name, row in ours.items():
        print(f"{name:28}{row['ms']:10.2f}", end="")
        for peer in (rg.get(name), fts.get(name, {}).get("ms")):
            print(f"{peer:10.1f}{row['ms'] / peer:10.3f}" if peer else f"{'-':>10}{'-':>10}", end="")
        print(f"{row['answer']:12}")


def show_growth(small, large, records):
    print(f"\nthe same at {records} records{'ms':>18}{'ratio':>10}")
    for name, row in large.items():
        print(f"{name:28}{row['ms']:16.2f}{row['ms'] / small[name]['ms']:10.2f}")


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    records = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000
    large = int(sys.argv[3]) if len(sys.argv) > 3 else 100_000_000
    with tempfile.TemporaryDirectory(prefix="cistern-bench-") as work:
        work = pathlib.Path(work)
        flat = work / "flat"
        figures = tool(binary, "fill", work / "store", flat, records)[0]
        show_write(figures, zstd_bytes(flat))
        equal = tool(binary, "compare", work / "store", flat)[0]
        print(f"  octets as received            all {equal['records']} equal")
        ours = answers(binary, "ask", work / "store")
        rg = ripgrep(flat)
        flat.unlink()
        fts_bytes = tool(binary, "fts", work / "store", work / "fts.db")[0]["disk_bytes"]
        print(f"  SQLite with FTS5              {fts_bytes / records:8.1f} bytes a record")
        fts = answers(binary, "ask-fts", work / "fts.db")
        (work / "fts.db").unlink()
        show_questions(ours, rg, fts)
        shutil.rmtree(work / "store")
        if large:
            tool(binary, "fill", work / "small", "-", 1_000_000)
            small = answers(binary, "ask", work / "small")
            figures = tool(binary, "fill", work / "large", "-", large)[0]
            show_write(figures, 0)
            show_growth(small, answers(binary, "ask", work / "large"), large)


if __name__ == "__main__":
    main()
