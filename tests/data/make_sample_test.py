"""data/sample is what data/make-sample makes, and it is in NAB's formats."""

import csv
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"
SAMPLE = DATA / "sample"
FORMAT = "%Y-%m-%d %H:%M:%S"


def files_of(folder):
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def labels_of(name):
    return json.loads((SAMPLE / "labels" / name).read_text())


def times_of(series):
    with open(SAMPLE / "data" / series, newline="") as file:
        return [datetime.datetime.strptime(row["timestamp"], FORMAT) for row in csv.DictReader(file)]


class Sample(unittest.TestCase):
    def test_is_made_again_byte_for_byte(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, DATA / "make-sample", "--to", folder], check=True,
                           stdout=subprocess.DEVNULL)
            made, shipped = files_of(pathlib.Path(folder)), files_of(SAMPLE)
        self.assertEqual(sorted(made), sorted(shipped))
        for name, content in made.items():
            self.assertTrue(content == shipped[name], f"{name} differs: run data/make-sample")

    def test_labels_name_exactly_the_series(self):
        series = sorted(f.relative_to(SAMPLE / "data").as_posix()
                        for f in (SAMPLE / "data").rglob("*.csv"))
        self.assertEqual(list(labels_of("combined_labels.json")), series)
        self.assertEqual(list(labels_of("combined_windows.json")), series)

    def test_each_label_is_a_row_inside_its_window(self):
        windows = labels_of("combined_windows.json")
        for series, labels in labels_of("combined_labels.json").items():
            times = set(times_of(series))
            self.assertEqual(len(labels), len(windows[series]))
            for label, (begin, end) in zip(labels, windows[series]):
                moment = datetime.datetime.strptime(label, FORMAT)
                self.assertIn(moment, times, series)
                self.assertLess(datetime.datetime.fromisoformat(begin), moment)
                self.assertGreater(datetime.datetime.fromisoformat(end), moment)

    def test_values_are_numbers_and_times_rise(self):
        for series in labels_of("combined_labels.json"):
            times = times_of(series)
            self.assertTrue(all(a < b for a, b in zip(times, times[1:])), series)
            with open(SAMPLE / "data" / series, newline="") as file:
                self.assertTrue(all(float(row["value"]) >= 0 for row in csv.DictReader(file)), series)

    def test_is_small(self):
        self.assertLess(sum(map(len, files_of(SAMPLE).values())), 1_300_000)


if __name__ == "__main__":
    unittest.main()
