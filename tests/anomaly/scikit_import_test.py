#!/usr/bin/env python3
"""A data scientist's way, with a real scikit-learn: features out of the program, a forest trained on them
in Python, exported, imported, and run as the detector; its scores must be scikit-learn's.

    scikit_import_test.py PROGRAM BENCH_SCIKIT_PY

scikit-learn comes from PyPI into the cache, as for the benchmark; skipped (status 77) where that fails.
"""

import calendar
import csv
import importlib.util
import json
import math
import os
import pathlib
import pickle
import random
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"


def make_data(folder):
    chance = random.Random(5)
    for number in range(3):
        file = folder / "data" / "made" / f"series{number}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = ["timestamp,value"]
        for row in range(1500):
            value = 10 * math.sin(row / 45) + chance.gauss(0, 1) + (40 if row % 400 == 350 else 0)
            moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(1_600_000_000 + 300 * row))
            lines.append(f"{moment},{value:.4f}")
        file.write_text("\n".join(lines) + "\n")
    (folder / "labels").mkdir()
    (folder / "labels" / "combined_windows.json").write_text(
        json.dumps({f"made/series{number}.csv": [] for number in range(3)}))


def inside(program, folder):
    import numpy
    from sklearn.ensemble import IsolationForest
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def run(*arguments, status=0):
        result = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
        assert result.returncode == status, f"{arguments}: {result.returncode}\n{result.stderr}"
        return result

    make_data(folder)
    run("features", "--data", folder, "--out", folder / "features.csv")
    with open(folder / "features.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = list(rows[0])[2:]
    features = numpy.array([[float(row[name]) for name in names] for row in rows])
    model = make_pipeline(StandardScaler(), IsolationForest(contamination=0.01, random_state=3))
    model.fit(features)
    (folder / "model.pkl").write_bytes(pickle.dumps(
        {"model": model[-1], "scaler": model[0], "features": names}))
    subprocess.run([sys.executable, TOOLS / "export_sklearn.py", folder / "model.pkl",
                    folder / "model.json"], check=True)
    print(run("import", folder / "model.json", "--model", folder / "model").stdout.strip())
    run("nab-run", "--data", folder, "--out", folder / "out", "--model", folder / "model")

    expected = {}
    for row, score in zip(rows, -model.score_samples(features)):
        expected[row["series"], int(row["timestamp_ms"])] = score
    alarms = 0
    for number in range(3):
        with open(folder / "out" / "offline" / "made" / f"offline_series{number}.csv",
                  encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if float(row["anomaly_score"]) == 0:
                    continue
                moment = 1000 * calendar.timegm(time.strptime(row["timestamp"], "%Y-%m-%d %H:%M:%S"))
                wanted = expected[f"made/series{number}", moment]
                assert abs(float(row["anomaly_score"]) - wanted) < 1e-9, (row, wanted)
                alarms += 1
    assert alarms >= 3, f"{alarms} alarms"
    print(f"{alarms} alarms, each with scikit-learn's score")

    other = IsolationForest(n_estimators=3).fit(features[:, :4])
    (folder / "other.pkl").write_bytes(pickle.dumps(other))
    subprocess.run([sys.executable, TOOLS / "export_sklearn.py", folder / "other.pkl",
                    folder / "other.json"], check=True)
    refused = run("import", folder / "other.json", "--model", folder / "no", status=1)
    assert "anomaly features" in refused.stderr, refused.stderr
    return 0


def main(program, benchmark):
    if os.environ.get("MILLSTREAM_SCIKIT") == "inside":
        with tempfile.TemporaryDirectory(prefix="anomaly-scikit-") as folder:
            return inside(program, pathlib.Path(folder))
    spec = importlib.util.spec_from_file_location("scikit", benchmark)
    scikit = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scikit)
    cache = pathlib.Path(os.environ.get("MILLSTREAM_CACHE",
                                        pathlib.Path.home() / ".cache" / "millstream"))
    try:
        python = scikit.environment(cache)
    except (subprocess.CalledProcessError, OSError) as fault:
        print(f"skipped: no scikit-learn ({fault})")
        return SKIPPED
    variables = {**os.environ, "MILLSTREAM_SCIKIT": "inside"}
    return subprocess.run([str(python), __file__, program, benchmark], env=variables).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
