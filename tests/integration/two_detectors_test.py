#!/usr/bin/env python3
"""Two detectors share one application on a real Kafka; one is killed; every record is scored once.

    two_detectors_test.py ANOMALY READ_COMMITTED

The scores are read by a program that shares no code with the framework, and must be those that the
embedded demo gives for the same data and model.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
import service  # noqa: E402

SAMPLE = ROOT / "data" / "sample"
DEADLINE = 150
RATE = 2000  # records a second, so that the kill falls into the replay


class Program:
    """The anomaly binary, in a folder of its own."""

    def __init__(self, binary, folder, bootstrap):
        self.binary = binary
        self.folder = folder
        self.bootstrap = bootstrap
        self.running = []

    def run(self, *arguments):
        result = subprocess.run([self.binary, *arguments], cwd=self.folder, capture_output=True,
                                text=True, timeout=DEADLINE)
        assert result.returncode == 0, f"{arguments[0]}: {result.stderr[-2000:]}"
        return result.stdout

    def start(self, name, *arguments):
        log = open(self.folder / f"{name}.log", "w")
        process = subprocess.Popen(
            [self.binary, *arguments, "--format", "json", "--bootstrap-servers", self.bootstrap],
            cwd=self.folder, stdout=log, stderr=log, preexec_fn=service.die_with(os.getpid()))
        self.running.append(process)
        return process

    def start_detector(self, name):
        return self.start(name, "detect", "--model", "model", "-X", f"state.dir={name}",
                          "-X", "session.timeout.ms=6000", "-X", "http.port=0",
                          "-X", "redis.url=")

    def stop(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.wait()


def read_topic(reader, bootstrap, topic):
    """The committed records of a topic: their values, parsed."""
    result = subprocess.run([reader, bootstrap, topic], capture_output=True, text=True,
                            timeout=DEADLINE)
    if result.returncode != 0:
        return []
    return [json.loads(unescape(line.split("\t")[4])) for line in result.stdout.splitlines()]


def unescape(text):
    for escaped, plain in (("\\t", "\t"), ("\\n", "\n"), ("\\r", "\r"), ("\\\\", "\\")):
        text = text.replace(escaped, plain)
    return text


def wait_for(count, read):
    """Read until there are `count` records or no more come."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        rows = read()
        if len(rows) >= count:
            return rows
        time.sleep(0.5)
    return read()


def expected_scores(program):
    """Series and time → score, by the embedded demo."""
    program.run("demo", "--data", str(SAMPLE), "--out", "demo", "--no-fetch", "--tune", "0")
    lines = (program.folder / "demo" / "scores.csv").read_text().splitlines()
    rows = [line.rsplit(",", 2) for line in lines]
    return {(series, int(moment)): float(score) for series, moment, score in rows
            if moment.lstrip("-").isdigit()}


def check(program, reader, bootstrap):
    expected = expected_scores(program)
    program.run("train", "--data", str(SAMPLE), "--model", "model")
    victim = program.start_detector("first")
    program.start_detector("second")
    producer = program.start("produce", "produce", "--data", str(SAMPLE), "--rate", str(RATE))
    some = wait_for(len(expected) // 5, lambda: read_topic(reader, bootstrap, "scores"))
    assert len(some) < len(expected), "the kill came too late"
    victim.kill()
    print(f"killed one of two detectors after {len(some)} of {len(expected)} scores")
    assert producer.wait(DEADLINE) == 0, "produce failed"
    rows = wait_for(len(expected), lambda: read_topic(reader, bootstrap, "scores"))
    found = {(row["series"], int(row["timestamp_ms"])): row["score"] for row in rows}
    assert len(found) == len(rows), f"{len(rows) - len(found)} records have two scores"
    assert found.keys() == expected.keys(), f"{len(found)} of {len(expected)} records are scored"
    different = [key for key in expected if found[key] != expected[key]]
    assert not different, f"{len(different)} scores differ, such as that of {different[0]}"
    print(f"{len(rows)} records, each scored once, as in the embedded demo")


def main(binary, reader):
    with tempfile.TemporaryDirectory() as folder, service.Kafka() as kafka:
        program = Program(binary, pathlib.Path(folder), kafka.bootstrap)
        try:
            check(program, reader, kafka.bootstrap)
        except BaseException:
            for log in sorted(program.folder.glob("*.log")):
                print(f"---- {log.name}\n{log.read_text()[-3000:]}", file=sys.stderr)
            raise
        finally:
            program.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
