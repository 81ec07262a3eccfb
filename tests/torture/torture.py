#!/usr/bin/env python3
"""Everything that tries to break exactly once, in one run: ./run torture [-- --minutes N --seed S].

usage: torture.py [--minutes N] [--seed S] [--build DIR] [--only NAME,...] [--list]

Runs the parts listed below and the programs tests/torture/kafka_*.py beside it, two at a time. A part
is a program that prints, as its last line of that kind, `TORTURE {json}` with its figures, and whose
exit status says whether anything was wrong; `failed` in the figures is how much. At the end there is
one table of all figures. Every part's output is kept in DIR/torture/; that of a failed one is named,
with the seed. Exit status 1 if anything failed.

70 minutes on two cores are the full figures; fewer minutes run as much less.
"""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
FULL_MINUTES = 70
# Of the whole run, by how long the full figures of each take.
KAFKA_SHARES = {"kafka_restart": 0.09, "kafka_bounces": 0.19, "kafka_zombies": 0.17, "kafka_kills": 0.27,
                "kafka_proxy_schedules": 0.18}
# Faults of the disk are made by the tests' own file system: beneath it memory is as good as a disk.
IN_MEMORY = {"TMPDIR": "/dev/shm"} if os.path.isdir("/dev/shm") else {}


@dataclasses.dataclass
class Part:
    name: str
    command: list
    minutes: float = 5  # at most, of a full run
    limit: float = 0  # seconds after which it counts as hanging
    environment: dict = dataclasses.field(default_factory=dict)


def scaled(full, share, least=1):
    return str(max(least, round(full * share)))


def own_parts(build, seed, minutes):
    """The parts that need no Kafka; `share` of the full figures."""
    share = min(1.0, minutes / FULL_MINUTES)
    bin_ = pathlib.Path(build) / "bin"
    simulator = str(bin_ / "simulator")
    faults = str(bin_ / "fault_cases")
    half = scaled(100_010, share, 500)  # a few have less than five faults, and don't count
    return [
        Part("simulator.1", [simulator, "--seed", str(seed), "--schedules", half], 30),
        Part("simulator.2", [simulator, "--seed", str(seed + 10_000_000), "--schedules", half], 30),
        Part("mutants", [simulator, "--mutants", "--seed", str(seed), "--schedules",
                         scaled(20_000, share, 2000)], 10),
        Part("disk", [faults, "disk", "--seed", str(seed), "--cases", scaled(500, share, 32)],
             environment=IN_MEMORY),
        Part("kill-cycles", [faults, "kill-cycles", "--seed", str(seed), "--cases",
                             scaled(1000, share, 40)], 8, environment=IN_MEMORY),
        Part("power-cuts", [faults, "power-cuts", "--seed", str(seed), "--cases",
                            scaled(200, share, 16)], environment=IN_MEMORY),
        Part("fail-points", [faults, "fail-points", "--seed", str(seed), "--cases",
                             scaled(10, share)], 8, environment=IN_MEMORY),
        Part("restart", [faults, "restart", "--seed", str(seed), "--cases",
                         scaled(1_000_000, share, 100_000)]),
    ]


def kafka_parts(build, seed, minutes):
    """What the programs beside this one do on real Kafka. They share one machine: one after the
    other, each with its share of the time."""
    parts = []
    for name, share in KAFKA_SHARES.items():
        at_most = minutes * share
        command = [sys.executable, str(HERE / f"{name}.py"), "--minutes", f"{at_most:.1f}",
                   "--seed", str(seed), "--build", str(build)]
        parts.append(Part(name, command, at_most))
    return parts


