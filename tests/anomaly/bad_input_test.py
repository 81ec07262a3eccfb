#!/usr/bin/env python3
"""Give the program what it can't use: each message must name the thing, the place and the remedy, and
the exit status must be 2 for usage and configuration, 1 for run time.

    bad_input_test.py PROGRAM
"""

import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = pathlib.Path(sys.argv.pop(1)).absolute()


def limit_files():
    """No file may grow beyond a megabyte: RocksDB sees what it sees on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


def run(*arguments, **more):
    return subprocess.run([str(PROGRAM), *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, **more)


class BadInput(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="anomaly-bad-")
        self.path = pathlib.Path(self.folder.name)
        self.data = self.path / "data-set"
        self.write_series("good", [])

    def tearDown(self):
        self.folder.cleanup()

    def write_series(self, name, bad_lines, rows=600):
        lines = ["timestamp,value"]
        for row in range(rows):
            moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(1_600_000_000 + 300 * row))
            lines.append(f"{moment},{100 if row == 400 else row % 12}")
            if row == 300:
                lines += bad_lines
        self.data.mkdir(exist_ok=True)
        (self.data / f"{name}.csv").write_text("\n".join(lines) + "\n")

    def demo(self, *more, **options):
        return run("demo", "--data", self.data, "--out", self.path / "out", "--tune", "0", "--no-fetch",
                   *more, **options)

    def check(self, result, status, *texts):
        self.assertEqual(result.returncode, status, result.stderr)
        for text in texts:
            self.assertIn(text, result.stderr)

    def test_unknown_option(self):
        self.check(run("demo", "--nonsense"), 2, "--nonsense")

    def test_no_command(self):
        self.check(run(), 2)

    def test_no_data(self):
        self.check(run("demo", "--data", self.path / "nowhere"), 2, "nowhere", "NAB's layout")

    def test_bad_lines_are_counted_and_the_rest_is_scored(self):
        self.write_series("bad", ["nonsense", "2020-09-14 00:00:00,nan", "1950-01-01 00:00:00,1"])
        result = self.demo("--output", "json")
        self.check(result, 0, "bad.csv:303", "3 bad lines")
        totals = json.loads(result.stdout)
        self.assertEqual(totals["records_in"], 1200)
        self.assertEqual(totals["records_scored"], 1200)
        self.assertEqual(totals["dead_letters"], 3)

    def test_unknown_setting_is_a_warning_with_the_nearest_name(self):
        result = self.demo("-X", "num.stream.thread=1")
        self.check(result, 0, "num.stream.thread", "num.stream.threads")

    def test_bad_setting(self):
        self.check(self.demo("-X", "num.stream.threads=many"), 2, "num.stream.threads", "many")
        self.check(self.demo("-X", "nonsense"), 2, "nonsense")
        self.check(self.demo("--config", self.path / "none.properties"), 2, "none.properties")

    def test_unwritable_folder(self):
        (self.path / "file").write_text("")
        self.check(run("demo", "--data", self.data, "--out", self.path / "file" / "out"), 1, "file/out")

    def test_foreign_state_is_left_alone(self):
        (self.path / "out" / "state").mkdir(parents=True)
        precious = self.path / "out" / "state" / "precious"
        precious.write_text("x")
        self.check(self.demo("--fresh"), 2, "out/state", "--out")
        self.assertTrue(precious.exists())

    def test_full_disk_names_the_place_and_loses_nothing(self):
        self.write_series("good", [], rows=20_000)
        undisturbed = run("demo", "--data", self.data, "--out", self.path / "undisturbed", "--tune", "0",
                          "--no-fetch", "--output", "json")
        full = self.demo(preexec_fn=limit_files)
        self.check(full, 1, str(self.path / "out"), "too large")
        self.assertLess(len(full.stderr), 2000)
        again = self.demo("--output", "json")
        self.check(again, 0)
        digests = [json.loads(one.stdout)["scores_digest"] for one in (undisturbed, again)]
        self.assertEqual(digests[0], digests[1])

    def test_second_process_is_told_the_first_ones_pid(self):
        first = subprocess.Popen([str(PROGRAM), "demo", "--data", str(self.data), "--out",
                                  str(self.path / "out"), "--tune", "0", "--rate", "10"],
                                 stdout=subprocess.PIPE, text=True)
        try:
            while "Detection" not in (line := first.stdout.readline()):
                self.assertTrue(line, "the first one ended")
            self.check(self.demo(), 1, str(first.pid), "in use")
        finally:
            first.kill()
            first.communicate()

    def test_damaged_model_is_trained_again(self):
        self.assertEqual(self.demo().returncode, 0)
        model = self.path / "out" / "model" / "isolation_forest.model"
        model.write_bytes(model.read_bytes()[:100])
        result = self.demo()
        self.check(result, 0)
        self.assertIn("no good model", result.stdout)

    def test_other_data_starts_over(self):
        self.assertEqual(self.demo().returncode, 0)
        self.write_series("more", [])
        result = self.demo("--output", "json")
        self.check(result, 0, "starting over")
        self.assertEqual(json.loads(result.stdout)["records_scored"], 1200)


if __name__ == "__main__":
    os.environ.pop("MILLSTREAM_DATA", None)
    unittest.main()
