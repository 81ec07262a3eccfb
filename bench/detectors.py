#!/usr/bin/env python3
"""Compare the detectors on NAB, as the README's table has it: detectors.py ANOMALY --data DIR [--seeds N]

Sends NAB's files (DIR with data/ and labels/, see data/fetch-nab) through the topology, `anomaly nab-run`,
once for each detector and seed, and scores what came out as NAB does, `anomaly nab-score`. Prints the
table; with --each also every seed.

  NAB          the benchmark's own score: standard, low false positives, low false negatives
  found        labelled anomalies with an alarm in their window, in the standard profile
  false        alarms outside of all windows
  precision    found / (found + false); recall: found / all labelled anomalies
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

PROFILES = ["standard", "reward_low_FP_rate", "reward_low_FN_rate"]
DETECTORS = {
    "offline": "one forest for all series, trained on all of them beforehand",
    "per-series": "a plain forest a series, refitted over a sliding window",
    "online": "box-aware forests a series, online",
}


def score(options, detector, seed, folder):
    name = f"{detector}-{seed}"
    run = [options.program, "nab-run", "--data", options.data, "--out", folder, "--detector", detector,
           "--name", name]
    for setting in options.settings:
        run += ["-X", setting]
    if detector != "offline":
        run += ["-X", f"anomaly.{detector}.seed={seed}"]
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
    scored = subprocess.run([options.program, "nab-score", "--data", options.data, "--results", folder,
                             "--detector", name, "--output", "json"], check=True, capture_output=True)
    return json.loads(scored.stdout)


def row(name, scores):
    def mean(profile, field):
        return statistics.mean(one[profile][field] for one in scores)
    nab = " / ".join(f"{mean(profile, 'score'):.1f}" for profile in PROFILES)
    standard = {field: mean("standard", field)
                for field in ("windows_found", "windows", "false_alarms", "precision", "recall")}
    return (f"| {name} | {nab} | {standard['windows_found']:.0f} of {standard['windows']:.0f} | "
            f"{standard['false_alarms']:.0f} | {standard['precision']:.2f} | {standard['recall']:.2f} |")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--data", required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--each", action="store_true", help="a row for each seed, too")
    parser.add_argument("--detectors", nargs="+", choices=DETECTORS, default=list(DETECTORS))
    parser.add_argument("-X", dest="settings", action="append", default=[], help="settings of nab-run")
    return parser.parse_args()


def main():
    options = parse()
    print("| detector | NAB | found | false | precision | recall |\n| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for detector in options.detectors:
            seeds = 1 if detector == "offline" else options.seeds
            scores = [score(options, detector, seed, pathlib.Path(folder)) for seed in range(seeds)]
            print(row(f"{detector}: {DETECTORS[detector]}", scores), flush=True)
            if options.each and seeds > 1:
                for seed, one in enumerate(scores):
                    print(row(f"{detector}, seed {seed}", [one]))


if __name__ == "__main__":
    main()