class Run:
    """Runs parts, and knows how each ended."""

    def __init__(self, folder, root):
        self.folder = folder
        self.root = root
        self.running = set()
        self.lock = threading.Lock()

    def part(self, part):
        log = self.folder / f"{part.name}.log"
        began = time.monotonic()
        with open(log, "wb") as out:
            process = subprocess.Popen(part.command, stdout=out, stderr=subprocess.STDOUT,
                                       stdin=subprocess.DEVNULL, cwd=self.root,
                                       start_new_session=True,
                                       env={**os.environ, **part.environment})
            with self.lock:
                self.running.add(process)
            try:
                status = process.wait(part.limit)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                status = "no end"
            with self.lock:
                self.running.discard(process)
        figures = last_figures(log)
        ended = {"name": part.name, "status": status, "seconds": time.monotonic() - began,
                 "figures": figures, "log": log, "command": part.command}
        ended["good"] = status == 0 and figures is not None and not figures.get("failed")
        print(f"{part.name:<24} {'ok' if ended['good'] else 'FAILED'} "
              f"({ended['seconds']:.0f} s)", flush=True)
        return ended

    def stop(self):
        with self.lock:
            for process in self.running:
                os.killpg(process.pid, signal.SIGKILL)


def last_figures(log):
    """The figures of a part's last TORTURE line, or None."""
    for line in reversed(log.read_text(errors="replace").splitlines()):
        if line.startswith("TORTURE "):
            try:
                return json.loads(line.removeprefix("TORTURE "))
            except json.JSONDecodeError:
                return None
    return None


def table(results):
    lines = ["", f"{'part':<24} {'result':<8} {'time':>7}  figures"]
    for one in results:
        figures = one["figures"] or {}
        shown = [f"{name}={value}" for name, value in figures.items()
                 if name not in ("part", "seed") and not name.startswith(("fault_", "case_"))]
        result = "ok" if one["good"] else "FAILED"
        lines.append(f"{one['name']:<24} {result:<8} {one['seconds']:>5.0f} s  {' '.join(shown)}")
    kinds = {}
    for one in results:
        for name, value in (one["figures"] or {}).items():
            if name.startswith(("fault_", "case_")):
                kinds[name] = kinds.get(name, 0) + value
    if kinds:
        lines += ["", "injected:"]
        lines += [f"  {name.split('_', 1)[1]:<24} {value}" for name, value in sorted(kinds.items())]
    return "\n".join(lines)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=FULL_MINUTES)
    parser.add_argument("--seed", type=int, default=None, help="default: a random one, printed")
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="", help="names of parts, separated by commas")
    parser.add_argument("--list", action="store_true", help="only say what would run")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    seed = arguments.seed if arguments.seed is not None else random.randrange(1, 1_000_000)
    root = HERE.parent.parent
    build = pathlib.Path(arguments.build).resolve()
    own = own_parts(build, seed, arguments.minutes)
    kafka = kafka_parts(build, seed, arguments.minutes)
    only = {name for name in arguments.only.split(",") if name}
    if unknown := only - {part.name for part in own + kafka}:
        sys.exit(f"torture: there is no part {sorted(unknown)[0]}; --list shows them")
    own = [part for part in own if not only or part.name in only]
    kafka = [part for part in kafka if not only or part.name in only]
    if arguments.list:
        for part in own + kafka:
            print(f"{part.name:<24} {' '.join(part.command)}")
        return 0
    for part in own + kafka:
        part.limit = 60 * max(3.0, 2 * part.minutes)
    folder = build / "torture" / time.strftime("%Y%m%d-%H%M%S")
    folder.mkdir(parents=True)
    print(f"seed {seed}, {arguments.minutes:g} minutes; the output of each part is in {folder}")
    run = Run(folder, root)
    try:
        # What measures seconds has the machine to itself.
        alone = [part for part in kafka if part.name == "kafka_restart"]
        kafka = [part for part in kafka if part not in alone]
        results = [run.part(part) for part in alone]
        with concurrent.futures.ThreadPoolExecutor(2) as lanes:
            # One lane for Kafka, one for the rest; without Kafka both are for the rest.
            if kafka:
                jobs = [lanes.submit(lambda parts=parts: [run.part(part) for part in parts])
                        for parts in (own, kafka)]
                results += [one for job in jobs for one in job.result()]
            else:
                results += list(lanes.map(run.part, own))
    except KeyboardInterrupt:
        run.stop()
        raise
    text = table(results)
    print(text)
    (folder / "table.txt").write_text(text + "\n")
    failed = [one for one in results if not one["good"]]
    for one in failed:
        print(f"\n{one['name']} failed (seed {seed}); its output is in {one['log']}; again:\n"
              f"  {' '.join(one['command'])}")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
