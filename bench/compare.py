#!/usr/bin/env python3
"""millstream beside Kafka Streams and hand-written loops, in one run against one broker.

  compare.py WORKLOAD_PROGRAM [--quick] [--workloads w1,w2] [--guarantees alos,eos] [--runs N]
             [--contestants NAME,...] [--no-latency] [--out FILE]

Needs the benchmark's harness beside the project (../shared/bench: its README says what is measured
and how), JDK 17 and Maven. What a run makes lies in BENCH_HOME (~/.cache/stream-bench). The broker is
started if it doesn't run, and then stopped at the end. --quick: w2 and w3 under exactly once.
Exit status 1 if a verified output was wrong; 3: there is no harness.
"""

import argparse
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import time

PROJECT = pathlib.Path(__file__).resolve().parent.parent
HARNESS = PROJECT.parent / "shared" / "bench"
HOME = pathlib.Path(os.environ.get("BENCH_HOME", pathlib.Path.home() / ".cache" / "stream-bench"))
BOOTSTRAP = f"127.0.0.1:{os.environ.get('BENCH_PORT', '29092')}"
# The hand-written loop of each: the harness's own, and the project's (bench/ceiling) for the others.
CEILING = {**dict.fromkeys(["w1", "w2", "w3", "w6"], "ceil"), **dict.fromkeys(["w4", "w5", "w7"], "ceiling")}
ALL = ["w1", "w2", "w3", "w4", "w5", "w6", "w7"]
# millstream's workload program; the heap that memory is compared at.
CONTESTANTS = {
    "millstream": 'exec "$MILLSTREAM_WORKLOAD" "$@"',
    "millstream-2": 'exec "$MILLSTREAM_WORKLOAD" --threads 2 "$@"',
    "ceiling": 'exec "$MILLSTREAM_CEILING" "$@"',
    "kstreams-512m": 'BENCH_JAVA_OPTS=-Xmx512m exec "$(dirname "$0")/kstreams.sh" "$@"',
}

# The harness checks the output of w1, w2, w3 and w6; ours that of the others.
BENCHCTL = """#!/bin/bash
if [ "$1" = verify ] && [[ " w4 w5 w7 " == *" $3 "* ]]; then
  shift; exec "$MILLSTREAM_CEILING" --verify --bootstrap "$BENCH_BOOTSTRAP" --input2 in2-u "$@"
fi
exec "$BENCH_HOME/build/benchctl" "$@"
"""


def parse(arguments):
    parser = argparse.ArgumentParser(prog="compare.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--workloads", default="")
    parser.add_argument("--guarantees", default="")
    parser.add_argument("--contestants", default="")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--restore", action="store_true")
    parser.add_argument("--no-latency", action="store_true")
    parser.add_argument("--out", type=pathlib.Path, default=PROJECT / "build-bench" / "compared.txt")
    options = parser.parse_args(arguments)
    options.workloads = options.workloads.split(",") if options.workloads else \
        ["w2", "w3"] if options.quick else ALL
    options.guarantees = options.guarantees.split(",") if options.guarantees else \
        ["eos"] if options.quick else ["alos", "eos"]
    return options


def write_script(path, text):
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


