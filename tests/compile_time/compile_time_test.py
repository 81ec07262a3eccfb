#!/usr/bin/env python3
"""Compiles a topology of ten operators and prints how long that takes: compile_time_test.py SOURCE COMPILER FLAGS...

The compiler's own processor time is what counts: on a busy machine the clock says more. It fails only where
the source doesn't compile; docs/dsl.md has the figures that were measured.
"""

import resource
import subprocess
import sys
import tempfile
import time


def compile_seconds(compiler, source, object_file):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    result = subprocess.run([*compiler, "-c", source, "-o", object_file], text=True, capture_output=True)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if result.returncode != 0:
        sys.exit(f"{source} does not compile:\n{result.stderr[:4000]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def main(source, *compiler):
    for flags in (["-O0"], ["-O2"]):
        with tempfile.NamedTemporaryFile(suffix=".o") as made:
            processor, wall = compile_seconds([*compiler, *flags], source, made.name)
        print(f"ten operators, {flags[0]}: {processor:.1f} s of processor time, {wall:.1f} s by the clock")


if __name__ == "__main__":
    main(*sys.argv[1:])
