#!/usr/bin/env python3
"""How many records a second the anomaly service handles, embedded: detector.py ANOMALY [RUNS]

Replays ten copies of the project's sample (399,080 records of 70 series) through `anomaly demo`: one
process, embedded log, exactly_once_v2, a forest of 100 trees. Prints each run and the medians.
"""

import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

SAMPLE = pathlib.Path(__file__).resolve().parent.parent / "data" / "sample"
COPIES = 10


def multiplied(folder):
    """The sample's series, each COPIES times under names of their own."""
    for source in sorted((SAMPLE / "data").glob("*/*.csv")):
        target = folder / "data" / source.parent.name
        target.mkdir(parents=True, exist_ok=True)
        for copy in range(COPIES):
            shutil.copy(source, target / f"{source.stem}_{copy}.csv")
    return folder


def run(anomaly, data, out):
    command = [anomaly, "demo", "--data", str(data), "--out", str(out), "--fresh", "--tune", "0",
               "--output", "json", "--no-fetch"]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(result.stdout.strip().splitlines()[-1])


def main(anomaly, runs="3"):
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        data = multiplied(folder / "data")
        rows = [run(anomaly, data, folder / "out") for _ in range(int(runs))]
    print(f"{'run':>6} {'records':>10} {'records/s':>12} {'p50 ms':>8} {'p99 ms':>8}")
    for number, row in enumerate(rows, 1):
        print(f"{number:>6} {row['records_scored']:>10,} {row['records_per_second']:>12,.0f} "
              f"{row['latency_p50_ms']:>8.0f} {row['latency_p99_ms']:>8.0f}")
    rate = statistics.median(row["records_per_second"] for row in rows)
    print(f"median {rate:,.0f} records/s, features and forest of 100 trees, embedded, exactly once")


if __name__ == "__main__":
    main(*sys.argv[1:])