class Harness:
    """A copy of the harness with the contestants of this project."""

    def __init__(self, program):
        self.folder = HOME / "harness"
        self.environment = {**os.environ, "BENCH_HOME": str(HOME),
                            "MILLSTREAM_WORKLOAD": str(program.resolve()),
                            "MILLSTREAM_CEILING": str(program.resolve().parent / "ceiling"),
                            "VERIFY": "1"}
        HOME.mkdir(parents=True, exist_ok=True)
        shutil.copytree(HARNESS, self.folder, dirs_exist_ok=True)
        for name, line in CONTESTANTS.items():
            write_script(self.folder / "contestants" / f"{name}.sh", f"#!/bin/bash\n{line}\n")
        self.put_between_benchctl()

    def put_between_benchctl(self):
        """The harness's programs by other names, with our benchctl before its own."""
        bin_ = self.folder / "bin"
        bin_.mkdir(exist_ok=True)
        for name in ["ceil", "latency", "rkceil", "rocksceil"]:
            write_script(bin_ / name, f'#!/bin/bash\nexec "$BENCH_HOME/build/{name}" "$@"\n')
        write_script(bin_ / "benchctl", BENCHCTL)
        with open(self.folder / "env.sh", "a", encoding="utf-8") as env:
            env.write(f"\nexport BENCH_BIN={bin_}\n")

    def call(self, *command, **environment):
        """Prints what the command prints, and returns it."""
        process = subprocess.Popen([str(part) for part in command], cwd=self.folder, text=True,
                                   env={**self.environment, **environment},
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        lines = []
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            lines.append(line)
        if process.wait() != 0:
            raise SystemExit(f"compare.py: {command[0]} failed with status {process.returncode}")
        return "".join(lines)

    def prepare(self):
        if not any((HOME / "ks-libs").glob("kstreams-bench.jar")):
            self.call("./kstreams/build.sh")
        self.call("cmake", "-S", HARNESS / "raw", "-B", HOME / "build")
        self.call("cmake", "--build", HOME / "build")

    def start_broker(self):
        """Starts it and loads the inputs; whether it wasn't there before."""
        was_there = "already running" in self.call("./broker.sh", "start")
        self.call("./data.sh")
        self.wait_for_inputs()
        return not was_there

    def wait_for_inputs(self):
        """The broker's port is open before the partitions of a broker that was killed have leaders again."""
        for topic in ["in-u", "in-z", "in-s", "in2-u", "table"]:
            for _ in range(60):
                if subprocess.run([self.folder / "bin" / "benchctl", "ends", topic], check=False,
                                  env={**self.environment, "BENCH_BOOTSTRAP": BOOTSTRAP},
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
                    break
                time.sleep(1)
            else:
                raise SystemExit(f"compare.py: topic {topic} has no leader after a minute; "
                                 f"see {HOME}/broker/broker.log, or wipe it with ./broker.sh wipe")


def contestants_of(workload, options):
    if options.contestants:
        return options.contestants.split(",")
    names = ["kstreams", "millstream"]
    if not options.quick:
        names += ["kstreams-tuned", "millstream-2", "kstreams-512m"]
    return names + [CEILING[workload]]


def table_of(output):
    """The harness's table, without the rows that it prints along the way."""
    lines = output.splitlines()
    begin = max(i for i, line in enumerate(lines) if line.startswith("workload "))
    return lines[begin:]


def measure(harness, options):
    found = []
    wrong = []
    for workload in options.workloads:
        for guarantee in options.guarantees:
            output = harness.call("./run.sh", workload, guarantee,
                                  *contestants_of(workload, options), RUNS=str(options.runs),
                                  **({"RESTORE": "1"} if options.restore else {}))
            table = table_of(output)
            found += table if not found else table[1:]
            wrong += [line for line in output.splitlines() if "verify" in line and "WRONG" in line]
    if not options.no_latency and not options.quick:
        for guarantee in options.guarantees:
            found += harness.call("./latency.sh", guarantee, "kstreams", "millstream",
                                  RUNS=str(options.runs)).splitlines()
    return found, wrong


@contextlib.contextmanager
def ready(program):
    """The harness with its broker and inputs; a broker that didn't run before is stopped at the end."""
    if not HARNESS.is_dir():
        print("no harness beside the project (../shared/bench); the comparison is left out", file=sys.stderr)
        raise SystemExit(3)
    harness = Harness(program)
    harness.prepare()
    ours = harness.start_broker()
    try:
        yield harness
    finally:
        if ours:
            harness.call("./broker.sh", "stop")


def main(arguments):
    options = parse(arguments)
    with ready(options.program) as harness:
        found, wrong = measure(harness, options)
    text = "\n".join(found + wrong) + "\n"
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text)
    print("\n" + text + f"\nkept in {options.out}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
