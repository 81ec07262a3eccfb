#!/usr/bin/env python3
"""The keyed count (w2, exactly once) over numbers of keys, sizes of values, and threads.

  curves.py WORKLOAD_PROGRAM [--points keys,values,threads] [--runs N] [--out FILE]

Kafka Streams with its defaults and millstream, side by side in the comparison's harness (compare.py says
what that needs), with a record cache of 64 MiB each. Each input has 2 M records, that of 10 M keys 4 M,
that of 10,000-byte values 200,000. Topics are loaded when they aren't there.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import time

import compare

CACHE = 64 << 20
SIDES = ["kstreams", "millstream"]
KEYS = {10_000: 2_000_000, 100_000: 2_000_000, 1_000_000: 2_000_000, 10_000_000: 4_000_000}
VALUES = {16: 2_000_000, 100: 2_000_000, 1000: 2_000_000, 10_000: 200_000}
THREADS = [1, 2]


def benchctl_for(size):
    """The harness's loader writes values of one size; this is one for another."""
    folder = compare.HOME / f"build-{size}"
    if not (folder / "benchctl").exists():
        source = compare.HOME / f"raw-{size}"
        shutil.copytree(compare.HARNESS / "raw", source, dirs_exist_ok=True)
        common = source / "common.h"
        common.chmod(0o644)
        common.write_text(re.sub(r"(kValue\s*=\s*)\d+", rf"\g<1>{size}", common.read_text()))
        subprocess.run(["cmake", "-S", source, "-B", folder], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["cmake", "--build", folder, "--target", "benchctl"], check=True, stdout=subprocess.DEVNULL)
    return folder / "benchctl"


def load(harness, name, records, keys, size):
    """Makes and fills the topic unless it is there."""
    environment = {**harness.environment, "BENCH_BOOTSTRAP": compare.BOOTSTRAP}
    made = subprocess.run([harness.folder / "bin" / "benchctl", "create", f"in-{name}", "4", "retention.ms=-1"],
                          env=environment, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if made.returncode != 0:
        return
    subprocess.run([benchctl_for(size), "load", "--topic", f"in-{name}", "--n", str(records), "--keys", str(keys),
                    "--seed", "1", "--base-ms", str(int(time.time() * 1000) - 300_000)],
                   env=environment, check=True)


def point(harness, title, name, runs, threads=1):
    """One row a contestant, as the harness's table has them."""
    output = harness.call("./run.sh", "w2", "eos", *SIDES, DIST=name, RUNS=str(runs),
                          VERIFY="1" if name[0] in "uk" else "", EXTRA=f"--cache-bytes {CACHE} --threads {threads}")
    return [f"{title:<22}{line}" for line in compare.table_of(output)]


def curves(harness, options):
    rows = []
    if "keys" in options.points:
        for keys, records in KEYS.items():
            name = f"k{keys}"
            load(harness, name, records, keys, 100)
            rows.append(point(harness, f"{keys} keys", name, options.runs))
    if "values" in options.points:
        for size, records in VALUES.items():
            name = f"v{size}"
            load(harness, name, records, 100_000, size)
            rows.append(point(harness, f"{size} bytes", name, options.runs))
    if "threads" in options.points:
        for threads in THREADS:
            rows.append(point(harness, f"{threads} threads", "u", options.runs, threads))
    return [rows[0][0]] + [line for table in rows for line in table[1:]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--points", default="keys,values,threads")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", type=pathlib.Path, default=compare.PROJECT / "build-bench" / "curves.txt")
    options = parser.parse_args()
    options.points = options.points.split(",")
    with compare.ready(options.program) as harness:
        text = "\n".join(curves(harness, options)) + "\n"
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text)
    print("\n" + text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
