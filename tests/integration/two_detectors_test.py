#!/usr/bin/env python3
"""Two detectors share one application on a real Kafka; one is killed; every record is scored once.

    two_detectors_test.py ANOMALY READ_COMMITTED

The scores are read by a program that shares no code with the framework, and must be those that the
embedded demo gives for the same data and model, which is trained from the topic itself.
"""

import json
import re
import subprocess
import sys

from deployment import PARTITIONS, unescape
from program import DEADLINE, SAMPLE, Program, pathlib, service, settings, terminate, wait_until
from service_test import expected_scores

RATE = 2000  # records a second, so that the kill falls into the replay


class TwoDetectors:
    def __init__(self, program, reader, bootstrap):
        self.program = program
        self.reader = pathlib.Path(reader).resolve()
        self.bootstrap = bootstrap
        self.where = ["--format", "json", "--bootstrap-servers", bootstrap]

    def start_detector(self, name):
        return self.program.start(name, "detect", "--model", "model", *self.where, *settings({
            "state.dir": name, "session.timeout.ms": 6000, "http.port": 0, "anomaly.partitions": PARTITIONS}))

    def scores(self):
        """The committed scores, parsed."""
        result = subprocess.run([self.reader, self.bootstrap, "scores"], capture_output=True,
                                text=True, timeout=DEADLINE)
        if result.returncode != 0:
            return []
        return [json.loads(unescape(line.split("\t")[4])) for line in result.stdout.splitlines()]

    def wait_for_scores(self, count):
        seen = []

        def enough():
            seen[:] = self.scores()
            return len(seen) >= count
        wait_until(enough, lambda: f"{count} scores; there are {len(seen)}", DEADLINE, 0.5)
        return seen

    def run(self, expected):
        self.program.run("train", "--data", str(SAMPLE), "--model", "model")
        victim = self.start_detector("first")
        survivor = self.start_detector("second")
        producer = self.program.start("produce", "produce", "--data", str(SAMPLE), "--rate",
                                      str(RATE), *self.where, *settings({"http.port": 0}))
        some = self.wait_for_scores(len(expected) // 5)
        assert len(some) < len(expected), "the kill came too late"
        victim.kill()
        print(f"killed one of two detectors after {len(some)} of {len(expected)} scores")
        assert producer.wait(DEADLINE) == 0, "produce failed"
        rows = self.wait_for_scores(len(expected))
        self.check(rows, expected)
        assert terminate(survivor) == 0, "SIGTERM must end it well"
        self.check(self.scores(), expected)
        print(f"{len(rows)} records, each scored once, as in the embedded demo")
        self.train_from_the_topic()

    def check(self, rows, expected):
        found = {(row["series"], int(row["timestamp_ms"])): row["score"] for row in rows}
        assert len(found) == len(rows), f"{len(rows) - len(found)} records have two scores"
        assert found.keys() == expected.keys(), f"{len(found)} of {len(expected)} records are scored"
        different = [key for key in expected if found[key] != expected[key]]
        assert not different, f"{len(different)} scores differ, such as that of {different[0]}"

    def train_from_the_topic(self):
        """What the topic holds gives the forest that the files gave."""
        from_files = self.program.run("train", "--data", str(SAMPLE), "--model", "from-files")
        from_topic = self.program.run("train", "--topic", "metrics", "--model", "from-topic", *self.where)
        forests = [re.search(r"\d+ trees, threshold \S+", said).group() for said in (from_files, from_topic)]
        assert forests[0] == forests[1], f"from files {forests[0]}, from the topic {forests[1]}"
        print(f"trained from the topic: {forests[1]}, as from the files")


def main(binary, reader):
    expected = expected_scores(binary)
    with service.Kafka() as kafka, Program(binary) as program:
        TwoDetectors(program, reader, kafka.bootstrap).run(expected)


if __name__ == "__main__":
    main(*sys.argv[1:])
