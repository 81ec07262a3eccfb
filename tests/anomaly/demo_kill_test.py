#!/usr/bin/env python3
"""Kill the demo with SIGKILL, again and again, and compare it with a run that nobody disturbed.

    demo_kill_test.py PROGRAM [--seed N] [--kills N] [--records N] [--detector KIND]

The seed of the data and of the moments is printed; the same seed gives the same data and the same waits.
"""

import argparse
import json
import math
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SERIES = 6
RATE = 3000  # records a second, so that the kills fall into the replay
COMPARED = ["records_in", "records_scored", "anomalies", "alerts", "dead_letters", "scores_digest",
            "state_digest"]


def make_data(folder, records, chance):
    """NAB's layout: daily seasonality, noise, spikes, level shifts. Values depend on the seed alone."""
    per_series = -(-records // SERIES)
    for number in range(SERIES):
        file = folder / "data" / f"category{number % 2}" / f"series{number}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        level = 50 * (number + 1)
        lines = ["timestamp,value"]
        for row in range(per_series):
            if chance.random() < 0.0005:
                level *= chance.uniform(0.7, 1.4)
            spike = level * chance.uniform(2, 4) if chance.random() < 0.001 else 0
            value = level + 10 * math.sin(row * 2 * math.pi / 288) + chance.gauss(0, 2) + spike
            moment = time.gmtime(1_600_000_000 + row * 300 + number)
            lines.append(f"{time.strftime('%Y-%m-%d %H:%M:%S', moment)},{value:.4f}")
        file.write_text("\n".join(lines) + "\n")
    return per_series * SERIES


def command(options, out, *more):
    return [str(options.program), "demo", "--data", str(options.data), "--out", str(out),
            "--no-fetch", "--tune", "3", "--output", "json", "--detector", options.detector, *more]


def run_to_end(arguments):
    run = subprocess.run(arguments, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, f"exit status {run.returncode}:\n{run.stderr}"
    return json.loads(run.stdout.strip().splitlines()[-1])


def kill_after(seconds, arguments):
    """True if the process still ran when its time had come."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return True
    stderr = process.communicate()[1]
    assert process.returncode == 0, f"exit status {process.returncode} after kills:\n{stderr}"
    return False


def check_each_scored_once(scores, records):
    seen = set()
    for line in scores.read_text().splitlines():
        series, timestamp, _ = line.rsplit(",", 2)
        assert (series, timestamp) not in seen, f"{series} at {timestamp} has two scores"
        seen.add((series, timestamp))
    assert len(seen) == records, f"{len(seen)} scores for {records} records"


def check_demo(options, folder, chance):
    records = make_data(options.data, options.records, chance)
    undisturbed = run_to_end(command(options, folder / "undisturbed"))
    print("undisturbed:", json.dumps(undisturbed))
    assert undisturbed["records_in"] == undisturbed["records_scored"] == records
    assert undisturbed["anomalies"] > 0
    out = folder / "killed"
    kills = 0
    for _ in range(options.kills):  # the first ones fall into the training
        kills += kill_after(chance.uniform(0.05, 1.4), command(options, out, "--rate", str(RATE)))
    for _ in range(3):  # and some into the end of the run
        kills += kill_after(chance.uniform(0.3, 1.2), command(options, out))
    assert kills >= options.kills, f"only {kills} kills: the run was over too early"
    final = run_to_end(command(options, out))
    print(f"after {kills} kills:", json.dumps(final))
    for name in COMPARED:
        assert final[name] == undisturbed[name], f"{name}: {final[name]}, not {undisturbed[name]}"
    check_each_scored_once(out / "scores.csv", records)


def check_training(options, folder, chance):
    def train(model):
        return [str(options.program), "train", "--data", str(options.data), "--tune", "3",
                "--model", str(model)]
    for name in ("one", "other"):
        model = folder / name
        if name == "other":
            for _ in range(4):
                kill_after(chance.uniform(0.05, 0.8), train(model))
        subprocess.run(train(model), check=True, capture_output=True, timeout=120)
    assert (folder / "one").read_bytes() == (folder / "other").read_bytes(), "models differ"
    print("a killed training gives the same model")


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--detector", default="offline")
    parser.add_argument("--records", type=int, default=51_000)
    return parser.parse_args()


def main():
    options = parse()
    chance = random.Random(options.seed)
    print(f"seed {options.seed}", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="anomaly-kill-"))
    options.data = folder / "data-set"
    try:
        check_demo(options, folder, chance)
        if options.detector == "offline":
            check_training(options, folder, chance)
    except AssertionError as fault:
        print(f"FAILED with seed {options.seed}: {fault}\nleft for inspection: {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
